package dev.coracle.rocksdb;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.LogStore.Recovered;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.node.TermIndex;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds out what a database holds. Looks at a few entries of each term, not at all of them. */
final class Recovery {
    private static final Logger LOG = LoggerFactory.getLogger(RocksDbLogStore.class);

    private final Database database;
    private final SnapshotStore snapshots;

    Recovery(Database database, SnapshotStore snapshots) {
        this.database = database;
        this.snapshots = snapshots;
    }

    /** All groups, as the process before left them. */
    List<Group> groups() throws StorageException {
        Map<Long, TreeMap<Long, EntryId>> bases = new TreeMap<>();
        for (Database.Pair each : database.all(Keys.firstHistory(), Keys.behindHistories())) {
            bases.computeIfAbsent(Keys.number(each.key(), 0), absent -> new TreeMap<>())
                    .put(
                            Keys.number(each.key(), 1),
                            decode(EtcdCodec.INSTANCE.snapshotMetadata(), each.value())
                                    .id());
        }
        List<Group> groups = new ArrayList<>();
        for (Map.Entry<Long, TreeMap<Long, EntryId>> each : bases.entrySet()) {
            groups.add(group(each.getKey(), each.getValue()));
        }
        return groups;
    }

    private Group group(long id, NavigableMap<Long, EntryId> bases) throws StorageException {
        Optional<byte[]> stored = database.get(Keys.state(id));
        HardState state = stored.isEmpty() ? HardState.EMPTY : decode(EtcdCodec.INSTANCE.hardStates(), stored.get());
        Group.History history = history(id, bases.firstKey(), bases.firstEntry().getValue());
        TermIndex terms = history.terms();
        if (state.commit() > terms.lastIndex()) {
            throw database.damaged(String.format(
                    "group %d is committed up to %d, and its log ends at %d", id, state.commit(), terms.lastIndex()));
        }
        List<SnapshotMetadata> records = new ArrayList<>();
        for (Database.Pair each : database.all(Keys.snapshot(id, 0), Keys.snapshot(id, Keys.BEHIND_INDEXES))) {
            records.add(decode(EtcdCodec.INSTANCE.snapshotMetadata(), each.value()));
        }
        SnapshotMetadata snapshot = newest(id, state, terms, records);
        long newest = records.isEmpty() ? 0 : records.get(records.size() - 1).index();
        Group group = new Group(id, state, history, newest);
        group.recovered = new Recovered(state, snapshot, terms.listBehind(snapshot.id()), terms.lastIndex());
        if (bases.size() > 1) {
            group.interrupted = history;
            group.history = new Group.History(
                    bases.lastKey(), new TermIndex(bases.lastEntry().getValue()));
        }
        return group;
    }

    /** The newest snapshot that is committed, sound, and followed by the log. */
    private SnapshotMetadata newest(long group, HardState state, TermIndex terms, List<SnapshotMetadata> records)
            throws StorageException {
        String lost = "none is there";
        for (int i = records.size() - 1; i >= 0; i--) {
            SnapshotMetadata record = records.get(i);
            if (record.index() <= state.commit() && terms.holds(record.id())) {
                try (SnapshotStore.Source source = snapshots.open(group, record.id())) {
                    return source.metadata();
                } catch (StorageException | IOException e) {
                    lost = String.valueOf(e.getMessage());
                    LOG.warn("the snapshot at {} is of no use: {}", record.index(), lost);
                }
            }
        }
        if (terms.baseIndex() > 0) {
            throw new StorageException("group " + group + " has its log from index " + (terms.baseIndex() + 1)
                    + " on, and no sound snapshot that it goes on behind: " + lost
                    + ". Restore the snapshot's file; " + Database.REJOIN);
        }
        return SnapshotMetadata.EMPTY;
    }

    private Group.History history(long group, long number, EntryId base) throws StorageException {
        Optional<byte[]> last = database.last(
                Keys.entry(group, number, base.index() + 1), Keys.entry(group, number, Keys.BEHIND_INDEXES));
        long lastIndex = last.isEmpty() ? base.index() : Keys.number(last.get(), 2);
        List<EntryId> firsts = new ArrayList<>(List.of(base));
        if (last.isPresent()) {
            EntryId end = new EntryId(term(group, number, lastIndex), lastIndex);
            addFirsts(group, number, base, end, firsts);
        }
        return new Group.History(number, TermIndex.of(firsts, lastIndex));
    }

    /** Adds the first entry of each term behind one entry up to another. Terms never fall, so equal ones are one term. */
    private void addFirsts(long group, long history, EntryId from, EntryId to, List<EntryId> firsts)
            throws StorageException {
        if (from.term() == to.term()) {
            return;
        }
        if (from.index() + 1 == to.index()) {
            firsts.add(to);
            return;
        }
        long middle = from.index() + (to.index() - from.index()) / 2;
        EntryId between = new EntryId(term(group, history, middle), middle);
        addFirsts(group, history, from, between, firsts);
        addFirsts(group, history, between, to, firsts);
    }

    private long term(long group, long history, long index) throws StorageException {
        Optional<byte[]> entry = database.get(Keys.entry(group, history, index));
        if (entry.isEmpty()) {
            throw database.damaged("entry " + index + " of group " + group + " is missing");
        }
        return decode(EtcdCodec.INSTANCE.entries(), entry.get()).term();
    }

    private <T> T decode(Codec<T> codec, byte[] bytes) throws StorageException {
        try {
            return codec.decode(bytes);
        } catch (CodecException e) {
            throw database.damaged(String.valueOf(e.getMessage()));
        }
    }
}
