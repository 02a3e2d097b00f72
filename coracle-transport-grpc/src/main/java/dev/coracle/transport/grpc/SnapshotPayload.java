package dev.coracle.transport.grpc;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.WireFormat;
import dev.coracle.codec.MessageCodec;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.Message;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/**
 * A message that brings a snapshot's data with it, as raftify's nodes want it. The data is read when it is written, a
 * block at a time:
 *
 * <pre>
 *   the message's other fields | 9: snapshot, its length | 1: data, its length | the data | 2: metadata
 * </pre>
 */
final class SnapshotPayload implements Payload {
    private static final int SNAPSHOT_FIELD = 9;
    private static final int DATA_FIELD = 1;
    private static final int BLOCK_BYTES = 64 << 10;

    private final byte[] before;
    private final byte[] metadata;
    private final SnapshotStore.Source source;
    private final int dataSize;

    /** @param message without data */
    SnapshotPayload(MessageCodec codec, Message.InstallSnapshot message, SnapshotStore.Source source) {
        this.source = source;
        dataSize = Math.toIntExact(source.size());
        metadata = codec.snapshots().encode(message.snapshot());
        byte[] whole = codec.messages().encode(message);
        // The snapshot is the last field that is written.
        int snapshotSize = CodedOutputStream.computeTagSize(SNAPSHOT_FIELD)
                + CodedOutputStream.computeUInt32SizeNoTag(metadata.length)
                + metadata.length;
        before = Arrays.copyOf(whole, whole.length - snapshotSize);
    }

    @Override
    public int size() {
        int snapshotSize = snapshotSize();
        return before.length
                + CodedOutputStream.computeTagSize(SNAPSHOT_FIELD)
                + CodedOutputStream.computeUInt32SizeNoTag(snapshotSize)
                + snapshotSize;
    }

    private int snapshotSize() {
        int data = dataSize == 0
                ? 0
                : CodedOutputStream.computeTagSize(DATA_FIELD)
                        + CodedOutputStream.computeUInt32SizeNoTag(dataSize)
                        + dataSize;
        return data + metadata.length;
    }

    @Override
    public void writeTo(CodedOutputStream out) throws IOException {
        out.writeRawBytes(before);
        out.writeTag(SNAPSHOT_FIELD, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(snapshotSize());
        if (dataSize > 0) {
            out.writeTag(DATA_FIELD, WireFormat.WIRETYPE_LENGTH_DELIMITED);
            out.writeUInt32NoTag(dataSize);
            copyData(out);
        }
        out.writeRawBytes(metadata);
    }

    private void copyData(CodedOutputStream out) throws IOException {
        InputStream data = source.data();
        byte[] block = new byte[BLOCK_BYTES];
        int left = dataSize;
        while (left > 0) {
            int count = data.readNBytes(block, 0, Math.min(left, block.length));
            if (count == 0) {
                throw new IOException("it says that it has " + dataSize + " bytes of data, and has " + left + " less");
            }
            out.writeRawBytes(block, 0, count);
            left -= count;
        }
        if (data.read() >= 0) {
            throw new IOException("it says that it has " + dataSize + " bytes of data, and has more");
        }
    }
}
