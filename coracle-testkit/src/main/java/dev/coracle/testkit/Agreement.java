package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.StateMachine;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * State machine safety (§5.4.3), as an application sees it: whichever member applies the n-th command, it is the same
 * command with the same result, and whichever writes a snapshot after it writes the same bytes.
 *
 * @param <C> the commands
 * @param <R> the results
 */
final class Agreement<C, R extends @Nullable Object> {
    private record Applied(byte[] command, byte[] result, String by) {}

    private record Taken(byte[] state, String by) {}

    private final Supplier<? extends StateMachine<C, R>> machines;
    private final Codec<C> commands;
    private final Codec<R> results;
    private final List<Applied> applied = new ArrayList<>();
    private final Map<Long, Taken> snapshots = new HashMap<>();
    private @Nullable Violation violation;
    private long restored;

    Agreement(Supplier<? extends StateMachine<C, R>> machines, Codec<C> commands, Codec<R> results) {
        this.machines = machines;
        this.commands = commands;
        this.results = results;
    }

    /** A state machine under watch, for one run of the member of that name. */
    Watched watch(String member) {
        return new Watched(member, machines.get());
    }

    /** What two members differ in; null if they have agreed so far. */
    @Nullable
    Violation violation() {
        return violation;
    }

    /** How many commands were applied. */
    long applied() {
        return applied.size();
    }

    /** How many snapshots were restored. */
    long restored() {
        return restored;
    }

    private void onApplied(long count, byte[] command, byte[] result, String member) {
        if (count > applied.size() + 1) {
            fail(
                    Invariant.STATE_MACHINE_SAFETY,
                    member + " applied command " + count + ", and nobody applied command " + (applied.size() + 1));
        } else if (count == applied.size() + 1) {
            applied.add(new Applied(command, result, member));
        } else {
            Applied first = applied.get((int) count - 1);
            if (!Arrays.equals(first.command, command)) {
                fail(
                        Invariant.STATE_MACHINE_SAFETY,
                        "command " + count + " is another one on " + member + " than on " + first.by);
            } else if (!Arrays.equals(first.result, result)) {
                fail(
                        Invariant.STATE_MACHINE_SAFETY,
                        "command " + count + " has another result on " + member + " than on " + first.by
                                + ": the state machine does not depend on its commands alone");
            }
        }
    }

    private void onSnapshot(long count, byte[] state, String member) {
        Taken first = snapshots.putIfAbsent(count, new Taken(state, member));
        if (first != null && !Arrays.equals(first.state, state)) {
            fail(
                    Invariant.SNAPSHOTS_ALIKE,
                    "after command " + count + " the state is written otherwise on " + member + " than on " + first.by);
        }
    }

    private void fail(Invariant invariant, String text) {
        if (violation == null) {
            violation = new Violation(invariant, text, null);
        }
    }

    /** A member's state machine, with the number of commands before its state in each snapshot. */
    final class Watched implements StateMachine<C, R> {
        private final String member;
        private final StateMachine<C, R> machine;
        private long count;

        private Watched(String member, StateMachine<C, R> machine) {
            this.member = member;
            this.machine = machine;
        }

        /** The application's own. */
        StateMachine<C, R> machine() {
            return machine;
        }

        /** How many commands its state consists of. */
        long count() {
            return count;
        }

        @Override
        public R apply(C command) {
            byte[] bytes = commands.encode(command);
            R result = machine.apply(command);
            count++;
            onApplied(count, bytes, results.encode(result), member);
            return result;
        }

        @Override
        public PinnedState snapshot() {
            long pinnedCount = count;
            PinnedState pinned = machine.snapshot();
            return new PinnedState() {
                @Override
                public void writeTo(java.io.OutputStream out) throws IOException {
                    byte[] state = bytes(pinned);
                    onSnapshot(pinnedCount, state, member);
                    new DataOutputStream(out).writeLong(pinnedCount);
                    out.write(state);
                }

                @Override
                public void close() {
                    pinned.close();
                }
            };
        }

        @Override
        public void restore(InputStream in) throws IOException {
            count = new DataInputStream(in).readLong();
            restored++;
            machine.restore(in);
            compareState();
        }

        /** Writes the state as it is now, and compares it with what others wrote after as many commands. */
        void compareState() {
            try (PinnedState pinned = machine.snapshot()) {
                onSnapshot(count, bytes(pinned), member);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private static byte[] bytes(StateMachine.PinnedState pinned) throws IOException {
            ByteArrayOutputStream state = new ByteArrayOutputStream();
            pinned.writeTo(state);
            return state.toByteArray();
        }
    }
}
