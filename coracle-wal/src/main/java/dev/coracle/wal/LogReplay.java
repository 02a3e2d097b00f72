package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.node.LogStore.Recovered;
import dev.coracle.node.StorageException;
import dev.coracle.node.TermIndex;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Makes a Raft log out of the records of a {@link ChainReader}. Later entries replace earlier ones from their index on.
 * A snapshot record within the log marks a place; one that the log does not lead to means that the leader sent the
 * snapshot, and the log begins anew behind it:
 *
 * <pre>
 *   entries 48 49 50   snapshot 100   entries 101 102   state commit 100
 * </pre>
 *
 * Such a snapshot counts once a state says that it is committed. Until then it may be half of a batch whose rest was
 * lost; an entry at or below its index, or another snapshot, takes the log up where the snapshot interrupted it.
 */
final class LogReplay {
    /** The log's contiguous entries: their terms and where they stand, and what they follow. */
    private static final class Log {
        /** From the index before the first entry on; that index's term is 0 if it is unknown. */
        private final TermIndex terms;

        /** Whether a snapshot stands at the base, so that nothing at or below it can be replaced. */
        private final boolean afterSnapshot;

        private final EntryIndex places = new EntryIndex();

        Log(EntryId base, boolean afterSnapshot) {
            this.terms = new TermIndex(base);
            this.afterSnapshot = afterSnapshot;
        }

        long baseIndex() {
            return terms.baseIndex();
        }

        long lastIndex() {
            return terms.lastIndex();
        }

        /** The term at an index of the log or of its base; 0 if unknown. */
        long term(long index) {
            return terms.term(index);
        }

        boolean contains(EntryId id) {
            if (id.index() < baseIndex() || id.index() > lastIndex()) {
                return false;
            }
            long term = term(id.index());
            return term == id.term() || (term == 0 && !afterSnapshot);
        }
    }

    private final ChainReader records;
    private Log log;

    /** The log that an uncommitted snapshot record interrupted, or null. */
    private @Nullable Log interrupted;

    private boolean endsInterrupted;

    /** Of all data before the record at hand. */
    private int checksumBefore;

    private HardState state = HardState.EMPTY;

    /** The commit of the state before the last one. */
    private long earlierCommit;

    private final Set<EntryId> snapshots = new LinkedHashSet<>();

    /** A replay that begins with the segment of the given name. */
    LogReplay(ChainReader records, SegmentName first) {
        this.records = records;
        this.log = new Log(new EntryId(0, Math.max(first.index() - 1, 0)), false);
    }

    /** Reads all records. */
    void run() throws StorageException {
        while (next()) {
            try {
                switch (records.type()) {
                    case METADATA, CHECKSUM -> {}
                    case ENTRY -> onEntry(records.entryHead());
                    case STATE -> onState(StateRecordCodec.INSTANCE.decode(records.requireData()));
                    case SNAPSHOT ->
                        onSnapshot(SnapshotRecordCodec.INSTANCE
                                .decode(records.requireData())
                                .id());
                }
            } catch (CodecException e) {
                throw records.corrupt("a record of type " + records.type(), String.valueOf(e.getMessage()));
            }
        }
        if (interrupted != null) {
            log = interrupted;
            endsInterrupted = true;
        }
        requireEnd(state.commit(), "which are committed");
        requireEnd(records.provenIndex(), "which sound records behind the damage know as committed");
    }

    private boolean next() throws StorageException {
        checksumBefore = records.checksum();
        return records.next();
    }

    private void requireEnd(long index, String why) throws StorageException {
        if (index > log.lastIndex()) {
            throw Damage.corrupt(
                    records.segment().path(),
                    records.end(),
                    "entries up to " + index + ", " + why,
                    "the end of the log at " + log.lastIndex()
                            + (records.tornTail() == null ? "" : " and " + records.tornTail()));
        }
    }

    /**
     * What is there from the newest snapshot on that is committed, sound, and followed by the log.
     *
     * @param damaged gets the snapshots that would have been newer, but are damaged
     * @throws StorageException if there is none
     */
    Recovered recover(FileSnapshotStore files, List<EntryId> damaged) throws StorageException {
        List<EntryId> candidates = new ArrayList<>(snapshots);
        candidates.sort(Comparator.comparingLong(EntryId::index)
                .thenComparingLong(EntryId::term)
                .reversed());
        for (EntryId id : candidates) {
            if (id.index() > state.commit() || id.index() < log.baseIndex()) {
                continue;
            }
            if (!log.contains(id)) {
                throw Damage.corrupt(
                        records.segment().path(),
                        records.end(),
                        "the term of the snapshot at index " + id.index() + " to be " + log.term(id.index()),
                        "a snapshot record of term " + id.term());
            }
            SnapshotMetadata found = id.index() == 0 ? SnapshotMetadata.EMPTY : files.findSound(id, damaged);
            if (found != null) {
                return new Recovered(state, found, log.terms.listBehind(found.id()), log.lastIndex());
            }
        }
        throw new StorageException(records.segment().path().getParent()
                + " cannot be used: its log begins behind index " + log.baseIndex() + " and is committed up to "
                + state.commit() + ", but of the snapshots " + candidates + " none in between is there and sound in "
                + files.directory() + (damaged.isEmpty() ? "" : "; damaged are " + damaged)
                + ". Restore the snapshot's file, or remove this node from the cluster and let it"
                + " join again under a new id with an empty directory");
    }

    /**
     * Tells whether the log ends with a snapshot that does not count, so that it is not clear what entries that are
     * written now would continue. Another record of a snapshot that counts ends that.
     */
    boolean endsInterrupted() {
        return endsInterrupted;
    }

    /** Where the entries of the log stand. */
    EntryIndex places() {
        return log.places;
    }

    /** The last index of the log. */
    long lastIndex() {
        return log.lastIndex();
    }

    /** The term at the last index, or 0 if it is unknown. */
    long lastTerm() {
        return log.term(log.lastIndex());
    }

    /** The last state, or empty. */
    HardState state() {
        return state;
    }

    private void onEntry(EntryHead entry) throws StorageException, CodecException {
        long index = entry.index();
        if (interrupted != null && index <= log.baseIndex()) {
            log = interrupted;
            interrupted = null;
        }
        if (index <= log.baseIndex()) {
            if (log.afterSnapshot || index == 0) {
                throw records.corrupt("an entry above index " + log.baseIndex(), "index " + index);
            }
            // The oldest segment that is left begins by replacing entries of one that is gone.
            log = new Log(new EntryId(0, index - 1), false);
        }
        if (state.commit() > log.lastIndex()) {
            throw records.corrupt(
                    "a snapshot or a log that reaches the commit index " + state.commit() + " of the state before",
                    "an entry, with the log at " + log.lastIndex());
        }
        if (index > log.lastIndex() + 1) {
            throw records.corrupt("an entry of index " + (log.lastIndex() + 1) + " or below", "index " + index);
        }
        if (entry.term() < log.term(index - 1)) {
            throw records.corrupt(
                    "term " + log.term(index - 1) + " or above at index " + index, "term " + entry.term());
        }
        if (entry.type() == EntryType.CONF_CHANGE && !entry.hasPayload()) {
            throw records.corrupt("a configuration change with data at index " + index, "one without");
        }
        if (index <= log.lastIndex()) {
            if (entry.term() == log.term(index) && !records.entry().equals(written(index))) {
                // A leader creates one entry of its term at an index (§5.3, log matching).
                throw records.corrupt(
                        "the entry " + index + " of term " + entry.term() + " as it was written before", "another one");
            }
            if (index <= state.commit() && entry.term() != log.term(index)) {
                throw records.corrupt(
                        "the committed entry " + index + " to keep its term " + log.term(index),
                        "term " + entry.term());
            }
        }
        log.places.add(index, records.segment(), records.offset(), checksumBefore);
        log.terms.append(index, entry.term());
    }

    /** An entry that was read before. Written twice are only a few, if any, so going back to the file costs nothing. */
    private @Nullable Entry written(long index) throws StorageException {
        log.places.flushed(records.segment(), records.offset());
        try {
            List<Entry> found = log.places.read(index, index + 1, 0);
            return found.isEmpty() ? null : found.get(0);
        } catch (IOException e) {
            throw Damage.failed("read", records.segment().path(), e);
        }
    }

    private void onState(HardState next) throws StorageException {
        if (next.term() < state.term()) {
            throw records.corrupt("a state of term " + state.term() + " or above", "term " + next.term());
        }
        if (next.commit() < state.commit()) {
            throw records.corrupt("a state of commit index " + state.commit() + " or above", "commit " + next.commit());
        }
        if (next.term() == state.term() && state.vote() != 0 && next.vote() != state.vote()) {
            throw records.corrupt(
                    "the vote of term " + state.term() + " to stay " + Long.toUnsignedString(state.vote()),
                    "vote " + Long.toUnsignedString(next.vote()));
        }
        earlierCommit = state.commit();
        state = next;
        if (state.commit() >= log.baseIndex()) {
            interrupted = null;
        }
    }

    private void onSnapshot(EntryId id) throws StorageException {
        if (interrupted != null) {
            log = interrupted;
            interrupted = null;
        }
        snapshots.add(id);
        if (id.index() < log.baseIndex() || log.contains(id)) {
            return;
        }
        // etcd 3.4 wrote the state that commits a received snapshot before the snapshot's record, so the last state
        // proves nothing about the entries that the snapshot replaces.
        if (id.index() <= log.lastIndex() && id.index() <= earlierCommit) {
            throw records.corrupt(
                    "a snapshot of term " + log.term(id.index()) + " at the committed index " + id.index(),
                    "term " + id.term());
        }
        if (id.index() > state.commit()) {
            interrupted = log;
        }
        log = new Log(id, true);
    }
}
