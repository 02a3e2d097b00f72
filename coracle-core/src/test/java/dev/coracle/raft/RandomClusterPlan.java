package dev.coracle.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * What is drawn from the seed before a schedule begins: the servers, how they are configured, what may happen and how
 * often. Each schedule leaves out some kinds of trouble and has more of others: if everything always happened at once,
 * whatever needs a while without a crash, or a hundred ticks without a message, would never be seen.
 */
final class RandomClusterPlan {
    /** What may happen in one step, with how often it does unless a schedule changes that. */
    enum Action {
        DELIVER(300),
        TICK(500),
        WORK(400),
        PROPOSE(80),
        READ(20),
        CHANGE_MEMBERS(14),
        COMPACT(20),
        TRANSFER(6),
        CAMPAIGN(6),
        FORGET_LEADER(4),
        CRASH(5),
        CUT(4),
        HEAL(30),
        PAUSE(2),
        SLOW_DISK(4),
        SWALLOW(2),
        UNREACHABLE(4),
        REPLAY(10),
        REPLACE(4),
        REQUEST_SNAPSHOT(3),
        TUNE(8);

        private final int usually;

        Action(int usually) {
            this.usually = usually;
        }

        /** Without these nothing would happen at all, or never end. */
        private boolean isNeeded() {
            return this == DELIVER || this == TICK || this == WORK || this == PROPOSE || this == HEAL;
        }
    }

    /** How servers store and apply. */
    enum Storing {
        SYNCHRONOUSLY,
        ASYNCHRONOUSLY,
        /** Each server as it likes, and anew with each start. */
        EITHER
    }

    final int servers;

    /** The first members; the others wait to be added. */
    final ConfState members;

    /** Whether the first members are entries of the log; else they are in a snapshot. */
    final boolean bootstrapped;

    final Storing storing;
    final int electionTicks;
    final int heartbeatTicks;
    final boolean preVote;
    final boolean checkQuorum;

    /** Whether some servers do without pre-vote and quorum check, as while an operator switches them on one by one. */
    final boolean switchesVary;

    final ReadOnlyOption reads;

    /** Whether all clocks tick together. */
    final boolean ticksTogether;

    /** Whether a state machine survives a crash, up to what is known to be committed on disk. */
    final boolean durableMachine;

    final boolean validatesChanges;
    final boolean forwards;

    /** Whether servers tell each other how far they have committed. */
    final boolean sharesCommit;

    final boolean groupCommit;

    /** For each id that is ever given out. */
    final Map<Long, Long> commitGroups;

    /** 1 if servers differ in how much they want to lead, else 0. */
    final int priorities;

    /** Whether messages between two servers stay in order. */
    final boolean inOrder;

    /** How often a synchronous server crashes between two things that a Ready asks for. */
    final int midwayCrashPermille;

    final int lossPercent;
    final int duplicatePercent;
    private final int[] weights = new int[Action.values().length];
    private final int allWeights;

    RandomClusterPlan(Random random) {
        servers = 3 + random.nextInt(5);
        members = members(random, servers);
        bootstrapped = members.learners().isEmpty() && random.nextInt(4) == 0;
        storing = Storing.values()[random.nextInt(3)];
        heartbeatTicks = 1 + random.nextInt(3);
        electionTicks = 3 * heartbeatTicks + random.nextInt(6);
        preVote = random.nextBoolean();
        checkQuorum = random.nextBoolean();
        switchesVary = random.nextInt(8) == 0;
        boolean byLease = checkQuorum && !switchesVary && random.nextInt(4) == 0;
        reads = byLease ? ReadOnlyOption.LEASE_BASED : ReadOnlyOption.SAFE;
        ticksTogether = byLease || random.nextInt(4) == 0;
        durableMachine = random.nextBoolean();
        validatesChanges = random.nextInt(8) > 0;
        forwards = random.nextInt(4) > 0;
        sharesCommit = random.nextInt(3) == 0;
        groupCommit = random.nextInt(5) == 0;
        commitGroups = new TreeMap<>();
        int groups = 1 + random.nextInt(3);
        for (long id = 1; id <= RandomCluster.MOST_IDS; id++) {
            commitGroups.put(id, (long) random.nextInt(groups + 1));
        }
        priorities = random.nextInt(3) / 2;
        inOrder = random.nextInt(3) == 0;
        midwayCrashPermille = 3 * Math.max(0, random.nextInt(5) - 2);
        lossPercent = random.nextInt(4) * random.nextInt(6);
        duplicatePercent = random.nextInt(4) * random.nextInt(4);
        allWeights = drawWeights(random);
    }

    private static ConfState members(Random random, int servers) {
        int voters = 1 + random.nextInt(servers);
        if (voters < 3 && random.nextInt(4) > 0) {
            voters = 3;
        }
        int learners = random.nextInt(3) == 0 ? random.nextInt(servers - voters + 1) : 0;
        return new ConfState(ids(1, voters), ids(voters + 1, learners), List.of(), List.of(), false);
    }

    private static List<Long> ids(long first, int count) {
        List<Long> ids = new ArrayList<>();
        for (long id = first; id < first + count; id++) {
            ids.add(id);
        }
        return ids;
    }

    private int drawWeights(Random random) {
        int sum = 0;
        for (Action action : Action.values()) {
            int factor = action.isNeeded() ? 2 : new int[] {0, 1, 2, 2, 5}[random.nextInt(5)];
            // With clocks that tick together, one step is a tick of each.
            int usually = action == Action.TICK && ticksTogether ? action.usually / servers : action.usually;
            weights[action.ordinal()] = usually * factor;
            sum += usually * factor;
        }
        return sum;
    }

    Action nextAction(Random random) {
        int left = random.nextInt(allWeights);
        int i = 0;
        while (left >= weights[i]) {
            left -= weights[i];
            i++;
        }
        return Action.values()[i];
    }

    @Override
    public String toString() {
        return servers + " servers, " + Describe.confState(members) + (bootstrapped ? " bootstrapped" : "")
                + ", storing "
                + storing + ", election " + electionTicks + " heartbeat " + heartbeatTicks
                + (preVote ? ", pre-vote" : "") + (checkQuorum ? ", check-quorum" : "")
                + (switchesVary ? " on some" : "") + ", reads " + reads + (ticksTogether ? ", ticks together" : "")
                + (durableMachine ? ", durable machine" : "") + (validatesChanges ? "" : ", changes not validated")
                + (forwards ? "" : ", no forwarding") + (sharesCommit ? ", share commit" : "")
                + (groupCommit ? ", groups " + commitGroups : "") + (priorities > 0 ? ", priorities" : "")
                + (inOrder ? ", in order" : "") + ", loss " + lossPercent
                + "%, duplicates " + duplicatePercent + "%";
    }
}
