package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadIndexQueueTest {
    private static final Configuration THREE =
            new Configuration(IdSet.of(1, 2, 3), IdSet.EMPTY, false, IdSet.EMPTY, IdSet.EMPTY);

    private final ReadIndexQueue queue = new ReadIndexQueue();

    private static Message.ReadIndex read(String context) {
        return new Message.ReadIndex(0, 0, List.of(Entry.normal(bytes(context))));
    }

    /** Takes out what is confirmed, as "context at index". */
    private List<String> released(Configuration configuration) {
        List<String> released = new ArrayList<>();
        queue.release(
                configuration,
                (request, index) ->
                        released.add(new String(request.entries().get(0).data()) + " at " + index));
        return released;
    }

    @Test
    void theContextIsTheNumberOfTheNewestReadWithItsLowestByteFirst() {
        assertThat(queue.context()).as("nothing waits").isEqualTo(Bytes.EMPTY);

        for (int i = 0; i < 258; i++) {
            queue.add(read("r"), 1);
        }

        assertThat(queue.context()).isEqualTo(Bytes.of(new byte[] {2, 1, 0, 0, 0, 0, 0, 0}));
    }

    @Test
    void aConfirmedReadIsForgottenAndItsNumberNotUsedAgain() {
        queue.add(read("a"), 4);
        Bytes first = queue.context();
        queue.acknowledgeAll(1);
        queue.acknowledge(2, first);
        assertThat(released(THREE)).containsExactly("a at 4");
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.size()).isZero();
        assertThat(queue.context()).isEqualTo(Bytes.EMPTY);

        queue.add(read("b"), 5);
        queue.acknowledgeAll(1);
        queue.acknowledge(2, first);
        assertThat(queue.context()).isNotEqualTo(first);
        assertThat(released(THREE)).as("2 confirmed only the first").isEmpty();
        queue.acknowledge(3, queue.context());

        assertThat(released(THREE)).containsExactly("b at 5");
    }

    @Test
    void anOlderConfirmationDoesNotTakeBackANewerOne() {
        queue.add(read("a"), 1);
        Bytes first = queue.context();
        queue.add(read("b"), 1);
        queue.acknowledgeAll(1);

        queue.acknowledge(2, queue.context());
        queue.acknowledge(2, first);

        assertThat(released(THREE)).containsExactly("a at 1", "b at 1");
    }

    @Test
    void eachReadKeepsItsOwnIndex() {
        queue.add(read("a"), 4);
        queue.add(read("b"), 9);
        queue.acknowledgeAll(1);
        queue.acknowledge(3, queue.context());

        assertThat(released(THREE)).containsExactly("a at 4", "b at 9");
    }

    @Test
    void inAJointConfigurationBothHalvesMustConfirm() {
        Configuration joint = new Configuration(IdSet.of(1, 4, 5), IdSet.of(1, 2, 3), false, IdSet.EMPTY, IdSet.EMPTY);
        queue.add(read("a"), 1);
        queue.acknowledgeAll(1);
        queue.acknowledge(2, queue.context());
        queue.acknowledge(3, queue.context());
        assertThat(released(joint)).isEmpty();

        queue.acknowledge(5, queue.context());

        assertThat(released(joint)).containsExactly("a at 1");
    }

    /** Without voters no majority holds anything back, but only reads that were asked for can be confirmed. */
    @Test
    void noMoreIsConfirmedThanWasAskedFor() {
        queue.add(read("a"), 1);

        assertThat(released(Configuration.EMPTY)).containsExactly("a at 1");
        assertThat(released(Configuration.EMPTY)).isEmpty();
        queue.add(read("b"), 1);
        assertThat(released(THREE)).isEmpty();
    }

    @Test
    void whatIsNoNumberOrWasNeverGivenOutConfirmsNothing() {
        queue.add(read("a"), 1);
        queue.acknowledgeAll(1);

        queue.acknowledge(2, Bytes.EMPTY);
        queue.acknowledge(2, Bytes.of((byte) 1));
        queue.acknowledge(2, Bytes.of(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0}));
        queue.acknowledge(2, Bytes.of(new byte[] {2, 0, 0, 0, 0, 0, 0, 0}));
        queue.acknowledge(2, Bytes.of(new byte[] {1, 0, 0, 0, 0, 0, 0, (byte) 0x80}));

        assertThat(released(THREE)).isEmpty();
    }
}
