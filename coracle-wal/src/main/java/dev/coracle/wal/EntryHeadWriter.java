package dev.coracle.wal;

import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import org.jspecify.annotations.Nullable;

/**
 * Writes the fields of an entry before its data, as gogo does: zeros too. Entries one behind the other differ little
 * there, so most of it is kept from one to the next.
 */
final class EntryHeadWriter {
    /** The most bytes of a head that is stored in two words. */
    static final int TWO_WORDS = 2 * Long.BYTES;

    /** A head's tags of one byte each, and its type. */
    private static final int TAGS_AND_TYPE = 4;

    /** The most bytes of a term and of an index that leave room in two words. */
    private static final int SHORT_TERM = 3;

    private static final int SHORT_INDEX = 5;

    private long term = -1;
    private EntryType type = EntryType.NORMAL;

    /** Up to the tag of the index, for that term and type. */
    private long firstWord;

    private int firstBytes;

    private long index = -1;
    private long indexWord;
    private int indexBytes;

    /**
     * Stores the head of an entry whose data are shorter than {@link Varints#SHORT}. Up to {@link #TWO_WORDS} may be
     * written over, or as many as the head has. Returns where it ends.
     */
    int put(byte[] target, int at, Entry entry) {
        byte @Nullable [] data = entry.data();
        if (entry.term() != term || entry.type() != type) {
            takeTerm(entry);
        }
        takeIndex(entry.index());
        if (data == null || firstBytes > TAGS_AND_TYPE + SHORT_TERM || indexBytes > SHORT_INDEX) {
            return putLong(target, at, entry);
        }
        // The words are stored as the checksum reads them.
        long rest = indexWord | (EntryHead.DATA_TAG | Varints.shortWord(data.length) << 8) << (Byte.SIZE * indexBytes);
        SegmentReader.LONGS.set(target, at, firstWord | rest << (Byte.SIZE * firstBytes));
        SegmentReader.LONGS.set(target, at + Long.BYTES, rest >>> (Byte.SIZE * (Long.BYTES - firstBytes)));
        return at + firstBytes + indexBytes + 1 + Varints.shortSize(data.length);
    }

    @SuppressWarnings("EnumOrdinal") // What EntryType says the numbers on the wire are.
    private void takeTerm(Entry entry) {
        term = entry.term();
        type = entry.type();
        int termBytes = Varints.size(term);
        firstBytes = TAGS_AND_TYPE + termBytes;
        firstWord = EntryHead.TYPE_TAG
                | type.ordinal() << 8
                | EntryHead.TERM_TAG << 16
                | Varints.word(term, termBytes) << 24
                | (long) EntryHead.INDEX_TAG << (Byte.SIZE * (firstBytes - 1));
    }

    private void takeIndex(long next) {
        if (next == index + 1 && (next & 0x7f) != 0) {
            // The lowest seven bits alone have changed.
            indexWord++;
        } else {
            indexBytes = Varints.size(next);
            indexWord = Varints.word(next, indexBytes);
        }
        index = next;
    }

    /** Stores any head, byte by byte. Returns where it ends. */
    @SuppressWarnings("EnumOrdinal") // See above.
    static int putLong(byte[] target, int offset, Entry entry) {
        byte @Nullable [] data = entry.data();
        int at = offset;
        target[at++] = EntryHead.TYPE_TAG;
        target[at++] = (byte) entry.type().ordinal();
        target[at++] = EntryHead.TERM_TAG;
        at = Varints.put(target, at, entry.term());
        target[at++] = EntryHead.INDEX_TAG;
        at = Varints.put(target, at, entry.index());
        if (data != null) {
            target[at++] = EntryHead.DATA_TAG;
            at = Varints.put(target, at, data.length);
        }
        return at;
    }
}
