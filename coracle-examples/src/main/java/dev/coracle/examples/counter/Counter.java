package dev.coracle.examples.counter;

import dev.coracle.StateMachine;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** A number that members agree on. A command adds to it, and its proposer gets the sum. */
public final class Counter implements StateMachine<Long, Long> {
    private long value;

    /** A counter at 0. */
    public Counter() {}

    /** The sum of what was applied. */
    public long value() {
        return value;
    }

    @Override
    public Long apply(Long number) {
        value += number;
        return value;
    }

    @Override
    public PinnedState snapshot() {
        long pinned = value;
        return out -> new DataOutputStream(out).writeLong(pinned);
    }

    @Override
    public void restore(InputStream in) throws IOException {
        value = new DataInputStream(in).readLong();
    }
}
