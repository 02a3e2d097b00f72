package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.HashChain.Point;
import dev.coracle.node.HeartbeatNotes;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Compares what the members have applied. With each heartbeat the leader sends the end of its {@link HashChain}, and up to
 * where a majority has told it the same hashes; a follower answers with its own hash there, or at the last such place that
 * it has reached. All of this is about entries that were committed, so it holds whoever leads by the time it arrives.
 *
 * <p>Who is wrong, when two differ? The one against whom there is a majority: a leader that hears of a majority that
 * differs from it stops; a follower stops once the leader says that a majority has what the leader has, which is with the
 * next heartbeat or two. Where there is no majority for either, of two members for example or while others are down, the
 * leader's word counts, as it does for the log, and the follower stops after {@link #PATIENCE} heartbeats.
 */
final class HashCheck implements HeartbeatNotes {
    /** How many heartbeats a follower that differs waits for a majority to decide. */
    static final int PATIENCE = 10;

    /** How many of its own claims a leader remembers. */
    private static final int REMEMBERED_CLAIMS = 64;

    private static final int VERSION = 1;
    private static final int CLAIM = 1;
    private static final int REPORT = 2;

    /** A difference that a follower has found, and how many heartbeats have said so. */
    private record Difference(long leader, Point own, Point leaders, int heartbeats) {}

    /** What a leader said of an index that is not reached yet. */
    private record Claim(long leader, Point point) {}

    private final HashChain chain;
    private final LongSupplier id;
    private final Supplier<Replica.Membership> membership;

    // As a follower.
    private @Nullable Claim claimed;
    private @Nullable Point report;
    private @Nullable Difference difference;
    private int restores;

    /** As a leader: up to where each member has what this one has, and who has something else. */
    private final Map<Long, Long> agreed = new HashMap<>();

    private final Map<Long, Point> differing = new HashMap<>();

    /** What this member has said as a leader: the answers may come when the chain has forgotten it. */
    private final ArrayDeque<Point> said = new ArrayDeque<>();

    /**
     * @param chain of this member
     * @param id this member's
     * @param membership whose reports count
     */
    HashCheck(HashChain chain, LongSupplier id, Supplier<Replica.Membership> membership) {
        this.chain = chain;
        this.id = id;
        this.membership = membership;
    }

    @Override
    public byte @Nullable [] forFollower(long follower) {
        Point end = chain.at(chain.index());
        if (end == null) {
            return null;
        }
        if (said.isEmpty() || !said.getLast().equals(end)) {
            said.addLast(end);
            if (said.size() > REMEMBERED_CLAIMS) {
                said.removeFirst();
            }
        }
        ByteWriter out = new ByteWriter().int8(VERSION).int8(CLAIM);
        end.write(out);
        return out.int64(confirmed()).toByteArray();
    }

    @Override
    public byte @Nullable [] forLeader(long leader) {
        Point known = report;
        if (known == null) {
            return null;
        }
        ByteWriter out = new ByteWriter().int8(VERSION).int8(REPORT);
        known.write(out);
        return out.toByteArray();
    }

    @Override
    public void received(long from, byte[] note) {
        ByteReader in = new ByteReader(note);
        try {
            int version = in.int8("version");
            int type = in.int8("type");
            if (version != VERSION || (type != CLAIM && type != REPORT)) {
                return; // A newer version's, which knows that older ones skip it.
            }
            Point point = Point.read(in);
            if (type == CLAIM) {
                long confirmed = in.int64("confirmed");
                in.end("claim");
                onClaim(from, point, confirmed);
            } else {
                in.end("report");
                onReport(from, point);
            }
        } catch (MalformedException e) {
            Engine.LOG.warn("a note of {} cannot be read: {}", Leading.name(from), e.getMessage());
        }
    }

    // ---- the follower

    private void onClaim(long leader, Point leaders, long confirmed) {
        if (leaders.origin() != chain.origin()) {
            chain.follow(leaders);
            return;
        }
        if (restores != chain.restores()) {
            restores = chain.restores();
            claimed = null;
            report = null;
            difference = null;
        }
        // One that this member has not reached yet waits, or there would always be a newer one that it has not reached.
        Claim waiting = claimed;
        if (waiting != null && chain.index() >= waiting.point.index()) {
            claimed = null;
            compare(waiting.leader, waiting.point, false);
        }
        if (chain.index() >= leaders.index()) {
            compare(leader, leaders, true);
        } else if (claimed == null) {
            claimed = new Claim(leader, leaders);
            chain.watch(leaders.index());
        }
        judge(leader, confirmed);
    }

    private void compare(long leader, Point leaders, boolean counts) {
        Point own = chain.at(leaders.index());
        if (own == null || own.origin() != leaders.origin()) {
            return;
        }
        report = own;
        if (own.hash() == leaders.hash()) {
            difference = null;
            return;
        }
        Difference before = difference;
        if (before == null || before.leader != leader) {
            Engine.LOG.error(
                    "{} has applied something else than {}, up to {}: the hash here is {}, there {}",
                    name(),
                    Leading.name(leader),
                    own.index(),
                    hex(own),
                    hex(leaders));
            difference = new Difference(leader, own, leaders, 1);
        } else if (counts) {
            difference = new Difference(leader, before.own, before.leaders, before.heartbeats + 1);
        }
    }

    private void judge(long leader, long confirmed) {
        Difference found = difference;
        if (found == null || found.leader != leader) {
            return; // What agrees with this leader says nothing of an earlier one.
        }
        boolean outvoted = confirmed >= found.leaders.index();
        if (outvoted || found.heartbeats > PATIENCE) {
            throw new DivergedException(name() + " has applied something else than " + Leading.name(found.leader)
                    + (outvoted
                            ? ", with which a majority agrees"
                            : ", its leader, and no majority says which of the two is right")
                    + ": up to index " + found.own.index() + " the hash of all entries is " + hex(found.own)
                    + " here and " + hex(found.leaders) + " there. " + advice());
        }
    }

    private static String advice() {
        return "Its log or its memory was damaged, or it runs another version than the others. Remove it from the cluster"
                + " and let it join again with an empty directory, after its disk and its memory were checked";
    }

    // ---- the leader

    private void onReport(long from, Point reported) {
        Replica.Membership members = membership.get();
        Point own = said.stream()
                .filter(claim -> claim.index() == reported.index())
                .findFirst()
                .orElseGet(() -> chain.at(reported.index()));
        if (own == null
                || own.origin() != reported.origin()
                || !members.configuration().contains(from)) {
            return;
        }
        if (own.hash() == reported.hash()) {
            agreed.merge(from, own.index(), Math::max);
            differing.remove(from);
            return;
        }
        agreed.remove(from);
        if (differing.put(from, reported) == null) {
            Engine.LOG.error(
                    "{} has applied something else than its leader, {}, up to {}: the hash there is {}, here {}",
                    Leading.name(from),
                    name(),
                    own.index(),
                    hex(reported),
                    hex(own));
        }
        if (isMajorityDiffering(members.configuration().voters())
                || isMajorityDiffering(members.configuration().votersOutgoing())) {
            throw new DivergedException(
                    name() + " leads and has applied something else than a majority of its cluster: "
                            + "up to index " + own.index() + " the hash of all entries is " + hex(own) + " here and "
                            + hex(reported) + " on " + Leading.name(from) + ". " + advice());
        }
    }

    private boolean isMajorityDiffering(List<Long> voters) {
        long count = voters.stream().filter(differing::containsKey).count();
        return !voters.isEmpty() && count > voters.size() / 2;
    }

    /** Up to which index a majority, of each half of a joint configuration, has what this member has. */
    private long confirmed() {
        Replica.Membership members = membership.get();
        List<Long> outgoing = members.configuration().votersOutgoing();
        long confirmed = confirmed(members.configuration().voters());
        return outgoing.isEmpty() ? confirmed : Math.min(confirmed, confirmed(outgoing));
    }

    private long confirmed(List<Long> voters) {
        if (voters.isEmpty()) {
            return 0;
        }
        long[] indexes = new long[voters.size()];
        for (int i = 0; i < indexes.length; i++) {
            long voter = voters.get(i);
            indexes[i] = voter == id.getAsLong() ? chain.index() : agreed.getOrDefault(voter, 0L);
        }
        Arrays.sort(indexes);
        return indexes[(indexes.length - 1) / 2];
    }

    private String name() {
        return Leading.name(id.getAsLong());
    }

    private static String hex(Point point) {
        return String.format(Locale.ROOT, "%08x", point.hash());
    }
}
