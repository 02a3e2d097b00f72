package dev.coracle.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.cli.torture.Recorder.OnceWrite;
import dev.coracle.examples.demo.Web.Answer;
import dev.coracle.testkit.history.KeyValueMap;
import dev.coracle.testkit.history.LinearizabilityChecker;
import dev.coracle.testkit.history.Outcome;
import dev.coracle.testkit.history.Verdict;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RecorderTest {
    private static final Answer OK = new Answer(200, "OK");
    private static final Answer LOST = new Answer(Answer.LOST, "request timed out");

    private long now;
    private final Recorder recorder = new Recorder(() -> now++);

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "200 | OK | OK",
                "404 | there is no value at this key | OK",
                "-1 | Connection refused | FAILED",
                "0 | request timed out | UNKNOWN",
                "503 | no leader (certainly not done: it may be tried again) | FAILED",
                "503 | too many requests are under way; ask again in a moment | FAILED",
                "503 | it was on its way (it is not known whether it was done) | UNKNOWN",
                "503 | Service Unavailable | UNKNOWN",
                "409 | it does not fit | FAILED",
                "409 | it was on its way (it is not known whether it was done) | UNKNOWN",
                "413 | too large | FAILED",
                "500 | it failed unexpectedly; the log says how | UNKNOWN",
            })
    void whatIsNotCertainIsUnknown(int status, String text, Outcome outcome) {
        assertThat(Recorder.outcome(new Answer(status, text))).isEqualTo(outcome);
    }

    @Test
    void aWriteOfUnknownOutcomeMayBeSeenOrNot() {
        int write = recorder.write("a", 1, "x");
        recorder.written(write, LOST);
        read("b", new Answer(404, ""));
        read("b", new Answer(200, "x"));
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
        read("b", new Answer(404, ""));
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void aWriteThatWasRefusedMustNotBeSeen() {
        int write = recorder.write("a", 1, "x");
        recorder.written(write, new Answer(Answer.NOT_SENT, "refused"));
        read("b", new Answer(200, "x"));
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void anAcknowledgedWriteMustBeSeen() {
        int write = recorder.write("a", 1, "x");
        recorder.written(write, OK);
        read("b", new Answer(404, ""));
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void aStaleReadMayMissIt() {
        int write = recorder.write("a", 1, "x");
        recorder.written(write, OK);
        int stale = recorder.readStale("b", "member 2, life 1", 1);
        recorder.wasRead(stale, new Answer(404, ""));
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void outcomesGapsAndReasonsAreCounted() {
        recorder.written(recorder.write("a", 1, "x"), OK);
        now += Duration.ofSeconds(3).toNanos();
        recorder.written(recorder.write("a", 1, "y"), new Answer(503, "10.0.0.1:7: gone\nleader: 4"));
        recorder.written(recorder.write("a", 2, "y"), new Answer(503, "10.0.0.2:8: gone\nleader: 5"));
        recorder.written(recorder.write("a", 2, "z"), OK);
        assertThat(recorder.count(Outcome.OK)).isEqualTo(2);
        assertThat(recorder.acknowledged()).isEqualTo(2);
        assertThat(recorder.count(Outcome.UNKNOWN)).isEqualTo(2);
        assertThat(recorder.count(Outcome.FAILED)).isZero();
        assertThat(recorder.reasons()).containsExactly(Map.entry("unknown: 503 #: gone", 2));
        assertThat(recorder.longestGapNanos()).isBetween(3_000_000_000L, 3_000_000_100L);
        assertThat(recorder.keys()).containsExactly(1L, 2L);
    }

    @Test
    void recentWritesOfKeysThatAreWrittenOnceAreFound() {
        assertThat(recorder.onceWrite(0)).isNull();
        OnceWrite first = new OnceWrite(1, "a", Outcome.OK);
        OnceWrite second = new OnceWrite(2, "b", Outcome.UNKNOWN);
        recorder.addOnceWrite(first);
        recorder.addOnceWrite(second);
        assertThat(recorder.onceWrite(0)).isEqualTo(second);
        assertThat(recorder.onceWrite(1)).isEqualTo(first);
        assertThat(recorder.onceWrite(100)).isEqualTo(first);
        assertThat(recorder.onceWrites()).containsExactly(first, second);
    }

    private void read(String client, Answer answer) {
        recorder.wasRead(recorder.read(client, 1), answer);
    }

    private Verdict verdict() {
        return LinearizabilityChecker.check(new KeyValueMap<>(), recorder.history())
                .verdict();
    }
}
