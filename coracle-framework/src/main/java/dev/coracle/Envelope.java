package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
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

    /** What an entry needs besides the application's command. */
    int OVERHEAD_BYTES = 1;

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
        ByteReader.require(kind == FRAMEWORK, "kind", unknown(kind));
        int version = in.int8("version");
        ByteReader.require(version == 1, "version", unknown(version));
        int type = in.int8("type");
        Envelope command = switch (type) {
            case 1 -> new ReserveId(in.text("address"), in.int64("incarnation"));
            case 2 -> new RecordMember(in.int64("id"), in.text("address"), in.int64("incarnation"));
            default -> throw new MalformedException("type", unknown(type));
        };
        in.end("command");
        return command;
    }

    private static String unknown(int value) {
        return value + " is not known here; a newer version of the framework wrote it, so update this node";
    }
}
