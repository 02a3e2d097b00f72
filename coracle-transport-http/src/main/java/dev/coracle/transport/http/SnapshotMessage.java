package dev.coracle.transport.http;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.coracle.codec.Codec;
import dev.coracle.raft.Check;
import dev.coracle.raft.Message;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;

/**
 * The bytes of a message that has a snapshot with its data within it, without the data: what stands before and behind it.
 * The data can then be sent as it is read.
 */
record SnapshotMessage(byte[] before, byte[] after) {
    private static final int SNAPSHOT_TAG = 9 << 3 | WireFormat.WIRETYPE_LENGTH_DELIMITED;
    private static final int DATA_FIELD = 1;

    /** More than what a message needs beside the data. */
    private static final int OVERHEAD_BYTES = 1 << 20;

    /** Whether a message can have so much data. */
    static boolean holds(long dataBytes) {
        return dataBytes <= Integer.MAX_VALUE - OVERHEAD_BYTES;
    }

    /**
     * Splits a message.
     *
     * @param message with a snapshot without data
     * @param dataBytes the size of the data
     */
    static SnapshotMessage of(Codec<Message> codec, Message.InstallSnapshot message, int dataBytes) {
        byte[] encoded = codec.encode(message);
        if (dataBytes == 0) {
            // Nothing may leave before the end of the data has been seen, where damage shows.
            return new SnapshotMessage(new byte[0], encoded);
        }
        try {
            CodedInputStream in = CodedInputStream.newInstance(encoded);
            for (int tag = in.readTag(); tag != SNAPSHOT_TAG; tag = in.readTag()) {
                in.skipField(tag);
            }
            int fieldsBefore = in.getTotalBytesRead();
            int snapshotBytes = in.readRawVarint32();
            int metadataAt = in.getTotalBytesRead();

            ByteArrayOutputStream before = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(before);
            out.write(encoded, 0, fieldsBefore);
            int dataHeadBytes =
                    CodedOutputStream.computeTagSize(DATA_FIELD) + CodedOutputStream.computeUInt32SizeNoTag(dataBytes);
            out.writeUInt32NoTag(dataHeadBytes + dataBytes + snapshotBytes);
            out.writeTag(DATA_FIELD, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag(dataBytes);
            out.flush();
            return new SnapshotMessage(before.toByteArray(), Arrays.copyOfRange(encoded, metadataAt, encoded.length));
        } catch (IOException e) {
            throw Check.unreachable("the codec wrote it: " + e.getMessage());
        }
    }

    /** The size of the message with the data. */
    long sizeBytes(long dataBytes) {
        return before.length + dataBytes + after.length;
    }
}
