package dev.coracle.sim;

import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.node.Transport;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import java.io.IOException;
import java.util.HashSet;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A network that loses, delays, duplicates and reorders messages, and that can be cut into parts. */
public final class SimNetwork {
    private static final long RETRY_NANOS = 1_000_000;

    /** Something that happens at a moment; the number keeps those of one moment in order. */
    private record Event(long at, long number, Runnable action) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(number, other.number);
        }
    }

    private record Link(long from, long to) {}

    private final SimClock clock;
    private final Random random;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final TreeMap<Long, Endpoint> endpoints = new TreeMap<>();
    private final Set<Link> cut = new HashSet<>();
    private final Promises promises = new Promises();
    private long eventCount;
    private int lossPercent;
    private int duplicatePercent;
    private long minDelayNanos = 100_000;
    private long maxDelayNanos = 2_000_000;
    private long trace = 0xcbf29ce484222325L;

    /** A sound network over a clock, with chance from {@code random}. */
    public SimNetwork(SimClock clock, Random random) {
        this.clock = clock;
        this.random = random;
    }

    /** Sets how many of a hundred messages are lost, and how many arrive twice. */
    public void setFaults(int newLossPercent, int newDuplicatePercent) {
        lossPercent = newLossPercent;
        duplicatePercent = newDuplicatePercent;
    }

    /** Sets how long messages travel; they overtake each other when the two differ. */
    public void setDelay(long minNanos, long maxNanos) {
        minDelayNanos = minNanos;
        maxDelayNanos = maxNanos;
    }

    /** Cuts a node off from all others, in both directions. */
    public void isolate(long id) {
        for (long other : endpoints.keySet()) {
            if (other != id) {
                cutLink(id, other);
                cutLink(other, id);
            }
        }
    }

    /** Cuts one direction of one link. */
    public void cutLink(long from, long to) {
        cut.add(new Link(from, to));
    }

    /** Mends everything that was cut. */
    public void heal() {
        cut.clear();
    }

    /** Lets every message arrive whose time has come. */
    public void deliverDue() {
        Event next = events.peek();
        while (next != null && next.at <= clock.nanoTime()) {
            events.remove();
            next.action.run();
            next = events.peek();
        }
    }

    /** A number that depends on every message that was delivered, and when. */
    public long trace() {
        return trace;
    }

    /** What the nodes have said. */
    Promises promises() {
        return promises;
    }

    /** A node's connection; a new one of the same id replaces the one before, as a restart does. */
    Transport connect(long id, SnapshotStore snapshots) {
        Endpoint endpoint = new Endpoint(id, snapshots);
        endpoints.put(id, endpoint);
        return endpoint;
    }

    /** Ends a node's connection: what is on its way to it is lost. */
    void disconnect(long id) {
        Endpoint endpoint = endpoints.get(id);
        if (endpoint != null) {
            endpoint.inbound = null;
        }
    }

    private void schedule(long delayNanos, Runnable action) {
        events.add(new Event(clock.nanoTime() + delayNanos, eventCount++, action));
    }

    private long delay() {
        return minDelayNanos + (long) (random.nextDouble() * (maxDelayNanos - minDelayNanos));
    }

    private void note(Message message) {
        mix(clock.nanoTime());
        mix(message.type().ordinal());
        mix(message.from());
        mix(message.to());
        mix(message.term());
        mix(message.logTerm());
        mix(message.index());
        mix(message.commit());
        mix(message.snapshot().index());
        for (Entry entry : message.entries()) {
            mix(entry.term());
            mix(entry.payloadSize());
        }
    }

    private void mix(long value) {
        trace = (trace ^ value) * 0x100000001b3L;
    }

    private final class Endpoint implements Transport {
        private final long id;
        private final SnapshotStore snapshots;
        private @Nullable Inbound inbound;

        private Endpoint(long id, SnapshotStore snapshots) {
            this.id = id;
            this.snapshots = snapshots;
        }

        @Override
        public void start(Inbound newInbound) {
            inbound = newInbound;
        }

        @Override
        public void send(long group, Message message) {
            promises.onSend(message);
            byte @Nullable [] data = null;
            if (message instanceof Message.InstallSnapshot install) {
                try (SnapshotStore.Source source =
                        snapshots.open(group, install.snapshot().metadata().id())) {
                    data = source.data().readAllBytes();
                } catch (StorageException | IOException e) {
                    report(group, message.to(), true);
                    return;
                }
            }
            byte @Nullable [] sent = data;
            if (random.nextInt(100) < lossPercent) {
                lose(group, message);
                return;
            }
            schedule(delay(), () -> arrive(group, message, sent));
            if (random.nextInt(100) < duplicatePercent) {
                schedule(delay(), () -> arrive(group, message, sent));
            }
        }

        private void lose(long group, Message message) {
            if (message instanceof Message.InstallSnapshot) {
                schedule(delay(), () -> report(group, message.to(), true));
            } else if (random.nextInt(4) == 0) {
                // Most losses are never noticed.
                schedule(delay(), () -> {
                    if (inbound != null) {
                        inbound.unreachable(group, message.to());
                    }
                });
            }
        }

        private void report(long group, long peer, boolean failed) {
            if (inbound != null) {
                inbound.snapshotStatus(group, peer, failed);
            }
        }

        private void arrive(long group, Message message, byte @Nullable [] data) {
            Endpoint receiver = endpoints.get(message.to());
            if (receiver == null || receiver.inbound == null || cut.contains(new Link(id, message.to()))) {
                lose(group, message);
                return;
            }
            if (data != null && !receiver.store(group, message, data)) {
                lose(group, message);
                return;
            }
            if (!receiver.inbound.offer(group, message)) {
                schedule(RETRY_NANOS, () -> arrive(group, message, data));
                return;
            }
            note(message);
            if (message instanceof Message.InstallSnapshot) {
                schedule(delay(), () -> report(group, message.to(), false));
            }
        }

        private boolean store(long group, Message message, byte[] data) {
            try (SnapshotStore.Sink sink =
                    snapshots.create(group, message.snapshot().metadata())) {
                sink.data().write(data);
                sink.commit();
                return true;
            } catch (StorageException | IOException e) {
                return false;
            }
        }

        @Override
        public void flush() {}

        @Override
        public void setPeer(long peer, String address) {}

        @Override
        public void removePeer(long peer) {}

        @Override
        public void close() {
            disconnect(id);
        }
    }
}
