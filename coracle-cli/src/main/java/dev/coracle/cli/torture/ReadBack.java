package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Recorder.OnceWrite;
import dev.coracle.examples.demo.Web.Answer;
import dev.coracle.testkit.history.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is there in the end of the keys that were written once only.
 *
 * @param acknowledged how many writes were acknowledged
 * @param lost those of them that are not there
 * @param refused how many writes certainly were not done
 * @param done those of them that are there all the same
 */
record ReadBack(int acknowledged, List<OnceWrite> lost, int refused, List<OnceWrite> done) {
    /**
     * Compares.
     *
     * @param writes the writes, each the only one of its key
     * @param found what the last reads of these keys were answered
     */
    static ReadBack of(List<OnceWrite> writes, Map<Long, Answer> found) {
        int acknowledged = 0;
        int refused = 0;
        List<OnceWrite> lost = new ArrayList<>();
        List<OnceWrite> done = new ArrayList<>();
        for (OnceWrite write : writes) {
            Answer answer = found.get(write.key());
            boolean isThere = answer != null && answer.isOk() && answer.text().equals(write.value());
            if (write.outcome() == Outcome.OK) {
                acknowledged++;
                if (!isThere) {
                    lost.add(write);
                }
            } else if (write.outcome() == Outcome.FAILED) {
                refused++;
                if (answer != null && answer.isOk()) {
                    done.add(write);
                }
            }
        }
        return new ReadBack(acknowledged, lost, refused, done);
    }
}
