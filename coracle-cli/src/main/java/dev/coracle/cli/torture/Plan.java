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
}
