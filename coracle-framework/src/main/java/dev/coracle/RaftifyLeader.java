package dev.coracle;

import dev.coracle.codec.CodecException;
import dev.coracle.codec.Peers;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.codec.raftify.ChangeConfigArgs;
import dev.coracle.codec.raftify.ChangeConfigResponse;
import dev.coracle.codec.raftify.ChangeConfigResultType;
import dev.coracle.codec.raftify.RequestIdArgs;
import dev.coracle.codec.raftify.ResultCode;
import dev.coracle.node.Failure;
import dev.coracle.node.Reply;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.transport.grpc.RaftServiceClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A leader that is a node of raftify, and what a member of ours can have it do. Its own answers say little, and some that
 * say success mean nothing; so what counts is what this member's own log says afterwards. What does not show there in
 * time is unknown.
 *
 * <p>Commands are handed in as raft-rs forwards proposals, in a message, with a context of ours: the entry keeps it, and
 * gives what was applied for it back exactly. (raftify's {@code Propose} would put a number of the leader's there, which
 * it does not tell, and ends the leader's process while leadership is being handed over.)
 */
final class RaftifyLeader {
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    /** How long a transfer may take before it is asked for again: raft-rs gives it an election timeout. */
    private static final long TRANSFER_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Engine<?, ?, ?> engine;
    private final RaftRsRules rules;
    private final long id;
    private final RaftServiceClient client;

    RaftifyLeader(Engine<?, ?, ?> engine, RaftRsRules rules, long id, RaftServiceClient client) {
        this.engine = engine;
        this.rules = rules;
        this.id = id;
        this.client = client;
    }

    private Duration left(long deadlineNanos) {
        return Duration.ofNanos(Math.max(1, deadlineNanos - engine.nanoTime()));
    }

    /** Does something with an answer, or fails as it means that there is none. */
    private <A> void onAnswer(CompletableFuture<A> call, Reply<?> reply, Consumer<A> next) {
        var unused = call.whenComplete((answer, trouble) -> {
            if (trouble != null) {
                reply.failed(Wire.failure(trouble, id));
            } else {
                next.accept(answer);
            }
        });
    }

    /** Goes on when something is so, and fails when the time is up. */
    private void await(BooleanSupplier isSo, String what, long deadlineNanos, Reply<?> reply, Runnable next) {
        if (isSo.getAsBoolean()) {
            next.run();
        } else if (engine.hasStopped()) {
            reply.failed(engine.notRunning());
        } else if (engine.nanoTime() - deadlineNanos >= 0) {
            reply.failed(new Failure(Failure.Kind.UNKNOWN, id, "until now " + what + " is not in the log here"));
        } else {
            engine.schedule(() -> await(isSo, what, deadlineNanos, reply, next), POLL_NANOS);
        }
    }

    private void awaitMembers(
            Predicate<Replica.Membership> isSo, String what, long deadlineNanos, Reply<?> reply, Runnable next) {
        await(() -> isSo.test(engine.replica().membership()), what, deadlineNanos, reply, next);
    }

    // ---- commands

    /** Replicates a command; done with what the state machine returned for it here. */
    void propose(byte[] data, long deadlineNanos, Reply<@Nullable Object> reply) {
        byte[] context = rules.nextContext();
        Entry entry = new Entry(0, 0, EntryType.NORMAL, data, context);
        rules.await(context, reply);
        engine.schedule(
                () -> giveUp(
                        context,
                        reply,
                        new Failure(
                                Failure.Kind.UNKNOWN,
                                id,
                                Leading.name(id) + " was handed the command, and it is not in the log here until now")),
                Math.max(0, deadlineNanos - engine.nanoTime()));
        var unused = client.sendMessage(new Message.Propose(engine.id(), id, List.of(entry)), left(deadlineNanos))
                .whenComplete((taken, trouble) -> {
                    Failure failure = trouble == null ? null : Wire.failure(trouble, id);
                    if (failure != null && failure.certainty() != Failure.Certainty.UNKNOWN) {
                        giveUp(context, reply, failure);
                    }
                });
    }

    /** Tells that a command was not seen, unless the applier told its result. */
    private void giveUp(byte[] context, Reply<@Nullable Object> reply, Failure failure) {
        if (rules.forget(context)) {
            reply.failed(failure);
        }
    }

    // ---- members

    /** Gets an id for a node that wants to join. */
    void reserve(String address, long deadlineNanos, Reply<Ticket> reply) {
        onAnswer(client.requestId(new RequestIdArgs(address), left(deadlineNanos)), reply, answer -> {
            if (answer.code() == ResultCode.OK && answer.error().isEmpty()) {
                try {
                    reply.done(new Ticket(
                            engine.file().clusterId(),
                            answer.reservedId(),
                            answer.leaderId(),
                            addresses(answer.peers())));
                } catch (CodecException e) {
                    reply.failed(Leading.refused("the leader's ticket cannot be read: " + e.getMessage()));
                }
            } else {
                reply.failed(Leading.refused("the leader gives no ticket: " + answer.error()));
            }
        });
    }

    /** Where the members of an answer of raftify's listen. */
    static SortedMap<Long, String> addresses(Bytes peers) throws CodecException {
        SortedMap<Long, String> addresses = ClusterFile.byId();
        Peers.decode(peers.array())
                .peers()
                .forEach((id, peer) -> addresses.put(id, SocketAddresses.format(peer.address())));
        return addresses;
    }

    /** Changes members; done with the ids once this member's log has all of it. */
    void change(List<String> addresses, List<ConfChangeSingle> changes, long deadlineNanos, Reply<List<Long>> reply) {
        ChangeConfigArgs args = new ChangeConfigArgs(addresses, changes);
        onAnswer(client.changeConfig(args, left(deadlineNanos)), reply, answer -> {
            Failure failure = failure(answer);
            if (failure != null) {
                reply.failed(failure);
            } else {
                awaitMembers(
                        members -> isIn(members.configuration(), changes),
                        "the change",
                        deadlineNanos,
                        reply,
                        () -> reply.done(
                                changes.stream().map(ConfChangeSingle::nodeId).toList()));
            }
        });
    }

    /** What an answer says went wrong; null for nothing. Its text comes first: the result may be a success beside it. */
    private @Nullable Failure failure(ChangeConfigResponse answer) {
        if (answer.error().isEmpty() && answer.resultType() == ChangeConfigResultType.SUCCESS) {
            return null;
        }
        String text = "the leader says " + answer.resultType() + ": " + answer.error();
        return switch (answer.resultType()) {
            case REJECTED -> Leading.refused(text);
            case WRONG_LEADER -> new Failure(Failure.Kind.NO_LEADER, id, text);
            case SUCCESS, TIMEOUT_ERROR, UNKNOWN_ERROR -> new Failure(Failure.Kind.UNKNOWN, id, text);
        };
    }

    /** Tells whether a configuration has all of some changes. */
    static boolean isIn(ConfState configuration, List<ConfChangeSingle> changes) {
        for (ConfChangeSingle change : changes) {
            boolean learner = configuration.learners().contains(change.nodeId())
                    || configuration.learnersNext().contains(change.nodeId());
            boolean voter = configuration.voters().contains(change.nodeId());
            boolean is = change.type() == ConfChangeType.ADD_NODE
                    ? voter
                    : change.type() == ConfChangeType.REMOVE_NODE ? !voter && !learner : learner;
            if (!is) {
                return false;
            }
        }
        return true;
    }

    /** Removes a member. A leader would end at once when it removes itself, so that another one has to lead before. */
    void remove(long member, long deadlineNanos, Reply<Done> reply) {
        ConfState configuration = engine.replica().membership().configuration();
        if (!configuration.contains(member)) {
            reply.done(Done.DONE);
        } else if (configuration.voters().stream().allMatch(voter -> voter == member)) {
            reply.failed(Leading.refused(
                    Leading.name(member) + " is the last voter, without which there is no cluster; close it instead"));
        } else if (member == id) {
            List<Long> others = new ArrayList<>(configuration.voters());
            others.remove(member);
            long successor = others.contains(engine.id()) ? engine.id() : others.get(0);
            transfer(successor, deadlineNanos, new Reply<>() {
                @Override
                public void done(Done done) {
                    reply.failed(new Failure(Failure.Kind.NOT_LEADER, successor, Leading.name(id) + " led"));
                }

                @Override
                public void failed(Failure failure) {
                    reply.failed(new Failure(Failure.Kind.TRANSFERRING, id, failure.text()));
                }
            });
        } else {
            String address = engine.addressOf(member);
            List<ConfChangeSingle> changes = List.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, member));
            ChangeConfigArgs args = new ChangeConfigArgs(List.of(address == null ? "0.0.0.0:0" : address), changes);
            onAnswer(client.changeConfig(args, left(deadlineNanos)), reply, answer -> {
                Failure failure = failure(answer);
                if (failure != null) {
                    reply.failed(failure);
                } else if (member == engine.id()) {
                    // Who is removed may never hear of it from the log.
                    reply.done(Done.DONE);
                } else {
                    awaitMembers(
                            members -> !members.configuration().contains(member),
                            "the removal",
                            deadlineNanos,
                            reply,
                            () -> reply.done(Done.DONE));
                }
            });
        }
    }

    /** Ends a joint configuration. */
    void leaveJoint(long deadlineNanos, Reply<Done> reply) {
        if (!engine.replica().membership().configuration().isJoint()) {
            reply.failed(Leading.refused("the configuration is not joint"));
            return;
        }
        onAnswer(
                client.leaveJoint(left(deadlineNanos)),
                reply,
                answer -> awaitMembers(
                        members -> !members.configuration().isJoint(),
                        "the end of the joint configuration",
                        deadlineNanos,
                        reply,
                        () -> reply.done(Done.DONE)));
    }

    /** Hands leadership to a voter; done when it leads. */
    void transfer(long target, long deadlineNanos, Reply<Done> reply) {
        if (target == id) {
            reply.done(Done.DONE);
        } else if (!engine.replica().membership().configuration().voters().contains(target)) {
            reply.failed(Leading.refused("id: " + Long.toUnsignedString(target) + " is no voter"));
        } else {
            askToTransfer(target, deadlineNanos, reply);
        }
    }

    /** Asks until it is so: the target may not have been ready, which nobody tells. */
    private void askToTransfer(long target, long deadlineNanos, Reply<Done> reply) {
        Message request = new Message.TransferLeader(target, id, engine.term());
        long untilNanos = Math.min(deadlineNanos, engine.nanoTime() + TRANSFER_NANOS);
        onAnswer(
                client.sendMessage(request, left(deadlineNanos)),
                reply,
                taken -> awaitLeader(target, untilNanos, deadlineNanos, reply));
    }

    private void awaitLeader(long target, long untilNanos, long deadlineNanos, Reply<Done> reply) {
        long leader = engine.leader();
        if (leader == target) {
            reply.done(Done.DONE);
        } else if (engine.hasStopped()) {
            reply.failed(engine.notRunning());
        } else if (engine.nanoTime() - deadlineNanos >= 0) {
            reply.failed(new Failure(
                    Failure.Kind.REFUSED_TRANSFER, leader, Leading.name(target) + " did not come to lead in time"));
        } else if (engine.nanoTime() - untilNanos < 0) {
            engine.schedule(() -> awaitLeader(target, untilNanos, deadlineNanos, reply), POLL_NANOS);
        } else if (leader == id) {
            askToTransfer(target, deadlineNanos, reply);
        } else {
            reply.failed(new Failure(Failure.Kind.NOT_LEADER, leader, Leading.name(id) + " does not lead any more"));
        }
    }
}
