package dev.coracle.raft;

import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static dev.coracle.raft.TestServer.withLearners;
import static dev.coracle.raft.TextCodec.auto;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is committed by whose acknowledgements, and who is told. */
class CommitRuleTest {
    private static long[] digits(String text) {
        return text.chars().mapToLong(digit -> digit - '0').toArray();
    }

    private static TestServer candidate(int size, long term, long... terms) {
        Long[] voters = new Long[size];
        Arrays.setAll(voters, i -> i + 1L);
        return TestServer.of(1, storage(ConfState.ofVoters(voters), term, terms), options -> options);
    }

    @ParameterizedTest
    @CsvSource({
        // Stored terms of the leader, which adds its own entry in term 3; what each other server acknowledges; commit.
        // One server.
        "'', '', 1",
        "1, '', 2",
        "12, '', 3",
        // An odd number.
        "12, 00, 0",
        "12, 10, 0",
        "12, 20, 0",
        "12, 22, 0",
        "12, 30, 3",
        "1, 11, 0",
        "1, 12, 2",
        // An even number.
        "12, 300, 0",
        "12, 320, 0",
        "12, 222, 0",
        "12, 330, 3",
        "12, 333, 3",
        // Five.
        "12, 3300, 3",
        "12, 3222, 0",
    })
    void anIndexIsCommittedIfAMajorityHasItAndItsEntryIsOfTheLeadersTerm(
            String terms, String acknowledged, long committed) {
        TestServer leader = candidate(acknowledged.length() + 1, 2, digits(terms));
        leader.win();
        leader.persist();

        for (int i = 0; i < acknowledged.length(); i++) {
            leader.acknowledge(2 + i, acknowledged.charAt(i) - '0');
        }

        assertThat(leader.committed()).isEqualTo(committed);
    }

    @Test
    void aSingleServerCommitsWhatItHasStored() {
        Network network = Network.of(1);
        network.campaign(1);

        network.at(1).propose("a");
        assertThat(network.at(1).committed()).as("not before it is stored").isEqualTo(1);
        network.settle();
        network.propose(1, "b");

        assertThat(network.at(1).committed()).isEqualTo(3);
        assertThat(network.at(1).apply()).hasSize(3);
    }

    /** The members that stay have it; the one that goes was the only one who lacked it. */
    @Test
    void removingAMemberCommitsWhatOnlyItHeldBack() {
        TestServer leader = candidate(2, 0);
        leader.lead();
        leader.propose(auto("r2"));
        leader.persist();
        leader.propose("waits");
        leader.persist();
        assertThat(leader.committed()).isEqualTo(1);

        leader.acknowledge(2, 2);
        assertThat(leader.committed()).isEqualTo(2);
        leader.apply();

        assertThat(leader.committed()).isEqualTo(3);
        assertThat(leader.server.configuration().voters().toList()).containsExactly(1L);
    }

    @ParameterizedTest
    @CsvSource({
        // Servers, how many of the others are silent; whether the proposal is committed.
        "3, 0, true",
        "3, 1, true",
        "3, 2, false",
        "4, 2, false",
        "5, 2, true",
        "5, 3, false",
    })
    void aProposalIsCommittedEverywhereIfAQuorumIsThere(int size, int silent, boolean committed) {
        for (long proposer = 1; proposer <= 2; proposer++) {
            Network network = Network.of(size);
            network.campaign(1);
            for (int i = 0; i < silent; i++) {
                network.silence(size - i);
            }

            network.propose(proposer, "data");

            boolean heard = proposer == 1 || size - silent >= 2;
            assertThat(network.at(1).committed()).isEqualTo(committed && heard ? 2 : 1);
            for (long id = 2; committed && id <= size - silent; id++) {
                assertThat(network.at(id).committed()).isEqualTo(2);
            }
        }
    }

    @Test
    void aLearnerGetsTheLogAndHearsWhatIsCommitted() {
        ConfState members = withLearners(List.of(1L), List.of(2L));
        Network network = new Network(
                TestServer.of(1, storage(members), options -> options),
                TestServer.of(2, storage(members), options -> options));
        network.campaign(1);

        network.propose(1, "data");

        assertThat(network.at(2).committed()).isEqualTo(2);
        assertThat(network.at(2).apply()).isEqualTo(network.at(1).apply());
        assertThat(network.at(1).progress(2).match()).isEqualTo(2);
    }

    @Test
    void entriesOfAnEarlierTermThatAreOnAMajorityWaitForOneOfTheNewTerm() {
        Network network = Network.of(5);
        network.campaign(1);
        network.cut(1, 3);
        network.cut(1, 4);
        network.cut(1, 5);
        network.propose(1, "a");
        network.propose(1, "b");
        network.recover();
        // Server 2 leads, but nothing of its own term gets through.
        network.ignore(MessageType.APPEND);
        network.campaign(2);
        TestServer leader = network.at(2);
        assertThat(leader.role()).isEqualTo(RoleName.LEADER);

        leader.acknowledge(3, 3);
        leader.acknowledge(4, 3);
        leader.acknowledge(5, 3);
        assertThat(leader.committed())
                .as("all have it, and it may still be replaced")
                .isEqualTo(1);
        leader.acknowledge(3, 4);
        leader.acknowledge(4, 4);

        assertThat(leader.committed()).isEqualTo(4);
    }

    /** A member that has an entry and was told of an older commit index is told of the newer one, once. */
    @Test
    void aMemberIsToldOfACommitIndexAsSoonAsItHasTheEntry() {
        TestServer leader = candidate(3, 0);
        leader.lead();
        leader.propose("data");
        leader.take();
        leader.acknowledge(2, 2);
        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(
                        Message::to, Message::commit, append -> append.entries().size())
                .containsExactly(tuple(2L, 2L, 0), tuple(3L, 2L, 0));

        leader.acknowledge(3, 2);
        assertThat(leader.sent()).as("3 was told already").isEmpty();
        leader.propose("more");
        leader.persist();
        leader.sent();
        leader.tick(1);
        leader.sent();
        assertThat(leader.progress(3).sentCommit()).isEqualTo(2);
        leader.acknowledge(3, 3);

        assertThat(only(Message.Append.class, leader.sent()))
                .extracting(Message::to, Message::commit)
                .containsExactly(tuple(2L, 3L), tuple(3L, 3L));
    }

    @Test
    void aMemberThatLagsIsNotToldOfACommitIndexThatItCannotUseTwice() {
        TestServer leader = candidate(3, 0);
        leader.lead();
        leader.propose("data");
        leader.take();
        leader.step(new Message.Unreachable(3));
        leader.acknowledge(2, 2);
        leader.sent();
        assertThat(leader.progress(3).sentCommit()).as("the probe told it").isEqualTo(2);

        leader.acknowledge(3, 1);

        assertThat(only(Message.Append.class, leader.sent()))
                .as("what it lacks, with the commit index")
                .extracting(Message::to, Message::index, Message::commit)
                .containsExactly(tuple(3L, 1L, 2L));
    }

    @Test
    void aCommitIndexIsHandedOutInOrderAndOnce() {
        TestServer follower = TestServer.of(2, 1L, 2L, 3L);
        follower.step(new Message.Append(1, 2, 1, 0, 0, entries(1, 1, 1, 1, 1), 1));

        assertThat(follower.apply()).extracting(Entry::index).containsExactly(1L);
        follower.step(new Message.Append(1, 2, 1, 1, 4, List.of(), 3));
        assertThat(follower.apply()).extracting(Entry::index).containsExactly(2L, 3L);
        follower.step(new Message.Append(1, 2, 1, 1, 4, List.of(), 3));
        assertThat(follower.apply()).isEmpty();
        follower.step(new Message.Append(1, 2, 1, 1, 4, List.of(), 9));

        assertThat(follower.apply())
                .as("no further than its log")
                .extracting(Entry::index)
                .containsExactly(4L);
    }
}
