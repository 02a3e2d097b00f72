package dev.coracle.raft;

import java.util.List;

/** Sums and cuts over lists of entries. */
final class Entries {
    private Entries() {}

    static long encodedSize(List<Entry> entries) {
        long size = 0;
        for (int i = 0; i < entries.size(); i++) {
            size += entries.get(i).encodedSize();
        }
        return size;
    }

    static long payloadSize(List<Entry> entries) {
        long size = 0;
        for (int i = 0; i < entries.size(); i++) {
            size += entries.get(i).payloadSize();
        }
        return size;
    }

    /** The longest prefix of at most {@code maxSize} encoded bytes, but at least the first entry. */
    static List<Entry> limit(List<Entry> entries, long maxSize) {
        long size = 0;
        for (int i = 0; i < entries.size(); i++) {
            size += entries.get(i).encodedSize();
            if (size > maxSize && i > 0) {
                return entries.subList(0, i);
            }
        }
        return entries;
    }

    /** All of {@code head}, then all of {@code tail}. */
    static List<Entry> concat(List<Entry> head, List<Entry> tail) {
        if (head.isEmpty()) {
            return tail;
        }
        if (tail.isEmpty()) {
            return head;
        }
        Entry[] all = new Entry[head.size() + tail.size()];
        for (int i = 0; i < head.size(); i++) {
            all[i] = head.get(i);
        }
        for (int i = 0; i < tail.size(); i++) {
            all[head.size() + i] = tail.get(i);
        }
        return new EntrySlice(all, 0, all.length);
    }
}
