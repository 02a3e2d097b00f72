package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * What an entry of a native cluster holds. Its first byte tells the kind; the rest is the application's command, or one
 * of the framework's own.
 */
sealed interface Envelope {
    /** The kind of a command of the application. */
    int COMMAND = 1;

    /** The kind of a command of the framework. */
    int FRAMEWORK = 2;

    /** The kind of a command of the application in a client's session. */
    int IN_SESSION = 3;

    /** What an entry needs besides the application's command. */
    int OVERHEAD_BYTES = 1;

    /** What an entry needs besides the application's command if that belongs to a session. */
    int SESSION_OVERHEAD_BYTES = 1 + 4 * Long.BYTES;

    private static byte[] versioned(int type, ByteWriter rest) {
        return new ByteWriter()
                .int8(FRAMEWORK)
                .int8(1)
                .int8(type)
                .rest(rest.toByteArray())
                .toByteArray();
    }

    /** A command of the application, in its own bytes. */
    final class Command implements Envelope {
        private final byte[] payload;

        Command(byte[] payload) {
            this.payload = payload;
        }

        /** The command's bytes, not a copy. */
        byte[] payload() {
            return payload;
        }
    }

    /**
     * Takes an id that no other node ever gets.
     *
     * @param address where the node that wants it listens, for people
     * @param incarnation the identity of its data directory
     */
    record ReserveId(String address, long incarnation) implements Envelope {
        byte[] encode() {
            return versioned(1, new ByteWriter().text(address).int64(incarnation));
        }
    }

    /**
     * Notes what is known of a member.
     *
     * @param id the member
     * @param address where it listens, or empty for no news
     * @param incarnation the identity of its data directory, which is noted once and never replaced
     */
    record RecordMember(long id, String address, long incarnation) implements Envelope {
        byte[] encode() {
            return versioned(2, new ByteWriter().int64(id).text(address).int64(incarnation));
        }
    }

    /** A command of the application in a client's session, which is applied once however often it is in the log. */
    final class InSession implements Envelope {
        private final SessionId session;
        private final long sequence;
        private final long lowest;
        private final byte[] payload;

        InSession(SessionId session, long sequence, long lowest, byte[] payload) {
            this.session = session;
            this.sequence = sequence;
            this.lowest = lowest;
            this.payload = payload;
        }

        /** The session. */
        SessionId session() {
            return session;
        }

        /** The command's number in the session, from 1 on. */
        long sequence() {
            return sequence;
        }

        /** The lowest number whose answer the client still waits for. */
        long lowest() {
            return lowest;
        }

        /** The command's bytes, not a copy. */
        byte[] payload() {
            return payload;
        }

        byte[] encode() {
            return ByteBuffer.allocate(SESSION_OVERHEAD_BYTES + payload.length)
                    .put((byte) IN_SESSION)
                    .putLong(session.index())
                    .putLong(session.nonce())
                    .putLong(sequence)
                    .putLong(lowest)
                    .put(payload)
                    .array();
        }

        private static InSession read(ByteReader in) throws MalformedException {
            SessionId session = new SessionId(in.int64("session"), in.int64("nonce"));
            long sequence = in.int64("sequence");
            long lowest = in.int64("lowest");
            ByteReader.require(
                    lowest >= 1 && lowest <= sequence, "lowest", lowest + " must be from 1 to sequence " + sequence);
            return new InSession(session, sequence, lowest, in.rest());
        }

        /** What there is to say of it before the command. */
        @Override
        public String toString() {
            return "session " + session + " #" + sequence + " (waits from #" + lowest + ")";
        }
    }

    /**
     * Opens a client's session, which is named by its entry's index.
     *
     * @param nonce goes into its name, too
     */
    record OpenSession(long nonce) implements Envelope {
        byte[] encode() {
            return versioned(3, new ByteWriter().int64(nonce));
        }
    }

    /** Closes a client's session. */
    record CloseSession(SessionId session) implements Envelope {
        byte[] encode() {
            return versioned(4, new ByteWriter().int64(session.index()).int64(session.nonce()));
        }
    }

    /** Wraps a command of the application. */
    static byte[] wrap(byte[] command) {
        byte[] bytes = new byte[OVERHEAD_BYTES + command.length];
        bytes[0] = COMMAND;
        System.arraycopy(command, 0, bytes, OVERHEAD_BYTES, command.length);
        return bytes;
    }

    /** Reads an entry's data. */
    static Envelope decode(byte[] data) throws MalformedException {
        if (data.length > 0 && data[0] == COMMAND) {
            return new Command(Arrays.copyOfRange(data, OVERHEAD_BYTES, data.length));
        }
        ByteReader in = new ByteReader(data);
        int kind = in.int8("kind");
        if (kind == IN_SESSION) {
            return InSession.read(in);
        }
        ByteReader.require(kind == FRAMEWORK, "kind", unknown(kind));
        int version = in.int8("version");
        ByteReader.require(version == 1, "version", unknown(version));
        int type = in.int8("type");
        Envelope command = switch (type) {
            case 1 -> new ReserveId(in.text("address"), in.int64("incarnation"));
            case 2 -> new RecordMember(in.int64("id"), in.text("address"), in.int64("incarnation"));
            case 3 -> new OpenSession(in.int64("nonce"));
            case 4 -> new CloseSession(new SessionId(in.int64("session"), in.int64("nonce")));
            default -> throw new MalformedException("type", unknown(type));
        };
        in.end("command");
        return command;
    }

    private static String unknown(int value) {
        return value + " is not known here; a newer version of the framework wrote it, so update this node";
    }
}
