package dev.coracle.wal;

import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import java.io.IOException;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a whole log, and refuses what cannot be one: a segment missing in the middle, a wrong head, a
 * checksum that does not continue, metadata that differ, an unknown type.
 *
 * <p>Segments but the last were synced before the next was begun, and so was every batch before the one behind it.
 * Hence damage is a torn tail only in the last segment and only if nothing that is sound lies further behind it than
 * one batch reaches; all other damage is corruption. The format alone cannot tell the two apart, and etcd's own reader
 * takes a flipped bit in a length for the end of the log.
 */
final class ChainReader {
    /** A checksum record and a metadata record. */
    private static final int HEAD_RECORDS = 2;

    private final List<Segment> segments;
    private final int maxBatchBytes;

    private int opened;
    private @Nullable SegmentReader reader;
    private @Nullable RecordType type;
    private int recordsInSegment;
    private @Nullable Bytes metadata;
    private @Nullable TornTail tornTail;

    /** Reads these segments, ordered by sequence, at least one. */
    ChainReader(List<Segment> segments, int maxBatchBytes) {
        this.segments = segments;
        this.maxBatchBytes = maxBatchBytes;
    }

    /** Goes to the next record; false at the end of the log. */
    boolean next() throws StorageException {
        try {
            if (opened == 0) {
                openNext(0);
            }
            while (true) {
                SegmentReader.Outcome outcome = reader().next();
                if (outcome == SegmentReader.Outcome.RECORD) {
                    onRecord();
                    return true;
                }
                if (recordsInSegment < HEAD_RECORDS) {
                    throw badHead(reader().damage());
                }
                if (opened == segments.size()) {
                    inspectTail(outcome);
                    return false;
                }
                if (outcome == SegmentReader.Outcome.DAMAGE) {
                    throw Damage.corrupt(segment().path(), end(), "a record or the end", reader().damage());
                }
                openNext(checksum());
            }
        } catch (IOException e) {
            throw Damage.failed("read", segment().path(), e);
        }
    }

    /** The segment of the record at hand; at the end, the last one. */
    Segment segment() {
        return segments.get(Math.max(opened - 1, 0));
    }

    RecordType type() {
        return Objects.requireNonNull(type, "read nothing yet");
    }

    long offset() {
        return reader().offset();
    }

    /** A copy of the data of the record at hand. */
    @Nullable
    Bytes data() {
        return reader().data();
    }

    WalRecord record() {
        return new WalRecord(segment().path(), offset(), type(), reader().checksum(), data());
    }

    /** The metadata at the head of every segment. */
    @Nullable
    Bytes metadata() {
        return metadata;
    }

    /** Where the last record ends, once all are read. */
    long end() {
        return reader().end();
    }

    /** The checksum of all data, once all are read. */
    int checksum() {
        return reader().running();
    }

    /** What stands behind the last record, once all are read, or null if that is nothing. */
    @Nullable
    TornTail tornTail() {
        return tornTail;
    }

    /** The exception for the record at hand. */
    StorageException corrupt(String expected, String found) {
        return Damage.corrupt(segment().path(), offset(), expected, found);
    }

    private SegmentReader reader() {
        return Objects.requireNonNull(reader, "read nothing yet");
    }

    private void openNext(int checksum) throws IOException, StorageException {
        Segment segment = segments.get(opened);
        long sequence = segment.name().sequence();
        if (opened > 0 && sequence != segment().name().sequence() + 1) {
            throw Damage.corrupt(
                    segment.path(),
                    0,
                    "sequence " + (segment().name().sequence() + 1) + ", which follows "
                            + segment().path(),
                    "sequence " + sequence + ": a segment is missing");
        }
        reader = new SegmentReader(segment.file(), checksum);
        recordsInSegment = 0;
        opened++;
    }

    private void onRecord() throws StorageException {
        RecordType known = RecordType.of(reader().type());
        if (known == null) {
            throw corrupt("a record of type 1 to " + RecordType.values().length, "type " + reader().type());
        }
        type = known;
        recordsInSegment++;
        if (known != RecordType.CHECKSUM && recordsInSegment == 1) {
            throw badHead("a record of type " + known);
        }
        if (known != RecordType.METADATA && recordsInSegment == HEAD_RECORDS) {
            throw badHead("a second record of type " + known);
        }
        if (known == RecordType.CHECKSUM) {
            onChecksum();
        } else if (known == RecordType.METADATA) {
            onMetadata();
        }
    }

    private void onChecksum() throws StorageException {
        if (recordsInSegment > 1) {
            throw corrupt("a checksum record only at the head of a segment", "one behind it");
        }
        int checksum = reader().checksum();
        // The segments before the first one that is left are gone, and with them the means to check its head.
        boolean known = opened > 1 || segment().name().sequence() == 0;
        if (known && checksum != reader().running()) {
            throw corrupt(
                    "checksum " + Integer.toHexString(reader().running()) + " of the segments before",
                    Integer.toHexString(checksum));
        }
        reader().startChain(checksum);
    }

    private void onMetadata() throws StorageException {
        if (recordsInSegment > HEAD_RECORDS) {
            throw corrupt("metadata only at the head of a segment", "some behind it");
        }
        Bytes found = reader().data();
        if (opened == 1) {
            metadata = found;
        } else if (!Objects.equals(metadata, found)) {
            throw corrupt("the metadata of the segments before, " + text(metadata), text(found));
        }
    }

    /** A segment gets its name after its head was synced, so that a crash cannot leave one without. */
    private StorageException badHead(String found) {
        return Damage.corrupt(
                segment().path(), end(), "the head of a segment: a checksum record, then a metadata record", found);
    }

    private void inspectTail(SegmentReader.Outcome outcome) throws IOException, StorageException {
        long end = end();
        String damage = reader().damage();
        long contentEnd = reader().contentEnd();
        if (contentEnd == end && outcome == SegmentReader.Outcome.END) {
            return;
        }
        long proven = reader().findProvenRecord(end + (maxBatchBytes + 7L & ~7L), contentEnd);
        if (proven >= 0) {
            throw Damage.corrupt(
                    segment().path(),
                    end,
                    "a record, as sound ones follow at offset " + proven + ", further on than the " + maxBatchBytes
                            + " bytes of one batch",
                    damage);
        }
        tornTail = new TornTail(segment().path(), end, contentEnd - end, damage);
    }

    static String text(@Nullable Bytes bytes) {
        return bytes == null ? "none" : HexFormat.of().formatHex(bytes.array());
    }
}
