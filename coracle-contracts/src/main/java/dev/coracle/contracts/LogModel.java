package dev.coracle.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a log may hold after a crash, by the words of {@link dev.coracle.node.LogStore} alone: what it was after some
 * record that was appended at or behind the last one that was synced.
 */
public final class LogModel {
    /** An appended record; one of the three is there. */
    private record Appended(Optional<Entry> entry, Optional<HardState> state, Optional<SnapshotMetadata> snapshot) {}

    /** What the last opening found, and what was appended since, of which the first ones are synced. */
    private Recovered start = new Recovered(HardState.EMPTY, SnapshotMetadata.EMPTY, List.of());

    private final List<Appended> appended = new ArrayList<>();
    private int synced;

    /** An empty log. */
    public LogModel() {}

    /** Entries were appended, then a state unless empty. */
    public void append(HardState state, List<Entry> entries) {
        for (Entry entry : entries) {
            appended.add(new Appended(Optional.of(entry), Optional.empty(), Optional.empty()));
        }
        if (!state.isEmpty()) {
            appended.add(new Appended(Optional.empty(), Optional.of(state), Optional.empty()));
        }
    }

    /** The record of a snapshot was appended. */
    public void appendSnapshot(SnapshotMetadata metadata) {
        appended.add(new Appended(Optional.empty(), Optional.empty(), Optional.of(metadata)));
    }

    /** A sync ended. It need not make states durable in which only the commit is new, unless that commits a snapshot. */
    public void sync() {
        HardState before = state(synced);
        for (Appended record : appended.subList(synced, appended.size())) {
            HardState next = record.state().orElse(before);
            if (record.state().isEmpty()
                    || next.term() != before.term()
                    || next.vote() != before.vote()
                    || newestSnapshot(synced, next.commit()) > newestSnapshot(synced, before.commit())) {
                synced = appended.size();
                return;
            }
        }
    }

    /** The file of a snapshot is lost, so that it is as if it had not been appended. */
    public void forgetSnapshot(SnapshotMetadata metadata) {
        int before = appended.size();
        appended.removeIf(record -> record.snapshot().filter(metadata::equals).isPresent());
        synced -= before - appended.size();
    }

    /** The log was closed, which makes all of it durable. */
    public void close() {
        synced = appended.size();
    }

    /** What may be found, in the order of the records: the first is what must be there. */
    public List<Recovered> allowed() {
        List<Recovered> allowed = new ArrayList<>();
        for (int count = synced; count <= appended.size(); count++) {
            allowed.add(expected(count));
        }
        return allowed;
    }

    /** Fails unless this may be found, and begins with it. */
    public void recover(Recovered found) {
        assertThat(allowed()).contains(found);
        start = found;
        appended.clear();
        synced = 0;
    }

    /** The entries of the log as it was appended. */
    public NavigableMap<Long, Entry> entries() {
        return entries(appended.size());
    }

    /** The newest committed snapshot of the log as it was appended. */
    public long newestSnapshot() {
        return newestSnapshot(appended.size(), state(appended.size()).commit());
    }

    /** What would be found if exactly the first {@code count} records were there. */
    private Recovered expected(int count) {
        HardState state = state(count);
        long snapshot = newestSnapshot(count, state.commit());
        SnapshotMetadata metadata = start.snapshot();
        for (Appended record : appended.subList(0, count)) {
            if (record.snapshot().isPresent() && record.snapshot().get().index() == snapshot) {
                metadata = record.snapshot().get();
            }
        }
        return new Recovered(
                state,
                metadata,
                List.copyOf(entries(count).tailMap(snapshot, false).values()));
    }

    private HardState state(int count) {
        HardState last = start.hardState();
        for (Appended record : appended.subList(0, count)) {
            last = record.state().orElse(last);
        }
        return last;
    }

    private long newestSnapshot(int count, long commit) {
        long newest = start.snapshot().index();
        for (Appended record : appended.subList(0, count)) {
            long index = record.snapshot().map(SnapshotMetadata::index).orElse(0L);
            newest = index <= commit ? Math.max(newest, index) : newest;
        }
        return newest;
    }

    private NavigableMap<Long, Entry> entries(int count) {
        long commit = state(count).commit();
        NavigableMap<Long, Entry> entries = new TreeMap<>();
        start.entries().forEach(entry -> entries.put(entry.index(), entry));
        // A snapshot that replaces the log does so if it is committed in the end. Else what continues it goes with it.
        long lost = 0;
        for (Appended record : appended.subList(0, count)) {
            if (record.entry().isPresent()) {
                Entry entry = record.entry().get();
                lost = entry.index() <= lost ? 0 : lost;
                if (lost == 0) {
                    entries.tailMap(entry.index(), true).clear();
                    entries.put(entry.index(), entry);
                }
            } else if (record.snapshot().isPresent()) {
                EntryId id = record.snapshot().get().id();
                Entry same = entries.get(id.index());
                boolean replaces = same == null || same.term() != id.term();
                lost = replaces && id.index() > commit ? id.index() : 0;
                if (replaces && id.index() <= commit) {
                    entries.clear();
                }
            }
        }
        return entries;
    }
}
