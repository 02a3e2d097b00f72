package dev.coracle.testkit;

import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.node.Failure;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.transport.grpc.RaftServiceHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** What a {@link Nemesis} does to the members of a cluster and their leader, as far as its {@link Operator} can spare them. */
final class MemberFaults {
    private static final int MOST_HOSTS = 9;
    private static final int MOST_MEMBERS = 7;

    private final SimulatedCluster<?, ?> cluster;
    private final Operator operator;

    MemberFaults(SimulatedCluster<?, ?> cluster, Operator operator) {
        this.cluster = cluster;
        this.operator = operator;
    }

    /** Hands leadership to somebody. */
    boolean transfer(int host, SplittableRandom chance) {
        return cluster.onMember(host, raft -> {
            List<Member> members = raft.members();
            return raft.transferLeadership(
                    members.get(chance.nextInt(members.size())).id());
        });
    }

    /** Tells a member to forget its leader. */
    boolean forgetLeader(int host) {
        RaftNode node = cluster.node(host);
        if (node == null) {
            return false;
        }
        long deadlineNanos = cluster.host(host).clock().nanoTime() + Nemesis.TIMEOUT_NANOS;
        cluster.within(host, () -> node.forgetLeader(deadlineNanos, new Unheard<>()));
        return true;
    }

    /** Lets a member leave. */
    boolean leave(int host) {
        return operator.maySpareVoters(1) && reduce(host, Raft::leave);
    }

    /** Asks a member for something by which a voter becomes none. */
    private boolean reduce(int host, Function<Raft<?, ?, ?>, CompletableFuture<?>> request) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        boolean asked = cluster.onMember(host, raft -> request.apply(raft).thenRun(() -> done.complete(true)));
        if (asked) {
            operator.reduces(done);
        }
        return asked;
    }

    /** Lets somebody ask for the removal of the member on a host. */
    boolean remove(int host, SplittableRandom chance) {
        Raft<?, ?, ?> target = cluster.member(host);
        if (target == null || !operator.maySpareVoters(1)) {
            return false;
        }
        long id = target.id();
        return reduce(chance.nextInt(cluster.hosts()), raft -> raft.remove(id));
    }

    /** Asks for voters to become learners: at once, so that two make the configuration joint. */
    boolean demote(List<Integer> hosts) {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        if (!operator.maySpareVoters(hosts.size()) || !change(hosts, ConfChangeType.ADD_LEARNER_NODE, done)) {
            return false;
        }
        operator.reduces(done);
        return true;
    }

    /** Makes a learner a voter. */
    boolean promote() {
        for (Member member : operator.members()) {
            int host = operator.hostOf(member.address());
            if (member.role() == Member.Role.LEARNER && host >= 0) {
                return change(List.of(host), ConfChangeType.ADD_NODE, new CompletableFuture<>());
            }
        }
        return false;
    }

    /** Asks the leader for the same change of members on some hosts. */
    private boolean change(List<Integer> hosts, ConfChangeType type, CompletableFuture<Boolean> done) {
        List<String> addresses = new ArrayList<>();
        List<ConfChangeSingle> changes = new ArrayList<>();
        for (int host : hosts) {
            Raft<?, ?, ?> member = cluster.member(host);
            if (member == null) {
                return false;
            }
            addresses.add(cluster.address(host));
            changes.add(new ConfChangeSingle(type, member.id()));
        }
        int asked = cluster.leader();
        if (asked < 0) {
            return false;
        }
        cluster.within(asked, () -> {
            RaftServiceHandler service = cluster.network().service(cluster.address(asked));
            if (service != null) {
                service.changeConfig(new ChangeConfigArgs(addresses, changes), new RaftServiceHandler.Reply<>() {
                    @Override
                    public void done(ChangeConfigResponse response) {
                        done.complete(true);
                    }

                    @Override
                    public void failed(String text) {}
                });
            }
        });
        return true;
    }

    /** Lets so many new members join, as far as there is room; several ask for their ids at once. */
    boolean join(int most) {
        int joined = 0;
        int members = operator.members().size();
        while (joined < most && members > 0 && members + joined < MOST_MEMBERS && cluster.hosts() < MOST_HOSTS) {
            int host = cluster.addHost();
            operator.added();
            operator.start(host);
            joined++;
        }
        return joined > 0;
    }

    /** Who asks and does not wait for the answer. */
    private static final class Unheard<T> implements Reply<T> {
        @Override
        public void done(T result) {}

        @Override
        public void failed(Failure failure) {}
    }
}
