package dev.coracle;

import dev.coracle.node.Failure;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.Status;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a {@link LeaderTask} works with. */
record Leading(RaftNode node, Replica<?, ?> replica, ClusterFile file, Caller caller) {
    private static final String REPLICATING = "StateReplicate";

    /** Why sessions are refused in a cluster of raft-rs's dialect. */
    private static final String NO_SESSIONS =
            "a cluster of raft-rs's dialect has no sessions: its entries are the commands alone";

    /** Why no session is opened during an upgrade. */
    static final String NO_SESSIONS_YET =
            "the leader was told that there may be members of versions before client sessions (olderMembers), which stop at"
                    + " the first session: open it when they are gone, and the leader was started without that option";

    /** Why some requests are refused in a cluster of raft-rs's dialect. */
    private static final String NO_IDENTITIES =
            "in a cluster of raft-rs's dialect nodes have no incarnations, and their addresses"
                    + " are those with which they were added";

    /** Says that nothing was done, and that trying again makes no sense. */
    static Failure refused(String text) {
        return new Failure(Failure.Kind.REFUSED_CONFIG, RawNode.NONE, text);
    }

    /** A member's name in texts. */
    static String name(long id) {
        return "node " + Long.toUnsignedString(id);
    }

    /**
     * Goes on, on the applier's thread, with the members as of now if this node leads. A new leader has not applied what
     * its predecessors committed, and would refuse or allow by an old state: hence the read.
     */
    void withMembership(long deadlineNanos, Reply<?> reply, Consumer<Replica.Membership> next) {
        node.read(deadlineNanos, new Reply<>() {
            @Override
            public void done(Long index) {
                long leader = node.view().leader();
                if (leader == node.id()) {
                    next.accept(replica.membership());
                } else {
                    reply.failed(notLeader(leader));
                }
            }

            @Override
            public void failed(Failure failure) {
                reply.failed(failure);
            }
        });
    }

    /** Refuses what a cluster without sessions cannot do; false in one that has them. */
    boolean refusesSessions(Reply<?> reply) {
        return refusesInRaftRs(NO_SESSIONS, reply);
    }

    /** The same for what needs incarnations. */
    boolean refusesIdentities(Reply<?> reply) {
        return refusesInRaftRs(NO_IDENTITIES, reply);
    }

    private boolean refusesInRaftRs(String text, Reply<?> reply) {
        boolean refuses = replica.rules() instanceof RaftRsRules;
        if (refuses) {
            reply.failed(refused(text));
        }
        return refuses;
    }

    /** Says that another node leads, or none. */
    Failure notLeader(long leader) {
        return new Failure(Failure.Kind.NOT_LEADER, leader, name(node.id()) + " does not lead");
    }

    /** Hands leadership to the voter that answers and has the most; fails with the news of who leads, or why it did not. */
    void handOver(ConfState configuration, long deadlineNanos, Reply<?> reply) {
        node.status(deadlineNanos, onDone(reply, status -> {
            Status.PeerProgress best = null;
            for (Status.PeerProgress peer : status.raft().progress()) {
                // To one that has just gone, or is far behind, nothing is replicated.
                boolean candidate = peer.id() != node.id()
                        && configuration.voters().contains(peer.id())
                        && peer.recentlyActive()
                        && peer.state().equals(REPLICATING);
                if (candidate && (best == null || peer.match() > best.match())) {
                    best = peer;
                }
            }
            if (best == null) {
                reply.failed(new Failure(
                        Failure.Kind.TRANSFERRING,
                        node.id(),
                        "no other voter answers the leader, " + name(node.id()) + ", that could take over"));
                return;
            }
            node.transferLeadership(best.id(), deadlineNanos, new Reply<>() {
                @Override
                public void done(Long leader) {
                    reply.failed(notLeader(leader));
                }

                @Override
                public void failed(Failure failure) {
                    reply.failed(new Failure(Failure.Kind.TRANSFERRING, failure.leader(), failure.text()));
                }
            });
        }));
    }

    /** A reply that goes on when something is done, and fails another one if it is not. */
    static <T extends @Nullable Object> Reply<T> onDone(Reply<?> outer, Consumer<? super T> next) {
        return new Reply<>() {
            @Override
            public void done(T result) {
                next.accept(result);
            }

            @Override
            public void failed(Failure failure) {
                outer.failed(failure);
            }
        };
    }
}
