package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.assertj.core.groups.Tuple;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Elections by priority and commit indexes that servers tell each other, as raft-rs has them, in whole clusters. */
class RaftRsElectionTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    // ---- priority

    private static Network withPriorities(boolean preVote, long... priorities) {
        Long[] ids = new Long[priorities.length];
        Arrays.setAll(ids, i -> i + 1L);
        TestServer[] servers = new TestServer[priorities.length];
        Arrays.setAll(
                servers,
                i -> TestServer.of(
                        i + 1, options -> options.priority(priorities[i]).preVote(preVote), ids));
        return new Network(servers);
    }

    @ParameterizedTest
    @CsvSource({
        // Priorities of servers 1 to 3, with equal logs; who campaigns; whether it wins.
        "3, 1, 1, 1, true",
        "2, 2, 2, 1, true",
        "1, 2, 2, 1, false",
        "1, 1, 3, 1, true",
        "1, 2, 1, 1, true",
        "-5, -5, -4, 1, true",
        "-5, -4, -4, 1, false",
        "0, 3, 9, 2, true",
        "0, 3, 9, 3, true",
    })
    void ofEqualLogsOneWinsWhosePriorityAMajorityDoesNotExceed(
            long one, long two, long three, long candidate, boolean wins) {
        for (boolean preVote : new boolean[] {false, true}) {
            Network network = withPriorities(preVote, one, two, three);

            network.campaign(candidate);

            assertThat(network.role(candidate) == RoleName.LEADER).isEqualTo(wins);
        }
    }

    @Test
    void whoeverHasCommittedEntriesWinsInTheEndWhateverItsPriority() {
        Network network = withPriorities(false, 1, 1, 9);
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "data");
        network.recover();
        network.silence(1);

        network.campaign(3);
        assertThat(network.role(3)).as("its log is behind").isEqualTo(RoleName.CANDIDATE);
        network.campaign(2);

        assertThat(network.role(2)).as("3 votes for the longer log").isEqualTo(RoleName.LEADER);
        assertThat(network.at(3).terms()).containsExactly(1, 1, 3);
    }

    @Test
    void aPriorityThatIsLoweredLetsOthersWin() {
        Network network = withPriorities(false, 1, 5, 5);
        network.campaign(1);
        assertThat(network.role(1)).isEqualTo(RoleName.FOLLOWER);

        network.at(2).server.tuning.priority = 1;
        network.campaign(1);

        assertThat(network.role(1)).isEqualTo(RoleName.LEADER);
    }

    // ---- commit indexes that are told

    private static final UnaryOperator<RaftConfig.Builder> SHARE = options -> options.shareCommit(true);

    /**
     * Server 1 has committed a change of the configuration, which server 2 has and does not know to be committed.
     */
    private static Network withChangeCommittedOnOne(boolean preVote) {
        Entry first = new Entry(1, 1, EntryType.NORMAL, null);
        Entry change = new Entry(1, 2, EntryType.CONF_CHANGE_V2, new TextCodec().encode(auto("r3")));
        TestServer[] servers = new TestServer[3];
        for (int i = 0; i < 3; i++) {
            MemoryStorage storage = storage(THREE);
            storage.append(List.of(first, change));
            storage.setHardState(new HardState(1, RawNode.NONE, i == 0 ? 2 : 1));
            servers[i] = TestServer.of(
                    i + 1, storage, options -> options.shareCommit(true).preVote(preVote));
            servers[i].apply();
        }
        return new Network(servers);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRequestForAVoteBringsTheCommitIndexToWhoeverIsBehind(boolean preVote) {
        Network network = withChangeCommittedOnOne(preVote);
        network.hook(message -> message instanceof Message.VoteRequest);

        network.campaign(1);

        assertThat(network.at(2).committed()).isEqualTo(2);
        assertThat(network.role(2)).isEqualTo(RoleName.FOLLOWER);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCandidateThatIsAskedByOneWhoKnowsOfAChangeStepsDown(boolean preVote) {
        Network network = withChangeCommittedOnOne(preVote);
        TestServer asked = network.at(2);
        asked.campaign();
        asked.take();
        assertThat(asked.role()).isEqualTo(preVote ? RoleName.PRE_CANDIDATE : RoleName.CANDIDATE);
        long term = asked.server.term();

        // Of the same term, so that it is not the term that makes it step down.
        asked.step(Message.VoteRequest.of(preVote, 1, 2, term, new EntryId(1, 2), false, new EntryId(1, 2), 0));

        assertThat(asked.committed()).isEqualTo(2);
        assertThat(asked.role()).isEqualTo(RoleName.FOLLOWER);
        assertThat(asked.server.term()).isEqualTo(term);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aCandidateThatIsRefusedByOneWhoKnowsOfAChangeStepsDown(boolean preVote) {
        Network network = withChangeCommittedOnOne(preVote);
        // Server 1 has more in its log, so that it refuses.
        network.at(1).step(new Message.Append(3, 1, 1, 1, 2, entries(3, 1), 2));
        network.at(1).take();
        network.silence(3);

        network.campaign(2);

        assertThat(network.at(2).committed()).isEqualTo(2);
        assertThat(network.role(2)).isEqualTo(RoleName.FOLLOWER);
        network.at(2).apply();
        assertThat(network.at(2).server.configuration()).hasToString("voters=(1 2)");
    }

    @Test
    void aGrantedVoteTellsNothing() {
        TestServer voter = TestServer.of(2, storage(THREE, 1, 1, 1), SHARE);
        voter.server.raftLog.commitTo(2);

        voter.step(Message.VoteRequest.of(false, 1, 2, 2, new EntryId(1, 2), false));

        assertThat(voter.persist()).containsExactly(new Message.VoteReply(2, 1, 2, false, 0, 0));
    }

    @Test
    void aLeaderTakesNoCommitIndexFromACandidate() {
        TestServer leader = TestServer.of(1, SHARE, 1L, 2L, 3L);
        leader.win();
        leader.take();
        assertThat(leader.committed()).isZero();

        leader.step(Message.VoteRequest.of(true, 2, 1, 1, new EntryId(1, 1), false, new EntryId(1, 1), 0));

        assertThat(leader.committed()).isZero();
    }

    @Test
    void aLeaderLearnsHowFarEachMemberHasCommitted() {
        Network network = Network.of(3, SHARE);
        network.campaign(1);
        network.isolate(3);
        network.propose(1, "a");
        network.propose(1, "b");
        network.heartbeat(1);
        assertThat(committed(network.at(1))).containsExactly(tuple(2L, 3L), tuple(3L, 1L));

        network.recover();
        network.heartbeat(1);
        network.heartbeat(1);

        assertThat(committed(network.at(1))).containsExactly(tuple(2L, 3L), tuple(3L, 3L));
        assertThat(network.at(3).committed()).isEqualTo(3);
    }

    private static List<Tuple> committed(TestServer leader) {
        return leader.leading().progress().stream()
                .filter(peer -> peer.id() != leader.id)
                .map(peer -> tuple(peer.id(), peer.committed()))
                .toList();
    }

    @Test
    void aFollowerThatReadsLearnsTheLeadersCommitIndexByTheAnswer() {
        Network network = Network.of(3, SHARE);
        network.campaign(1);
        // Server 3 gets the entries and no word of their being committed.
        network.hook(message -> message.to() != 3
                || !(message instanceof Message.Append append
                        && append.entries().isEmpty()));
        network.propose(1, "data");
        assertThat(network.at(3).committed()).isEqualTo(1);
        network.hook(message -> message.to() != 3 || message.type() == MessageType.READ_INDEX_REPLY);

        network.at(3).read("ctx");
        network.settle();

        assertThat(network.at(3).server.takeReadStates())
                .extracting(ReadState::index)
                .containsExactly(2L);
        assertThat(network.at(3).committed()).isEqualTo(2);
    }
}
