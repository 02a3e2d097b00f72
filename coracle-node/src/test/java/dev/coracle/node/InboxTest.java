package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** Notes on their way to the loop. */
class InboxTest {
    private final Inbox inbox = new Inbox(NodeConfig.builder().id(1).build(), new Lifecycle(1));

    @Test
    void theLastNoteOfEachPeerIsKept() {
        inbox.offerNote(0, 3, new byte[] {1});
        inbox.offerNote(0, 2, new byte[] {2});
        inbox.offerNote(0, 3, new byte[] {3});

        Map.Entry<Long, byte[]> first = inbox.pollNote();
        Map.Entry<Long, byte[]> second = inbox.pollNote();

        assertThat(first.getKey()).isEqualTo(2);
        assertThat(first.getValue()).containsExactly(2);
        assertThat(second.getKey()).isEqualTo(3);
        assertThat(second.getValue()).containsExactly(3);
        assertThat(inbox.pollNote()).isNull();
    }

    @Test
    void notesThatNobodyCanHaveSentAreNotKept() {
        inbox.offerNote(7, 2, new byte[1]);
        inbox.offerNote(0, 1, new byte[1]);
        inbox.offerNote(0, 2, new byte[HeartbeatNotes.MOST_BYTES + 1]);
        assertThat(inbox.pollNote()).isNull();
        inbox.offerNote(0, 2, new byte[HeartbeatNotes.MOST_BYTES]);
        assertThat(inbox.pollNote()).isNotNull();
    }

    @Test
    void notesOfAnyNumberOfStrangersAreNotKept() {
        for (long peer = 2; peer < 1_000; peer++) {
            inbox.offerNote(0, peer, new byte[1]);
        }
        int count = 0;
        while (inbox.pollNote() != null) {
            count++;
        }
        assertThat(count).isEqualTo(64);
    }
}
