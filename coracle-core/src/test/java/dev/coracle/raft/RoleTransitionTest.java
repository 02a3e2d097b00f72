package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Which role may follow which, and what each change of role resets. */
class RoleTransitionTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    /** Server 1 of three in term 1, with one entry of that term that somebody else wrote. */
    private static TestServer in(RoleName role) {
        TestServer server = TestServer.of(1, storage(THREE, 1, 1), options -> options);
        become(server, role);
        server.take();
        return server;
    }

    private static void become(TestServer server, RoleName role) {
        switch (role) {
            case FOLLOWER -> server.server.becomeFollower(server.server.term(), RawNode.NONE);
            case PRE_CANDIDATE -> server.server.campaign(Server.Campaign.PRE_ELECTION);
            case CANDIDATE -> server.server.campaign(Server.Campaign.ELECTION);
            case LEADER -> {
                if (server.role() == RoleName.FOLLOWER) {
                    server.server.campaign(Server.Campaign.ELECTION);
                }
                server.server.becomeLeader();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        // From, to; by how much the term rises; whether the server then leads itself.
        "FOLLOWER, FOLLOWER, 0, false",
        "FOLLOWER, PRE_CANDIDATE, 0, false",
        "FOLLOWER, CANDIDATE, 1, false",
        "PRE_CANDIDATE, FOLLOWER, 0, false",
        "PRE_CANDIDATE, PRE_CANDIDATE, 0, false",
        "PRE_CANDIDATE, CANDIDATE, 1, false",
        "CANDIDATE, FOLLOWER, 0, false",
        "CANDIDATE, PRE_CANDIDATE, 0, false",
        "CANDIDATE, CANDIDATE, 1, false",
        "CANDIDATE, LEADER, 0, true",
        "LEADER, FOLLOWER, 0, false",
    })
    void aRoleIsFollowedByTheseWithThisTerm(RoleName from, RoleName to, long rise, boolean leads) {
        TestServer server = in(from);
        long term = server.server.term();

        become(server, to);

        assertThat(server.role()).isEqualTo(to);
        assertThat(server.server.term()).isEqualTo(term + rise);
        assertThat(server.server.leader()).isEqualTo(leads ? 1 : RawNode.NONE);
    }

    @Test
    void aLeaderDoesNotAskForVotesAndAFollowerDoesNotLead() {
        TestServer leader = in(RoleName.LEADER);
        assertThatThrownBy(() -> leader.server.campaign(Server.Campaign.ELECTION))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("invalid transition [leader -> candidate]");
        assertThatThrownBy(() -> leader.server.campaign(Server.Campaign.PRE_ELECTION))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("invalid transition [leader -> pre-candidate]");

        assertThatThrownBy(() -> in(RoleName.FOLLOWER).server.becomeLeader())
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("invalid transition [follower -> leader]");
    }

    @Test
    void aTermDoesNotGoBack() {
        TestServer server = TestServer.of(1, storage(THREE, 4, 1), options -> options);

        assertThatThrownBy(() -> server.server.becomeFollower(3, 2))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("term would go back from 4 to 3");
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void inTheSameTermAFollowerKeepsItsVoteAndInANewOneItHasNone(RoleName role) {
        TestServer server = in(role);
        long term = server.server.term();
        long vote = server.server.hardState().vote();
        assertThat(vote).isEqualTo(role == RoleName.CANDIDATE || role == RoleName.LEADER ? 1 : RawNode.NONE);

        server.server.becomeFollower(term, 2);
        assertThat(server.server.hardState().vote()).isEqualTo(vote);
        server.server.becomeFollower(term + 1, 2);

        assertThat(server.server.hardState().vote()).isEqualTo(RawNode.NONE);
        assertThat(server.server.leader()).isEqualTo(2);
    }

    @Test
    void eachChangeOfRoleButThePreCandidatesDrawsANewTimeoutAndStartsAnew() {
        for (RoleName to : new RoleName[] {RoleName.FOLLOWER, RoleName.CANDIDATE, RoleName.LEADER}) {
            TestServer server = in(RoleName.CANDIDATE);
            server.server.electionTimer.setLimit(1000);
            server.tick(ELECTION_TICKS - 1);

            become(server, to);

            assertThat(server.server.electionTimer.remainingLeaseTicks())
                    .as("to %s", to)
                    .isEqualTo(ELECTION_TICKS);
            for (int i = 0; i < 2 * ELECTION_TICKS; i++) {
                server.server.electionTimer.tick();
            }
            assertThat(server.server.electionTimer.isOver()).as("to %s", to).isTrue();
        }
        TestServer asking = in(RoleName.CANDIDATE);
        asking.server.electionTimer.setLimit(1000);
        asking.tick(3);

        become(asking, RoleName.PRE_CANDIDATE);

        assertThat(asking.server.electionTimer.remainingLeaseTicks()).isEqualTo(ELECTION_TICKS - 3);
    }

    /** What a leader knew of the others may be wrong by the next time it leads: they may have followed somebody else. */
    @Test
    void aLeaderBeginsWithoutWhatItKnewWhenItLedBefore() {
        TestServer leader = in(RoleName.LEADER);
        leader.acknowledgeAll();
        leader.propose("lost");
        leader.step(new Message.TransferLeader(2, 1, 0));
        leader.read("lost");
        leader.server.becomeFollower(leader.server.term() + 1, RawNode.NONE);
        leader.take();

        leader.win();

        assertThat(leader.leading().transferee()).isEqualTo(RawNode.NONE);
        for (long other : new long[] {2, 3}) {
            Progress progress = leader.progress(other);
            assertThat(progress.state()).isEqualTo(ProgressState.PROBE);
            assertThat(progress.match()).isZero();
            assertThat(progress.next()).as("behind its log at the election").isEqualTo(4);
            assertThat(progress.recentlyActive()).isFalse();
        }
        assertThat(leader.progress(1).match()).isEqualTo(4);
        assertThat(leader.progress(1).state()).isEqualTo(ProgressState.REPLICATE);
        leader.take();
        leader.tick(1);
        assertThat(leader.sent())
                .as("no read waits for an answer")
                .containsExactly(
                        new Message.Heartbeat(1, 2, 4, 0, Bytes.EMPTY), new Message.Heartbeat(1, 3, 4, 0, Bytes.EMPTY));
    }

    @Test
    void whatALeaderFoundInItsLogCountsAtOnceAndWhatItAppendsWhenItIsStored() {
        TestServer leader = TestServer.of(1, storage(THREE, 2, 1, 2), options -> options);
        leader.campaign();
        leader.take();

        leader.step(new Message.VoteReply(2, 1, 3, false, 0, 0));

        assertThat(leader.lastIndex()).isEqualTo(3);
        assertThat(leader.progress(1).match()).isEqualTo(2);
        assertThat(leader.progress(1).state()).isEqualTo(ProgressState.REPLICATE);
        leader.persist();
        assertThat(leader.progress(1).match()).isEqualTo(3);
    }

    @Test
    void theCountOfUnappliedBytesBeginsAnewWithEachLeadership() {
        TestServer leader = TestServer.of(1, options -> options.maxUncommittedSize(10), 1L, 2L, 3L);
        leader.lead();
        leader.propose(bytes(10));
        assertThat(leader.propose(bytes(10)).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        leader.server.becomeFollower(leader.server.term() + 1, RawNode.NONE);
        leader.take();

        leader.win();

        assertThat(leader.propose(bytes(10)).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void eachChangeOfRoleAndLeaderIsReportedOnce() {
        StringBuilder seen = new StringBuilder();
        RaftObserver observer = new RaftObserver() {
            @Override
            public void onRole(RoleName role, long term) {
                seen.append(role).append(' ').append(term).append('\n');
            }

            @Override
            public void onLeader(long leader, long term) {
                seen.append("leader ").append(leader).append(' ').append(term).append('\n');
            }
        };
        TestServer server = TestServer.of(1, options -> options.observer(observer), 1L, 2L, 3L);
        server.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        server.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
        server.win();

        assertThat(seen).hasToString("""
                        FOLLOWER 0
                        leader 2 1
                        FOLLOWER 1
                        leader 0 2
                        CANDIDATE 2
                        leader 1 2
                        LEADER 2
                        """);
    }
}
