package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** What stands before the application's state in a snapshot: magic, version, length, and the framework's tables. */
final class SnapshotHead {
    /** "CoraSnap" */
    private static final long MAGIC = 0x43_6f_72_61_53_6e_61_70L;

    private static final int VERSION = 1;
    private static final int MOST_BYTES = 64 << 20;

    private SnapshotHead() {}

    static void write(Tables tables, OutputStream out) throws IOException {
        byte[] bytes = tables.encode();
        DataOutputStream data = new DataOutputStream(out);
        data.writeLong(MAGIC);
        data.writeInt(VERSION);
        data.writeInt(bytes.length);
        data.write(bytes);
        data.flush();
    }

    /** Reads the head and leaves the stream where the application's state begins. */
    static Tables read(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        long magic = data.readLong();
        if (magic != MAGIC) {
            throw new IOException("the snapshot begins with " + Long.toHexString(magic) + " and not with "
                    + Long.toHexString(MAGIC) + ": the framework did not write it");
        }
        int version = data.readInt();
        if (version != VERSION) {
            throw new IOException("the snapshot's version " + version + " is not known here, update this node");
        }
        int length = data.readInt();
        if (length < 0 || length > MOST_BYTES) {
            throw new IOException(
                    "the snapshot's tables of " + length + " bytes must have at most " + MOST_BYTES + " bytes");
        }
        byte[] bytes = new byte[length];
        data.readFully(bytes);
        try {
            return Tables.decode(bytes);
        } catch (MalformedException e) {
            throw new IOException("the snapshot's tables cannot be read: " + e.getMessage(), e);
        }
    }
}
