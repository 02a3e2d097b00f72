package dev.coracle.node;

import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The durable log: batches of appends, one sync for all of them. Used by one thread, the storage writer's, after the
 * opening; {@link #housekeeping} is an agent of its own. What is appended replaces everything at and after its first
 * index.
 *
 * <p>Invariant: nothing that was synced is ever lost or changed by a crash; of what was appended since, any prefix of the
 * order of calls may survive.
 */
public interface LogStore extends AutoCloseable {
    /**
     * What was found when the log was opened.
     *
     * @param hardState the last one stored, or empty
     * @param snapshot the newest snapshot record that is committed and whose snapshot is there, or empty
     * @param terms the snapshot's id, then that of the first entry of each term behind it
     * @param lastIndex the index of the last entry, or of the snapshot
     */
    record Recovered(HardState hardState, SnapshotMetadata snapshot, List<EntryId> terms, long lastIndex) {}

    /** What was found for a group. Called once a group, before its first append; the store forgets it then. */
    Recovered recover(long group);

    /**
     * Reads entries of [low, high) that were synced: as many as fit into {@code maxSize} bytes by
     * {@link Entry#encodedSize}, but at least one; none if they are released or replaced meanwhile. Any thread may call,
     * also while another one appends.
     *
     * @throws StorageException if the disk fails, or what it has is damaged
     */
    List<Entry> read(long group, long low, long high, long maxSize) throws StorageException;

    /**
     * The lowest index, not below {@code low}, from which on the entries up to {@code high} take about {@code bytes} on
     * the disk. Any thread may call.
     */
    long lowestWithin(long group, long low, long high, long bytes);

    /**
     * Makes sure, before anything of a write is appended, that the disk will not run full in the middle of it. A write that
     * fails is final; one that waits is not.
     *
     * @param bytes what the write takes at most, with the records around it
     * @return false if there is no room now: nothing may be appended, and the writer asks again later
     */
    default boolean makeRoom(long group, long bytes) throws StorageException {
        return true;
    }

    /**
     * Appends entries, then the hard state unless empty. Returns as soon as they are on their way; durable after
     * {@link #sync}.
     *
     * @throws IllegalArgumentException if an entry is longer than {@link #maxEntryBytes}; nothing is written
     */
    void append(long group, HardState hardState, List<Entry> entries) throws StorageException;

    /**
     * Appends the record of a snapshot whose file is durable already. Durable after {@link #sync}.
     *
     * <p>NB: a snapshot that the log does not hold the last entry of, by index and term, is a leader's and replaces the
     * log. When it is the one that is recovered, the entries that were appended before its record must not come back,
     * whatever their index: they belong to another history. When it is not, because a crash came before the hard state
     * that commits it, they must.
     */
    void appendSnapshot(long group, SnapshotMetadata snapshot) throws StorageException;

    /**
     * Makes everything durable that was appended; but hard states at the end in which only the commit is new may wait
     * for the next sync, unless they commit a snapshot that was not committed before. The commit is only a head start
     * (Figure 2 counts it as volatile), while a received snapshot counts from the state on that commits it.
     */
    void sync() throws StorageException;

    /**
     * The most bytes of data and context that an entry may have. What is longer is refused by {@link #append}, which
     * stops a node, so a node takes no longer proposals.
     */
    int maxEntryBytes();

    /**
     * Checks the length of an entry for {@link #append}.
     *
     * @throws IllegalArgumentException if it has more than {@code maxBytes} bytes of data and context
     */
    static void requireLength(Entry entry, int maxBytes) {
        byte @Nullable [] context = entry.context();
        long bytes = (long) entry.payloadSize() + (context == null ? 0 : context.length);
        if (bytes > maxBytes) {
            throw new IllegalArgumentException("entry " + entry.index() + " has " + bytes
                    + " bytes and must not exceed the " + maxBytes + " that the log takes");
        }
    }

    /** Allows everything up to {@code index}, which a durable snapshot record covers, to be purged. */
    void release(long group, long index) throws StorageException;

    /**
     * Tells whether there is room for more proposals: the next segment is prepared and free space is above the
     * watermark. May be called by any thread.
     */
    boolean hasSpace();

    /** The number of syncs so far. May be called by any thread. */
    long syncs();

    /** Prepares the next segment and purges old ones. */
    Agent housekeeping();

    @Override
    void close() throws StorageException;
}
