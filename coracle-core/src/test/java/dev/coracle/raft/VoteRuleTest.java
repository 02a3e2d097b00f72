package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** To whom votes and pre-votes are given: by role, log, earlier vote and term; and when an election is due. */
class VoteRuleTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    /** Server 1 of three in term 3, its log ending with term 2 at index 2, in the given role. */
    private static TestServer voter(RoleName role, long vote) {
        MemoryStorage storage = storage(THREE);
        storage.append(entries(1, 2, 2));
        boolean campaigned = role == RoleName.CANDIDATE || role == RoleName.LEADER;
        storage.setHardState(new HardState(campaigned ? 2 : 3, vote, 0));
        TestServer server = TestServer.of(1, storage, options -> options.preVote(role == RoleName.PRE_CANDIDATE));
        if (role != RoleName.FOLLOWER) {
            server.campaign();
        }
        if (role == RoleName.LEADER) {
            server.take();
            server.step(new Message.VoteReply(2, 1, 3, false, 0, 0));
        }
        server.take();
        assertThat(server.role()).isEqualTo(role);
        assertThat(server.server.term()).isEqualTo(3);
        return server;
    }

    @ParameterizedTest
    @CsvSource({
        // The voter's role and its vote in the term; last term and index of server 2, which asks; whether it is
        // refused.
        "FOLLOWER, 0, 0, 0, true",
        "FOLLOWER, 0, 0, 1, true",
        "FOLLOWER, 0, 0, 2, true",
        "FOLLOWER, 0, 0, 3, true",
        "FOLLOWER, 0, 1, 0, true",
        "FOLLOWER, 0, 1, 1, true",
        "FOLLOWER, 0, 1, 2, true",
        "FOLLOWER, 0, 1, 3, true",
        "FOLLOWER, 0, 2, 0, true",
        "FOLLOWER, 0, 2, 1, true",
        "FOLLOWER, 0, 2, 2, false",
        "FOLLOWER, 0, 2, 3, false",
        "FOLLOWER, 0, 3, 0, false",
        "FOLLOWER, 0, 3, 1, false",
        "FOLLOWER, 0, 3, 2, false",
        "FOLLOWER, 2, 2, 3, false",
        "FOLLOWER, 2, 2, 1, true",
        "FOLLOWER, 3, 2, 3, true",
        "FOLLOWER, 1, 3, 3, true",
        "PRE_CANDIDATE, 1, 3, 3, true",
        "PRE_CANDIDATE, 0, 3, 3, false",
        "PRE_CANDIDATE, 2, 3, 3, false",
        "CANDIDATE, 0, 3, 3, true",
        "LEADER, 0, 3, 3, true",
    })
    void aVoteOfTheTermIsGivenOnceAndToNoLogThatIsBehind(
            RoleName role, long vote, long lastTerm, long lastIndex, boolean refused) {
        for (boolean preVote : new boolean[] {false, true}) {
            TestServer voter = voter(role, vote);

            voter.step(Message.VoteRequest.of(preVote, 2, 1, 3, new EntryId(lastTerm, lastIndex), false));

            assertThat(voter.persist()).containsExactly(Message.VoteResponse.of(preVote, 1, 2, 3, refused));
            assertThat(voter.role()).isEqualTo(role);
        }
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void inAnyRoleAPreVoteForALaterTermIsGivenAndChangesNothing(RoleName role) {
        TestServer voter = voter(role, RawNode.NONE);
        HardState before = voter.server.hardState();
        SoftState follows = voter.server.softState();

        voter.step(Message.VoteRequest.of(true, 2, 1, 9, new EntryId(8, 20), false));
        voter.step(Message.VoteRequest.of(true, 3, 1, 9, new EntryId(8, 20), false));

        assertThat(voter.persist())
                .as("to both: it is no promise")
                .containsExactly(
                        new Message.PreVoteReply(1, 2, 9, false, 0, 0), new Message.PreVoteReply(1, 3, 9, false, 0, 0));
        assertThat(voter.server.hardState()).isEqualTo(before);
        assertThat(voter.server.softState()).isEqualTo(follows);
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void inAnyRoleAVoteForALaterTermIsGivenAndRemembered(RoleName role) {
        TestServer voter = voter(role, RawNode.NONE);

        voter.step(Message.VoteRequest.of(false, 2, 1, 9, new EntryId(8, 20), false));
        voter.step(Message.VoteRequest.of(false, 3, 1, 9, new EntryId(8, 20), false));

        assertThat(voter.persist())
                .containsExactly(
                        new Message.VoteReply(1, 2, 9, false, 0, 0), new Message.VoteReply(1, 3, 9, true, 0, 0));
        assertThat(voter.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(voter.server.hardState()).isEqualTo(new HardState(9, 2, 0));
    }

    @Test
    void aRefusalForALaterTermTakesOverTheTermAndKeepsTheVoteFree() {
        TestServer voter = voter(RoleName.FOLLOWER, 3);

        voter.step(Message.VoteRequest.of(false, 2, 1, 5, new EntryId(1, 9), false));
        assertThat(voter.persist()).containsExactly(new Message.VoteReply(1, 2, 5, true, 0, 0));
        assertThat(voter.server.hardState()).isEqualTo(new HardState(5, 0, 0));
        voter.step(Message.VoteRequest.of(false, 3, 1, 5, new EntryId(2, 2), false));

        assertThat(voter.persist()).containsExactly(new Message.VoteReply(1, 3, 5, false, 0, 0));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theOwnVoteThatBecomesDurableAfterTheElectionIsLostCountsForNothing(boolean preVote) {
        TestServer candidate = TestServer.of(1, options -> options.preVote(preVote), 1L, 2L, 3L);
        candidate.campaign();
        List<Message> own = candidate.server.outbox().takeAfterAppend();
        long refusedIn = preVote ? 0 : 1;
        candidate.step(Message.VoteResponse.of(preVote, 2, 1, refusedIn, true));
        candidate.step(Message.VoteResponse.of(preVote, 3, 1, refusedIn, true));
        assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);

        own.forEach(candidate::step);

        assertThat(own).hasSize(1);
        assertThat(candidate.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(candidate.server.term()).isEqualTo(refusedIn);
    }

    @Test
    void theOwnPreVoteDoesNotCountInTheElectionThatFollows() {
        TestServer candidate = TestServer.of(1, options -> options.preVote(true), 1L, 2L, 3L);
        candidate.campaign();
        List<Message> ownPreVote = candidate.server.outbox().takeAfterAppend();
        candidate.step(new Message.PreVoteReply(2, 1, 1, false, 0, 0));
        candidate.step(new Message.PreVoteReply(3, 1, 1, false, 0, 0));
        assertThat(candidate.role()).as("the others' are enough").isEqualTo(RoleName.CANDIDATE);
        List<Message> ownVote = candidate.server.outbox().takeAfterAppend();

        ownPreVote.forEach(candidate::step);
        candidate.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        assertThat(candidate.role()).as("one vote of three").isEqualTo(RoleName.CANDIDATE);
        ownVote.forEach(candidate::step);

        assertThat(candidate.role()).isEqualTo(RoleName.LEADER);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anElectionIsWonByTheVotesOfOthersBeforeTheOwnIsDurable(boolean preVote) {
        TestServer candidate = TestServer.of(1, options -> options.preVote(preVote), 1L, 2L, 3L);
        candidate.campaign();
        candidate.sent();

        candidate.step(Message.VoteResponse.of(preVote, 2, 1, 1, false));
        assertThat(candidate.role()).isEqualTo(preVote ? RoleName.PRE_CANDIDATE : RoleName.CANDIDATE);
        candidate.step(Message.VoteResponse.of(preVote, 3, 1, 1, false));

        assertThat(candidate.role()).isEqualTo(preVote ? RoleName.CANDIDATE : RoleName.LEADER);
    }

    @ParameterizedTest
    @CsvSource({
        // Ticks without a leader; how probable it is that an election is due.
        "5, 0",
        "9, 0",
        "10, 0.1",
        "13, 0.4",
        "15, 0.6",
        "18, 0.9",
        "19, 1",
        "20, 1",
    })
    void theProbabilityOfAnElectionGrowsEvenlyFromOneToTwoTimeouts(int ticks, double probability) {
        Random random = new Random(11);
        RaftConfig config =
                TestServer.config(1, storage(THREE)).random(random::nextInt).build();
        int due = 0;
        for (int i = 0; i < 10_000; i++) {
            ElectionTimer timer = new ElectionTimer(config);
            timer.reset();
            for (int tick = 0; tick < ticks; tick++) {
                timer.tick();
            }
            due += timer.isOver() ? 1 : 0;
        }

        assertThat(due / 10_000.0).as("seed 11").isEqualTo(probability, within(0.02));
    }
}
