package dev.coracle;

import dev.coracle.codec.InitialRole;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.DebugNodeResponse;
import dev.coracle.codec.raftify.Empty;
import dev.coracle.codec.raftify.GetPeersResponse;
import dev.coracle.codec.raftify.Peer;
import dev.coracle.codec.raftify.Peers;
import dev.coracle.codec.raftify.ProposeArgs;
import dev.coracle.codec.raftify.ProposeResponse;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.RequestIdResponse;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.node.Failure;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.transport.grpc.RaftServiceHandler;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Answers raftify's requests. Any member answers; what the leader must do is passed on to it. In a native cluster as far
 * as they make sense there: addresses come from the log alone, and a node of raftify itself cannot join.
 */
final class RaftifyService<C, R extends @Nullable Object> implements RaftServiceHandler {
    private static final long POLL_NANOS = 5_000_000;

    private final Engine<C, R, ?> engine;
    private final Settings<C, R, ?> settings;

    RaftifyService(Engine<C, R, ?> engine, Settings<C, R, ?> settings) {
        this.engine = engine;
        this.settings = settings;
    }

    private <T extends @Nullable Object> void lead(
            LeaderTask<T> task, Consumer<? super T> done, Consumer<Failure> failed) {
        new Attempt<>(engine, task, deadlineNanos(), reply(done, failed)).begin();
    }

    private long deadlineNanos() {
        return engine.nanoTime() + settings.requestTimeout.toNanos();
    }

    private static <T extends @Nullable Object> dev.coracle.node.Reply<T> reply(
            Consumer<? super T> done, Consumer<Failure> failed) {
        return new dev.coracle.node.Reply<>() {
            @Override
            public void done(T result) {
                done.accept(result);
            }

            @Override
            public void failed(Failure failure) {
                failed.accept(failure);
            }
        };
    }

    @Override
    public void requestId(RequestIdArgs args, Reply<RequestIdResponse> reply) {
        // raftify's tickets name no cluster: the one that was asked is meant.
        LeaderTask<Ticket> task = new MemberTasks.Reserve(settings.clusterName, args.raftAddr(), 0);
        lead(
                task,
                ticket -> {
                    String leader = engine.addressOf(ticket.leader());
                    reply.done(new RequestIdResponse(
                            ResultCode.OK, ticket.leader(), leader == null ? "" : leader, ticket.id(), peers(), ""));
                },
                failure -> reply.done(
                        new RequestIdResponse(ResultCode.ERROR, engine.leader(), "", 0, peers(), failure.text())));
    }

    @Override
    public void changeConfig(ChangeConfigArgs args, Reply<ChangeConfigResponse> reply) {
        if (args.addrs().size() != args.changes().size()) {
            reply.done(new ChangeConfigResponse(
                    ChangeConfigResultType.REJECTED,
                    List.of(),
                    peers(),
                    "addrs: " + args.addrs().size() + " addresses, must be one for each of the "
                            + args.changes().size() + " changes"));
            return;
        }
        lead(
                new MemberTasks.ChangeMembers(args.addrs(), args.changes()),
                ids -> answerWhenApplied(args.changes(), ids, deadlineNanos(), reply),
                failure ->
                        reply.done(new ChangeConfigResponse(resultType(failure), List.of(), peers(), failure.text())));
    }

    /** The answer has the members afterwards, as this node knows them: it may hear of a change after the leader does. */
    private void answerWhenApplied(
            List<ConfChangeSingle> changes, List<Long> ids, long deadlineNanos, Reply<ChangeConfigResponse> reply) {
        List<ConfChangeSingle> named = new ArrayList<>();
        for (int i = 0; i < Math.min(ids.size(), changes.size()); i++) {
            named.add(new ConfChangeSingle(changes.get(i).type(), ids.get(i)));
        }
        boolean applied = RaftifyLeader.isIn(engine.replica().membership().configuration(), named);
        if (applied || engine.hasStopped() || engine.nanoTime() - deadlineNanos >= 0) {
            reply.done(new ChangeConfigResponse(ChangeConfigResultType.SUCCESS, ids, peers(), ""));
        } else {
            engine.schedule(() -> answerWhenApplied(changes, ids, deadlineNanos, reply), POLL_NANOS);
        }
    }

    private static ChangeConfigResultType resultType(Failure failure) {
        return switch (failure.kind()) {
            case REFUSED_CONFIG, CHANGE_PENDING, TOO_LARGE -> ChangeConfigResultType.REJECTED;
            // Never WrongLeader, on which raftify's own client panics: this node has passed it on as long as it could.
            case TIMED_OUT, NO_LEADER, NOT_LEADER -> ChangeConfigResultType.TIMEOUT_ERROR;
            case OVERLOADED,
                    NO_SPACE,
                    TRANSFERRING,
                    REFUSED_TRANSFER,
                    SNAPSHOT_FAILED,
                    LOST,
                    UNKNOWN,
                    STOPPED,
                    SESSION_EXPIRED,
                    SESSION_IN_DOUBT,
                    RESULT_GONE -> ChangeConfigResultType.UNKNOWN_ERROR;
        };
    }

    @Override
    public void propose(ProposeArgs args, Reply<ProposeResponse> reply) {
        byte[] command = args.msg().array();
        String fault = fault(command);
        if (fault != null) {
            reply.done(new ProposeResponse(fault));
            return;
        }
        lead(
                new Tasks.Propose<>(engine.replica().rules().wrap(command), settings.results),
                result -> reply.done(new ProposeResponse("")),
                failure -> reply.done(new ProposeResponse(failure.text())));
    }

    /** What no member could apply must not get into the log. */
    private @Nullable String fault(byte[] command) {
        if (command.length > settings.maxEntryBytes) {
            return "msg: " + command.length + " bytes, must not exceed maxEntryBytes " + settings.maxEntryBytes;
        }
        try {
            settings.commands.decode(command);
            return null;
        } catch (IllegalArgumentException e) {
            return "msg: it is no command: " + e.getMessage();
        }
    }

    @Override
    public void getPeers(Reply<GetPeersResponse> reply) {
        reply.done(new GetPeersResponse(peersJson(engine.members())));
    }

    /** raftify's JSON of the members. */
    static String peersJson(List<Member> members) {
        StringJoiner json = new StringJoiner(",", "{", "}");
        for (Member member : members) {
            String role = role(member) == InitialRole.LEARNER ? "Learner" : "Voter";
            json.add("\"" + Long.toUnsignedString(member.id()) + "\":{\"addr\":\"" + member.address()
                    + "\",\"initial_role\":\"" + role + "\",\"client_tls_config\":null}");
        }
        return json.toString();
    }

    private static InitialRole role(Member member) {
        return member.role() == Member.Role.LEARNER ? InitialRole.LEARNER : InitialRole.VOTER;
    }

    /** The members in raftify's bytes, which have addresses in digits only: who goes by a name is left out. */
    private Bytes peers() {
        SortedMap<Long, dev.coracle.codec.Peers.Peer> peers = ClusterFile.byId();
        for (Member member : engine.members()) {
            try {
                peers.put(
                        member.id(),
                        new dev.coracle.codec.Peers.Peer(SocketAddresses.parse(member.address()), role(member), null));
            } catch (IllegalArgumentException e) {
                Engine.LOG.debug("{} is left out of raftify's answer", member, e);
            }
        }
        return Bytes.of(dev.coracle.codec.Peers.of(peers).encode());
    }

    @Override
    public void setPeers(Peers peers, Reply<Empty> reply) {
        if (!(engine.replica().rules() instanceof RaftRsRules)) {
            reply.failed("the members of this cluster, with their addresses, come from its log; use ChangeConfig");
            return;
        }
        SortedMap<Long, String> addresses = ClusterFile.byId();
        for (Peer peer : peers.peers()) {
            try {
                addresses.put(peer.nodeId(), SocketAddresses.format(SocketAddresses.parse(peer.addr())));
            } catch (IllegalArgumentException e) {
                reply.failed("peers: node " + Long.toUnsignedString(peer.nodeId()) + ": " + e.getMessage());
                return;
            }
        }
        engine.learn(addresses);
        reply.done(new Empty());
    }

    @Override
    public void leaveJoint(Reply<Empty> reply) {
        lead(new MemberTasks.LeaveJoint(), nothing -> reply.done(new Empty()), failure -> reply.failed(failure.text()));
    }

    @Override
    public void debugNode(Reply<DebugNodeResponse> reply) {
        engine.status(
                deadlineNanos(),
                reply(
                        status -> reply.done(new DebugNodeResponse(status.toJson())),
                        failure -> reply.failed(failure.text())));
    }

    @Override
    public void createSnapshot(Reply<Empty> reply) {
        engine.snapshot(
                deadlineNanos(), reply(index -> reply.done(new Empty()), failure -> reply.failed(failure.text())));
    }
}
