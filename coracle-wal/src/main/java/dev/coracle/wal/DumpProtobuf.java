package dev.coracle.wal;

import java.io.IOException;

/**
 * Takes a message apart exactly as the code does that gogo/protobuf generated for etcd 3.4: it accepts what that accepts,
 * and refuses the rest in its words. The project's own codec is stricter, and says it differently.
 */
final class DumpProtobuf {
    private static final int VARINT = 0;
    private static final int FIXED64 = 1;
    private static final int BYTES = 2;
    private static final int START_GROUP = 3;
    private static final int END_GROUP = 4;
    private static final int FIXED32 = 5;

    private final DumpBytes bytes;
    private final String message;
    private final long start;
    private final long end;

    private long at;
    private long tagAt;
    private int number;
    private int wireType;

    private long from;
    private long to;

    /** A message of the given name in a range of bytes. */
    DumpProtobuf(DumpBytes bytes, String message, long start, long end) {
        this.bytes = bytes;
        this.message = message;
        this.start = start;
        this.end = end;
        this.at = start;
    }

    /** Goes to the next field; false at the end. */
    boolean next() throws IOException, EtcdReaderException {
        if (at >= end) {
            return false;
        }
        tagAt = at;
        long tag = rawVarint();
        number = (int) (tag >>> 3);
        wireType = (int) tag & 7;
        if (wireType == END_GROUP) {
            throw EtcdReaderException.error("proto: " + message + ": wiretype end group for non-group");
        }
        if (number <= 0) {
            throw EtcdReaderException.error("proto: " + message + ": illegal tag " + number + " (wire type "
                    + Long.toUnsignedString(tag) + ")");
        }
        return true;
    }

    /** The number of the field. */
    int number() {
        return number;
    }

    /** Reads the field as a number. What does not fit 64 bits is dropped. */
    long varint(String field) throws IOException, EtcdReaderException {
        requireType(VARINT, field);
        return rawVarint();
    }

    /** Reads the field as bytes, which {@link #from} and {@link #to} tell then. */
    void bytes(String field) throws IOException, EtcdReaderException {
        requireType(BYTES, field);
        delimited();
        at = to;
    }

    /** Reads the field as numbers: a single one, or a packed list of them. */
    void varints(String field, NumberSink sink) throws IOException, EtcdReaderException {
        if (wireType == VARINT) {
            sink.accept(rawVarint());
            return;
        }
        requireType(wireType == BYTES ? BYTES : VARINT, field);
        delimited();
        long listEnd = to;
        // The last one may reach beyond the list: only the message's end is checked.
        while (at < listEnd) {
            sink.accept(rawVarint());
        }
    }

    /** Takes numbers. */
    interface NumberSink {
        void accept(long number);
    }

    /** Where the bytes begin. */
    long from() {
        return from;
    }

    /** Where the bytes end. */
    long to() {
        return to;
    }

    /** Leaves out a field that the message does not know. */
    void skip() throws IOException, EtcdReaderException {
        at = tagAt;
        int depth = 0;
        do {
            int type = (int) rawVarint() & 7;
            switch (type) {
                case VARINT -> rawVarint();
                case FIXED64 -> at += Long.BYTES;
                case BYTES -> skipBytes(depth);
                case START_GROUP -> depth++;
                case END_GROUP -> depth--;
                case FIXED32 -> at += Integer.BYTES;
                default -> throw EtcdReaderException.error("proto: illegal wireType " + type);
            }
        } while (depth > 0);
        if (at > end) {
            throw EtcdReaderException.endsEarly();
        }
    }

    private void skipBytes(int depth) throws IOException, EtcdReaderException {
        long length = rawVarint();
        // Where Go's addition overflows, the field alone is found negative; within a group, or only added to what
        // stands before the field, it becomes an index that does not exist.
        if (length < 0 || (depth == 0 && length > Long.MAX_VALUE - (at - tagAt))) {
            throw negativeLength();
        }
        requireIndex(length);
        at += length;
    }

    private void delimited() throws IOException, EtcdReaderException {
        long length = rawVarint();
        if (length < 0) {
            throw negativeLength();
        }
        requireIndex(length);
        if (length > end - at) {
            throw EtcdReaderException.endsEarly();
        }
        from = at;
        to = at + length;
    }

    private void requireIndex(long length) throws EtcdReaderException {
        if (length > Long.MAX_VALUE - (at - start)) {
            throw EtcdReaderException.panic(
                    "runtime error: a length of " + length + " in a " + message + " overflows the index of its end");
        }
    }

    private static EtcdReaderException negativeLength() {
        return EtcdReaderException.error("proto: negative length found during unmarshaling");
    }

    private void requireType(int type, String field) throws EtcdReaderException {
        if (wireType != type) {
            throw EtcdReaderException.error("proto: wrong wireType = " + wireType + " for field " + field);
        }
    }

    private long rawVarint() throws IOException, EtcdReaderException {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            if (at >= end) {
                throw EtcdReaderException.endsEarly();
            }
            byte bits = bytes.at(at++);
            value |= (long) (bits & 0x7f) << shift;
            if (bits >= 0) {
                return value;
            }
        }
        throw EtcdReaderException.error("proto: integer overflow");
    }
}
