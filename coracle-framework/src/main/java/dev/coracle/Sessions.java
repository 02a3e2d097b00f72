package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Failure;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The client sessions (thesis §6.3): which commands of each were applied, and what came of them. Part of the replicated
 * state, so all that happens here depends on nothing but the log, and every limit is the same on every member. The
 * applier's.
 *
 * <p>Sessions are kept in the order of their last use by the log. What is beyond a limit goes from the front: the session
 * that was not used for longest.
 */
final class Sessions {
    /** How many sessions there may be. */
    static final int MOST = 4_096;

    /** How far apart the sequence numbers may be that a session waits for at once. */
    static final int WINDOW = 256;

    /** The longest answer that is kept. */
    static final int MOST_ANSWER_BYTES = 64 << 10;

    /** How much all answers may take, each with {@link #OVERHEAD_BYTES}. One session alone always fits. */
    static final long MOST_BYTES = 32 << 20;

    /** What an answer, or a session, counts beside its bytes. */
    static final int OVERHEAD_BYTES = 64;

    private static final int VERSION = 1;

    /** What becomes of a command. */
    sealed interface Outcome {
        /** It was applied, now. */
        record Applied(@Nullable Object result) implements Outcome {}

        /** It was applied before: what came of it, as bytes. */
        record Remembered(byte[] result) implements Outcome {}

        /** It is not applied now. */
        record Refused(Failure.Kind kind, String text) implements Outcome {}
    }

    /**
     * A command that was applied.
     *
     * @param index its entry
     * @param checksum of the command, to tell another one under the same number
     * @param size of its result's bytes, negative if it has none
     * @param result its result, or null if it was too long to be kept or has no bytes
     */
    private record Answer(long index, int checksum, int size, byte @Nullable [] result) {
        int countedBytes() {
            return OVERHEAD_BYTES + (result == null ? 0 : result.length);
        }
    }

    private static final class Session {
        final SessionId id;
        final TreeMap<Long, Answer> answers = new TreeMap<>();
        /** The lowest sequence number that its client waits for. */
        long lowest = 1;

        int bytes = OVERHEAD_BYTES;

        Session(SessionId id) {
            this.id = id;
        }

        Session copy() {
            Session copy = new Session(id);
            copy.lowest = lowest;
            copy.bytes = bytes;
            copy.answers.putAll(answers);
            return copy;
        }
    }

    /** The sessions as of one moment. */
    static final class Pinned {
        private final List<Session> sessions;

        private Pinned(List<Session> sessions) {
            this.sessions = sessions;
        }

        /** Whether there is none. */
        boolean isEmpty() {
            return sessions.isEmpty();
        }

        byte[] encode() {
            ByteWriter out = new ByteWriter().int8(VERSION).int32(sessions.size());
            for (Session session : sessions) {
                out.int64(session.id.index())
                        .int64(session.id.nonce())
                        .int64(session.lowest)
                        .int32(session.answers.size());
                session.answers.forEach((sequence, answer) -> {
                    out.int64(sequence).int64(answer.index).int32(answer.checksum);
                    out.int32(answer.size).bool(answer.result != null);
                    if (answer.result != null) {
                        out.bytes(answer.result);
                    }
                });
            }
            return out.toByteArray();
        }
    }

    /** By the index of each, which is its own; the one used last stands last. */
    private final LinkedHashMap<Long, Session> sessions = new LinkedHashMap<>(16, 0.75f, true);

    private long bytes;

    /** How many sessions there are. */
    int size() {
        return sessions.size();
    }

    /** What the limit in bytes is held against. */
    long bytes() {
        return bytes;
    }

    /** Opens a session with the entry at {@code index}. */
    SessionId open(long index, long nonce) {
        Session session = new Session(new SessionId(index, nonce));
        sessions.put(index, session);
        bytes += session.bytes;
        expire();
        return session.id;
    }

    /** Closes a session; nothing happens if there is none. */
    void close(SessionId id) {
        Session session = sessions.get(id.index());
        if (session != null && session.id.equals(id)) {
            sessions.remove(id.index());
            bytes -= session.bytes;
        }
    }

    /**
     * Looks what is known of a command, and notes that its session is in use.
     *
     * @return null if it is to be applied now
     */
    @Nullable
    Outcome find(Envelope.InSession command) {
        Session session = sessions.get(command.session().index());
        if (session == null || !session.id.equals(command.session())) {
            return new Outcome.Refused(
                    Failure.Kind.SESSION_EXPIRED,
                    "session " + command.session() + " is not known: it was closed, or it expired when others were"
                            + " used and the limit of " + MOST + " sessions, or of " + MOST_BYTES
                            + " bytes of their answers, was reached");
        }
        forgetBelow(session, command.lowest());
        long sequence = command.sequence();
        if (sequence < session.lowest) {
            return new Outcome.Refused(
                    Failure.Kind.SESSION_IN_DOUBT,
                    "sequence: " + sequence + " is below " + session.lowest + ", the lowest that session " + session.id
                            + " still waits for; whether it was applied is not known any more");
        }
        Answer answer = session.answers.get(sequence);
        if (answer != null) {
            return remembered(session, sequence, answer, command);
        }
        if (sequence - session.lowest >= WINDOW) {
            return new Outcome.Refused(
                    Failure.Kind.REFUSED_CONFIG,
                    "sequence: " + sequence + " is " + WINDOW + " or more above " + session.lowest
                            + ", the lowest that session " + session.id + " still waits for");
        }
        return null;
    }

    private static Outcome remembered(Session session, long sequence, Answer answer, Envelope.InSession command) {
        if (answer.checksum != checksum(command.payload())) {
            return new Outcome.Refused(
                    Failure.Kind.REFUSED_CONFIG,
                    "sequence: " + sequence + " of session " + session.id
                            + " was another command's, which was applied at " + answer.index);
        }
        if (answer.result == null) {
            return new Outcome.Refused(
                    Failure.Kind.RESULT_GONE,
                    "the command was applied, once, at " + answer.index + "; its result "
                            + (answer.size < 0
                                    ? "could not be encoded"
                                    : "of " + answer.size + " bytes is not kept, only up to " + MOST_ANSWER_BYTES));
        }
        return new Outcome.Remembered(answer.result);
    }

    private void forgetBelow(Session session, long lowest) {
        if (lowest <= session.lowest) {
            return;
        }
        session.lowest = lowest;
        Iterator<Answer> gone = session.answers.headMap(lowest).values().iterator();
        while (gone.hasNext()) {
            count(session, -gone.next().countedBytes());
            gone.remove();
        }
    }

    /**
     * Notes what came of a command that {@link #find} knew nothing of.
     *
     * @param index its entry
     * @param result its result, or null if that has no bytes
     */
    void applied(Envelope.InSession command, long index, byte @Nullable [] result) {
        Session session = Objects.requireNonNull(sessions.get(command.session().index()));
        boolean kept = result != null && result.length <= MOST_ANSWER_BYTES;
        Answer answer = new Answer(
                index, checksum(command.payload()), result == null ? -1 : result.length, kept ? result : null);
        session.answers.put(command.sequence(), answer);
        count(session, answer.countedBytes());
        expire();
    }

    private void count(Session session, int more) {
        session.bytes += more;
        bytes += more;
    }

    private void expire() {
        Iterator<Session> eldest = sessions.values().iterator();
        while (sessions.size() > 1 && (sessions.size() > MOST || bytes > MOST_BYTES)) {
            bytes -= eldest.next().bytes;
            eldest.remove();
        }
    }

    private static int checksum(byte[] command) {
        CRC32C checksum = new CRC32C();
        checksum.update(command);
        return (int) checksum.getValue();
    }

    /** The sessions as they are now, to be written while commands go on being applied. */
    Pinned pin() {
        List<Session> copies = new ArrayList<>(sessions.size());
        sessions.values().forEach(session -> copies.add(session.copy()));
        return new Pinned(copies);
    }

    /** Takes over what a snapshot holds. */
    void restore(Pinned pinned) {
        sessions.clear();
        bytes = 0;
        for (Session session : pinned.sessions) {
            sessions.put(session.id.index(), session.copy());
            bytes += session.bytes;
        }
    }

    /** No sessions. */
    static Pinned none() {
        return new Pinned(List.of());
    }

    /** Reads what {@link Pinned#encode} wrote. */
    static Pinned decode(byte[] encoded) throws MalformedException {
        ByteReader in = new ByteReader(encoded);
        int version = in.int8("version");
        ByteReader.require(version == VERSION, "version", version + " is not known here, update this node");
        Map<Long, Session> read = new LinkedHashMap<>();
        for (int i = in.count("sessions", 28); i > 0; i--) {
            Session session = new Session(new SessionId(in.int64("index"), in.int64("nonce")));
            session.lowest = in.int64("lowest");
            for (int j = in.count("answers", 25); j > 0; j--) {
                long sequence = in.int64("sequence");
                long index = in.int64("index");
                int checksum = in.int32("checksum");
                int size = in.int32("size");
                byte[] result = in.bool("kept") ? in.bytes("result") : null;
                Answer answer = new Answer(index, checksum, size, result);
                session.answers.put(sequence, answer);
                session.bytes += answer.countedBytes();
            }
            read.put(session.id.index(), session);
        }
        in.end("sessions");
        return new Pinned(new ArrayList<>(read.values()));
    }
}
