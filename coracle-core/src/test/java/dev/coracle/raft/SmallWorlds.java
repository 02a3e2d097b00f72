package dev.coracle.raft;

import dev.coracle.raft.SmallWorld.Budget;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The worlds that are searched, and how to search one. */
public final class SmallWorlds {
    private static final ConfState THREE = ConfState.ofVoters(1L, 2L, 3L);

    private SmallWorlds() {}

    /** The names of the worlds that are meant to be safe. */
    public static List<String> names() {
        return List.copyOf(worlds().keySet());
    }

    /**
     * Searches a world until it is exhausted or a limit is reached.
     *
     * @return how many states it has, in one line
     * @throws AssertionError with the shortest way there if a property does not hold
     */
    public static String search(String world, long maxStates, long maxMillis) {
        return world + ": " + new SmallWorldSearch(find(world)).run(maxStates, maxMillis);
    }

    static SmallWorld find(String name) {
        SmallWorld world = worlds().get(name);
        if (world == null) {
            throw new IllegalArgumentException("no world is called " + name + "; there are " + names());
        }
        return world;
    }

    /** How to search a world by hand. */
    static String command(String world) {
        return "mvn -Plong -pl coracle-core test -Dtest=SmallWorldLongTest -Dcoracle.small.worlds=" + world;
    }

    private static Map<String, SmallWorld> worlds() {
        Map<String, SmallWorld> worlds = new TreeMap<>();
        for (SmallWorld world : all()) {
            worlds.put(world.name, world);
        }
        return worlds;
    }

    /** Servers 1 and 2, of which server 3, not yet a member, replaces the second. */
    private static SmallWorld replacement(String name) {
        return SmallWorld.of(name, 3, ConfState.ofVoters(1L, 2L)).ledBy(1).mayChange(TextCodec.auto("r2 v3"));
    }

    private static List<SmallWorld> all() {
        return List.of(
                // From nothing.
                SmallWorld.of("election", 3, THREE).may(Budget.CAMPAIGNS, 1).may(Budget.PROPOSALS, 1),
                SmallWorld.of("elections", 3, THREE).may(Budget.CAMPAIGNS, 2),
                SmallWorld.of("crash", 3, THREE).may(Budget.CAMPAIGNS, 2).may(Budget.CRASHES, 1),
                SmallWorld.of("batches", 3, THREE).inputsAReady(2).may(Budget.CAMPAIGNS, 2),
                SmallWorld.of("async", 3, THREE)
                        .async()
                        .may(Budget.CAMPAIGNS, 2)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of("pre-vote", 3, THREE)
                        .preVote()
                        .may(Budget.CAMPAIGNS, 2)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of("check-quorum", 3, THREE)
                        .preVote()
                        .checkQuorum()
                        .ticks()
                        .upToTerm(2),
                SmallWorld.of("alone", 1, ConfState.ofVoters(1L))
                        .async()
                        .may(Budget.CAMPAIGNS, 3)
                        .may(Budget.PROPOSALS, 2)
                        .may(Budget.CRASHES, 3),
                // From a leader whose first entry is committed.
                SmallWorld.of("proposals", 3, THREE)
                        .ledBy(1)
                        .beats()
                        .may(Budget.PROPOSALS, 2)
                        .may(Budget.CAMPAIGNS, 1),
                SmallWorld.of("takeover", 3, THREE)
                        .ledBy(1)
                        .may(Budget.PROPOSALS, 2)
                        .may(Budget.CAMPAIGNS, 1)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of("async-takeover", 3, THREE)
                        .async()
                        .ledBy(1)
                        .may(Budget.PROPOSALS, 1)
                        .may(Budget.CAMPAIGNS, 1)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of("overwriting", 3, THREE)
                        .async()
                        .beats()
                        .ledBy(1)
                        .may(Budget.PROPOSALS, 1)
                        .may(Budget.CAMPAIGNS, 1)
                        .upToTerm(2),
                SmallWorld.of("reads", 3, THREE)
                        .ledBy(1)
                        .may(Budget.PROPOSALS, 1)
                        .may(Budget.READS, 1)
                        .may(Budget.CAMPAIGNS, 1),
                SmallWorld.of("transfer", 3, THREE)
                        .ledBy(1)
                        .may(Budget.PROPOSALS, 1)
                        .may(Budget.TRANSFERS, 1)
                        .may(Budget.CAMPAIGNS, 1)
                        .upToTerm(3),
                SmallWorld.of("learner", 3, TestServer.withLearners(List.of(1L, 2L), List.of(3L)))
                        .may(Budget.CAMPAIGNS, 2)
                        .may(Budget.PROPOSALS, 1)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of("promotion", 3, TestServer.withLearners(List.of(1L, 2L), List.of(3L)))
                        .ledBy(1)
                        .mayChange(TextCodec.auto("v3"))
                        .may(Budget.CAMPAIGNS, 1)
                        .may(Budget.CRASHES, 1),
                replacement("replacement").may(Budget.CAMPAIGNS, 1),
                replacement("replacement-crash").may(Budget.CAMPAIGNS, 2).may(Budget.CRASHES, 1),
                SmallWorld.of("shrinking", 3, THREE)
                        .async()
                        .appliesLater()
                        .ledBy(1)
                        .mayChange(TextCodec.auto("r3"), TextCodec.auto("r2"))
                        .may(Budget.CAMPAIGNS, 1),
                // From logs of which some is not committed.
                SmallWorld.of(
                                "figure-8",
                                SmallWorldDisk.of(THREE).log(1, 2).state(3, 0, 1),
                                SmallWorldDisk.of(THREE).log(1).state(3, 3, 1),
                                SmallWorldDisk.of(THREE).log(1, 3).state(3, 3, 1))
                        .oneEntryAMessage()
                        .may(Budget.CAMPAIGNS, 2),
                SmallWorld.of(
                                "rewriting",
                                SmallWorldDisk.of(THREE).log(1, 2).state(2, 1, 1),
                                SmallWorldDisk.of(THREE).log(1, 1).state(1, 2, 1),
                                SmallWorldDisk.of(THREE).log(1).state(2, 1, 1))
                        .async()
                        .may(Budget.CAMPAIGNS, 2)
                        .may(Budget.CRASHES, 1),
                SmallWorld.of(
                                "snapshot",
                                SmallWorldDisk.of(THREE)
                                        .log(1, 1, 1)
                                        .state(1, 1, 3)
                                        .compacted(2),
                                SmallWorldDisk.of(THREE).log(1, 1, 1).state(1, 1, 2),
                                SmallWorldDisk.of(THREE).log(1).state(1, 1, 0))
                        .may(Budget.CAMPAIGNS, 1)
                        .may(Budget.CRASHES, 1));
    }
}
