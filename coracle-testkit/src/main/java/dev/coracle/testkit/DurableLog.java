package dev.coracle.testkit;

import dev.coracle.sim.SimDisk;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The log of a member as its disk would show it after a power cut at this moment that takes whatever it may. It is read
 * with code of its own, so that a mistake in the member's is not made twice: frames of a length and a record, records of
 * a type, a checksum and data, as etcd writes them.
 */
final class DurableLog {
    /** Hears of each entry that has become durable. */
    interface Listener {
        void onEntry(long index, long term, long previousTerm, long hash);

        /** A segment does not say which term and vote hold: nobody would know when those before it are gone. */
        default void onSegmentWithoutState(String segment) {}
    }

    private static final int LENGTH_BYTES = 8;
    private static final long LENGTH_MASK = (1L << 56) - 1;
    private static final int ENTRY = 2;

    /** A checksum, the metadata and the hard state. */
    private static final int HEAD_RECORDS = 3;

    private static final int STATE = 3;
    private static final int SNAPSHOT = 5;
    private static final int CHUNK_BYTES = 2_048;
    private static final String SUFFIX = ".wal";
    private static final int MARK_SECTOR_BYTES = 512;
    private static final int MARK_GENERATION = 8;

    private final SimDisk disk;
    private final Path directory;
    private final Listener listener;
    private final CRC32C checksum = new CRC32C();

    /** Behind a crash the end of the log may be torn, until a member has put it in order. */
    private final int crashes;

    private long seenChanges = -1;
    private String segment = "";
    private int offset;
    private int recordsInSegment;

    /** By their index; of the last index whose entry is not there, no more than its term. */
    private long[] terms = new long[256];

    private long baseIndex = -1;
    private long lastIndex = -1;
    private long term;
    private long vote;
    private long commit;
    private long snapshotIndex;

    DurableLog(SimDisk disk, Path directory, Listener listener) {
        this.disk = disk;
        this.crashes = disk.crashes();
        this.directory = directory;
        this.listener = listener;
    }

    SimDisk disk() {
        return disk;
    }

    /** The index behind which entries are there, 0 for all. */
    long baseIndex() {
        return Math.max(0, baseIndex);
    }

    long lastIndex() {
        return Math.max(0, lastIndex);
    }

    /** The term of an entry, 0 if it is not there. */
    long term(long index) {
        return index > baseIndex && index <= lastIndex ? terms[(int) index] : 0;
    }

    long currentTerm() {
        return term;
    }

    long vote() {
        return vote;
    }

    long commit() {
        return commit;
    }

    long snapshotIndex() {
        return snapshotIndex;
    }

    /** Tells whether an entry is there, or a snapshot in its place. */
    boolean holds(long index, long ofTerm) {
        return index <= baseIndex || term(index) == ofTerm;
    }

    /** The segment in which the log ends; empty if there is none. */
    String lastSegment() {
        return segment;
    }

    /** Where the log ends in it. */
    int end() {
        return offset;
    }

    /**
     * Tells whether the file beside the log says that the log was closed where it ends. A member that could not write it
     * cannot tell damage at the end of its log from what a crash leaves, and does not claim to.
     */
    boolean isMarkedAsClosed() {
        byte[] marks = disk.durableBytes(
                directory.resolveSibling(directory.getFileName() + ".synced"), 0, 2 * MARK_SECTOR_BYTES);
        if (marks == null || marks.length < 2 * MARK_SECTOR_BYTES) {
            return false;
        }
        ByteBuffer in = ByteBuffer.wrap(marks).order(ByteOrder.LITTLE_ENDIAN);
        int newest =
                in.getLong(MARK_GENERATION) > in.getLong(MARK_SECTOR_BYTES + MARK_GENERATION) ? 0 : MARK_SECTOR_BYTES;
        String name = String.format(Locale.ROOT, "%016x-%016x.wal", in.getLong(newest + 16), in.getLong(newest + 24));
        return name.equals(segment) && in.getLong(newest + 32) == offset && in.getInt(newest + 60) == 1;
    }

    /** Reads what has become durable since the last time; nothing any more once the processes of the disk have ended. */
    void refresh() {
        if (disk.durableChanges() == seenChanges || disk.crashes() != crashes) {
            return;
        }
        seenChanges = disk.durableChanges();
        List<String> names = disk.durableNames(directory);
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            if (!name.endsWith(SUFFIX) || name.compareTo(segment) < 0) {
                continue;
            }
            if (!name.equals(segment)) {
                segment = name;
                offset = 0;
                recordsInSegment = 0;
            }
            readSegment();
        }
    }

    private void readSegment() {
        int chunk = CHUNK_BYTES;
        while (true) {
            byte[] bytes = disk.durableBytes(directory.resolve(segment), offset, chunk);
            if (bytes == null) {
                return;
            }
            ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
            long needed = LENGTH_BYTES;
            while (in.remaining() >= LENGTH_BYTES) {
                long length = in.getLong(in.position());
                long size = length & LENGTH_MASK;
                long padding = length < 0 ? length >>> 56 & 7 : 0;
                needed = LENGTH_BYTES + size + padding;
                if (length == 0 || needed > in.remaining()) {
                    break;
                }
                int start = in.position() + LENGTH_BYTES;
                readRecord(new Fields(bytes, start, start + (int) size));
                in.position(start + (int) (size + padding));
                needed = LENGTH_BYTES;
            }
            offset += in.position();
            if (in.remaining() >= needed || bytes.length < chunk || needed > Integer.MAX_VALUE) {
                return;
            }
            chunk = Math.max(CHUNK_BYTES, (int) needed);
        }
    }

    private void readRecord(Fields record) {
        long type = 0;
        @Nullable Fields data = null;
        while (record.next()) {
            if (record.number == 1) {
                type = record.value;
            } else if (record.number == 3) {
                data = record.message();
            }
        }
        recordsInSegment++;
        if (recordsInSegment == HEAD_RECORDS && type != STATE && term > 0) {
            listener.onSegmentWithoutState(segment);
        }
        if (data == null) {
            return;
        }
        if (type == ENTRY) {
            readEntry(data);
        } else if (type == STATE) {
            long[] fields = numbers(data, 4);
            term = fields[1];
            vote = fields[2];
            commit = fields[3];
        } else if (type == SNAPSHOT) {
            long[] fields = numbers(data, 3);
            onSnapshot(fields[1], fields[2]);
        }
    }

    private void readEntry(Fields data) {
        checksum.reset();
        checksum.update(data.bytes, data.at, data.end - data.at);
        long[] fields = numbers(data, 4);
        long entryTerm = fields[2];
        long index = fields[3];
        if (lastIndex < 0 || index > lastIndex + 1 || index <= baseIndex) {
            // The oldest segment that is left, or a log that goes on behind a snapshot that is gone.
            baseIndex = index - 1;
            lastIndex = index - 1;
        }
        if (index >= terms.length) {
            terms = Arrays.copyOf(terms, (int) Math.max(index + 1, terms.length * 2L));
        }
        terms[(int) index] = entryTerm;
        lastIndex = index;
        listener.onEntry(index, entryTerm, term(index - 1), checksum.getValue());
    }

    private void onSnapshot(long index, long snapshotTerm) {
        snapshotIndex = Math.max(snapshotIndex, index);
        if (index > lastIndex || (index > baseIndex && terms[(int) index] != snapshotTerm)) {
            baseIndex = index;
            lastIndex = index;
            if (index >= terms.length) {
                terms = Arrays.copyOf(terms, (int) Math.max(index + 1, terms.length * 2L));
            }
        }
    }

    private static long[] numbers(Fields message, int count) {
        long[] numbers = new long[count];
        while (message.next()) {
            if (message.isNumber && message.number < count) {
                numbers[message.number] = message.value;
            }
        }
        return numbers;
    }

    /** The fields of a protobuf message, one after the other. */
    private static final class Fields {
        private final byte[] bytes;
        private int at;
        private final int end;
        private int number;
        private boolean isNumber;
        private long value;
        private int from;

        Fields(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.at = from;
            this.end = end;
        }

        /** Goes to the next field of a number or of bytes; there are no others. */
        boolean next() {
            if (at >= end) {
                return false;
            }
            int tag = (int) varint();
            number = tag >>> 3;
            isNumber = (tag & 7) == 0;
            value = varint();
            if (!isNumber) {
                from = at;
                at += (int) value;
            }
            return true;
        }

        Fields message() {
            return new Fields(bytes, from, at);
        }

        private long varint() {
            long result = 0;
            for (int shift = 0; shift < 64; shift += 7) {
                byte next = bytes[at++];
                result |= (long) (next & 0x7f) << shift;
                if (next >= 0) {
                    break;
                }
            }
            return result;
        }
    }
}
