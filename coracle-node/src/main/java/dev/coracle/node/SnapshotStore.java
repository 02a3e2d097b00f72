package dev.coracle.node;

import dev.coracle.raft.EntryId;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;

/** The durable snapshots. They stream, in and out. May be used by several threads. */
public interface SnapshotStore {
    /** A snapshot being written. */
    interface Sink extends AutoCloseable {
        /** Where its data goes. */
        OutputStream data();

        /** Makes the snapshot durable under its name; another one of the same id is replaced. */
        void commit() throws StorageException, IOException;

        /** Drops what was written, unless it was committed. */
        @Override
        void close();
    }

    /** A snapshot being read, with its checksum verified before {@link #data} reports its end. */
    interface Source extends AutoCloseable {
        /** What it covers. */
        SnapshotMetadata metadata();

        /** The number of bytes of its data. */
        long size();

        /**
         * Its data, from the first byte on at each call; one stream is read at a time. Throws an {@link IOException} that
         * says so if the snapshot is damaged.
         */
        InputStream data();

        @Override
        void close() throws IOException;
    }

    /** Begins to write a snapshot. */
    Sink create(long group, SnapshotMetadata metadata) throws StorageException;

    /**
     * Opens a snapshot.
     *
     * @throws StorageException if it is missing or its head is damaged
     */
    Source open(long group, EntryId id) throws StorageException;

    /** The ids of the snapshots that are there, newest first; whether they are sound shows when they are read. */
    List<EntryId> list(long group) throws StorageException;

    /** Deletes all but the newest {@code keep} snapshots up to {@code newest}; what is being read stays readable. */
    void purge(long group, EntryId newest, int keep) throws StorageException;
}
