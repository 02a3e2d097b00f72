package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.SmallWorld.Budget;
import dev.coracle.raft.SmallWorld.Driver;
import dev.coracle.raft.SmallWorldInput.Kind;
import dev.coracle.raft.SmallWorldServer.Start;
import dev.coracle.raft.tracker.Progress;
import java.util.ArrayList;
import java.util.LinkedList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Small worlds to their end or for a moment, and that the search would find what is wrong. */
class SmallWorldTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    /** The tests stop by states, so that they do the same on a slow machine. */
    private static final long NO_TIME_LIMIT = Long.MAX_VALUE;

    private static SmallWorldSearch.Result search(SmallWorld world) {
        return new SmallWorldSearch(world).run(2_000_000, NO_TIME_LIMIT);
    }

    // ---- nothing is found

    /** The number changes only if the core sends or keeps something else, or the search explores something else. */
    @Test
    void oneElectionWithOneProposalHasThisManyStates() {
        SmallWorldSearch.Result result = search(SmallWorlds.find("election"));

        assertThat(result.exhausted()).isTrue();
        assertThat(result.states()).isEqualTo(5315);
        assertThat(result.transitions()).isEqualTo(52_864);
    }

    @ParameterizedTest
    @ValueSource(strings = {"alone", "elections", "replacement", "snapshot"})
    void isSafeInEveryState(String world) {
        assertThat(search(SmallWorlds.find(world)).exhausted()).isTrue();
    }

    static List<String> names() {
        return SmallWorlds.names();
    }

    @ParameterizedTest
    @MethodSource("names")
    void isSafeInTheFirstStatesOf(String world) {
        String result = SmallWorlds.search(world, 4_000, NO_TIME_LIMIT);

        assertThat(result).startsWith(world + ": ");
        System.out.println(result);
    }

    @Test
    void aLimitOfStatesStopsTheSearchAndIsSaid() {
        assertThat(SmallWorlds.search("election", 1000, NO_TIME_LIMIT))
                .contains("stopped at")
                .contains("not exhausted");
    }

    // ---- something is found

    private static SmallWorld asyncElections(Driver driver) {
        return SmallWorld.of("elections of a driver " + driver, 3, THREE)
                .async()
                .drivenBy(driver)
                .may(Budget.CAMPAIGNS, 2)
                .may(Budget.CRASHES, 1);
    }

    /** Elected by the two others, the candidate forgets the term that it leads, and leads it again. */
    @Test
    void voteRequestsThatLeaveBeforeTheVoteIsDurableLetOneServerLeadATermTwice() {
        assertThatThrownBy(() -> search(asyncElections(Driver.RAW)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("election safety: leads term 1, which it led before it restarted");
    }

    @Test
    void aCandidateThatCountsItsOwnVoteBeforeItIsDurableIsFound() {
        assertThatThrownBy(() -> search(SmallWorld.of("alone", 1, ConfState.ofVoters(1L))
                        .async()
                        .drivenBy(Driver.COUNTS_OWN_VOTE_EARLY)
                        .may(Budget.CAMPAIGNS, 1)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("elected means voted for durably by a quorum: server 1 leads term 1");
    }

    @Test
    void anAcknowledgementThatLeavesBeforeTheEntryIsDurableIsFound() {
        assertThatThrownBy(() -> search(asyncElections(Driver.PROMISES_EARLY)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("elected means voted for durably by a quorum");
    }

    @Test
    void aDiskThatForgetsTheVoteIsFound() {
        assertThatThrownBy(() -> search(asyncElections(Driver.FORGETS_VOTES)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("elected means voted for durably by a quorum")
                .hasMessageContaining("crashes and restarts");
    }

    @Test
    void whatAServerVotedForIsRememberedAcrossItsCrashes() {
        SmallWorld world = SmallWorld.of("forgetful", 3, THREE).drivenBy(Driver.FORGETS_VOTES);
        SmallWorldServer server = new SmallWorldServer(world, 1, new Start(world.disks.get(0), 0, 0, 0));
        server.take(SmallWorldInput.deliver(voteRequest(2)));
        Start restarted = server.take(SmallWorldInput.of(Kind.CRASH, 0));
        Check.that(restarted != null, "did not crash");

        assertThatThrownBy(
                        () -> new SmallWorldServer(world, 1, restarted).take(SmallWorldInput.deliver(voteRequest(3))))
                .hasMessage("one vote a term: votes for 3 in term 1 after voting for 2 in term 1");
    }

    private static Message voteRequest(long candidate) {
        return Message.VoteRequest.of(false, candidate, 1, 1, new EntryId(0, 0), false);
    }

    /** A vote that is counted and not on the disk takes no fewer steps. */
    @Test
    void whatIsFoundIsToldAsTheShortestWayThere() {
        assertThatThrownBy(() -> search(asyncElections(Driver.PROMISES_EARLY)))
                .hasMessageContaining("after these 4 steps")
                .hasMessageContaining(" 1 server 1 campaigns\n 2 server 1 completes a storage write\n")
                .hasMessageContaining(" 4 server 1 receives ")
                .hasMessageContaining("-Dcoracle.small.worlds=elections of a driver PROMISES_EARLY");
    }

    // ---- states

    private static final SmallWorld WORLD = SmallWorld.of("any", 3, THREE).async();

    private static SmallWorldServer server() {
        return new SmallWorldServer(WORLD, 1, new Start(WORLD.disks.get(0), 0, 0, 0));
    }

    private static SmallWorldServer leader() {
        SmallWorldServer server = server();
        server.take(SmallWorldInput.of(Kind.CAMPAIGN, 0));
        server.take(SmallWorldInput.of(Kind.WRITE, 0));
        server.take(SmallWorldInput.deliver(Message.VoteResponse.of(false, 2, 1, 1, false)));
        return server;
    }

    private static SmallWorldDigest.Value digest(SmallWorldServer server) {
        return server.digest(new SmallWorldDigest());
    }

    @Test
    void theSameInputsLeadToTheSameState() {
        assertThat(digest(leader())).isEqualTo(digest(leader()));
        assertThat(digest(leader())).isNotEqualTo(digest(server()));
    }

    /** Each of these is one field of one object deep in the core. */
    @Test
    void whatDecidesTheFutureTellsStatesApart() {
        SmallWorldServer untouched = leader();
        List<SmallWorldServer> touched = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            touched.add(leader());
        }

        progress(touched.get(0)).setPaused(false);
        progress(touched.get(1)).sentCommit(7);
        touched.get(2).server().electionTimer.tick();
        touched.get(3).server().raftLog.unstable().stableTo(1, 1);
        touched.get(4).server().send(new Message.TimeoutNow(1, 2, 1));

        assertThat(touched.stream().map(SmallWorldTest::digest)).doesNotHaveDuplicates();
        assertThat(touched.stream().map(SmallWorldTest::digest)).doesNotContain(digest(untouched));
    }

    private static Progress progress(SmallWorldServer server) {
        Leader leading = server.server().leading();
        Check.that(leading != null, "does not lead");
        Progress progress = leading.tracker().get(2);
        Check.that(progress != null, "2 is no member");
        return progress;
    }

    @Test
    void whereAnArrayBeginsTellsNothing() {
        Log log = new Log(RaftLogger.NONE);
        Unstable longer = new Unstable(1, log);
        longer.truncateAndAppend(TestServer.entries(1, 1, 1, 1));
        longer.stableTo(1, 2);
        Unstable shorter = new Unstable(3, log);
        shorter.truncateAndAppend(TestServer.entries(3, 1));

        SmallWorldDigest digest = new SmallWorldDigest();
        assertThat(digest.of(longer)).isEqualTo(digest.of(shorter));
        assertThat(digest.of(longer)).isNotEqualTo(digest.of(new Unstable(3, log)));
    }

    @Test
    void anObjectThatIsNotKnownIsRefused() {
        assertThatThrownBy(() -> new SmallWorldDigest().of(new Object())).hasMessageContaining("no canonical form");
        assertThatThrownBy(() -> new SmallWorldDigest().of((Runnable) () -> {})).hasMessageContaining("no canonical");
        assertThat(new SmallWorldDigest().of(new LinkedList<>(List.of(1L))))
                .isEqualTo(new SmallWorldDigest().of(List.of(1L)));
    }

    @Test
    void aStateIsAddedOnceAndRemembersItsWay() {
        SmallWorldStates states = new SmallWorldStates();
        for (int i = 0; i < 2_000; i++) {
            // All in the same slot of a small table, so that they are looked for behind each other.
            assertThat(states.add((long) (i % 10) << 40, i, i - 1, 7)).isTrue();
        }
        for (int i = 0; i < 2_000; i++) {
            assertThat(states.add((long) (i % 10) << 40, i, 0, 0)).isFalse();
        }
        assertThat(states.size()).isEqualTo(2_000);
        assertThat(states.parent(1_999)).isEqualTo(1_998);
        assertThat(states.step(1_999)).isEqualTo(7);
    }

    @Test
    void logsThatShareAnEntryMustShareWhatIsBeforeIt() {
        SmallWorldLog one = SmallWorldDisk.of(THREE).log(1, 1, 3).log();

        assertThat(SmallWorldLog.contradiction(
                        one, SmallWorldDisk.of(THREE).log(1, 1, 2).log()))
                .isZero();
        assertThat(SmallWorldLog.contradiction(
                        one, SmallWorldDisk.of(THREE).log(1, 2, 3).log()))
                .isEqualTo(2);
    }
}
