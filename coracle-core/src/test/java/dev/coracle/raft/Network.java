package dev.coracle.raft;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * Servers joined by a network that delivers everything, in order, until nothing moves; unless told to lose something.
 * Whatever a server promises is made durable before the promise is delivered.
 */
final class Network {
    private record Link(long from, long to) {}

    /** Many times more than any test needs. */
    private static final int MOST_MESSAGES = 100_000;

    private final Map<Long, TestServer> servers = new TreeMap<>();
    private final Map<Link, Double> losses = new HashMap<>();
    private final Set<MessageType> ignored = EnumSet.noneOf(MessageType.class);
    private final Set<Long> deaf = new HashSet<>();
    private final Random random = new Random(1);
    private Predicate<Message> hook = message -> true;

    Network(TestServer... servers) {
        for (TestServer server : servers) {
            this.servers.put(server.id, server);
        }
    }

    /** Voters 1 to {@code count}. */
    static Network of(int count) {
        return of(count, options -> options);
    }

    static Network of(int count, UnaryOperator<RaftConfig.Builder> options) {
        Long[] ids = new Long[count];
        Arrays.setAll(ids, i -> i + 1L);
        TestServer[] servers = new TestServer[count];
        Arrays.setAll(servers, i -> TestServer.of(i + 1, options, ids));
        return new Network(servers);
    }

    TestServer at(long id) {
        TestServer server = servers.get(id);
        Check.that(server != null, "no server %d", id);
        return server;
    }

    Iterable<TestServer> all() {
        return servers.values();
    }

    /** Delivers messages and all that follows from them, which must come to an end. */
    void send(Message... messages) {
        Deque<Message> queue = new ArrayDeque<>(List.of(messages));
        for (int delivered = 0; !queue.isEmpty(); delivered++) {
            if (delivered > MOST_MESSAGES) {
                throw new AssertionError("the servers do not come to rest; the next message is " + queue.peek());
            }
            Message message = queue.remove();
            TestServer receiver = servers.get(message.to());
            if (receiver != null && !deaf.contains(receiver.id)) {
                receiver.step(message);
                queue.addAll(arriving(receiver));
            }
        }
    }

    private List<Message> arriving(TestServer sender) {
        List<Message> arriving = new ArrayList<>();
        for (Message message : sender.take()) {
            double loss = losses.getOrDefault(new Link(message.from(), message.to()), 0.0);
            if (!ignored.contains(message.type()) && random.nextDouble() >= loss && hook.test(message)) {
                arriving.add(message);
            }
        }
        return arriving;
    }

    /** Delivers what servers have to say by now. */
    void settle() {
        List<Message> waiting = new ArrayList<>();
        for (TestServer server : servers.values()) {
            waiting.addAll(arriving(server));
        }
        send(waiting.toArray(Message[]::new));
    }

    void campaign(long id) {
        at(id).campaign();
        settle();
    }

    Proposal propose(long id, String text) {
        Proposal proposal = at(id).propose(text);
        settle();
        return proposal;
    }

    void heartbeat(long leader) {
        at(leader).step(new Message.Beat());
        settle();
    }

    /** Nothing passes between two servers. */
    void cut(long one, long other) {
        drop(one, other, 1);
        drop(other, one, 1);
    }

    /** Nothing passes between a server and the others. */
    void isolate(long id) {
        for (long other : servers.keySet()) {
            if (other != id) {
                cut(id, other);
            }
        }
    }

    /** Messages from one server to another are lost with a probability. */
    void drop(long from, long to, double probability) {
        losses.put(new Link(from, to), probability);
    }

    /** Messages of a type are lost. */
    void ignore(MessageType type) {
        ignored.add(type);
    }

    /** A server gets nothing, as if it were not there. */
    void silence(long id) {
        deaf.add(id);
    }

    /** Lets through what {@code keep} accepts. */
    void hook(Predicate<Message> keep) {
        hook = keep;
    }

    /** Nothing is lost any more. */
    void recover() {
        losses.clear();
        ignored.clear();
        deaf.clear();
        hook = message -> true;
    }

    RoleName role(long id) {
        return at(id).role();
    }
}
