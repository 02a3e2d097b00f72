package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Failure;
import dev.coracle.node.Reply;
import dev.coracle.raft.Check;
import dev.coracle.raft.RawNode;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What only the leader can do for the sessions of clients. */
final class SessionTasks {
    private SessionTasks() {}

    /** Replicates a command of a client's session. */
    static final class ProposeInSession<R extends @Nullable Object> extends Tasks.OfCommand<R> {
        /** @param data the command in its envelope */
        ProposeInSession(byte[] data, Codec<R> results) {
            super(data, results);
        }

        @Override
        public int kind() {
            return CallKind.PROPOSE_IN_SESSION;
        }

        @Override
        public boolean isRepeatable() {
            return true; // This is what sessions are for.
        }

        @Override
        public boolean isTriedInParts() {
            return true;
        }

        /** Reads a command that came over the network, and makes sure that every member will be able to. */
        static <R extends @Nullable Object> ProposeInSession<R> read(ByteReader in, Codec<?> commands, Codec<R> results)
                throws MalformedException {
            byte[] data = in.rest();
            if (!(Envelope.decode(data) instanceof Envelope.InSession command)) {
                throw new MalformedException("command", "it must be one of a session");
            }
            commands.decode(command.payload());
            return new ProposeInSession<>(data, results);
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<R> reply) {
            if (leading.refusesSessions(reply)) {
                return;
            }
            leading.node().propose(data, deadlineNanos, Leading.onDone(reply, outcome -> told(outcome, reply)));
        }

        @SuppressWarnings({"unchecked", "NullAway"}) // What the state machine returned for a command of its own.
        private void told(@Nullable Object outcome, Reply<R> reply) {
            if (outcome instanceof Sessions.Outcome.Applied applied) {
                reply.done((R) applied.result());
            } else if (outcome instanceof Sessions.Outcome.Refused refused) {
                reply.failed(new Failure(refused.kind(), RawNode.NONE, refused.text()));
            } else if (outcome instanceof Sessions.Outcome.Remembered remembered) {
                R result;
                try {
                    result = results.decode(remembered.result());
                } catch (RuntimeException e) {
                    reply.failed(new Failure(
                            Failure.Kind.RESULT_GONE,
                            RawNode.NONE,
                            "the command was applied, once, and its result cannot be decoded: " + e.getMessage()));
                    return;
                }
                reply.done(result);
            } else {
                throw Check.unreachable("an outcome of a command in a session that nobody knows");
            }
        }
    }

    /**
     * Opens a client's session.
     *
     * @param nonce goes into its name
     */
    record OpenSession(long nonce) implements LeaderTask<SessionId> {
        @Override
        public int kind() {
            return CallKind.OPEN_SESSION;
        }

        @Override
        public boolean isRepeatable() {
            return true; // One that nobody uses expires before those that are used.
        }

        @Override
        public boolean isTriedInParts() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(nonce);
        }

        static OpenSession read(ByteReader in) throws MalformedException {
            OpenSession read = new OpenSession(in.int64("nonce"));
            in.end("request for a session");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<SessionId> reply) {
            if (leading.refusesSessions(reply)) {
                return;
            }
            if (leading.replica().hasOlderMembers()) {
                reply.failed(Leading.refused(Leading.NO_SESSIONS_YET));
                return;
            }
            byte[] command = new Envelope.OpenSession(nonce).encode();
            leading.node()
                    .propose(
                            command,
                            deadlineNanos,
                            Leading.onDone(reply, id -> reply.done((SessionId) Objects.requireNonNull(id))));
        }

        @Override
        public void writeResult(SessionId result, ByteWriter out) {
            out.int64(result.index()).int64(result.nonce());
        }

        @Override
        public SessionId readResult(ByteReader in) throws MalformedException {
            return new SessionId(in.int64("index"), in.int64("nonce"));
        }
    }

    /** Closes a client's session. */
    record CloseSession(SessionId session) implements Tasks.Silent {
        @Override
        public int kind() {
            return CallKind.CLOSE_SESSION;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public boolean isTriedInParts() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(session.index()).int64(session.nonce());
        }

        static CloseSession read(ByteReader in) throws MalformedException {
            CloseSession read = new CloseSession(new SessionId(in.int64("session"), in.int64("nonce")));
            in.end("end of a session");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            if (leading.refusesSessions(reply)) {
                return;
            }
            byte[] command = new Envelope.CloseSession(session).encode();
            leading.node().propose(command, deadlineNanos, Leading.onDone(reply, nothing -> reply.done(Done.DONE)));
        }
    }
}
