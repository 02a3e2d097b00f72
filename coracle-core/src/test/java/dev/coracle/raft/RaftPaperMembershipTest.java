package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static dev.coracle.raft.TextCodec.explicit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Membership changes: §6, thesis §4. */
class RaftPaperMembershipTest {
    private static TestServer leader(Long... voters) {
        TestServer leader = TestServer.of(1, voters);
        leader.lead();
        return leader;
    }

    private static String configuration(TestServer server) {
        return server.server.configuration().toString();
    }

    @Test
    void aChangeComesIntoForceWhenItIsApplied() {
        TestServer leader = leader(1L, 2L);
        leader.propose(auto("v3"));
        leader.acknowledgeAll();
        assertThat(leader.committed()).isEqualTo(2);
        assertThat(configuration(leader)).isEqualTo("voters=(1 2)");

        leader.apply();

        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3)");
    }

    @Test
    void aNewMemberIsProbedAtOnce() {
        TestServer leader = leader(1L, 2L);
        leader.propose(auto("v3"));
        leader.acknowledgeAll();
        leader.take();

        leader.apply();

        assertThat(only(Message.Append.class, leader.take()))
                .filteredOn(append -> append.to() == 3)
                .extracting(Message::index)
                .containsExactly(1L);
        assertThat(leader.progress(3).recentlyActive())
                .as("until the next check nobody can know")
                .isTrue();
    }

    @Test
    void oneChangeAtATime() {
        TestServer leader = leader(1L, 2L);
        assertThat(leader.propose(auto("v3"))).isEqualTo(new Proposal(ProposalOutcome.APPENDED, 1, 2));

        Proposal second = leader.propose(auto("v4"));

        assertThat(second).isEqualTo(new Proposal(ProposalOutcome.REFUSED_PENDING_CHANGE, 1, 3));
        leader.acknowledgeAll();
        assertThat(leader.apply()).extracting(Entry::type).containsExactly(EntryType.CONF_CHANGE_V2, EntryType.NORMAL);
        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3)");
    }

    @Test
    void aSecondChangeInOneProposalIsRefused() {
        TestServer leader = leader(1L, 2L);
        TextCodec codec = new TextCodec();
        Entry add3 = new Entry(0, 0, EntryType.CONF_CHANGE_V2, codec.encode(auto("v3")));
        Entry add4 = new Entry(0, 0, EntryType.CONF_CHANGE_V2, codec.encode(auto("v4")));

        Proposal proposal = leader.server
                .role()
                .propose(new Message.Propose(1, 0, List.of(Entry.normal(null), add3, Entry.normal(null), add4)));

        assertThat(proposal.outcome()).isEqualTo(ProposalOutcome.REFUSED_PENDING_CHANGE);
        assertThat(leader.server.raftLog.unstable().nextEntries())
                .extracting(Entry::type)
                .containsExactly(EntryType.NORMAL, EntryType.CONF_CHANGE_V2, EntryType.NORMAL, EntryType.NORMAL);
        leader.acknowledgeAll();
        leader.apply();
        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3)");
        assertThat(leader.propose(auto("v4")).outcome())
                .as("the pending one was at index 3 and is applied")
                .isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void theNextChangeMayFollowWhenTheIndexOfTheLastOneIsApplied() {
        TestServer leader = leader(1L, 2L);
        TextCodec codec = new TextCodec();
        Entry add3 = new Entry(0, 0, EntryType.CONF_CHANGE_V2, codec.encode(auto("v3")));
        leader.server.role().propose(new Message.Propose(1, 0, List.of(Entry.normal(null), add3)));
        leader.acknowledgeAll();

        RaftLog log = leader.server.raftLog;
        log.acceptApplying(2, 0, true);
        leader.step(new Message.StorageApplyReply(1, stored(leader, 2, 3)));
        assertThat(log.applied()).isEqualTo(2);

        assertThat(leader.propose(auto("v4")).outcome())
                .as("the change at index 3 is not applied")
                .isEqualTo(ProposalOutcome.REFUSED_PENDING_CHANGE);
    }

    private static List<Entry> stored(TestServer server, long low, long high) {
        try {
            return server.storage.entries(low, high, RaftConfig.NO_LIMIT);
        } catch (Storage.CompactedException | Storage.UnavailableException gone) {
            throw new IllegalStateException(gone);
        }
    }

    @Test
    void aNewLeaderRefusesChangesUntilAllThatItFoundIsApplied() {
        TestServer leader = TestServer.of(1, storage(ConfState.ofVoters(1L, 2L), 1, 1, 1), options -> options);
        leader.win();

        assertThat(leader.propose(auto("v3")).outcome())
                .as("an entry that it found may be a change")
                .isEqualTo(ProposalOutcome.REFUSED_PENDING_CHANGE);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.propose(auto("v3")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void aChangeThatIsDroppedLeavesTheWayFree() {
        TestServer leader = TestServer.of(1, options -> options.maxUncommittedSize(4), 1L, 2L);
        leader.lead();
        leader.propose("data");
        assertThat(leader.propose(auto("v3")).outcome()).isEqualTo(ProposalOutcome.DROPPED_BACKLOG);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.propose(auto("v3")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void aMalformedChangeIsDroppedAndNothingOfItsProposalAppended() {
        TestServer leader = leader(1L, 2L);
        Entry good = new Entry(0, 0, EntryType.CONF_CHANGE_V2, new TextCodec().encode(auto("v3")));
        Entry bad = new Entry(0, 0, EntryType.CONF_CHANGE_V2, TestServer.bytes("nonsense"));

        Proposal proposal = leader.server.role().propose(new Message.Propose(1, 0, List.of(good, bad)));

        assertThat(proposal.outcome()).isEqualTo(ProposalOutcome.DROPPED_MALFORMED);
        assertThat(leader.lastIndex()).isEqualTo(1);
        assertThat(leader.propose(auto("v3")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @Test
    void aJointConfigurationNeedsBothMajorities() {
        TestServer leader = leader(1L, 2L, 3L);
        leader.propose(explicit("v4 v5 r2 r3"));
        leader.acknowledgeAll();
        leader.apply();
        assertThat(configuration(leader)).isEqualTo("voters=(1 4 5)&&(1 2 3)");
        leader.take();
        leader.propose("data");
        leader.persist();

        leader.acknowledge(2, 3);
        leader.acknowledge(3, 3);
        assertThat(leader.committed()).as("no majority of the new voters").isEqualTo(2);
        leader.acknowledge(4, 3);

        assertThat(leader.committed()).isEqualTo(3);
    }

    @Test
    void anElectionInAJointConfigurationNeedsBothMajorities() {
        ConfState joint = new ConfState(List.of(1L, 4L, 5L), List.of(), List.of(1L, 2L, 3L), List.of(), false);
        TestServer candidate = TestServer.of(1, storage(joint), options -> options);
        candidate.campaign();
        assertThat(only(Message.Vote.class, candidate.take()))
                .extracting(Message::to)
                .containsExactly(2L, 3L, 4L, 5L);

        candidate.step(new Message.VoteReply(2, 1, 1, false, 0, 0));
        candidate.step(new Message.VoteReply(3, 1, 1, false, 0, 0));
        assertThat(candidate.role()).isEqualTo(RoleName.CANDIDATE);
        candidate.step(new Message.VoteReply(5, 1, 1, false, 0, 0));

        assertThat(candidate.role()).isEqualTo(RoleName.LEADER);
    }

    @Test
    void anExplicitJointConfigurationIsLeftByAProposalOnly() {
        TestServer leader = leader(1L, 2L);
        assertThat(leader.propose(ConfChangeV2.LEAVE_JOINT).outcome()).isEqualTo(ProposalOutcome.REFUSED_NOT_JOINT);
        leader.propose(explicit("v3 v4"));
        leader.acknowledgeAll();
        leader.apply();
        leader.acknowledgeAll();
        leader.apply();
        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3 4)&&(1 2)");
        assertThat(leader.propose(auto("v5")).outcome()).isEqualTo(ProposalOutcome.REFUSED_JOINT);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.propose(ConfChangeV2.LEAVE_JOINT).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3 4)");
    }

    @Test
    void theLeaderLeavesAnAutomaticJointConfigurationOnce() {
        TestServer leader = leader(1L, 2L);
        leader.propose(auto("v3 v4"));
        leader.acknowledgeAll();

        leader.apply();
        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3 4)&&(1 2) autoleave");
        assertThat(leader.lastIndex()).isEqualTo(3);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(configuration(leader)).isEqualTo("voters=(1 2 3 4)");
        assertThat(leader.lastIndex()).as("proposed once").isEqualTo(3);
    }

    @Test
    void theAutomaticWayOutWaitsForEverythingThatANewLeaderFound() {
        ConfState joint = new ConfState(List.of(1L, 2L, 3L), List.of(), List.of(1L, 2L), List.of(), true);
        MemoryStorage storage = storage(joint, 1, 1, 1, 1);
        storage.setHardState(new HardState(1, 0, 1));
        TestServer leader = TestServer.of(1, storage, options -> options);
        leader.win();
        assertThat(leader.lastIndex()).isEqualTo(4);

        // An entry is applied, but of the three that were found two may still be a change that leaves.
        leader.server.raftLog.acceptApplying(1, 0, true);
        leader.step(new Message.StorageApplyReply(1, stored(leader, 1, 2)));
        assertThat(leader.lastIndex()).isEqualTo(4);
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.lastIndex()).isEqualTo(5);
    }

    @Test
    void theAutomaticWayOutIsTriedAgainAfterATransferThatRefusedIt() {
        TestServer leader = leader(1L, 2L);
        leader.propose(auto("v3 v4"));
        leader.acknowledgeAll();
        leader.step(new Message.TransferLeader(2, 1, 0));
        leader.apply();
        assertThat(leader.lastIndex())
                .as("refused while leadership is handed over")
                .isEqualTo(2);
        leader.tick(ELECTION_TICKS);

        leader.propose("more");
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.lastIndex()).isEqualTo(4);
    }

    @Test
    void aDemotedVoterBecomesALearnerWhenTheJointConfigurationIsLeft() {
        TestServer leader = leader(1L, 2L, 3L);
        leader.propose(auto("l3 v4"));
        leader.acknowledgeAll();
        leader.apply();
        assertThat(configuration(leader)).isEqualTo("voters=(1 2 4)&&(1 2 3) learners_next=(3) autoleave");
        long known = leader.progress(3).match();
        leader.acknowledgeAll();
        leader.apply();

        assertThat(configuration(leader)).isEqualTo("voters=(1 2 4) learners=(3)");
        assertThat(leader.progress(3).match()).as("what is known of it stays").isGreaterThanOrEqualTo(known);
    }

    @ParameterizedTest
    @CsvSource({"r3", "l3"})
    void whatWaitedIsCommittedWhenTheQuorumShrinks(String change) {
        TestServer leader = leader(1L, 2L, 3L);
        leader.propose(auto(change));
        leader.persist();
        leader.acknowledge(2, 2);
        leader.propose("data");
        leader.persist();
        leader.acknowledge(3, 2);
        leader.take();
        assertThat(leader.committed())
                .as("server 2 has not acknowledged the data")
                .isEqualTo(2);

        leader.apply();
        assertThat(leader.committed()).isEqualTo(2);
        leader.apply(auto("r2"));

        assertThat(leader.committed()).as("alone now").isEqualTo(3);
        assertThat(only(Message.Append.class, leader.sent()))
                .as("and whoever is left is told")
                .hasSize(change.equals("l3") ? 1 : 0);
    }

    @Test
    void aRemovedLeaderGoesOnWithoutCountingItselfAndTakesNoProposals() {
        TestServer leader = leader(1L, 2L, 3L);
        leader.propose("data");
        leader.propose(auto("r1"));
        leader.persist();
        leader.acknowledge(2, 3);
        leader.take();

        leader.apply();
        assertThat(leader.role()).isEqualTo(RoleName.LEADER);
        assertThat(leader.propose("more").outcome()).isEqualTo(ProposalOutcome.DROPPED_NOT_MEMBER);
        leader.tick(1);

        assertThat(only(Message.Heartbeat.class, leader.sent()))
                .extracting(Message::to)
                .containsExactly(2L, 3L);
    }

    @ParameterizedTest
    @CsvSource({"r1, false, LEADER", "r1, true, FOLLOWER", "l1, false, LEADER", "l1, true, FOLLOWER"})
    void aRemovedOrDemotedLeaderStepsDownIfToldTo(String change, boolean stepDown, RoleName role) {
        TestServer leader = TestServer.of(1, options -> options.stepDownOnRemoval(stepDown), 1L, 2L, 3L);
        leader.lead();
        leader.propose(auto(change));
        leader.acknowledgeAll();
        long term = leader.server.term();
        leader.take();

        leader.apply();

        assertThat(leader.role()).isEqualTo(role);
        assertThat(leader.server.term()).isEqualTo(term);
        assertThat(leader.server.leader()).isEqualTo(stepDown ? RawNode.NONE : 1);
        assertThat(leader.take()).as("it says nothing more").isEmpty();
    }

    @Test
    void aChangeThatTheConfigurationRefusesChangesNothing() {
        TestServer leader = leader(1L, 2L);

        assertThatThrownBy(() -> leader.server.apply(auto("r1 r2")))
                .isInstanceOf(InvalidConfChangeException.class)
                .hasMessage("removed all voters");
        assertThat(configuration(leader)).isEqualTo("voters=(1 2)");
        assertThat(leader.leading().tracker().size()).isEqualTo(2);
    }

    @Test
    void withoutValidationTheApplicationDecides() {
        TestServer leader = TestServer.of(1, options -> options.disableConfChangeValidation(true), 1L, 2L);
        leader.lead();

        assertThat(leader.propose(auto("v3")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(leader.propose(auto("v4")).outcome()).isEqualTo(ProposalOutcome.APPENDED);
        assertThat(leader.propose(ConfChangeV2.LEAVE_JOINT).outcome()).isEqualTo(ProposalOutcome.APPENDED);
    }

    @ParameterizedTest
    @CsvSource({
        "timer, CONF_CHANGE_V2",
        "order, CONF_CHANGE_V2",
        "campaign, CONF_CHANGE_V2",
        "timer, CONF_CHANGE",
        "order, CONF_CHANGE",
        "campaign, CONF_CHANGE",
    })
    void noElectionWhileACommittedChangeIsNotApplied(String why, EntryType type) {
        TestServer follower = TestServer.of(2, options -> options.maxSizePerMessage(0), 1L, 2L, 3L);
        Entry change = new Entry(1, 2, type, new TextCodec().encode(auto("r3")));
        Entry first = new Entry(1, 1, EntryType.NORMAL, null);
        follower.step(new Message.Append(1, 2, 1, 0, 0, List.of(first, change), 2));
        follower.take();

        start(follower, why);
        assertThat(follower.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(follower.server.term()).isEqualTo(1);
        follower.server.raftLog.acceptApplying(2, 0, true);
        start(follower, why);
        assertThat(follower.role()).as("handed out is not applied").isEqualTo(RoleName.FOLLOWER);
        follower.apply(auto("r3"));
        follower.step(new Message.StorageApplyReply(2, List.of(first, change)));
        start(follower, why);

        assertThat(follower.role()).isEqualTo(RoleName.CANDIDATE);
    }

    private static void start(TestServer server, String why) {
        switch (why) {
            case "timer" -> server.tick(2 * ELECTION_TICKS);
            case "order" -> server.step(new Message.TimeoutNow(1, 2, 1));
            default -> server.campaign();
        }
    }

    @Test
    void anAppliedChangeDoesNotHinderAnElection() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        Entry change = new Entry(1, 1, EntryType.CONF_CHANGE_V2, new TextCodec().encode(auto("r3")));
        Entry uncommitted = new Entry(1, 2, EntryType.CONF_CHANGE_V2, new TextCodec().encode(auto("v3")));
        follower.step(new Message.Append(1, 2, 1, 0, 0, List.of(change, uncommitted), 1));
        follower.apply();

        follower.campaign();

        assertThat(follower.role()).as("the change at 2 is not committed").isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void aPromotedLearnerCountsAndMayCampaign() {
        TestServer learner = TestServer.of(2, storage(withLearners(List.of(1L), List.of(2L))), options -> options);
        learner.campaign();
        assertThat(learner.role()).isEqualTo(RoleName.FOLLOWER);

        learner.apply(auto("v2"));
        learner.campaign();

        assertThat(learner.role()).isEqualTo(RoleName.CANDIDATE);
    }

    @Test
    void learnersGetTheLogAndDoNotCount() {
        TestServer leader = TestServer.of(1, storage(withLearners(List.of(1L, 2L), List.of(3L))), options -> options);
        leader.lead();
        leader.propose("data");
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to)
                .containsExactly(2L, 3L);
        leader.persist();

        leader.acknowledge(3, 2);

        assertThat(leader.committed()).isEqualTo(1);
    }

    @Test
    void aMemberRemovedAndAddedAgainStartsAfresh() {
        TestServer leader = leader(1L, 2L, 3L);
        assertThat(leader.progress(3).match()).isEqualTo(1);

        leader.apply(auto("r3"));
        leader.apply(auto("v3"));

        assertThat(leader.progress(3).match()).isZero();
    }
}
