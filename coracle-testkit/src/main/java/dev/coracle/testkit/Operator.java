package dev.coracle.testkit;

import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.StartException;
import dev.coracle.node.NodeView;
import dev.coracle.node.RaftNode;
import dev.coracle.node.StorageException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Whoever looks after a cluster: starts members again that are down, as what they said asks for, removes those that lost
 * their disks and lets them join as others. Knows therefore how much may be taken from the cluster.
 */
final class Operator {
    private static final int LEAST_VOTERS = 3;

    /** When a change of members that was asked for has happened, or does not any more. */
    private static final Duration SETTLED = Duration.ofSeconds(10);

    private final SimulatedCluster<?, ?> cluster;
    private final int firstHosts;
    private final List<Place> places = new ArrayList<>();

    /** When changes were asked for by which voters become none, and of which nobody said that they are done. */
    private final List<Duration> openReductions = new ArrayList<>();

    /** What is to be known of the member on a host. */
    private static final class Place {
        /** Whether it is to join, since it came later, left, or lost what it had. */
        private boolean joins;

        /** The id under which it lost its disk, until that is removed; 0 for none. */
        private long lostId;

        /** Its id if its disk has rotted, until it refuses that; 0 for none. */
        private long rottenId;
    }

    Operator(SimulatedCluster<?, ?> cluster, int firstHosts) {
        this.cluster = cluster;
        this.firstHosts = firstHosts;
        for (int i = 0; i < firstHosts; i++) {
            places.add(new Place());
        }
    }

    // ---- who is a member

    /** The members as the leader knows them; empty if nobody leads. */
    List<Member> members() {
        int leader = cluster.leader();
        Raft<?, ?, ?> raft = leader < 0 ? null : cluster.member(leader);
        return raft == null ? List.of() : raft.members();
    }

    private @Nullable NodeView leader() {
        int leader = cluster.leader();
        RaftNode node = leader < 0 ? null : cluster.node(leader);
        return node == null ? null : node.view();
    }

    /** The host that has an address; -1 if none does. */
    int hostOf(String address) {
        for (int i = 0; i < cluster.hosts(); i++) {
            if (cluster.address(i).equals(address)) {
                return i;
            }
        }
        return -1;
    }

    /** Tells whether a member of the cluster runs on a host. */
    boolean isMember(int host) {
        Raft<?, ?, ?> raft = cluster.member(host);
        return raft != null && members().stream().anyMatch(member -> member.id() == raft.id());
    }

    /** Tells whether every member runs and has applied what the leader has. */
    boolean isWhole() {
        return places.stream().allMatch(place -> place.lostId == 0) && isCaughtUp();
    }

    private boolean isCaughtUp() {
        NodeView leader = leader();
        List<Member> members = members();
        if (leader == null || members.isEmpty()) {
            return false;
        }
        for (Member member : members) {
            int host = hostOf(member.address());
            RaftNode node = host < 0 || cluster.member(host) == null ? null : cluster.node(host);
            if (node == null
                    || node.id() != member.id()
                    || node.view().applied() < leader.commit()
                    || !node.view().configuration().equals(leader.configuration())) {
                return false;
            }
        }
        return true;
    }

    // ---- what may be taken

    /**
     * Tells whether all that is committed is on every member, all go by the same configuration, and nothing is lost that
     * was not replaced: then one member may lose what it has stored.
     */
    boolean maySpareADisk() {
        return maySpareVoters(0) && isCaughtUp();
    }

    /**
     * Tells whether so many voters may become none. What was asked for before may still be under way, and whoever lost
     * its disk votes no more: one too many would be the end of any cluster.
     */
    boolean maySpareVoters(int count) {
        NodeView leader = leader();
        return leader != null
                && leader.configuration().votersOutgoing().isEmpty()
                && leader.configuration().voters().size() >= LEAST_VOTERS + count
                && places.stream().allMatch(place -> place.lostId == 0 && place.rottenId == 0)
                && openReductions.stream()
                        .allMatch(since -> cluster.time().minus(since).compareTo(SETTLED) > 0);
    }

    /** A change was asked for by which voters become none; {@code done} ends with what came of it. */
    void reduces(CompletableFuture<?> done) {
        Duration since = cluster.time();
        openReductions.add(since);
        var unused = done.thenRun(() -> openReductions.remove(since));
    }

    // ---- what is wrong with whom

    /** A host is new, and its member is to join. */
    void added() {
        Place place = new Place();
        place.joins = true;
        places.add(place);
    }

    /** The disk of the member with an id was lost. */
    void lost(int host, long id) {
        places.get(host).lostId = id;
    }

    /** The disk of the member with an id is about to rot; 0 when it has not. */
    void rots(int host, long id) {
        places.get(host).rottenId = id;
    }

    // ---- what is done about it

    /** Starts a member again, as one would who reads what it said when it stopped. */
    void start(int host) {
        Place place = places.get(host);
        if (cluster.startFailure(host) instanceof StartException failure) {
            if (failure.kind() == StartException.Kind.IDENTITY) {
                cluster.host(host).replaceDisk();
            }
            if (failure.kind() == StartException.Kind.IDENTITY || failure.kind() == StartException.Kind.LEFT) {
                place.joins = true;
            }
        }
        if (place.rottenId != 0 && cluster.startFailure(host) instanceof StorageException) {
            // It says what to do: remove it, and let it join again with an empty directory.
            place.lostId = place.rottenId;
            place.rottenId = 0;
            cluster.host(host).replaceDisk();
            cluster.setDamaged(host, false);
            return;
        }
        cluster.host(host).disk().clearFault();
        if (place.joins) {
            List<Integer> others = new ArrayList<>();
            for (int i = 0; i < cluster.hosts(); i++) {
                if (i != host) {
                    others.add(i);
                }
            }
            cluster.startJoining(host, others);
        } else {
            cluster.startFirst(host, firstHosts);
        }
    }

    /** Starts some of those that are down, and goes on with replacing who lost its disk. */
    void bringBack(SplittableRandom random) {
        for (int host = 0; host < cluster.hosts(); host++) {
            if (!cluster.isUp(host) && random.nextBoolean()) {
                start(host);
            }
        }
        removeLost();
    }

    /** Starts all that are down and belong to the cluster, and ends what was left half done. */
    void repair() {
        removeLost();
        leaveJoint();
        List<Member> members = members();
        for (int host = 0; host < cluster.hosts(); host++) {
            String address = cluster.address(host);
            boolean wanted = members.isEmpty()
                    || members.stream().anyMatch(member -> member.address().equals(address));
            if (wanted && !cluster.isUp(host)) {
                start(host);
            }
        }
    }

    void leaveJoint() {
        int leader = cluster.leader();
        if (leader >= 0) {
            cluster.onMember(leader, Raft::leaveJoint);
        }
    }

    /** What lost its disk is a member no more: its id is removed before it comes back as another one. */
    private void removeLost() {
        for (Place place : places) {
            long id = place.lostId;
            List<Member> members = members();
            if (id == 0 || members.isEmpty()) {
                continue;
            }
            if (members.stream().noneMatch(member -> member.id() == id)) {
                place.lostId = 0;
                place.joins = true;
            } else {
                cluster.onMember(cluster.leader(), raft -> raft.remove(id));
            }
        }
    }
}
