package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Reply;
import org.jspecify.annotations.Nullable;

/** What only the leader can do: commands and leadership. Sessions and members have classes of their own. */
final class Tasks {
    private Tasks() {}

    /** One that has no result. */
    interface Silent extends LeaderTask<Done> {
        @Override
        default void writeResult(Done result, ByteWriter out) {}

        @Override
        default Done readResult(ByteReader in) {
            return Done.DONE;
        }
    }

    /** One that replicates a command of the application, and has the state machine's result. */
    abstract static class OfCommand<R extends @Nullable Object> implements LeaderTask<R> {
        /** The command in its envelope. */
        final byte[] data;

        final Codec<R> results;

        OfCommand(byte[] data, Codec<R> results) {
            this.data = data;
            this.results = results;
        }

        @Override
        public final void write(ByteWriter out) {
            out.rest(data);
        }

        @Override
        public final void writeResult(R result, ByteWriter out) {
            out.rest(results.encode(result));
        }

        @Override
        public final R readResult(ByteReader in) {
            return results.decode(in.rest());
        }
    }

    /** Replicates a command. */
    static final class Propose<R extends @Nullable Object> extends OfCommand<R> {
        /** @param data the command in its envelope */
        Propose(byte[] data, Codec<R> results) {
            super(data, results);
        }

        @Override
        public int kind() {
            return CallKind.PROPOSE;
        }

        @Override
        public boolean isRepeatable() {
            return false;
        }

        /** Reads a command that came over the network, and makes sure that every member will be able to. */
        static <R extends @Nullable Object> Propose<R> read(
                ByteReader in, DialectRules rules, Codec<?> commands, Codec<R> results) throws MalformedException {
            byte[] data = in.rest();
            if (rules.decode(data) instanceof Envelope.Command command) {
                commands.decode(command.payload());
            } else {
                throw new MalformedException("command", "it must be one of the application");
            }
            return new Propose<>(data, results);
        }

        @Override
        @SuppressWarnings("unchecked") // What the state machine returned for a command of its own.
        public void perform(Leading leading, long deadlineNanos, Reply<R> reply) {
            if (isEmpty(reply)) {
                return;
            }
            leading.node()
                    .propose(data, leading.replica().rules().nextContext(), deadlineNanos, (Reply<@Nullable Object>)
                            (Reply<?>) reply);
        }

        @Override
        @SuppressWarnings("unchecked") // What the state machine returned for a command of its own.
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<R> reply) {
            if (!isEmpty(reply)) {
                leader.propose(data, deadlineNanos, (Reply<@Nullable Object>) (Reply<?>) reply);
            }
        }

        /** In a cluster without envelopes: an entry without data is one that no state machine sees. */
        private boolean isEmpty(Reply<R> reply) {
            if (data.length == 0) {
                reply.failed(
                        Leading.refused("command: 0 bytes, must have at least 1 in a cluster of raft-rs's dialect"));
            }
            return data.length == 0;
        }
    }

    /** Hands leadership to a voter. */
    record Transfer(long target) implements Silent {
        @Override
        public int kind() {
            return CallKind.TRANSFER;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(target);
        }

        static Transfer read(ByteReader in) throws MalformedException {
            Transfer read = new Transfer(in.int64("target"));
            in.end("transfer");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            leading.withMembership(deadlineNanos, reply, members -> {
                if (members.configuration().voters().contains(target)) {
                    leading.node()
                            .transferLeadership(
                                    target, deadlineNanos, Leading.onDone(reply, leader -> reply.done(Done.DONE)));
                } else {
                    reply.failed(Leading.refused("id: " + Long.toUnsignedString(target) + " is no voter"));
                }
            });
        }

        @Override
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<Done> reply) {
            leader.transfer(target, deadlineNanos, reply);
        }
    }
}
