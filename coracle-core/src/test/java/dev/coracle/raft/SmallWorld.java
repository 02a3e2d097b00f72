package dev.coracle.raft;

import java.util.ArrayList;
import java.util.List;

/**
 * A cluster and how much may happen to it. The network keeps whatever was ever sent and delivers any of it at any time,
 * any number of times or never: loss, duplication and reordering have no limit. Everything else has the limits here.
 */
final class SmallWorld {
    /** How a server is driven. All but the first two are wrong, for the search to be seen to find it. */
    enum Driver {
        /** As {@link Ready} asks; with asynchronous writes, the core holds vote requests until the vote is durable. */
        CAREFUL,
        /** As {@link Ready} asks: with asynchronous writes, vote requests leave at once. */
        RAW,
        /** Counts a candidate's vote for itself before it is durable. */
        COUNTS_OWN_VOTE_EARLY,
        /** Sends what promises durability before the write is done. */
        PROMISES_EARLY,
        /** Finds everything on its disk after a crash but the vote. */
        FORGETS_VOTES
    }

    /** What is used up, each with its own limit. */
    enum Budget {
        CAMPAIGNS,
        PROPOSALS,
        CRASHES,
        READS,
        TRANSFERS,
        CHANGES
    }

    final String name;
    final List<SmallWorldDisk> disks;
    final int[] budgets = new int[Budget.values().length];
    final List<ConfChangeV2> changes = new ArrayList<>();
    Driver driver = Driver.CAREFUL;
    boolean async;
    boolean preVote;
    boolean checkQuorum;
    boolean oneEntryAMessage;

    /** Whether leaders may send heartbeats; as often as they like, for the same one is the same message. */
    boolean beats;

    /** Whether time passes by ticks, at any speed on each server; an election timeout is two. */
    boolean ticks;

    /** Whether applying is a step of its own; else it follows at once. Asynchronous only. */
    boolean appliesLater;

    /** How many inputs a server may take before the driver takes a Ready; with one, it does so at once. */
    int inputsAReady = 1;

    /** How many storage writes may be under way on a server. */
    int writesUnderWay = 2;

    /** No server goes beyond this term. */
    int maxTerm = 15;

    /** The server that leads when the world begins, with everything settled and nothing in flight; or none. */
    long leader = RawNode.NONE;

    private SmallWorld(String name, List<SmallWorldDisk> disks) {
        this.name = name;
        this.disks = disks;
    }

    /** Servers 1 to {@code servers}, all new. */
    static SmallWorld of(String name, int servers, ConfState members) {
        List<SmallWorldDisk> disks = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            disks.add(SmallWorldDisk.of(members));
        }
        return new SmallWorld(name, disks);
    }

    /** Servers 1, 2 and so on with these disks. */
    static SmallWorld of(String name, SmallWorldDisk... disks) {
        return new SmallWorld(name, List.of(disks));
    }

    SmallWorld may(Budget budget, int times) {
        budgets[budget.ordinal()] = times;
        return this;
    }

    SmallWorld mayChange(ConfChangeV2... possible) {
        changes.addAll(List.of(possible));
        return may(Budget.CHANGES, possible.length);
    }

    SmallWorld drivenBy(Driver value) {
        driver = value;
        return this;
    }

    SmallWorld async() {
        async = true;
        return this;
    }

    SmallWorld preVote() {
        preVote = true;
        return this;
    }

    SmallWorld checkQuorum() {
        checkQuorum = true;
        return this;
    }

    SmallWorld oneEntryAMessage() {
        oneEntryAMessage = true;
        return this;
    }

    SmallWorld beats() {
        beats = true;
        return this;
    }

    SmallWorld ticks() {
        ticks = true;
        return this;
    }

    SmallWorld appliesLater() {
        appliesLater = true;
        return this;
    }

    SmallWorld inputsAReady(int value) {
        inputsAReady = value;
        return this;
    }

    SmallWorld writesUnderWay(int value) {
        writesUnderWay = value;
        return this;
    }

    SmallWorld upToTerm(int value) {
        maxTerm = value;
        return this;
    }

    SmallWorld ledBy(long value) {
        leader = value;
        return this;
    }

    int servers() {
        return disks.size();
    }

    int budget(Budget budget) {
        return budgets[budget.ordinal()];
    }

    /**
     * Whether the servers differ in nothing but their names, so that the first to campaign may be called server 1: the
     * core treats ids alike, and the order in which it addresses them is lost in the network.
     */
    boolean isSymmetric() {
        return leader == RawNode.NONE
                && !ticks
                && disks.stream().allMatch(disks.get(0)::equals)
                && disks.get(0).snapshot().metadata().confState().voters().size() == servers();
    }

    RaftConfig.Builder config(long id, Storage storage) {
        return RaftConfig.builder()
                .id(id)
                .electionTicks(2)
                .heartbeatTicks(1)
                .storage(storage)
                .codec(new TextCodec())
                .random(bound -> 0)
                .asyncStorageWrites(async)
                .votesWaitForStorage(async && driver != Driver.RAW)
                .preVote(preVote)
                .checkQuorum(checkQuorum)
                .maxSizePerMessage(oneEntryAMessage ? 0 : RaftConfig.NO_LIMIT)
                .maxCommittedSizePerReady(RaftConfig.NO_LIMIT);
    }
}
