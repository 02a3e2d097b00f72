package dev.coracle.cli.torture;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;

/**
 * Which fault comes when, for how long and on whom: a function of the seed, the number of members, the faults and the
 * time. What the members make of it is up to them and the machine, so that a run cannot be repeated, only its plan.
 */
final class Plan {
    private static final int LEAD_MILLIS = 1_500;
    private static final int MAX_GAP_MILLIS = 1_500;
    private static final int BETWEEN_CUTS_MILLIS = 6_000;

    /**
     * A fault.
     *
     * @param atMillis when it begins, from the start of the run
     * @param holdMillis how long it lasts
     * @param fault what it is
     * @param onLeader whether it is for the member that leads then
     * @param member the index of the member that it is for otherwise
     * @param others how many members behind that one, in a circle, the other end of a link is; from 1 to members - 1
     * @param isEarly whether it may strike a member that is still starting
     */
    record Step(int atMillis, int holdMillis, Fault fault, boolean onLeader, int member, int others, boolean isEarly) {}

    /**
     * A member of a rolling upgrade gets another version, or the same one again.
     *
     * @param member its index
     * @param isJoiner whether it is started for the first time, and joins the others; else it ends and is started again
     * @param isNewer whether it is started in this version
     * @param isLeader whether it is made the leader before it ends
     * @param isKilled whether it ends by SIGKILL; else by SIGTERM
     * @param fallsBehind whether it is down until it needs a snapshot
     */
    record Move(
            int member, boolean isJoiner, boolean isNewer, boolean isLeader, boolean isKilled, boolean fallsBehind) {}

    private Plan() {}

    /**
     * The steps, by their beginnings. Each fault comes once before any comes again; a third of them begin while the one
     * before lasts.
     */
    static List<Step> of(long seed, int members, Set<Fault> faults, Duration time) {
        List<Step> steps = new ArrayList<>();
        if (faults.isEmpty()) {
            return steps;
        }
        SplittableRandom random = new SplittableRandom(seed);
        List<Fault> deck = new ArrayList<>();
        long at = LEAD_MILLIS;
        while (at < time.toMillis()) {
            if (deck.isEmpty()) {
                deck.addAll(new TreeSet<>(faults));
            }
            Fault fault = deck.remove(random.nextInt(deck.size()));
            int hold = fault.minHoldMillis + random.nextInt(fault.maxHoldMillis - fault.minHoldMillis + 1);
            boolean onLeader = random.nextBoolean();
            int member = random.nextInt(members);
            int others = 1 + random.nextInt(members - 1);
            steps.add(new Step((int) at, hold, fault, onLeader, member, others, random.nextInt(4) == 0));
            boolean overlaps = random.nextInt(3) == 0;
            at += overlaps ? random.nextInt(hold + 1) : hold + random.nextInt(MAX_GAP_MILLIS);
        }
        return steps;
    }

    /** All members lose their power, again and again, with time between for them to come back and be written to. */
    static List<Step> powerCuts(Duration time) {
        List<Step> steps = new ArrayList<>();
        for (long at = BETWEEN_CUTS_MILLIS; at < time.toMillis(); at += BETWEEN_CUTS_MILLIS) {
            steps.add(new Step((int) at, 0, Fault.POWER_ALL, false, 0, 1, false));
        }
        return steps;
    }

    /** All are started again in this version, one after the other; for options that can be changed by a restart alone. */
    static List<Move> restarts(long seed, int members) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Move> moves = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            moves.add(new Move(i, false, true, false, random.nextBoolean(), false));
        }
        return moves;
    }

    /**
     * A rolling upgrade, one member after the other in an order of the seed's. The first to be upgraded needs a snapshot
     * when it comes back, which only members of the older version can send; and so does the last before its turn comes,
     * when all others have the newer one. In between somebody joins, of either version, and in the end one goes back and
     * forth again while there still is one of the older version.
     *
     * @param members how many there are in the beginning; the index of the one that joins
     */
    static List<Move> upgrade(long seed, int members) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            order.add(random.nextInt(i + 1), i);
        }
        int leaders = random.nextInt(members);
        int joiners = 1 + random.nextInt(members - 1);
        boolean joinsNewer = random.nextBoolean();
        int last = order.get(members - 1);
        List<Move> moves = new ArrayList<>();
        for (int i = 0; i < members; i++) {
            if (i == joiners) {
                moves.add(new Move(members, true, joinsNewer, false, false, false));
            }
            if (i == members - 1) {
                if (!joinsNewer) {
                    moves.add(new Move(members, false, true, false, random.nextBoolean(), false));
                }
                moves.add(new Move(last, false, false, false, random.nextBoolean(), true));
                int back = order.get(random.nextInt(members - 1));
                moves.add(new Move(back, false, false, false, random.nextBoolean(), false));
                moves.add(new Move(back, false, true, false, random.nextBoolean(), false));
            }
            moves.add(new Move(order.get(i), false, true, i == leaders, random.nextBoolean(), i == 0));
        }
        return moves;
    }
}
