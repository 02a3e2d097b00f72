package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.DiskFile;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of one segment in order and follows the chain of checksums. It tells damage from the end, and does
 * not decide what either means: that takes the whole log.
 */
final class SegmentReader {
    /** What stands at the next place. */
    enum Outcome {
        /** A record, as the accessors tell. */
        RECORD,
        /** No record: a length of zero, or the end of the file. */
        END,
        /** Something that is no whole and sound record, as {@link #damage} tells. */
        DAMAGE
    }

    /** Numbers of eight bytes in an array, the lowest byte first. */
    static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    static final int LENGTH_BYTES = Long.BYTES;
    private static final long LENGTH_MASK = (1L << 56) - 1;
    private static final int PADDING_SHIFT = 56;
    private static final int PADDING_MASK = 7;
    private static final int ALIGNMENT = 8;
    private static final int WINDOW_BYTES = 256 << 10;

    /** The shortest record: type and checksum. */
    private static final int SMALLEST_RECORD = 4;

    /** What a length, a type and the tag of a checksum take, as everybody writes them. */
    private static final int HEAD_BYTES = LENGTH_BYTES + 3;

    private static final byte TYPE_TAG = 1 << 3;
    private static final byte CHECKSUM_TAG = 2 << 3;
    private static final byte[] ZEROS = new byte[WINDOW_BYTES];

    private static final int TYPE_FIELD = 1;
    private static final int CHECKSUM_FIELD = 2;
    private static final int DATA_FIELD = 3;

    private final DiskFile file;
    private final long size;
    private final RunningChecksum running = new RunningChecksum();

    private final EntryHead entryHead = new EntryHead();

    private byte[] window;
    private long windowStart;
    private int windowLength;

    private long next;
    private String damage = "";

    // The record at hand; its data is in the window, and a length of -1 means that it has none.
    private long offset;
    private long end;
    private long type;
    private int checksum;
    private int dataAt;
    private int dataLength;

    /** Reads a segment whose chain begins with {@code checksum}. */
    SegmentReader(DiskFile file, int checksum) throws IOException {
        this(file, 0, checksum);
    }

    /** Reads on from a record, with the checksum of all data before it. */
    SegmentReader(DiskFile file, long offset, int checksum) throws IOException {
        this.file = file;
        this.size = file.size();
        this.window = new byte[(int) Math.min(WINDOW_BYTES, size)];
        this.next = offset;
        this.running.start(checksum);
    }

    /** Goes to the next record. After anything but a record it stays where it is. */
    Outcome next() throws IOException {
        if (next == size) {
            damage = "the file ends";
            return Outcome.END;
        }
        if (size - next < LENGTH_BYTES) {
            damage = "a length of " + LENGTH_BYTES + " bytes does not fit the " + (size - next) + " left";
            return Outcome.DAMAGE;
        }
        load(next, LENGTH_BYTES);
        long length = littleEndian(next);
        if (length == 0) {
            damage = "a length of zero";
            return Outcome.END;
        }
        if (!parse(next, length)) {
            return Outcome.DAMAGE;
        }
        if (type == RecordType.CHECKSUM.number()) {
            // It says what came before, and adds nothing.
            next = end;
            return Outcome.RECORD;
        }
        int before = running.value();
        if (dataLength > 0) {
            running.update(window, dataAt, dataLength);
        }
        if (running.value() != checksum) {
            damage = "checksum " + hex(checksum) + " instead of " + hex(running.value());
            running.start(before);
            return Outcome.DAMAGE;
        }
        next = end;
        return Outcome.RECORD;
    }

    /** Why there was no record. */
    String damage() {
        return damage;
    }

    /** Where the record at hand stands. */
    long offset() {
        return offset;
    }

    /** The number of its type. */
    long type() {
        return type;
    }

    /** The checksum in it. */
    int checksum() {
        return checksum;
    }

    /** A copy of its data, or null if it has none. */
    @Nullable
    Bytes data() {
        return dataLength < 0 ? null : Bytes.of(Arrays.copyOfRange(window, dataAt, dataAt + dataLength));
    }

    boolean hasData() {
        return dataLength >= 0;
    }

    /**
     * What its data say as an entry; until the next one is asked for.
     *
     * @throws CodecException if they are none
     */
    EntryHead entryHead() throws CodecException {
        entryHead.read(window, dataAt, dataAt + Math.max(dataLength, 0));
        return entryHead;
    }

    /** The entry that its data are. */
    Entry entry() throws CodecException {
        return EtcdCodec.INSTANCE.entries().decode(window, dataAt, Math.max(dataLength, 0));
    }

    /** Where the last record ends. */
    long end() {
        return next;
    }

    /** The checksum of all data up to there. */
    int running() {
        return running.value();
    }

    /** Goes on with a chain that a checksum record began. */
    void startChain(int value) {
        running.start(value);
    }

    /** Behind the last byte that is not zero, but not before the end of the last record. */
    long contentEnd() throws IOException {
        long contentEnd = next;
        for (long position = next; position < size; ) {
            int length = (int) Math.min(WINDOW_BYTES, size - position);
            load(position, length);
            int from = (int) (position - windowStart);
            int at = from + length;
            if (!Arrays.equals(window, from, at, ZEROS, 0, length)) {
                while (window[at - 1] == 0) {
                    at--;
                }
                contentEnd = windowStart + at;
            }
            position += length;
        }
        return contentEnd;
    }

    /**
     * Searches, at every eighth byte from {@code from} on, for a record followed by one whose checksum continues its
     * own. Each proves the other: nothing else makes 32 bits agree.
     *
     * @return where the first of the two stands, or -1
     */
    long findProvenRecord(long from, long to) throws IOException {
        long position = from;
        while (to - position > HEAD_BYTES) {
            load(position, HEAD_BYTES);
            // What looks like the head of a record is rare, so that this loop is all that the search costs.
            int first = (int) (position - windowStart);
            int last = (int) Math.min(windowLength, to - windowStart) - HEAD_BYTES;
            int at = first;
            while (at <= last && !isHead(at)) {
                at += ALIGNMENT;
            }
            position += at - first;
            if (at <= last) {
                if (provesTheNext(position, to)) {
                    return position;
                }
                position += ALIGNMENT;
            }
        }
        return -1;
    }

    /** Goes on behind the first of two records that prove each other, with the second. */
    void goBehindProven(long position) throws IOException {
        Check.that(parse(position), "no record at offset %d", position);
        next = end;
        running.start(checksum);
    }

    /** Tells whether the window holds, at {@code at}, the head of a record as it is written today. */
    private boolean isHead(int at) {
        return window[at + LENGTH_BYTES] == TYPE_TAG
                && window[at + LENGTH_BYTES + 2] == CHECKSUM_TAG
                && RecordType.of(window[at + LENGTH_BYTES + 1]) != null
                && isLength((long) LONGS.get(window, at), true);
    }

    private boolean provesTheNext(long position, long to) throws IOException {
        long length = littleEndian(position);
        long bytes = length & LENGTH_MASK;
        long second = position + LENGTH_BYTES + bytes + (-bytes & PADDING_MASK);
        if (bytes > to - position || to - second <= HEAD_BYTES) {
            return false;
        }
        load(second, HEAD_BYTES);
        if (!isHead((int) (second - windowStart)) || !parse(position)) {
            return false;
        }
        RunningChecksum chain = new RunningChecksum();
        chain.start(checksum);
        if (!parse(second)) {
            return false;
        }
        if (dataLength > 0) {
            chain.update(window, dataAt, dataLength);
        }
        return chain.value() == checksum;
    }

    /**
     * Tells whether a length is one that anybody writes: with the padding that fills the record up to eight bytes or, as
     * very old versions did, without any.
     */
    private static boolean isLength(long length, boolean padded) {
        long bytes = length & LENGTH_MASK;
        long top = length >>> PADDING_SHIFT;
        long padding = -bytes & PADDING_MASK;
        return bytes >= SMALLEST_RECORD && (top == (padding == 0 ? 0 : 0x80 | padding) || (top == 0 && !padded));
    }

    /** Takes apart what stands at {@code position}, without its checksum. False, with the damage, if it is no record. */
    private boolean parse(long position) throws IOException {
        load(position, LENGTH_BYTES);
        return parse(position, littleEndian(position));
    }

    private boolean parse(long position, long length) throws IOException {
        long bytes = length & LENGTH_MASK;
        int padding = length < 0 ? (int) (length >>> PADDING_SHIFT) & PADDING_MASK : 0;
        if (bytes > size - position - LENGTH_BYTES - padding) {
            damage = "a record of " + bytes + " bytes does not fit the " + (size - position - LENGTH_BYTES) + " left";
            return false;
        }
        if (bytes > Integer.MAX_VALUE - LENGTH_BYTES - PADDING_MASK) {
            damage = "a record of " + bytes + " bytes is longer than any that can be written";
            return false;
        }
        if (!isLength(length, false)) {
            damage = "a length of " + Long.toHexString(length) + ", which nobody writes";
            return false;
        }
        load(position, LENGTH_BYTES + (int) bytes + padding);
        offset = position;
        end = position + LENGTH_BYTES + bytes + padding;
        int start = (int) (position - windowStart) + LENGTH_BYTES;
        return parseFields(new Cursor(start, start + (int) bytes));
    }

    private boolean parseFields(Cursor cursor) {
        type = 0;
        checksum = 0;
        dataLength = -1;
        int start = cursor.at;
        if (window[start] == TYPE_TAG && window[start + 1] >= 0 && window[start + 2] == CHECKSUM_TAG) {
            // So begins what is written today, and a record has at least these three bytes.
            type = window[start + 1];
            cursor.at += 3;
            checksum = (int) cursor.varint();
        }
        while (cursor.valid && cursor.at < cursor.limit) {
            long tag = cursor.varint();
            int number = (int) (tag >>> 3);
            int wireType = (int) tag & 7;
            if (number == TYPE_FIELD && wireType == 0) {
                type = cursor.varint();
            } else if (number == CHECKSUM_FIELD && wireType == 0) {
                checksum = (int) cursor.varint();
            } else if (number == DATA_FIELD && wireType == 2) {
                dataLength = cursor.length();
                dataAt = cursor.at;
                cursor.skip(dataLength);
            } else if (number <= DATA_FIELD) {
                cursor.valid = false;
            } else {
                cursor.skipField(wireType);
            }
        }
        if (!cursor.valid) {
            damage = "a record that is not protobuf";
        }
        return cursor.valid;
    }

    /** The fields of a record in the window. What does not fit makes it invalid, and the values mean nothing then. */
    private final class Cursor {
        private final int limit;
        private int at;
        private boolean valid = true;

        Cursor(int at, int limit) {
            this.at = at;
            this.limit = limit;
        }

        long varint() {
            long value = 0;
            for (int shift = 0; shift < Long.SIZE && at < limit; shift += 7) {
                byte bits = window[at++];
                value |= (long) (bits & 0x7f) << shift;
                if (bits >= 0) {
                    return value;
                }
            }
            valid = false;
            return 0;
        }

        int length() {
            long length = varint();
            if (length < 0 || length > limit - at) {
                valid = false;
                return 0;
            }
            return (int) length;
        }

        void skip(int count) {
            if (count > limit - at) {
                valid = false;
            } else {
                at += count;
            }
        }

        void skipField(int wireType) {
            switch (wireType) {
                case 0 -> varint();
                case 1 -> skip(Long.BYTES);
                case 2 -> skip(length());
                case 5 -> skip(Integer.BYTES);
                default -> valid = false;
            }
        }
    }

    private long littleEndian(long position) {
        return (long) LONGS.get(window, (int) (position - windowStart));
    }

    /** Brings bytes of the file into the window, which grows to hold them. */
    private void load(long position, int length) throws IOException {
        // Small enough to be compiled into its callers, as what follows is not.
        if (position < windowStart || position + length > windowStart + windowLength) {
            fill(position, length);
        }
    }

    private void fill(long position, int length) throws IOException {
        // What is there already of a record that ends behind the window is not read again.
        int kept = position < windowStart ? 0 : (int) Math.max(windowStart + windowLength - position, 0);
        byte[] larger = length > window.length ? new byte[length] : window;
        System.arraycopy(window, kept == 0 ? 0 : (int) (position - windowStart), larger, 0, kept);
        window = larger;
        windowStart = position;
        windowLength = kept;
        int wanted = (int) Math.min(window.length, size - position);
        windowLength += file.read(ByteBuffer.wrap(window, kept, wanted - kept), position + kept);
        if (windowLength < length) {
            throw new IOException("the file ended at byte " + (position + windowLength) + " while it was being read");
        }
    }

    private static String hex(int value) {
        return String.format(Locale.ROOT, "%08x", value);
    }
}
