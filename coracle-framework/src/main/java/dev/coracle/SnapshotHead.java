package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;

/**
 * What stands before the application's state in a snapshot: magic, version, and the framework's part of the replicated
 * state, each piece with its length. The first version has the tables alone, and is written as long as there is nothing
 * else: what does not know sessions reads it, too.
 *
 * @param tables who is a member where
 * @param sessions the clients' sessions
 * @param hash the rolling hash; null if the snapshot has none
 */
record SnapshotHead(Tables tables, Sessions.Pinned sessions, HashChain.@Nullable Point hash) {
    /** "CoraSnap" */
    private static final long MAGIC = 0x43_6f_72_61_53_6e_61_70L;

    /** The newest that is known here. */
    private static final int VERSION = 2;

    private static final int MOST_BYTES = 64 << 20;

    /** The lowest version that can say it, in which it is written. */
    int version() {
        return sessions.isEmpty() && hash == null ? 1 : VERSION;
    }

    void write(OutputStream out) throws IOException {
        DataOutputStream data = new DataOutputStream(out);
        data.writeLong(MAGIC);
        data.writeInt(version());
        writePiece(tables.encode(), data);
        if (version() == 1) {
            data.flush();
            return;
        }
        writePiece(sessions.encode(), data);
        ByteWriter chain = new ByteWriter();
        if (hash != null) {
            hash.write(chain);
        }
        writePiece(chain.toByteArray(), data);
        data.flush();
    }

    private static void writePiece(byte[] bytes, DataOutputStream data) throws IOException {
        data.writeInt(bytes.length);
        data.write(bytes);
    }

    /** Reads the head and leaves the stream where the application's state begins. */
    static SnapshotHead read(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        long magic = data.readLong();
        if (magic != MAGIC) {
            throw new IOException("the snapshot begins with " + Long.toHexString(magic) + " and not with "
                    + Long.toHexString(MAGIC) + ": the framework did not write it");
        }
        int version = data.readInt();
        if (version < 1 || version > VERSION) {
            throw new IOException("the snapshot's version " + version + " is not known here, update this node");
        }
        String what = "tables";
        try {
            Tables tables = Tables.decode(readPiece(what, data));
            what = "sessions";
            Sessions.Pinned sessions = version == 1 ? Sessions.none() : Sessions.decode(readPiece(what, data));
            what = "hash";
            byte[] hash = version == 1 ? new byte[0] : readPiece(what, data);
            return new SnapshotHead(tables, sessions, hash.length == 0 ? null : point(hash));
        } catch (MalformedException e) {
            throw new IOException("the snapshot's " + what + " cannot be read: " + e.getMessage(), e);
        }
    }

    private static HashChain.Point point(byte[] bytes) throws MalformedException {
        ByteReader in = new ByteReader(bytes);
        HashChain.Point point = HashChain.Point.read(in);
        in.end("hash");
        return point;
    }

    private static byte[] readPiece(String what, DataInputStream data) throws IOException {
        int length = data.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new IOException(
                    "the snapshot's " + what + " of " + length + " bytes must have at most " + MOST_BYTES + " bytes");
        }
        // Memory for what is there, whatever the length promises.
        byte[] bytes = data.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the snapshot's " + what + " of " + length + " bytes end after " + bytes.length);
        }
        return bytes;
    }
}
