package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What a message's term does before anything else of it is looked at (§5.1). */
class TermGateTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);
    private static final long TERM = 5;

    /** Server 1 of three in term 5, with two entries. */
    private static TestServer server(RoleName role, boolean preVote, boolean checkQuorum) {
        boolean campaigned = role == RoleName.CANDIDATE || role == RoleName.LEADER;
        TestServer server = TestServer.of(
                1,
                storage(THREE, campaigned ? TERM - 1 : TERM, 1, 2),
                options -> options.preVote(preVote || role == RoleName.PRE_CANDIDATE)
                        .checkQuorum(checkQuorum));
        if (campaigned) {
            server.server.campaign(Server.Campaign.ELECTION);
        } else if (role == RoleName.PRE_CANDIDATE) {
            server.campaign();
        }
        if (role == RoleName.LEADER) {
            server.take();
            server.step(new Message.VoteReply(2, 1, TERM, false, 0, 0));
        }
        server.take();
        assertThat(server.role()).isEqualTo(role);
        assertThat(server.server.term()).isEqualTo(TERM);
        return server;
    }

    /** Every message that carries a sender's term, from server 2 in {@code term}, each asking for something to change. */
    private static List<Message> ofTerm(long term) {
        EntryId last = new EntryId(9, 9);
        ConfState two = ConfState.ofVoters(1L, 2L);
        return List.of(
                new Message.Append(2, 1, term, 2, 2, entries(3, 2), 3),
                Message.AppendReply.accepted(2, 1, term, 3),
                Message.VoteRequest.of(false, 2, 1, term, last, false),
                Message.VoteRequest.of(false, 2, 1, term, last, true),
                new Message.VoteReply(2, 1, term, false, 0, 0),
                new Message.InstallSnapshot(2, 1, term, Snapshot.of(new SnapshotMetadata(9, 2, two))),
                new Message.Heartbeat(2, 1, term, 2, Bytes.EMPTY),
                new Message.HeartbeatReply(2, 1, term, Bytes.EMPTY, 0),
                new Message.TransferLeader(2, 1, term),
                new Message.TimeoutNow(2, 1, term),
                new Message.ReadIndexReply(2, 1, term, 1, List.of(Entry.normal(null))),
                new Message.PreVoteReply(2, 1, term, false, 0, 0),
                new Message.PreVoteReply(2, 1, term, true, 0, 0),
                Message.VoteRequest.of(true, 2, 1, term, last, false));
    }

    private static String state(TestServer server) {
        StringBuilder text = new StringBuilder();
        text.append(server.server.hardState())
                .append(server.server.softState())
                .append(server.server.raftLog)
                .append(server.server.configuration())
                .append(server.server.hasReadStates());
        Leader leading = server.server.leading();
        return text.append(leading == null ? "" : leading.progress() + " " + leading.transferee())
                .toString();
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void aMessageOfALowerTermReachesNoRole(RoleName role) {
        for (Message message : ofTerm(TERM - 1)) {
            TestServer server = server(role, false, false);
            boolean answeringPreVote = message.type() == MessageType.PRE_VOTE;
            // A pre-candidate is told to ask first, so it answers lower terms; here nothing else is of interest.
            boolean answering = role == RoleName.PRE_CANDIDATE
                    && (message.type() == MessageType.APPEND || message.type() == MessageType.HEARTBEAT);
            String before = state(server);

            server.step(message);

            assertThat(state(server)).as("%s", message).isEqualTo(before);
            List<Message> expected = new ArrayList<>();
            if (answeringPreVote) {
                expected.add(new Message.PreVoteReply(1, 2, TERM, true, 0, 0));
            } else if (answering) {
                expected.add(Message.AppendReply.accepted(1, 2, TERM, 0));
            }
            assertThat(server.take()).as("%s", message).isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, false", "true, false", "false, true", "true, true"})
    void anOldLeaderIsToldOfTheTermWherePreVotesOrLeasesKeepOthersFromTellingIt(boolean preVote, boolean checkQuorum) {
        for (Message sign : List.of(
                new Message.Append(2, 1, TERM - 1, 2, 2, List.of(), 0),
                new Message.Heartbeat(2, 1, TERM - 1, 2, Bytes.EMPTY))) {
            TestServer server = server(RoleName.FOLLOWER, preVote, checkQuorum);

            server.step(sign);

            assertThat(server.take())
                    .isEqualTo(
                            preVote || checkQuorum ? List.of(Message.AppendReply.accepted(1, 2, TERM, 0)) : List.of());
        }
    }

    @ParameterizedTest
    @EnumSource(RoleName.class)
    void aMessageOfAHigherTermMakesAFollowerOfAnyRole(RoleName role) {
        for (Message message : ofTerm(TERM + 2)) {
            TestServer server = server(role, false, false);
            boolean asksOnly = message.type() == MessageType.PRE_VOTE
                    || (message.type() == MessageType.PRE_VOTE_REPLY && !message.reject());
            boolean fromLeader = switch (message.type()) {
                case APPEND, HEARTBEAT, INSTALL_SNAPSHOT -> true;
                default -> false;
            };
            // Its term is what the pre-candidate asked for, or should be; the election that it wins is for its own
            // next.
            boolean wins = role == RoleName.PRE_CANDIDATE && asksOnly && message.type() == MessageType.PRE_VOTE_REPLY;
            boolean campaigns = message.type() == MessageType.TIMEOUT_NOW;

            server.step(message);

            long term = wins ? TERM + 1 : asksOnly ? TERM : campaigns ? TERM + 3 : TERM + 2;
            RoleName then = wins || campaigns ? RoleName.CANDIDATE : asksOnly ? role : RoleName.FOLLOWER;
            assertThat(server.server.term()).as("%s", message).isEqualTo(term);
            assertThat(server.role()).as("%s", message).isEqualTo(then);
            if (!asksOnly) {
                assertThat(server.server.leader()).as("%s", message).isEqualTo(fromLeader ? 2 : RawNode.NONE);
            }
        }
    }

    @Test
    void proposalsAndReadsAreTakenWhateverTheTermOfWhoPassedThemOn() {
        TestServer leader = server(RoleName.LEADER, false, false);
        leader.acknowledgeAll();
        leader.take();

        leader.step(new Message.Propose(2, 1, List.of(Entry.normal(null))));
        leader.step(new Message.ReadIndex(3, 1, List.of(Entry.normal(null))));

        assertThat(only(Message.Append.class, leader.sent())).hasSize(2);
        assertThat(leader.lastIndex()).isEqualTo(4);
    }

    /** The log says which term a refused message was of; whoever looks for the reason of a silence reads it there. */
    @Test
    void whatIsIgnoredOrTakenOverForItsTermIsLogged() {
        TestServer server = server(RoleName.FOLLOWER, false, false);
        server.logged.clear();

        server.step(new Message.Heartbeat(2, 1, TERM - 1, 0, Bytes.EMPTY));
        server.step(new Message.Heartbeat(2, 1, TERM + 1, 0, Bytes.EMPTY));

        assertThat(server.logged)
                .startsWith(
                        String.format(
                                Locale.ROOT,
                                "INFO 1 [term: %d] ignored a MsgHeartbeat message with lower term from 2 [term: %d]",
                                TERM,
                                TERM - 1),
                        String.format(
                                Locale.ROOT,
                                "INFO 1 [term: %d] received a MsgHeartbeat message with higher term from 2 [term: %d]",
                                TERM,
                                TERM + 1));
    }
}
