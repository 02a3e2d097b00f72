package dev.coracle.wal;

import java.io.IOException;
import java.util.List;

/** Reads the records of consecutive segments as etcd 3.4.23's decoder does, with all that it lets pass. */
final class DumpDecoder {
    private static final int LENGTH_BYTES = Long.BYTES;
    private static final long LENGTH_MASK = (1L << 56) - 1;
    private static final int PADDING_SHIFT = 56;
    private static final int PADDING_MASK = 7;

    /** etcd 3.4 refuses records of this size, padding included, however they came to be. */
    private static final long MOST_BYTES = 10 << 20;

    /** What a disk is assumed to write whole. */
    private static final int SECTOR_BYTES = 512;

    private final List<DumpBytes> segments;
    private final RunningChecksum running = new RunningChecksum();
    private int current;
    private long position;

    private long type;
    private int checksum;
    private boolean hasData;
    private long dataFrom;
    private long dataTo;

    /** Decodes from the first of the segments on, as if nothing stood before it. */
    DumpDecoder(List<DumpBytes> segments) {
        this.segments = segments;
    }

    /** Goes to the next record; false where etcd finds the end. */
    boolean next() throws IOException, EtcdReaderException {
        long length = nextLength();
        if (length == 0) {
            return false;
        }
        long recordBytes = length & LENGTH_MASK;
        int padding = length < 0 ? (int) (length >>> PADDING_SHIFT) & PADDING_MASK : 0;
        if (recordBytes >= MOST_BYTES - padding) {
            throw EtcdReaderException.error("wal: max entry size limit exceeded");
        }
        long start = position + LENGTH_BYTES;
        long end = start + recordBytes + padding;
        if (end > bytes().size()) {
            throw EtcdReaderException.endsEarly();
        }
        try {
            parse(start, start + recordBytes);
            verify();
        } catch (EtcdReaderException e) {
            if (e.kind() == EtcdReaderException.Kind.ERROR && isTorn(start, end)) {
                throw EtcdReaderException.endsEarly();
            }
            throw e;
        }
        position = end;
        return true;
    }

    /** The number of the record's type. */
    long type() {
        return type;
    }

    /** The checksum in the record. */
    int checksum() {
        return checksum;
    }

    /** Whether the record has data, be they empty. */
    boolean hasData() {
        return hasData;
    }

    /** The bytes of the segment that the record is in. */
    DumpBytes bytes() {
        return segments.get(current);
    }

    long dataFrom() {
        return dataFrom;
    }

    long dataTo() {
        return dataTo;
    }

    /** The checksum of all data so far. */
    int running() {
        return running.value();
    }

    /** Goes on with the chain that a checksum record tells. */
    void startChain(int value) {
        running.start(value);
    }

    /** The length at the next place that has one, in this segment or a later one; 0 if there is none. */
    private long nextLength() throws IOException, EtcdReaderException {
        while (current < segments.size()) {
            long left = bytes().size() - position;
            if (left > 0 && left < LENGTH_BYTES) {
                throw EtcdReaderException.endsEarly();
            }
            long length = left == 0 ? 0 : bytes().littleEndian(position);
            if (length != 0) {
                return length;
            }
            bytes().release();
            current++;
            position = 0;
        }
        return 0;
    }

    private void parse(long from, long to) throws IOException, EtcdReaderException {
        type = 0;
        checksum = 0;
        hasData = false;
        dataFrom = from;
        dataTo = from;
        DumpProtobuf in = new DumpProtobuf(bytes(), "Record", from, to);
        while (in.next()) {
            switch (in.number()) {
                case 1 -> type = in.varint("Type");
                case 2 -> checksum = (int) in.varint("Crc");
                case 3 -> {
                    in.bytes("Data");
                    hasData = true;
                    dataFrom = in.from();
                    dataTo = in.to();
                }
                default -> in.skip();
            }
        }
    }

    private void verify() throws IOException, EtcdReaderException {
        if (type == RecordType.CHECKSUM.number()) {
            return;
        }
        bytes().checksum(dataFrom, dataTo, running);
        if (running.value() != checksum) {
            throw EtcdReaderException.error("walpb: crc mismatch");
        }
    }

    /** In the last segment, a record with a sector that is all zeros was never written as a whole. */
    private boolean isTorn(long from, long to) throws IOException {
        if (current < segments.size() - 1) {
            return false;
        }
        for (long at = from; at < to; ) {
            long sectorEnd = Math.min(to, (at / SECTOR_BYTES + 1) * SECTOR_BYTES);
            if (bytes().isZero(at, sectorEnd)) {
                return true;
            }
            at = sectorEnd;
        }
        return false;
    }
}
