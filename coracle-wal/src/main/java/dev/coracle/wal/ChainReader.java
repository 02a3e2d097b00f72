package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Reads the records of a whole log, and refuses what cannot be one: a segment missing in the middle, a wrong head, a
 * checksum that does not continue, metadata that differ, an unknown type.
 *
 * <p>Segments but the last were synced before the next was begun, and so was every batch before the one behind it.
 * Hence damage is a torn tail only in the last segment, only behind the last known sync, and only if nothing that is
 * sound lies further behind it than one batch reaches; all other damage is corruption. The format alone cannot tell the
 * two apart, and etcd's own reader takes a flipped bit in a length for the end of the log.
 *
 * <p>Batches are limited in what this project writes. Where the mark of the last sync says that somebody else wrote last,
 * or there is none, sound records behind the damage mean nothing by themselves; but what they say is committed was
 * durable before ({@link #provenIndex}).
 */
final class ChainReader {
    /** A checksum record and a metadata record. */
    private static final int HEAD_RECORDS = 2;

    /** Whether the mark of the last sync speaks of this log. */
    private enum MarkFound {
        /** The place that it names was not reached. */
        NOT_YET,
        /** The log has the mark's checksum there. */
        YES,
        /** It has no record that ends there, or another checksum. */
        NO
    }

    private final List<Segment> segments;
    private final int maxBatchBytes;
    private final @Nullable SyncedMark mark;

    /** Where the mark's segment is among the segments; their number if it would follow, -1 if it is none of them. */
    private final int markedSegment;

    private MarkFound markFound = MarkFound.NOT_YET;

    private int opened;

    /** The segment of the record at hand; at the end, the last one. */
    private Segment segment;

    private @Nullable SegmentReader reader;
    private @Nullable RecordType type;
    private int recordsInSegment;
    private @Nullable Bytes metadata;
    private @Nullable TornTail tornTail;
    private long provenIndex;

    /** Reads these segments, ordered by sequence, at least one; {@code mark} is the last one that was written, or null. */
    ChainReader(List<Segment> segments, int maxBatchBytes, @Nullable SyncedMark mark) {
        this.segments = segments;
        this.segment = segments.get(0);
        this.maxBatchBytes = maxBatchBytes;
        this.mark = mark;
        this.markedSegment = mark == null ? -1 : find(mark.segment(), segments);
    }

    private static int find(SegmentName name, List<Segment> segments) {
        for (int i = 0; i < segments.size(); i++) {
            if (segments.get(i).name().equals(name)) {
                return i;
            }
        }
        long last = segments.get(segments.size() - 1).name().sequence();
        return Long.compareUnsigned(name.sequence(), last) > 0 ? segments.size() : -1;
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
                    seekMark();
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
                    throw Damage.corrupt(segment.path(), end(), "a record or the end", reader().damage());
                }
                openNext(checksum());
            }
        } catch (IOException e) {
            throw Damage.failed("read", segment.path(), e);
        }
    }

    Segment segment() {
        return segment;
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

    /** A copy of the data of the record at hand, which must have some. */
    byte[] requireData() throws StorageException {
        requireHasData();
        return Objects.requireNonNull(reader().data()).array();
    }

    /** What the record at hand says of its entry; until the next one is asked for. */
    EntryHead entryHead() throws StorageException, CodecException {
        requireHasData();
        return reader().entryHead();
    }

    /** The entry in the record at hand. */
    Entry entry() throws StorageException, CodecException {
        requireHasData();
        return reader().entry();
    }

    private void requireHasData() throws StorageException {
        if (!reader().hasData()) {
            throw corrupt("a record of type " + type() + " with data", "one without");
        }
    }

    WalRecord record() {
        return new WalRecord(segment.path(), offset(), type(), reader().checksum(), data());
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

    /** The checksum of all data that was read. */
    int checksum() {
        return reader == null ? 0 : reader.running();
    }

    /** What stands behind the last record, once all are read, or null if that is nothing. */
    @Nullable
    TornTail tornTail() {
        return tornTail;
    }

    /**
     * The mark of the last sync, once all records are read, if it speaks of this log and nobody else has written behind
     * it, as far as can be told; otherwise null.
     */
    @Nullable
    SyncedMark ownMark() {
        return mark != null && markFound == MarkFound.YES && !(mark.closed() && goesOnBehind(mark)) ? mark : null;
    }

    /**
     * The highest index that sound records behind a torn tail, further on than one batch reaches, know as committed: it
     * was durable before the tail was written. 0 if there are none.
     */
    long provenIndex() {
        return provenIndex;
    }

    /** The exception for the record at hand. */
    StorageException corrupt(String expected, String found) {
        return Damage.corrupt(segment.path(), offset(), expected, found);
    }

    private SegmentReader reader() {
        return Objects.requireNonNull(reader, "read nothing yet");
    }

    private void openNext(int checksum) throws IOException, StorageException {
        Segment next = segments.get(opened);
        long sequence = next.name().sequence();
        if (opened > 0 && sequence != segment.name().sequence() + 1) {
            throw Damage.corrupt(
                    next.path(),
                    0,
                    "sequence " + (segment.name().sequence() + 1) + ", which follows " + segment.path(),
                    "sequence " + sequence + ": a segment is missing");
        }
        segment = next;
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
        boolean known = opened > 1 || segment.name().sequence() == 0;
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
                segment.path(), end(), "the head of a segment: a checksum record, then a metadata record", found);
    }

    /** Looks whether the record at hand ends where the mark is. */
    private void seekMark() {
        if (mark != null && markFound == MarkFound.NOT_YET && opened - 1 == markedSegment && end() >= mark.offset()) {
            boolean same = end() == mark.offset() && checksum() == mark.checksum();
            markFound = same ? MarkFound.YES : MarkFound.NO;
        }
    }

    private boolean goesOnBehind(SyncedMark closed) {
        return opened - 1 != markedSegment || end() != closed.offset() || tornTail != null;
    }

    /** What was synced must be there: the log must reach the mark, unless that is of another log. */
    private void requireMark() throws StorageException {
        if (mark == null || markFound != MarkFound.NOT_YET || markedSegment < 0) {
            return;
        }
        Path path = segment.path();
        throw Damage.corrupt(
                path,
                end(),
                "what was synced up to index " + mark.index() + " and offset " + mark.offset() + " of "
                        + mark.segment().fileName() + ", as "
                        + SyncedFile.pathOf(SegmentDirectory.parentOf(path)).getFileName()
                        + " beside the log says (delete that file if another log was put here on purpose)",
                reader().damage());
    }

    private void inspectTail(SegmentReader.Outcome outcome) throws IOException, StorageException {
        long end = end();
        String damage = reader().damage();
        requireMark();
        long contentEnd = reader().contentEnd();
        if (contentEnd == end && outcome == SegmentReader.Outcome.END) {
            return;
        }
        tornTail = new TornTail(segment.path(), end, contentEnd - end, damage);
        long proven = reader().findProvenRecord(end + (maxBatchBytes + 7L & ~7L), contentEnd);
        if (ownMark() == null) {
            provenIndex = provenIndex(segment, proven, contentEnd);
        } else if (proven >= 0) {
            throw Damage.corrupt(
                    segment.path(),
                    end,
                    "a record, as sound ones follow at offset " + proven + ", further on than the " + maxBatchBytes
                            + " bytes of one batch",
                    damage);
        }
    }

    /** The highest index that proven records from {@code from} on know as committed. */
    private static long provenIndex(Segment segment, long from, long to) throws IOException {
        long highest = 0;
        SegmentReader behind = new SegmentReader(segment.file(), 0);
        for (long proven = from; proven >= 0; proven = behind.findProvenRecord(behind.end() + 8, to)) {
            behind.goBehindProven(proven);
            while (behind.next() == SegmentReader.Outcome.RECORD) {
                highest = Math.max(highest, committedBy(behind.type(), behind.data()));
            }
        }
        return highest;
    }

    private static long committedBy(long type, @Nullable Bytes data) {
        try {
            if (data != null && type == RecordType.STATE.number()) {
                return StateRecordCodec.INSTANCE.decode(data.array()).commit();
            } else if (data != null && type == RecordType.SNAPSHOT.number()) {
                return SnapshotRecordCodec.INSTANCE.decode(data.array()).index();
            }
        } catch (CodecException e) {
            // Then it proves nothing.
        }
        return 0;
    }

    static String text(@Nullable Bytes bytes) {
        return bytes == null ? "none" : HexFormat.of().formatHex(bytes.array());
    }
}
