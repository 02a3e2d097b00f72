package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.Dialect;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** What stands around the application's bytes in entries, configuration changes and snapshots: by a cluster's dialect. */
sealed interface DialectRules permits NativeRules, RaftRsRules {
    /** Whose bytes they are. */
    Dialect dialect();

    /** How configuration changes are written. */
    ConfChangeCodec changes();

    /** The most bytes that an entry has besides the application's command. */
    int overheadBytes();

    /** The data of an entry with a command of the application. */
    byte[] wrap(byte[] command);

    /** Reads an entry's data. */
    Envelope decode(byte[] data) throws MalformedException;

    /** The context of the next entry that this node proposes; null if entries have none. */
    byte @Nullable [] nextContext();

    /**
     * An entry was applied. The applier's.
     *
     * @param context the entry's; null for none
     * @param result what came of it
     */
    void applied(byte @Nullable [] context, @Nullable Object result);

    /** The context of a configuration change, which says something of each member that it names, in its order. */
    Bytes changeContext(List<Tables.Known> known);

    /** What a configuration change says of the members that it names. */
    SortedMap<Long, Tables.Known> news(ConfChangeV2 change) throws MalformedException;

    /** Writes what stands before the application's state in a snapshot. */
    void writeHead(SnapshotHead head, OutputStream out) throws IOException;

    /**
     * Reads what stands before the application's state in a snapshot.
     *
     * @param configuration the snapshot's
     * @param before the tables that the snapshot replaces
     */
    SnapshotHead readHead(InputStream in, ConfState configuration, Tables before) throws IOException;

    /** The rules of a dialect that the framework runs. */
    static DialectRules of(Dialect dialect, long random) {
        return switch (dialect) {
            case NATIVE -> NativeRules.INSTANCE;
            case RAFT_RS -> new RaftRsRules(random);
            case ETCD -> throw new IllegalArgumentException("dialect: ETCD is not run by the framework");
        };
    }
}
