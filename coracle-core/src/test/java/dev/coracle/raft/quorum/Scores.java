package dev.coracle.raft.quorum;

import java.util.LinkedHashMap;
import java.util.Map;

/** What voters have acknowledged, written down by hand. */
final class Scores implements AckedIndexes {
    private final Map<Long, Long> acked = new LinkedHashMap<>();

    /** Voters 1, 2, ... with these values; -1 stands for a voter of whom nothing is known. */
    static Scores acked(long... values) {
        Scores scores = new Scores();
        for (int i = 0; i < values.length; i++) {
            if (values[i] >= 0) {
                scores.put(i + 1L, values[i]);
            }
        }
        return scores;
    }

    /** Voters 1, 2, ... with these letters: y for yes, n for no, _ for none. */
    static Votes votes(String letters) {
        return id -> switch (id > letters.length() ? '_' : letters.charAt((int) id - 1)) {
            case 'y' -> 1;
            case 'n' -> -1;
            default -> 0;
        };
    }

    void put(long id, long index) {
        acked.put(id, index);
    }

    @Override
    public long ackedIndex(long id) {
        return acked.getOrDefault(id, 0L);
    }

    @Override
    public boolean isKnown(long id) {
        return acked.containsKey(id);
    }

    @Override
    public String toString() {
        return acked.toString();
    }
}
