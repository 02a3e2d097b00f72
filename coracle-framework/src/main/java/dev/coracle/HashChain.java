package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A rolling hash of everything that was applied: of each entry with data its index, term and bytes, and of each change of
 * the configuration, chained to what came before. Members that have applied the same have the same hash at the same index;
 * two that have once applied something different never have again, unless one gets the other's snapshot.
 *
 * <p>The applier adds; any thread may ask for the hash at one of the last {@link #REMEMBERED} indexes, or at one that is watched. An index that adds
 * nothing, an empty entry's for example, has the hash of the one before.
 */
final class HashChain {
    /** How far back hashes are known, in indexes; eight bytes each. */
    static final int REMEMBERED = 8_192;

    private static final int ENTRY = 1;
    private static final int CONFIGURATION = 2;

    /**
     * The chain at one index.
     *
     * @param origin where it began: 0 for the first entry of the cluster; another index only if it was restored from a
     *     snapshot that had no hash. Chains of different origins cannot be compared
     * @param index the last index that added something
     * @param hash the hash there
     */
    record Point(long origin, long index, int hash) {
        static final Point BEGIN = new Point(0, 0, 0);

        void write(ByteWriter out) {
            out.int64(origin).int64(index).int32(hash);
        }

        static Point read(ByteReader in) throws MalformedException {
            Point point = new Point(in.int64("origin"), in.int64("index"), in.int32("hash"));
            ByteReader.require(
                    point.origin >= 0 && point.origin <= point.index,
                    "origin",
                    point.origin + " must be from 0 to index " + point.index);
            return point;
        }
    }

    private final CRC32C checksum = new CRC32C();
    private final ByteBuffer head = ByteBuffer.allocate(2 * Long.BYTES + Integer.BYTES + 1);

    /** The hash at an index, in its lower half, with the lower half of the index, in its upper one. */
    private final AtomicLongArray recent = new AtomicLongArray(REMEMBERED);

    /** The end of the chain: the index is published behind the hash. */
    private int hash;

    private volatile long index;

    /** The lowest index at which the hash is known, and where the chain began. */
    private volatile Point first = Point.BEGIN;

    /** Goes up when the chain begins to be replaced by another's, and when it was: odd in between. */
    private final AtomicInteger replacements = new AtomicInteger();

    /** An index ahead whose hash shall be known however soon it is passed, and what was found there. */
    private volatile long watched = Long.MAX_VALUE;

    private volatile @Nullable Point seen;

    /** The end of a chain with another beginning, which is taken over once this one is there. */
    private volatile @Nullable Point successor;

    /** Where the chain began. */
    long origin() {
        return first.origin;
    }

    /** The last index that added something. */
    long index() {
        return index;
    }

    /** Adds an entry. The applier's. */
    void add(long newIndex, long term, byte[] data) {
        add(newIndex, term, ENTRY, data);
    }

    /** Adds a change of the configuration. The applier's. */
    void addConfiguration(long newIndex, byte[] change) {
        add(newIndex, 0, CONFIGURATION, change);
    }

    private void add(long newIndex, long term, int kind, byte[] data) {
        Point taken = successor;
        if (taken != null && newIndex > taken.index) {
            successor = null;
            if (index <= taken.index) {
                restore(taken);
            }
        }
        if (newIndex > watched) {
            look();
        }
        head.clear();
        head.putInt(hash).putLong(newIndex).putLong(term).put((byte) kind);
        checksum.reset();
        checksum.update(head.array());
        checksum.update(data);
        hash = (int) checksum.getValue();
        publish(newIndex);
    }

    /** The chain is about to leave the watched index behind. It may have been told too late. */
    private void look() {
        long wanted = watched;
        if (index <= wanted) {
            seen = new Point(first.origin, wanted, hash);
        }
        watched = Long.MAX_VALUE;
    }

    private void publish(long newIndex) {
        recent.setRelease((int) (newIndex % REMEMBERED), slot(newIndex, hash));
        index = newIndex;
    }

    private static long slot(long index, int hash) {
        return index << 32 | (hash & 0xffff_ffffL);
    }

    /** The end of the chain, for a snapshot. The applier's. */
    Point end() {
        return new Point(first.origin, index, hash);
    }

    /** Goes on from a snapshot's. The applier's. */
    void restore(Point point) {
        replacements.incrementAndGet();
        watched = Long.MAX_VALUE;
        seen = null;
        for (int i = 0; i < REMEMBERED; i++) {
            recent.set(i, 0);
        }
        hash = point.hash;
        publish(point.index);
        first = point;
        replacements.incrementAndGet();
    }

    /** How often it went on from another's: what was known of it before says nothing of it since. */
    int restores() {
        return replacements.get() / 2;
    }

    /** The chain at an index; null if it is not known any more, or not yet. */
    @Nullable
    Point at(long wanted) {
        int replaced = replacements.get();
        Point begin = first;
        long end = index;
        if (replaced % 2 != 0 || wanted > end) {
            return null;
        }
        Point found = seen;
        if (found != null && found.index == wanted) {
            return found;
        }
        for (long i = wanted; i >= Math.max(begin.index, end - REMEMBERED + 1) && i > 0; i--) {
            long slot = recent.getAcquire((int) (i % REMEMBERED));
            if ((int) (slot >>> 32) == (int) i) {
                // What stood here, or between here and the index that is wanted, may have been overwritten meanwhile.
                boolean sound = replacements.get() == replaced && i > index - REMEMBERED;
                return sound ? new Point(begin.origin, wanted, (int) slot) : null;
            }
        }
        return null;
    }

    /** Sees to it that the hash at an index ahead is known until another one is watched. Any thread. */
    void watch(long wanted) {
        watched = wanted;
    }

    /** Takes over the chain of a leader whose chain began elsewhere, once this one is where that one is. Any thread. */
    void follow(Point leaders) {
        if (successor == null && leaders.index >= index) {
            successor = leaders;
        }
    }
}
