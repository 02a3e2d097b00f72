package dev.coracle.testkit;

import dev.coracle.Caller;
import dev.coracle.Network;
import dev.coracle.World;
import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Dialect;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.node.Transport;
import dev.coracle.raft.Message;
import dev.coracle.transport.grpc.CallException;
import dev.coracle.transport.grpc.CallHandler;
import dev.coracle.transport.grpc.Connection;
import dev.coracle.transport.grpc.Handshake;
import dev.coracle.transport.grpc.RaftServiceHandler;
import dev.coracle.transport.grpc.RefusalCode;
import dev.coracle.transport.grpc.Verdict;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The network between simulated hosts. Messages travel as their bytes, a frame a flush, after the handshake of our own
 * streams; frames are lost, late, doubled, out of order, old or damaged as {@link Conditions} say, and links can be cut
 * one way. Snapshots travel in pieces from one store to the other, requests as they do in production.
 */
final class SimulatedNetwork {
    /** How the network is. Parts of a thousand; times in nanoseconds. */
    static final class Conditions {
        int lost;
        int doubled;
        int replayed;
        int damaged;
        int slow;
        long maxDelayNanos = 500_000;
        long slowNanos = 50_000_000;
    }

    /** Hears of what happens on the network. */
    interface Observer {
        /** A message leaves a member. */
        void onSend(SimProcess sender, Message message);

        /** Sending a snapshot ended. */
        void onSnapshot(Message.InstallSnapshot message, boolean failed);
    }

    private static final long MIN_DELAY_NANOS = 30_000;
    private static final int MAX_OFFERS = 200;
    private static final long RETRY_NANOS = 1_000_000;
    private static final int CHUNK_BYTES = 4_096;
    private static final long CONNECT_NANOS = 2_000_000_000L;
    private static final int REMEMBERED_FRAMES = 64;
    private static final Connection CONNECTION = new Connection(null, null);

    private record Link(String from, String to) {}

    /** A request that has no answer yet. */
    private record OpenCall(SimProcess caller, String address, CompletableFuture<byte[]> answer) {
        boolean isBetween(String one, String other) {
            String own = caller.host().address();
            return (own.equals(one) && address.equals(other)) || (own.equals(other) && address.equals(one));
        }
    }

    private final Events events;
    private final SplittableRandom random;
    private final Observer observer;
    private final Codec<Message> codec = Dialect.NATIVE.codec().messages();
    private final Map<String, Endpoint> endpoints = new HashMap<>();
    private final Set<Link> cut = new HashSet<>();
    private final Map<Link, ArrayDeque<Frame>> sent = new LinkedHashMap<>();
    private final Set<OpenCall> openCalls = new LinkedHashSet<>();
    private final Map<Link, Long> slowLinks = new HashMap<>();
    private final Map<Link, Long> resetAt = new HashMap<>();
    private Conditions conditions = new Conditions();
    private long trace = 0xcbf29ce484222325L;
    private long delivered;
    private long lostFrames;

    private record Frame(Endpoint from, long to, List<byte[]> messages) {}

    SimulatedNetwork(Events events, SplittableRandom random, Observer observer) {
        this.events = events;
        this.random = random;
        this.observer = observer;
    }

    Conditions conditions() {
        return conditions;
    }

    /** Makes the network as it was in the beginning; what is cut stays cut. */
    void recover() {
        conditions = new Conditions();
        slowLinks.clear();
    }

    /** Lets one direction be slower, by up to so long; 0 ends it. */
    void slowDown(String from, String to, long nanos) {
        slowLinks.put(new Link(from, to), nanos);
    }

    /** Resets all connections between two addresses: what is on its way is lost, and who waits for an answer hears of it. */
    void reset(String one, String other) {
        resetAt.put(new Link(one, other), events.nowNanos());
        resetAt.put(new Link(other, one), events.nowNanos());
        breakOff(call -> call.isBetween(one, other));
    }

    /** The process at an address has ended, and its system says so to whoever waits for it. */
    void ended(String address) {
        breakOff(call -> call.address.equals(address));
    }

    private void breakOff(Predicate<OpenCall> which) {
        for (OpenCall call : List.copyOf(openCalls)) {
            if (which.test(call)) {
                breakOff(call.caller, call.answer, call.address, delay());
            }
        }
    }

    /**
     * Lets a host hear again what it was sent of late, each frame at some time within so long. What was late already when
     * a link was cut still arrives.
     */
    void replay(String address, long nanos) {
        sent.forEach((link, frames) -> {
            if (link.to.equals(address)) {
                for (Frame frame : List.copyOf(frames)) {
                    events.after(random.nextLong(nanos), () -> frame.from.arrive(frame, address, false));
                }
            }
        });
    }

    private boolean wasReset(Link link, long sentAtNanos) {
        Long reset = resetAt.get(link);
        return reset != null && sentAtNanos <= reset;
    }

    /** The identity of the data directory of whoever listens at an address; 0 if nobody does. */
    long incarnation(String address) {
        Endpoint endpoint = listening(address);
        return endpoint == null ? 0 : endpoint.binding.incarnation();
    }

    /** What answers raftify's requests at an address; null if nobody listens there. */
    @Nullable
    RaftServiceHandler service(String address) {
        Endpoint endpoint = listening(address);
        return endpoint == null ? null : endpoint.binding.raftServiceHandler();
    }

    /** A number that depends on every message that arrived, and when. */
    long trace() {
        return trace;
    }

    /** How many frames arrived. */
    long delivered() {
        return delivered;
    }

    /** How many frames were lost, for whatever reason. */
    long lost() {
        return lostFrames;
    }

    /** Cuts one direction between two addresses. */
    void cut(String from, String to) {
        cut.add(new Link(from, to));
    }

    /** Mends one direction between two addresses. */
    void mend(String from, String to) {
        cut.remove(new Link(from, to));
    }

    /** Mends all that is cut. */
    void mend() {
        cut.clear();
    }

    Network bind(SimProcess process, World.Binding binding) {
        if (binding.dialect() != Dialect.NATIVE) {
            throw new IllegalArgumentException(
                    "dialect: " + binding.dialect() + " cannot be simulated, only NATIVE can");
        }
        Endpoint endpoint = new Endpoint(process, binding);
        endpoints.put(process.host().address(), endpoint);
        return endpoint;
    }

    Caller caller(SimProcess process) {
        return new Caller() {
            @Override
            public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
                return SimulatedNetwork.this.call(process, 0, address, kind, request, timeout);
            }

            @Override
            public void close() {}
        };
    }

    private @Nullable Endpoint listening(String address) {
        Endpoint endpoint = endpoints.get(address);
        return endpoint == null || endpoint.closed || endpoint.process.hasEnded() ? null : endpoint;
    }

    private boolean isCut(String from, String to) {
        return cut.contains(new Link(from, to));
    }

    private long delay(Link link) {
        Long slower = slowLinks.get(link);
        return slower == null || slower == 0 ? delay() : delay() + random.nextLong(slower);
    }

    private long delay() {
        long nanos = MIN_DELAY_NANOS + random.nextLong(Math.max(1, conditions.maxDelayNanos));
        return happens(conditions.slow) ? nanos + random.nextLong(conditions.slowNanos) : nanos;
    }

    private boolean happens(int partsOfAThousand) {
        return partsOfAThousand > 0 && random.nextInt(1000) < partsOfAThousand;
    }

    private void note(long value) {
        trace = (trace ^ value) * 0x100000001b3L;
    }

    // ---- requests

    private CompletableFuture<byte[]> call(
            SimProcess caller, long from, String address, int kind, byte[] request, Duration timeout) {
        CompletableFuture<byte[]> answer = new CompletableFuture<>();
        String own = caller.host().address();
        OpenCall open = new OpenCall(caller, address, answer);
        openCalls.add(open);
        var unused = answer.whenComplete((response, failure) -> openCalls.remove(open));
        boolean[] sentOut = {true};
        caller.after(
                timeout.toNanos(),
                () -> answer.completeExceptionally(
                        new CallException(CallException.Kind.DEADLINE, sentOut[0], address + ": no answer in time")));
        if (!caller.host().hasPower() || isCut(own, address) || happens(conditions.lost)) {
            breakOff(caller, answer, address, CONNECT_NANOS);
            return answer;
        }
        Link link = new Link(own, address);
        long now = events.nowNanos();
        events.after(delay(link), () -> {
            if (wasReset(link, now)) {
                return;
            }
            Endpoint target = listening(address);
            if (target == null) {
                sentOut[0] = false;
                caller.after(
                        delay(),
                        () -> answer.completeExceptionally(new CallException(
                                CallException.Kind.UNREACHABLE, false, address + ": connection refused")));
                return;
            }
            note(kind);
            note(request.length);
            target.process.arrives(0, () -> serve(target, caller, from, address, kind, request.clone(), answer));
        });
        return answer;
    }

    private void serve(
            Endpoint target,
            SimProcess caller,
            long from,
            String address,
            int kind,
            byte[] request,
            CompletableFuture<byte[]> answer) {
        CallHandler.Responder responder = new CallHandler.Responder() {
            private boolean answered;

            @Override
            public void answer(byte[] response) {
                respond(() -> answer.complete(response));
            }

            @Override
            public void refuse(String text) {
                respond(() -> answer.completeExceptionally(
                        new CallException(CallException.Kind.REFUSED, false, address + ": " + text)));
            }

            @Override
            public void unknown(String text) {
                respond(() -> answer.completeExceptionally(
                        new CallException(CallException.Kind.UNREACHABLE, true, address + ": " + text)));
            }

            private void respond(Runnable end) {
                if (answered || !target.process.host().hasPower()) {
                    return;
                }
                answered = true;
                Link back = new Link(address, caller.host().address());
                if (isCut(address, caller.host().address()) || happens(conditions.lost)) {
                    breakOff(caller, answer, address, CONNECT_NANOS);
                } else {
                    caller.arrives(delay(back), end);
                }
            }
        };
        Verdict verdict = target.binding.admission().admitCall(from, CONNECTION);
        if (!verdict.isAccepted()) {
            responder.refuse(verdict.text());
            return;
        }
        try {
            target.binding.callHandler().handle(from, kind, request, responder);
        } catch (RuntimeException e) {
            responder.unknown(String.valueOf(e.getMessage()));
        }
    }

    private void breakOff(SimProcess caller, CompletableFuture<byte[]> answer, String address, long nanos) {
        caller.after(
                nanos,
                () -> answer.completeExceptionally(
                        new CallException(CallException.Kind.UNREACHABLE, true, address + ": the connection broke")));
    }

    // ---- messages

    /** A member's place in the network: what it sends with, and where what is sent to it arrives. */
    private final class Endpoint implements Network, Transport {
        private final SimProcess process;
        private final World.Binding binding;
        private final Map<Long, String> peers = new HashMap<>();
        private final Map<Long, List<byte[]>> outgoing = new HashMap<>();
        private final List<Long> flushed = new ArrayList<>();
        private final Set<Long> removed = new HashSet<>();
        private final Map<Long, RefusalCode> refusedBy = new HashMap<>();
        private @Nullable Inbound inbound;
        private String advertised = "";
        private boolean closed;

        Endpoint(SimProcess process, World.Binding binding) {
            this.process = process;
            this.binding = binding;
        }

        @Override
        public Transport transport() {
            return this;
        }

        @Override
        public void advertise(String address) {
            advertised = address;
        }

        @Override
        public String boundAddress() {
            return process.host().address();
        }

        @Override
        public CompletableFuture<byte[]> call(String address, int kind, byte[] request, Duration timeout) {
            return SimulatedNetwork.this.call(process, binding.id(), address, kind, request, timeout);
        }

        @Override
        public void start(Inbound newInbound) {
            inbound = newInbound;
        }

        @Override
        public void setPeer(long id, String address) {
            peers.put(id, address);
            removed.remove(id);
        }

        @Override
        public void removePeer(long id) {
            peers.remove(id);
            removed.add(id);
        }

        @Override
        public void close() {
            closed = true;
        }

        @Override
        public void send(long group, Message message) {
            if (closed || !process.host().hasPower()) {
                return;
            }
            observer.onSend(process, message);
            if (message instanceof Message.InstallSnapshot install) {
                sendSnapshot(install);
                return;
            }
            List<byte[]> frame = outgoing.computeIfAbsent(message.to(), absent -> new ArrayList<>());
            if (frame.isEmpty()) {
                flushed.add(message.to());
            }
            frame.add(codec.encode(message));
        }

        @Override
        public void sendNote(long group, long to, byte[] note) {
            String address = peers.get(to);
            if (closed || address == null || !process.host().hasPower() || happens(conditions.lost)) {
                return;
            }
            events.after(delay(), () -> {
                Endpoint target = listening(address);
                if (target != null
                        && target.binding.id() == to
                        && target.binding.clusterId() == binding.clusterId()
                        && !isCut(process.host().address(), address)) {
                    target.process.arrives(0, () -> {
                        Inbound in = target.inbound;
                        if (in != null && !target.closed) {
                            in.offerNote(0, binding.id(), note.clone());
                        }
                    });
                }
            });
        }

        @Override
        public void flush() {
            for (long to : flushed) {
                List<byte[]> messages = outgoing.remove(to);
                String address = peers.get(to);
                if (address == null || messages == null) {
                    unreachable(to);
                } else {
                    transmit(new Frame(this, to, messages), address);
                }
            }
            flushed.clear();
        }

        private void transmit(Frame frame, String address) {
            long to = frame.to;
            Link link = new Link(process.host().address(), address);
            if (happens(conditions.lost)) {
                lose(to);
                return;
            }
            long now = events.nowNanos();
            events.after(delay(link), () -> {
                if (wasReset(link, now)) {
                    lose(to);
                } else {
                    arrive(frame, address);
                }
            });
            if (happens(conditions.doubled)) {
                events.after(delay(link), () -> arrive(frame, address));
            }
            ArrayDeque<Frame> before = sent.computeIfAbsent(link, absent -> new ArrayDeque<>());
            if (!before.isEmpty() && happens(conditions.replayed)) {
                List<Frame> choice = List.copyOf(before);
                Frame old = choice.get(random.nextInt(choice.size()));
                events.after(delay(), () -> arrive(old, address));
            }
            before.addLast(frame);
            if (before.size() > REMEMBERED_FRAMES) {
                before.removeFirst();
            }
        }

        private void arrive(Frame frame, String address) {
            arrive(frame, address, isCut(process.host().address(), address));
        }

        private void arrive(Frame frame, String address, boolean cut) {
            long to = frame.to;
            Endpoint target = listening(address);
            if (target == null || target.inbound == null || cut) {
                lose(to);
                return;
            }
            if (!greets(target, to)) {
                return;
            }
            List<Message> messages = new ArrayList<>();
            boolean broken = happens(conditions.damaged);
            try {
                for (byte[] bytes : frame.messages) {
                    messages.add(codec.decode(broken ? damaged(bytes) : bytes));
                }
            } catch (CodecException e) {
                lose(to);
                return;
            }
            if (broken) {
                // What can still be read was damaged on a link that checks what it carries.
                lose(to);
                return;
            }
            delivered++;
            note(events.nowNanos());
            note(binding.id());
            note(to);
            messages.forEach(message -> note(message.type().ordinal() + 31 * message.index() + 97 * message.term()));
            target.process.arrives(0, () -> target.offer(messages, 0));
        }

        private byte[] damaged(byte[] bytes) {
            if (random.nextBoolean()) {
                byte[] shorter = new byte[random.nextInt(bytes.length)];
                System.arraycopy(bytes, 0, shorter, 0, shorter.length);
                return shorter;
            }
            byte[] garbage = bytes.clone();
            garbage[random.nextInt(garbage.length)] = (byte) random.nextInt(256);
            return garbage;
        }

        /** What an end of a stream asks of the other when it begins; here before each frame, as if it broke each time. */
        private boolean greets(Endpoint target, long to) {
            Handshake handshake = new Handshake(
                    Handshake.VERSION, binding.clusterId(), 0, binding.id(), binding.incarnation(), to, advertised);
            Verdict verdict = target.examine(handshake);
            if (verdict.isAccepted()) {
                verdict = binding.admission().admitReceiver(target.binding.id(), target.binding.incarnation());
            }
            if (verdict.isAccepted()) {
                refusedBy.remove(to);
                return true;
            }
            if (refusedBy.put(to, verdict.code()) != verdict.code()) {
                Verdict refusal = verdict;
                process.after(delay(), () -> binding.listener().refused(to, refusal.code(), refusal.text()));
            }
            lose(to);
            return false;
        }

        private Verdict examine(Handshake handshake) {
            if (handshake.clusterId() != binding.clusterId()) {
                return Verdict.refused(RefusalCode.CLUSTER, "another cluster");
            }
            if (handshake.receiver() != binding.id()) {
                return Verdict.refused(RefusalCode.RECEIVER, "another node is meant");
            }
            if (handshake.node() == binding.id()) {
                return Verdict.refused(RefusalCode.INCARNATION, "another node has the id of this one");
            }
            if (removed.contains(handshake.node())) {
                return Verdict.refused(RefusalCode.REMOVED, "it was removed from the cluster");
            }
            return binding.admission().admit(handshake, CONNECTION);
        }

        private void offer(List<Message> messages, int offers) {
            Inbound in = inbound;
            if (in == null || closed) {
                return;
            }
            int taken = in.offer(0, messages);
            if (taken < messages.size() && offers < MAX_OFFERS) {
                // The node is full: the stream holds what it has, and its sender.
                List<Message> rest = List.copyOf(messages.subList(taken, messages.size()));
                process.after(RETRY_NANOS, () -> offer(rest, offers + 1));
            }
        }

        private void lose(long to) {
            lostFrames++;
            // Most losses are noticed when the stream breaks, many not.
            if (random.nextInt(3) == 0) {
                unreachable(to);
            }
        }

        private void unreachable(long to) {
            process.after(delay(), () -> {
                Inbound in = inbound;
                if (in != null && !closed) {
                    in.unreachable(0, to);
                }
            });
        }

        // ---- snapshots

        private void sendSnapshot(Message.InstallSnapshot install) {
            String address = peers.get(install.to());
            SnapshotStore.Source source;
            try {
                source = binding.snapshots()
                        .open(0, install.snapshot().metadata().id());
            } catch (StorageException e) {
                report(install, true);
                return;
            }
            if (address == null) {
                close(source);
                report(install, true);
                return;
            }
            events.after(delay(), () -> {
                Endpoint target = listening(address);
                if (target == null
                        || target.inbound == null
                        || isCut(process.host().address(), address)
                        || !greets(target, install.to())) {
                    close(source);
                    report(install, true);
                    return;
                }
                target.process.arrives(0, () -> receive(install, source, target, address));
            });
        }

        private void receive(
                Message.InstallSnapshot install, SnapshotStore.Source source, Endpoint target, String address) {
            SnapshotStore.Sink sink;
            try {
                sink = target.binding.snapshots().create(0, install.snapshot().metadata());
            } catch (StorageException e) {
                target.binding.listener().storageFailed(e);
                close(source);
                report(install, true);
                return;
            }
            passOn(install, source, source.data(), sink, target, address);
        }

        private void passOn(
                Message.InstallSnapshot install,
                SnapshotStore.Source source,
                InputStream data,
                SnapshotStore.Sink sink,
                Endpoint target,
                String address) {
            boolean broken = process.hasEnded()
                    || closed
                    || isCut(process.host().address(), address)
                    || happens(conditions.lost);
            boolean done = false;
            if (!broken) {
                try {
                    byte[] chunk = data.readNBytes(CHUNK_BYTES);
                    sink.data().write(chunk);
                    if (chunk.length < CHUNK_BYTES) {
                        sink.commit();
                        done = true;
                    }
                } catch (IOException | StorageException e) {
                    if (e instanceof StorageException storage) {
                        target.binding.listener().storageFailed(storage);
                    }
                    broken = true;
                }
            }
            if (broken || done) {
                sink.close();
                close(source);
                if (done) {
                    target.offer(List.of(install), 0);
                }
                report(install, !done);
                return;
            }
            target.process.arrives(delay(), () -> passOn(install, source, data, sink, target, address));
        }

        private void report(Message.InstallSnapshot install, boolean failed) {
            observer.onSnapshot(install, failed);
            process.after(delay(), () -> {
                Inbound in = inbound;
                if (in != null && !closed) {
                    in.snapshotStatus(0, install.to(), failed);
                }
            });
        }

        private static void close(SnapshotStore.Source source) {
            try {
                source.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
    }
}
