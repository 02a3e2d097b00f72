package dev.coracle.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.cli.torture.Recorder.OnceWrite;
import dev.coracle.examples.demo.Web.Answer;
import dev.coracle.testkit.history.Outcome;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReadBackTest {
    private static final Answer NOTHING = new Answer(404, "there is no value at this key");

    private final OnceWrite acknowledged = new OnceWrite(1, "a", Outcome.OK);
    private final OnceWrite refused = new OnceWrite(2, "b", Outcome.FAILED);
    private final OnceWrite unknown = new OnceWrite(3, "c", Outcome.UNKNOWN);
    private final List<OnceWrite> writes = List.of(acknowledged, refused, unknown);

    @Test
    void whatWasAcknowledgedMustBeThereAndWhatWasRefusedMustNot() {
        assertThat(ReadBack.of(writes, Map.of(1L, value("a"), 2L, NOTHING, 3L, NOTHING)))
                .isEqualTo(new ReadBack(1, List.of(), 1, List.of()));
        assertThat(ReadBack.of(writes, Map.of(1L, value("a"), 2L, NOTHING, 3L, value("c"))))
                .isEqualTo(new ReadBack(1, List.of(), 1, List.of()));
    }

    @Test
    void anAcknowledgedWriteIsLostIfItIsNotThereOrAnotherOneIs() {
        assertThat(ReadBack.of(writes, Map.of(1L, NOTHING)).lost()).containsExactly(acknowledged);
        assertThat(ReadBack.of(writes, Map.of(1L, value("b"))).lost()).containsExactly(acknowledged);
        assertThat(ReadBack.of(writes, Map.of()).lost()).containsExactly(acknowledged);
    }

    @Test
    void aRefusedWriteThatIsThereIsReported() {
        assertThat(ReadBack.of(writes, Map.of(1L, value("a"), 2L, value("b"))).done())
                .containsExactly(refused);
    }

    private static Answer value(String text) {
        return new Answer(200, text);
    }
}
