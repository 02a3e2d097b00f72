package dev.coracle.wal;

import dev.coracle.codec.CodecException;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where the entries of the log stand in the segments: a place every {@link #SPACING_BYTES} or so, not one for each. What
 * lies between is found by reading on from a place.
 *
 * <p>Entries may have been replaced by later ones. Only places of entries that are still in the log are kept, and they
 * ascend in the files as in the log:
 *
 * <pre>
 *   file    1 2 3 4 5 6 7 | 5 6 7 8 9      6 and 7 of the first row are not in the log any more
 *   places  1     4       | 5       9      the place of 7 was dropped when 5 was written again
 * </pre>
 *
 * So what is read from one place up to the next is the log up to the next place's entry, once a later record has
 * replaced earlier ones of its index and above.
 *
 * <p>One thread writes the log and this index; any may read.
 */
final class EntryIndex {
    /** How far a reader may have to go to find an entry, not counting entries that are longer. */
    static final int SPACING_BYTES = 64 << 10;

    private static final int FIRST_CAPACITY = 16;

    /**
     * What a reader sees. Slots below {@code count} of the arrays are never written again while it may be in use, and
     * {@code end} is where the records end that were handed to the last segment's file.
     */
    private record View(Places places, int count, @Nullable Segment last, long end) {
        /** How far a segment may be read: to its last record if it is full, not at all if it was just begun. */
        long readableEnd(Segment segment) {
            if (last == null || segment.name().sequence() < last.name().sequence()) {
                return Long.MAX_VALUE;
            }
            return same(segment, last) ? end : 0;
        }
    }

    /** The places' entries, where they stand, and the checksum of all data before them. */
    private static final class Places {
        private final long[] indexes;
        private final Segment[] segments;
        private final long[] offsets;
        private final int[] checksums;

        /** How many bytes of segments lie before each place, counted from some point. */
        private final long[] positions;

        Places(int capacity) {
            indexes = new long[capacity];
            segments = new Segment[capacity];
            offsets = new long[capacity];
            checksums = new int[capacity];
            positions = new long[capacity];
        }

        /** A copy of the places from one to before another. */
        Places copy(int from, int to, int capacity) {
            Places copy = new Places(capacity);
            int length = to - from;
            System.arraycopy(indexes, from, copy.indexes, 0, length);
            System.arraycopy(segments, from, copy.segments, 0, length);
            System.arraycopy(offsets, from, copy.offsets, 0, length);
            System.arraycopy(checksums, from, copy.checksums, 0, length);
            System.arraycopy(positions, from, copy.positions, 0, length);
            return copy;
        }
    }

    private volatile View view = new View(new Places(FIRST_CAPACITY), 0, null, 0);

    // The writer's own: where the newest entry stands, and the newest place, which is in the same segment.
    private @Nullable Segment segment;
    private long segmentPosition;
    private long lastOffset;
    private long placeIndex;
    private long placeOffset;

    /**
     * Notes an entry that is about to be written, or was read in the order of the files.
     *
     * @param checksum that of all data before it
     */
    @SuppressWarnings("ReferenceEquality") // A shortcut: another object for the same segment takes the long way.
    void add(long index, Segment where, long offset, int checksum) {
        if (where == segment && index > placeIndex && offset - placeOffset < SPACING_BYTES) {
            lastOffset = offset;
        } else {
            addPlace(index, where, offset, checksum);
        }
    }

    private void addPlace(long index, Segment where, long offset, int checksum) {
        if (segment == null || !same(segment, where)) {
            segmentPosition += lastOffset;
        }
        segment = where;
        lastOffset = offset;
        placeIndex = index;
        placeOffset = offset;
        View now = view;
        int kept = now.count;
        while (kept > 0 && now.places.indexes[kept - 1] >= index) {
            kept--;
        }
        // What was dropped may be in use: it is not written over.
        Places places = now.places;
        if (kept < now.count || kept == places.indexes.length) {
            places = places.copy(0, kept, Math.max(FIRST_CAPACITY, 2 * kept));
        }
        places.indexes[kept] = index;
        places.segments[kept] = where;
        places.offsets[kept] = offset;
        places.checksums[kept] = checksum;
        places.positions[kept] = segmentPosition + offset;
        view = new View(places, kept + 1, now.last, now.end);
    }

    /** Everything up to {@code end} of the last segment can be read now. */
    void flushed(Segment last, long end) {
        View now = view;
        view = new View(now.places, now.count, last, end);
    }

    /** Forgets what stands in segments before one: they are about to be deleted. */
    void removeBefore(Segment first) {
        View now = view;
        int from = 0;
        while (from < now.count
                && now.places.segments[from].name().sequence() < first.name().sequence()) {
            from++;
        }
        if (from > 0) {
            int left = now.count - from;
            Places places = now.places.copy(from, now.count, Math.max(FIRST_CAPACITY, 2 * left));
            view = new View(places, left, now.last, now.end);
        }
    }

    /** Tells whether a segment with an entry is, or may be, still there. */
    boolean reaches(long index) {
        View now = view;
        return now.count > 0 && now.places.indexes[0] <= index;
    }

    /**
     * The lowest index, not below {@code low}, from which on the entries up to {@code high} take about {@code bytes};
     * {@code high} if there is none.
     */
    long lowestWithin(long low, long high, long bytes) {
        View now = view;
        if (now.count == 0) {
            return high;
        }
        int from = Math.max(floor(now, high), 0);
        long limit = now.places.positions[from] - bytes;
        while (from > 0 && now.places.positions[from - 1] >= limit) {
            from--;
        }
        return Math.min(high, Math.max(low, now.places.indexes[from]));
    }

    private static boolean same(Segment one, Segment other) {
        return one.name().sequence() == other.name().sequence();
    }

    /** The place at or before an entry, or -1. */
    private static int floor(View now, long index) {
        int found = Arrays.binarySearch(now.places.indexes, 0, now.count, index);
        return found >= 0 ? found : -found - 2;
    }

    /**
     * Reads entries of [low, high), as many as fit into {@code maxSize} bytes but at least one; none if they are not
     * there any more.
     */
    List<Entry> read(long low, long high, long maxSize) throws IOException, StorageException {
        View now = view;
        int place = floor(now, low);
        Collector collector = new Collector(low, high, maxSize);
        SegmentReader reader = null;
        while (place >= 0 && place < now.count && !collector.isFull()) {
            Segment here = now.places.segments[place];
            boolean isLast = place + 1 == now.count;
            boolean goesOnHere = !isLast && same(now.places.segments[place + 1], here);
            if (reader == null) {
                reader = new SegmentReader(here.file(), now.places.offsets[place], now.places.checksums[place]);
            }
            // A place is noted before its entry is written: the next one may be where no record is yet.
            long end = now.readableEnd(here);
            if (goesOnHere) {
                end = Math.min(end, now.places.offsets[place + 1]);
            }
            readUpTo(here, reader, end, collector);
            collector.take(isLast ? Long.MAX_VALUE : now.places.indexes[place + 1]);
            reader = goesOnHere ? reader : null;
            place++;
        }
        return collector.found;
    }

    private static void readUpTo(Segment here, SegmentReader reader, long end, Collector collector)
            throws IOException, StorageException {
        while (reader.end() < end) {
            SegmentReader.Outcome outcome = reader.next();
            if (outcome == SegmentReader.Outcome.END && end == Long.MAX_VALUE) {
                return;
            }
            if (outcome != SegmentReader.Outcome.RECORD) {
                throw Damage.corrupt(here.path(), reader.end(), "a record that was written", reader.damage());
            }
            if (reader.type() == RecordType.ENTRY.number() && reader.hasData()) {
                try {
                    collector.add(reader);
                } catch (CodecException e) {
                    throw Damage.corrupt(here.path(), reader.offset(), "an entry", String.valueOf(e.getMessage()));
                }
            }
        }
    }

    /** Puts entries together as they are read. */
    private static final class Collector {
        private final long high;
        private final long maxSize;
        private final List<Entry> found = new ArrayList<>();

        /** What was read since the last place, later entries in the place of earlier ones. */
        private final List<Entry> current = new ArrayList<>();

        private long next;
        private long size;
        private boolean full;

        Collector(long low, long high, long maxSize) {
            this.next = low;
            this.high = high;
            this.maxSize = maxSize;
        }

        boolean isFull() {
            return full || next >= high;
        }

        /** Takes the entry in the record at hand, whose data is copied only if it is wanted. */
        void add(SegmentReader reader) throws CodecException {
            long index = reader.entryHead().index();
            while (!current.isEmpty() && current.get(current.size() - 1).index() >= index) {
                current.remove(current.size() - 1);
            }
            if (index >= next && index < high) {
                current.add(reader.entry());
            }
        }

        /** Takes what is wanted of the entries before {@code border}: what is there of them is the log now. */
        void take(long border) {
            for (Entry entry : current) {
                if (isFull() || entry.index() >= border) {
                    break;
                }
                if (entry.index() == next) {
                    if (!found.isEmpty() && size + entry.encodedSize() > maxSize) {
                        full = true;
                        break;
                    }
                    found.add(entry);
                    size += entry.encodedSize();
                    next++;
                }
            }
            current.clear();
        }
    }
}
