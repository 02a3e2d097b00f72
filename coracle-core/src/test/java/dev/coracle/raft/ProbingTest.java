package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many probes it takes to find where two logs agree, in the logs that the documentation draws. */
class ProbingTest {
    private static final ConfState MEMBERS = ConfState.ofVoters(1L, 2L, 3L);

    @Test
    void theFollowerSkipsWhatIsNewerThanTheLeaderWasThere() {
        List<Long> probes = probes(new long[] {1, 1, 1, 2, 2, 2, 2, 2}, new long[] {1, 1, 1, 3, 3, 3, 3, 3});

        assertThat(probes).containsExactly(8L, 3L);
    }

    @Test
    void theLeaderSkipsWhatIsNewerThanTheFollowerWasThere() {
        List<Long> probes = probes(new long[] {1, 1, 1, 3, 3, 3, 3, 3}, new long[] {1, 1, 1, 2, 2, 2, 2, 2});

        assertThat(probes).containsExactly(8L, 3L);
    }

    @Test
    void bothSkipsTogetherNeedAProbeForEachTermAndNotForEachEntry() {
        List<Long> probes = probes(new long[] {1, 3, 3, 3, 5, 5, 5, 5, 5}, new long[] {1, 1, 1, 1, 2, 3, 6, 6, 6});

        assertThat(probes).containsExactly(9L, 4L, 1L);
    }

    /** The indexes behind which a new leader probes until the follower accepts, with logs of these terms. */
    private static List<Long> probes(long[] leaderTerms, long[] followerTerms) {
        TestServer leader = TestServer.of(1, TestServer.storage(MEMBERS, 6, leaderTerms), options -> options);
        TestServer follower = TestServer.of(2, TestServer.storage(MEMBERS, 6, followerTerms), options -> options);
        leader.win();

        List<Long> probes = new ArrayList<>();
        List<Message> answers = new ArrayList<>();
        do {
            answers.clear();
            for (Message message : leader.take()) {
                if (message.to() == follower.id && message instanceof Message.Append append) {
                    probes.add(append.index());
                    follower.step(append);
                    answers.addAll(follower.take());
                }
            }
            answers.forEach(leader::step);
        } while (answers.stream().anyMatch(Message::reject));

        assertThat(follower.terms()).as("the logs are the same").isEqualTo(leader.terms());
        return probes;
    }
}
