package dev.coracle.benchmarks;

import dev.coracle.StateMachine;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** The least that a state machine can do: it counts its commands. */
final class Counter implements StateMachine<byte[], @Nullable Void> {
    private long count;

    @Override
    @SuppressWarnings("NullAway") // It does not follow nullable type arguments.
    public @Nullable Void apply(byte[] command) {
        count++;
        return null;
    }

    @Override
    public PinnedState snapshot() {
        long pinned = count;
        return out -> {
            DataOutputStream data = new DataOutputStream(out);
            data.writeLong(pinned);
            data.flush();
        };
    }

    @Override
    public void restore(InputStream in) throws IOException {
        count = new DataInputStream(in).readLong();
    }
}
