package dev.coracle.raft;

import static dev.coracle.raft.TestServer.ELECTION_TICKS;
import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Ids are unsigned 64-bit numbers; those from 2^63 on are negative as a Java long. They are members like any other. */
class UnsignedIdTest {
    private static final long SMALL = 5;

    /** 2^63, the lowest that is negative. */
    private static final long MIDDLE = Long.MIN_VALUE;

    /** The highest that is no thread of the server's own. */
    private static final long HIGH = -3;

    private static final ConfState ALL = ConfState.ofVoters(SMALL, MIDDLE, HIGH);

    private static Network network() {
        return new Network(
                TestServer.of(SMALL, storage(ALL), options -> options),
                TestServer.of(MIDDLE, storage(ALL), options -> options),
                TestServer.of(HIGH, storage(ALL), options -> options));
    }

    @ParameterizedTest
    @ValueSource(longs = {SMALL, MIDDLE, HIGH})
    void aServerOfAnyIdLeadsReplicatesReadsAndHandsOver(long id) {
        Network network = network();
        network.campaign(id);
        assertThat(network.role(id)).isEqualTo(RoleName.LEADER);
        for (TestServer server : network.all()) {
            assertThat(server.server.leader()).isEqualTo(id);
            assertThat(network.propose(server.id, "data").outcome().isAccepted())
                    .isTrue();
            server.read("ctx");
            network.settle();
            assertThat(server.server.takeReadStates()).hasSize(1);
        }
        for (TestServer server : network.all()) {
            assertThat(server.committed()).isEqualTo(4);
        }

        long other = id == HIGH ? MIDDLE : HIGH;
        network.at(id).step(new Message.TransferLeader(other, id, 0));
        network.settle();

        assertThat(network.role(other)).isEqualTo(RoleName.LEADER);
        assertThat(network.at(id).server.leader()).isEqualTo(other);
    }

    @Test
    void membersAreMetInTheOrderOfUnsignedNumbers() {
        TestServer server = TestServer.of(SMALL, storage(ALL), options -> options);
        server.campaign();
        assertThat(only(Message.Vote.class, server.take()))
                .extracting(Message::to)
                .containsExactly(MIDDLE, HIGH);
        server.step(new Message.VoteReply(HIGH, SMALL, 1, false, 0, 0));

        assertThat(server.leading().progress())
                .extracting(Status.PeerProgress::id)
                .containsExactly(SMALL, MIDDLE, HIGH);
        assertThat(server.server.configuration().toConfState()).isEqualTo(ALL);
        assertThat(server.server.configuration()).hasToString("voters=(5 8000000000000000 fffffffffffffffd)");
    }

    @Test
    void theLogAndTheStatusShowUnsignedNumbers() {
        TestServer server = TestServer.of(HIGH, storage(ALL), options -> options);
        server.win();

        assertThat(server.logged)
                .contains(
                        "INFO newRaft fffffffffffffffd [peers: [5,8000000000000000,fffffffffffffffd], term: 0,"
                                + " commit: 0, applied: 0, lastindex: 0, lastterm: 0]",
                        "INFO fffffffffffffffd became leader at term 1")
                .noneMatch(line -> line.contains("-"));
        Status status = Status.of(server.server);
        assertThat(status.toJson())
                .startsWith("{\"id\":\"fffffffffffffffd\"")
                .contains("\"8000000000000000\":{\"match\":0")
                .doesNotContain("-");
        assertThat(Describe.softState(server.server.softState()))
                .isEqualTo("Lead:18446744073709551613 State:StateLeader");
    }

    @Test
    void membersOfAnyIdComeAndGo() {
        TestServer leader = TestServer.of(SMALL, storage(ConfState.ofVoters(SMALL)), options -> options);
        leader.lead();
        for (String change : List.of(
                "v18446744073709551613", "l9223372036854775808", "v9223372036854775808", "l18446744073709551613")) {
            leader.propose(auto(change));
            leader.acknowledgeAll();
            leader.apply();
        }
        assertThat(leader.server.configuration())
                .hasToString("voters=(5 8000000000000000) learners=(fffffffffffffffd)");

        leader.propose(auto("r18446744073709551613"));
        leader.acknowledgeAll();
        leader.apply();

        assertThat(leader.server.configuration().toConfState()).isEqualTo(ConfState.ofVoters(SMALL, MIDDLE));
    }

    @Test
    void aVoteForAServerOfAnyIdIsRemembered() {
        TestServer voter = TestServer.of(SMALL, storage(ALL), options -> options);
        voter.step(Message.VoteRequest.of(false, HIGH, SMALL, 1, new EntryId(0, 0), false));
        voter.persist();

        TestServer restarted = TestServer.of(SMALL, voter.storage, options -> options);
        restarted.step(Message.VoteRequest.of(false, MIDDLE, SMALL, 1, new EntryId(0, 0), false));
        restarted.step(Message.VoteRequest.of(false, HIGH, SMALL, 1, new EntryId(0, 0), false));

        assertThat(restarted.persist()).extracting(Message::reject).containsExactly(true, false);
    }

    @Test
    void aServerOfAnyIdCountsItselfInTheCheckOfTheQuorum() {
        TestServer leader = TestServer.of(HIGH, storage(ALL), options -> options.checkQuorum(true));
        leader.lead();
        for (int i = 0; i < 4; i++) {
            leader.step(new Message.HeartbeatReply(MIDDLE, HIGH, leader.server.term(), Bytes.EMPTY, 0));
            leader.tick(ELECTION_TICKS);
        }
        assertThat(leader.role()).isEqualTo(RoleName.LEADER);

        leader.tick(ELECTION_TICKS);

        assertThat(leader.role()).isEqualTo(RoleName.FOLLOWER);
    }

    @Test
    void theIdsOfTheServersOwnThreadsAreNoMembersIds() {
        for (long thread : new long[] {RawNode.APPEND_THREAD, RawNode.APPLY_THREAD}) {
            assertThat(RawNode.isLocalThread(thread)).isTrue();
            assertThatThrownBy(() -> TestServer.config(thread, storage(ALL)).build())
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("id: " + Long.toUnsignedString(thread) + " stands for one of the server's threads");
        }
        assertThat(RawNode.isLocalThread(HIGH)).isFalse();
        assertThat(RawNode.isLocalThread(RawNode.NONE)).isFalse();
    }

    /** What a peer's heartbeat answers with is bytes from outside; a number of 2^63 or more is none that was given out. */
    @Test
    void hugeNumbersFromOutsideAreNotMistakenForSmallOnes() {
        TestServer leader = TestServer.of(SMALL, storage(ALL), options -> options);
        leader.lead();
        leader.propose(bytes(10));
        leader.persist();

        leader.step(Message.AppendReply.rejected(HIGH, SMALL, 1, 1, Long.MAX_VALUE, 0));
        leader.step(Message.AppendReply.rejected(HIGH, SMALL, 1, 2, -1, 0));

        assertThat(leader.progress(HIGH).next()).isBetween(1L, 3L);
        assertThat(leader.progress(HIGH).match()).isEqualTo(1);
    }
}
