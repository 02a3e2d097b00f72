package dev.coracle.sim;

import dev.coracle.node.StateMachine;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** A state machine that keeps every number it was given, in order; the answer is the index. */
final class Register implements StateMachine {
    private List<Long> numbers = new ArrayList<>();
    private long lastIndex;
    private int restores;
    private int openPins;
    private ConfState configuration = ConfState.EMPTY;

    /** What to propose for a number: the number and some bytes more. */
    static byte[] command(long number, int size) {
        return ByteBuffer.allocate(Math.max(8, size)).putLong(number).array();
    }

    List<Long> numbers() {
        return numbers;
    }

    long lastIndex() {
        return lastIndex;
    }

    int restores() {
        return restores;
    }

    int openPins() {
        return openPins;
    }

    ConfState configuration() {
        return configuration;
    }

    @Override
    public Object apply(long index, long term, byte[] data) {
        if (index <= lastIndex) {
            throw new IllegalStateException("index " + index + " after " + lastIndex);
        }
        numbers.add(ByteBuffer.wrap(data).getLong());
        lastIndex = index;
        return index;
    }

    @Override
    public void configurationChanged(long index, ConfChangeV2 change, ConfState newConfiguration) {
        configuration = newConfiguration;
        lastIndex = index;
    }

    @Override
    public PinnedSnapshot snapshot() {
        List<Long> pinned = List.copyOf(numbers);
        openPins++;
        return new PinnedSnapshot() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                DataOutputStream data = new DataOutputStream(out);
                data.writeInt(pinned.size());
                for (long number : pinned) {
                    data.writeLong(number);
                }
                data.flush();
            }

            @Override
            public void close() {
                openPins--;
            }
        };
    }

    @Override
    public void restore(SnapshotMetadata metadata, InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        List<Long> restored = new ArrayList<>();
        int count = data.readInt();
        for (int i = 0; i < count; i++) {
            restored.add(data.readLong());
        }
        numbers = restored;
        lastIndex = metadata.index();
        configuration = metadata.confState();
        restores++;
    }
}
