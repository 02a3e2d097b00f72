package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.entries;
import static dev.coracle.raft.TestServer.only;
import static dev.coracle.raft.TestServer.storage;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Message.StorageAppend;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** What a server hands out stays as it was, whatever happens to the server; and nobody can change the server by it. */
class HandedOutTest {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private static RawNode raw(MemoryStorage storage, UnaryOperator<RaftConfig.Builder> options) {
        return new RawNode(options.apply(TestServer.config(1, storage)).build());
    }

    private static String text(Ready ready) {
        return new Describe(new TextCodec()).ready(ready);
    }

    /** In asynchronous mode a write may be under way while its entries are replaced. */
    @Test
    void aReadyStaysAsItWasWhileItsEntriesAreReplaced() {
        RawNode raw = raw(storage(THREE), options -> options.asyncStorageWrites(true));
        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1, 1, 1, 1), 0));
        Ready first = raw.ready();
        String before = text(first);
        List<Entry> copy = List.copyOf(first.entries());

        raw.step(new Message.Append(3, 1, 2, 1, 1, entries(2, 2, 2), 0));
        raw.step(new Message.Append(2, 1, 3, 0, 0, entries(1, 3), 1));
        raw.ready();

        assertThat(text(first)).isEqualTo(before);
        assertThat(first.entries()).isEqualTo(copy).isEqualTo(entries(1, 1, 1, 1, 1));
    }

    @Test
    void anAppendUnderWayStaysAsItWasWhileTheLogGoesOn() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        leader.propose("a");
        leader.propose("b");
        List<Message.Append> sent = only(Message.Append.class, leader.sent());
        List<List<Entry>> copies =
                sent.stream().map(append -> List.copyOf(append.entries())).toList();

        leader.take();
        leader.step(new Message.Append(2, 1, 9, 1, 1, entries(2, 9, 9, 9), 2));
        leader.take();
        leader.apply();
        leader.compact(2);

        assertThat(sent).extracting(Message.Append::entries).isEqualTo(copies);
    }

    @Test
    void nobodyChangesTheLogByWhatHeWasShown() {
        MemoryStorage storage = storage(THREE);
        RawNode raw = raw(storage, options -> options);
        raw.step(new Message.Append(2, 1, 1, 0, 0, entries(1, 1, 1), 2));
        Ready ready = raw.ready();
        Entry other = new Entry(9, 9, EntryType.NORMAL, null);

        for (List<Entry> shown : List.of(ready.entries(), ready.committedEntries())) {
            assertThat(shown).hasSize(2);
            assertThatThrownBy(() -> shown.set(0, other)).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> shown.add(other)).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> shown.remove(0)).isInstanceOf(UnsupportedOperationException.class);
            assertThatThrownBy(() -> shown.subList(0, 1).set(0, other))
                    .isInstanceOf(UnsupportedOperationException.class);
        }
        assertThatThrownBy(() -> raw.status().configuration().voters().add(4L))
                .isInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void nobodyChangesAConfigurationByTheListsHeGave() {
        List<Long> voters = new ArrayList<>(List.of(1L, 2L));
        List<ConfChangeSingle> changes = new ArrayList<>();
        ConfState state = new ConfState(voters, voters, voters, voters, false);
        ConfChangeV2 change = new ConfChangeV2(ConfChangeTransition.AUTO, changes, Bytes.EMPTY);

        voters.add(3L);
        changes.add(new ConfChangeSingle(ConfChangeType.ADD_NODE, 3));

        assertThat(state)
                .isEqualTo(new ConfState(List.of(1L, 2L), List.of(1L, 2L), List.of(1L, 2L), List.of(1L, 2L), false));
        assertThat(change).isEqualTo(ConfChangeV2.LEAVE_JOINT);
    }

    @Test
    void whoeverProposesMayUseHisListAgain() {
        for (RoleName role : List.of(RoleName.FOLLOWER, RoleName.LEADER)) {
            MemoryStorage storage = storage(ConfState.ofVoters(1L, 2L));
            RawNode raw = raw(storage, options -> options.asyncStorageWrites(true));
            raw.step(new Message.Heartbeat(2, 1, 1, 0, Bytes.EMPTY));
            if (role == RoleName.LEADER) {
                raw.campaign();
                raw.step(new Message.VoteReply(2, 1, 2, false, 0, 0));
                raw.step(new Message.VoteReply(1, 1, 2, false, 0, 0));
            }
            assertThat(raw.status().softState().role()).isEqualTo(role);
            List<Entry> batch = new ArrayList<>(List.of(Entry.normal(bytes("a")), Entry.normal(bytes("b"))));

            assertThat(raw.propose(batch).outcome().isAccepted()).isTrue();
            batch.clear();

            Ready ready = raw.ready();
            List<Entry> proposed = role == RoleName.LEADER
                    ? ready.entries().subList(1, 3)
                    : only(Message.Propose.class, ready.messages()).get(0).entries();
            assertThat(proposed)
                    .extracting(entry -> new String(entry.data(), UTF_8))
                    .containsExactly("a", "b");
        }
    }

    @Test
    void whatAReadyHoldsIsNotWhatTheServerGoesOnFilling() {
        MemoryStorage storage = storage(ConfState.ofVoters(1L, 2L));
        RawNode raw = raw(storage, options -> options.asyncStorageWrites(true));
        raw.campaign();
        Ready first = raw.ready();
        int messages = first.messages().size();
        List<Message> responses =
                only(StorageAppend.class, first.messages()).get(0).responses();
        assertThat(responses).hasSize(1);

        raw.campaign();
        raw.readIndex(Bytes.EMPTY);
        raw.step(new Message.Heartbeat(2, 1, 5, 0, Bytes.EMPTY));
        raw.step(new Message.ReadIndexReply(2, 1, 5, 1, List.of(Entry.normal(bytes("late")))));
        raw.ready();

        assertThat(first.messages()).hasSize(messages);
        assertThat(responses).hasSize(1);
        assertThat(first.readStates()).isEmpty();
    }

    @Test
    void aStatusIsAPictureOfItsMoment() {
        TestServer leader = TestServer.of(1, 1L, 2L, 3L);
        leader.lead();
        Status before = Status.of(leader.server);
        List<Status.PeerProgress> copy = List.copyOf(before.progress());

        leader.propose("data");
        leader.acknowledgeAll();
        leader.apply(TextCodec.auto("r3"));

        assertThat(before.progress()).isEqualTo(copy);
        assertThat(before.hardState().commit()).isEqualTo(1);
        assertThat(before.configuration()).isEqualTo(THREE);
    }
}
