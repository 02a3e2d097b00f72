package dev.coracle;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.RawNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;

/**
 * Notices that a cluster of raft-rs's dialect goes on without this member. A leader of raftify forgets a member in the
 * moment in which its removal is applied, and may not have told it yet; nobody writes to it from then on, no member of
 * raftify answers it, and it would ask for votes for ever. So whoever has known no leader for a while asks the other
 * voters whom they know.
 *
 * <p>It ends when as many as decide by themselves answer that it is none of theirs. A node of raftify says so, too, of a
 * member that it cannot know after a restart, since it keeps no addresses: to such nodes this member cannot come back by
 * itself either, as they write to those only whom they know.
 */
final class Forgotten {
    /** How many election timeouts without a leader are too many. */
    private static final int PATIENCE = 10;

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final Engine<?, ?, ?> engine;
    private final Caller caller;
    private final long electionNanos;

    /** How many looks in a row found no leader. The worker's. */
    private int without;

    Forgotten(Engine<?, ?, ?> engine, Caller caller, long electionNanos) {
        this.engine = engine;
        this.caller = caller;
        this.electionNanos = electionNanos;
    }

    /** Looks now and then, until the node ends. */
    void watch() {
        if (engine.hasStopped()) {
            return;
        }
        without = engine.leader() == RawNode.NONE ? without + 1 : 0;
        if (without > PATIENCE) {
            without = 0;
            ask();
        }
        engine.schedule(this::watch, electionNanos);
    }

    private void ask() {
        Replica.Membership membership = engine.replica().membership();
        ConfState configuration = membership.configuration();
        if (!configuration.contains(engine.id())) {
            return; // It joins still, or its own log has said it.
        }
        SortedMap<Long, String> voters = new TreeMap<>(Long::compareUnsigned);
        for (long voter : configuration.voters()) {
            String address = engine.addressOf(voter);
            if (voter != engine.id() && address != null) {
                voters.put(voter, address);
            }
        }
        long others = configuration.voters().stream()
                .filter(voter -> voter != engine.id())
                .count();
        long enough = Math.min(configuration.voters().size() / 2 + 1, others);
        List<CompletableFuture<Boolean>> answers = new ArrayList<>();
        voters.values().forEach(address -> answers.add(forgetsMe(address, voters)));
        var unused = CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenRun(() -> {
                    long forget =
                            answers.stream().filter(CompletableFuture::join).count();
                    if (enough > 0 && forget >= enough && engine.leader() == RawNode.NONE) {
                        engine.forgotten("it has heard of no leader for a while, and " + forget + " of the " + others
                                + " other voters that it knows say that they do not know it. If it is a member all the"
                                + " same, because they are nodes of raftify that were started again without it in their"
                                + " list, tell them by SetPeers, and start it again");
                    }
                });
    }

    /** Whether the node at an address says whom it knows, and this one is not among them; false without an answer. */
    private CompletableFuture<Boolean> forgetsMe(String address, SortedMap<Long, String> voters) {
        try {
            return caller.raftService(address)
                    .getPeers(TIMEOUT)
                    .thenApply(answer -> {
                        String json = answer.peersJson();
                        // A list of strangers is that of another cluster, which has taken the address over.
                        boolean isOurs = voters.keySet().stream().anyMatch(voter -> lists(json, voter));
                        return isOurs && !lists(json, engine.id());
                    })
                    .exceptionally(trouble -> false);
        } catch (IllegalArgumentException e) {
            return CompletableFuture.completedFuture(false);
        }
    }

    /** Whether raftify's JSON of members has one: as a key, and no text in it can look like one with a colon behind. */
    private static boolean lists(String json, long id) {
        return json.contains("\"" + Long.toUnsignedString(id) + "\":{");
    }
}
