package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.SocketAddresses;
import dev.coracle.node.Reply;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.RawNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** What only the leader can do about who is a member. */
final class MemberTasks {
    /** How long a node that wants to join may take to answer the leader. */
    private static final Duration IDENTIFY_TIMEOUT = Duration.ofSeconds(2);

    /** The types of changes by their number in a request. */
    private static final List<ConfChangeType> TYPES = List.of(
            ConfChangeType.ADD_NODE,
            ConfChangeType.REMOVE_NODE,
            ConfChangeType.UPDATE_NODE,
            ConfChangeType.ADD_LEARNER_NODE);

    private MemberTasks() {}

    /** Gives an id away. */
    record Reserve(String clusterName, String address, long incarnation) implements LeaderTask<Ticket> {
        @Override
        public int kind() {
            return CallKind.JOIN_TICKET;
        }

        @Override
        public boolean isRepeatable() {
            return true; // An id that nobody takes is no loss.
        }

        @Override
        public void write(ByteWriter out) {
            out.text(clusterName).text(address).int64(incarnation);
        }

        static Reserve read(ByteReader in) throws MalformedException {
            Reserve read = new Reserve(in.text("clusterName"), in.text("address"), in.int64("incarnation"));
            in.end("ticket request");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Ticket> reply) {
            ClusterFile file = leading.file();
            if (!file.clusterName().equals(clusterName)) {
                reply.failed(Leading.refused("clusterName: \"" + clusterName
                        + "\" is not the name of the cluster there, \"" + file.clusterName() + "\""));
                return;
            }
            if (leading.replica().rules() instanceof RaftRsRules rules) {
                leading.withMembership(
                        deadlineNanos, reply, members -> ticket(idFor(members.tables(), rules), leading, reply));
                return;
            }
            byte[] command = new Envelope.ReserveId(address, incarnation).encode();
            leading.node()
                    .propose(
                            command,
                            deadlineNanos,
                            Leading.onDone(reply, id -> ticket(Objects.requireNonNull((Long) id), leading, reply)));
        }

        /** A member that asks again is told its id, as raftify does it. */
        private long idFor(Tables tables, RaftRsRules rules) {
            for (Map.Entry<Long, Tables.Known> member : tables.members().entrySet()) {
                if (member.getValue().address().equals(address)) {
                    return member.getKey();
                }
            }
            return rules.reserve(tables);
        }

        private static void ticket(long id, Leading leading, Reply<Ticket> reply) {
            SortedMap<Long, String> peers = ClusterFile.byId();
            leading.replica()
                    .membership()
                    .tables()
                    .members()
                    .forEach((member, known) -> peers.put(member, known.address()));
            reply.done(new Ticket(leading.file().clusterId(), id, leading.node().id(), peers));
        }

        @Override
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<Ticket> reply) {
            leader.reserve(address, deadlineNanos, reply);
        }

        @Override
        public void writeResult(Ticket result, ByteWriter out) {
            result.write(out);
        }

        @Override
        public Ticket readResult(ByteReader in) throws MalformedException {
            return Ticket.read(in);
        }
    }

    /** Takes a node in that has its id. */
    record Join(long id, String address, long incarnation) implements Tasks.Silent {
        Join {
            HostAndPort.require("address", address, 1);
        }

        @Override
        public int kind() {
            return CallKind.JOIN;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(id).text(address).int64(incarnation);
        }

        static Join read(ByteReader in) throws MalformedException {
            Join read = new Join(in.int64("id"), in.text("address"), in.int64("incarnation"));
            in.end("join request");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            if (leading.refusesIdentities(reply)) {
                return;
            }
            leading.withMembership(deadlineNanos, reply, members -> {
                if (isToBeTakenIn(members, leading, deadlineNanos, reply)) {
                    identify(leading, deadlineNanos, reply);
                }
            });
        }

        /** Tells whether the node only lacks its place in the configuration; if not, sees to the reply. */
        private boolean isToBeTakenIn(
                Replica.Membership members, Leading leading, long deadlineNanos, Reply<Done> reply) {
            Tables tables = members.tables();
            Tables.Known known = tables.member(id);
            if (known != null) {
                note(known, leading, deadlineNanos, reply);
            } else if (tables.removed().contains(id)) {
                reply.failed(Leading.refused(Leading.name(id) + " was removed from the cluster; empty its directory,"
                        + " or set it aside, and let it join as a new node"));
            } else if (Long.compareUnsigned(id, tables.nextId()) >= 0) {
                reply.failed(Leading.refused("id: " + Long.toUnsignedString(id) + " was not given by this cluster"));
            } else {
                return true;
            }
            return false;
        }

        /** It is a member already, perhaps at another address. */
        private void note(Tables.Known known, Leading leading, long deadlineNanos, Reply<Done> reply) {
            new Announce(id, address, incarnation).note(known, leading, deadlineNanos, reply);
        }

        /**
         * Calls the node before it is taken in: one that cannot be reached would cost the cluster a vote, with one other
         * member even all progress; and an address of another member must really have become this node's.
         */
        private void identify(Leading leading, long deadlineNanos, Reply<Done> reply) {
            try {
                var unused = leading.caller()
                        .call(address, CallKind.IDENTIFY, new byte[0], IDENTIFY_TIMEOUT)
                        .whenComplete((answer, trouble) -> {
                            String fault =
                                    trouble == null ? fault(answer) : "it does not answer the leader: " + text(trouble);
                            if (fault == null) {
                                // Meanwhile it may have been taken in, by way of another member, and removed again.
                                leading.withMembership(deadlineNanos, reply, members -> {
                                    if (isToBeTakenIn(members, leading, deadlineNanos, reply)) {
                                        takeIn(members, leading, deadlineNanos, reply);
                                    }
                                });
                            } else {
                                reply.failed(Leading.refused("address: " + address + ": " + fault));
                            }
                        });
            } catch (IllegalArgumentException e) {
                reply.failed(Leading.refused(String.valueOf(e.getMessage())));
            }
        }

        private static @Nullable String text(Throwable trouble) {
            Throwable cause = trouble instanceof CompletionException ? trouble.getCause() : trouble;
            return cause == null ? trouble.toString() : cause.getMessage();
        }

        private @Nullable String fault(byte[] answer) {
            try {
                Identity found = Identity.read(new ByteReader(answer));
                return found.id() == id && found.incarnation() == incarnation
                        ? null
                        : Leading.name(found.id()) + " listens there";
            } catch (MalformedException e) {
                return e.getMessage();
            }
        }

        private void takeIn(Replica.Membership members, Leading leading, long deadlineNanos, Reply<Done> reply) {
            List<ConfChangeSingle> changes = new ArrayList<>();
            List<Tables.Known> context = new ArrayList<>();
            for (Map.Entry<Long, Tables.Known> member :
                    members.tables().members().entrySet()) {
                if (member.getValue().address().equals(address)) {
                    Engine.LOG.info(
                            "{} joins in place of {}, whose address {} it has: that one's data directory was emptied or"
                                    + " replaced",
                            Leading.name(id),
                            Leading.name(member.getKey()),
                            address);
                    changes.add(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, member.getKey()));
                    context.add(Tables.Known.NOTHING);
                }
            }
            changes.add(new ConfChangeSingle(ConfChangeType.ADD_NODE, id));
            context.add(new Tables.Known(address, incarnation));
            change(changes, context, ConfChangeTransition.AUTO, leading, deadlineNanos, reply);
        }
    }

    /** Notes where a member listens, and its incarnation if that is not known yet. */
    record Announce(long id, String address, long incarnation) implements Tasks.Silent {
        Announce {
            HostAndPort.require("address", address, 1);
        }

        @Override
        public int kind() {
            return CallKind.ANNOUNCE;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(id).text(address).int64(incarnation);
        }

        static Announce read(ByteReader in) throws MalformedException {
            Announce read = new Announce(in.int64("id"), in.text("address"), in.int64("incarnation"));
            in.end("announcement");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            if (leading.refusesIdentities(reply)) {
                return;
            }
            leading.withMembership(deadlineNanos, reply, members -> {
                Tables.Known known = members.tables().member(id);
                if (known == null) {
                    reply.failed(Leading.refused(Leading.name(id) + " is no member"));
                } else {
                    note(known, leading, deadlineNanos, reply);
                }
            });
        }

        void note(Tables.Known known, Leading leading, long deadlineNanos, Reply<Done> reply) {
            String refusal = Identity.refusal(id, known.incarnation(), incarnation);
            if (refusal != null) {
                reply.failed(Leading.refused(refusal));
            } else if (known.equals(new Tables.Known(address, incarnation))) {
                reply.done(Done.DONE);
            } else {
                byte[] command = new Envelope.RecordMember(id, address, incarnation).encode();
                leading.node().propose(command, deadlineNanos, Leading.onDone(reply, nothing -> reply.done(Done.DONE)));
            }
        }
    }

    /** Removes a member. A leader that is to be removed hands leadership over, and leaves the rest to its successor. */
    record Remove(long id) implements Tasks.Silent {
        @Override
        public int kind() {
            return CallKind.REMOVE;
        }

        @Override
        public boolean isRepeatable() {
            return true;
        }

        @Override
        public void write(ByteWriter out) {
            out.int64(id);
        }

        static Remove read(ByteReader in) throws MalformedException {
            Remove read = new Remove(in.int64("id"));
            in.end("removal");
            return read;
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            leading.withMembership(deadlineNanos, reply, members -> {
                ConfState configuration = members.configuration();
                boolean last = configuration.voters().stream().allMatch(voter -> voter == id);
                if (!configuration.contains(id)) {
                    reply.done(Done.DONE);
                } else if (last) {
                    reply.failed(Leading.refused(Leading.name(id)
                            + " is the last voter, without which there is no cluster;" + " close it instead"));
                } else if (id == leading.node().id()) {
                    leading.handOver(configuration, deadlineNanos, reply);
                } else {
                    change(
                            List.of(new ConfChangeSingle(ConfChangeType.REMOVE_NODE, id)),
                            List.of(Tables.Known.NOTHING),
                            ConfChangeTransition.AUTO,
                            leading,
                            deadlineNanos,
                            reply);
                }
            });
        }

        @Override
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<Done> reply) {
            leader.remove(id, deadlineNanos, reply);
        }
    }

    /** Ends a joint configuration. */
    record LeaveJoint() implements Tasks.Silent {
        @Override
        public int kind() {
            return CallKind.LEAVE_JOINT;
        }

        @Override
        public boolean isRepeatable() {
            return false;
        }

        @Override
        public void write(ByteWriter out) {}

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<Done> reply) {
            leading.withMembership(deadlineNanos, reply, members -> {
                if (members.configuration().isJoint()) {
                    leading.node()
                            .changeConfiguration(
                                    ConfChangeV2.LEAVE_JOINT,
                                    deadlineNanos,
                                    Leading.onDone(reply, configuration -> reply.done(Done.DONE)));
                } else {
                    reply.failed(Leading.refused("the configuration is not joint"));
                }
            });
        }

        @Override
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<Done> reply) {
            leader.leaveJoint(deadlineNanos, reply);
        }
    }

    /**
     * Changes members as raftify's ChangeConfig does: nodes are added by address, with the id given or, for 0, a new one;
     * several changes are made at once, and the joint configuration is left by order.
     */
    record ChangeMembers(List<String> addresses, List<ConfChangeSingle> changes) implements LeaderTask<List<Long>> {
        /** A change is one entry, which must fit the frames that carry it. */
        private static final int MOST_CHANGES = 100;

        @Override
        public int kind() {
            return CallKind.CHANGE_MEMBERS;
        }

        @Override
        public boolean isRepeatable() {
            return false;
        }

        @Override
        public void write(ByteWriter out) {
            out.int32(changes.size());
            for (int i = 0; i < changes.size(); i++) {
                out.int8(TYPES.indexOf(changes.get(i).type()))
                        .int64(changes.get(i).nodeId())
                        .text(addresses.get(i));
            }
        }

        static ChangeMembers read(ByteReader in) throws MalformedException {
            List<String> addresses = new ArrayList<>();
            List<ConfChangeSingle> changes = new ArrayList<>();
            for (int i = in.count("changes", 13); i > 0; i--) {
                int type = in.int8("type");
                ByteReader.require(type < TYPES.size(), "type", type + " is not known here");
                changes.add(new ConfChangeSingle(TYPES.get(type), in.int64("id")));
                addresses.add(in.text("address"));
            }
            in.end("changes");
            return new ChangeMembers(addresses, changes);
        }

        @Override
        public void perform(Leading leading, long deadlineNanos, Reply<List<Long>> reply) {
            leading.withMembership(deadlineNanos, reply, members -> {
                boolean idsReturn = leading.replica().rules() instanceof RaftRsRules;
                String fault = fault(members, leading, idsReturn);
                if (fault != null) {
                    reply.failed(Leading.refused(fault));
                } else {
                    assign(0, new ArrayList<>(), leading, deadlineNanos, reply);
                }
            });
        }

        @Override
        public void performAt(RaftifyLeader leader, long deadlineNanos, Reply<List<Long>> reply) {
            leader.change(addresses, changes, deadlineNanos, reply);
        }

        /** @param idsReturn whether the id of a node that was removed may be another's, as raftify gives it away again */
        private @Nullable String fault(Replica.Membership members, Leading leading, boolean idsReturn) {
            if (changes.isEmpty() || changes.size() != addresses.size()) {
                return "changes: " + changes.size() + " changes and " + addresses.size()
                        + " addresses; there must be at least one, and an address for each";
            }
            if (changes.size() > MOST_CHANGES) {
                return "changes: " + changes.size() + " changes, must be at most " + MOST_CHANGES;
            }
            for (int i = 0; i < changes.size(); i++) {
                ConfChangeSingle change = changes.get(i);
                long id = change.nodeId();
                boolean member = members.configuration().contains(id);
                if (change.type() == ConfChangeType.REMOVE_NODE) {
                    if (!member) {
                        return Leading.name(id) + " is no member";
                    }
                    if (id == leading.node().id()) {
                        return Leading.name(id) + " leads; transfer leadership first";
                    }
                } else if (!idsReturn && members.tables().removed().contains(id)) {
                    return Leading.name(id) + " was removed, and its id is not used again";
                } else if (RawNode.isLocalThread(id)) {
                    return "id: " + Long.toUnsignedString(id) + " must not be one of the two highest, which stand for"
                            + " threads of a node";
                } else {
                    try {
                        HostAndPort.require("address", addresses.get(i), 1);
                        if (idsReturn) {
                            String address = SocketAddresses.format(SocketAddresses.parse(addresses.get(i)));
                            Tables.Known known = members.tables().member(id);
                            // Two nodes that were given the same id, by two leaders of raftify or by one of them twice.
                            if (known != null
                                    && !known.address().isEmpty()
                                    && !known.address().equals(address)) {
                                return Leading.name(id) + " is a member at " + known.address() + ", and not at "
                                        + address + ": it has to be removed before, or the new node must ask for"
                                        + " another id, with an empty directory";
                            }
                        }
                    } catch (IllegalArgumentException e) {
                        return String.valueOf(e.getMessage());
                    }
                }
            }
            return null;
        }

        /** Reserves the ids that are to be new, one after the other. */
        private void assign(
                int position, List<Long> ids, Leading leading, long deadlineNanos, Reply<List<Long>> reply) {
            if (position == changes.size()) {
                apply(ids, leading, deadlineNanos, reply);
                return;
            }
            ConfChangeSingle change = changes.get(position);
            if (change.nodeId() != 0) {
                ids.add(change.nodeId());
                assign(position + 1, ids, leading, deadlineNanos, reply);
                return;
            }
            if (leading.replica().rules() instanceof RaftRsRules rules) {
                ids.add(rules.reserve(leading.replica().membership().tables()));
                assign(position + 1, ids, leading, deadlineNanos, reply);
                return;
            }
            byte[] command = new Envelope.ReserveId(addresses.get(position), 0).encode();
            leading.node().propose(command, deadlineNanos, Leading.onDone(reply, id -> {
                ids.add(Objects.requireNonNull((Long) id));
                assign(position + 1, ids, leading, deadlineNanos, reply);
            }));
        }

        private void apply(List<Long> ids, Leading leading, long deadlineNanos, Reply<List<Long>> reply) {
            List<ConfChangeSingle> named = new ArrayList<>();
            List<Tables.Known> context = new ArrayList<>();
            for (int i = 0; i < ids.size(); i++) {
                ConfChangeType type = changes.get(i).type();
                named.add(new ConfChangeSingle(type, ids.get(i)));
                context.add(
                        type == ConfChangeType.REMOVE_NODE
                                ? Tables.Known.NOTHING
                                : new Tables.Known(addresses.get(i), 0));
            }
            ConfChangeTransition transition =
                    named.size() > 1 ? ConfChangeTransition.JOINT_EXPLICIT : ConfChangeTransition.AUTO;
            change(named, context, transition, leading, deadlineNanos, Leading.onDone(reply, done -> reply.done(ids)));
        }

        @Override
        public void writeResult(List<Long> result, ByteWriter out) {
            out.int32(result.size());
            result.forEach(out::int64);
        }

        @Override
        public List<Long> readResult(ByteReader in) throws MalformedException {
            List<Long> ids = new ArrayList<>();
            for (int i = in.count("ids", 8); i > 0; i--) {
                ids.add(in.int64("id"));
            }
            return List.copyOf(ids);
        }
    }

    private static void change(
            List<ConfChangeSingle> changes,
            List<Tables.Known> context,
            ConfChangeTransition transition,
            Leading leading,
            long deadlineNanos,
            Reply<Done> reply) {
        DialectRules rules = leading.replica().rules();
        leading.node()
                .changeConfiguration(
                        new ConfChangeV2(transition, changes, rules.changeContext(context)),
                        rules.nextContext(),
                        deadlineNanos,
                        Leading.onDone(reply, configuration -> reply.done(Done.DONE)));
    }
}
