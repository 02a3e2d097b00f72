package dev.coracle.raft;

import dev.coracle.raft.Message.InstallSnapshot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * The network of a {@link RandomCluster}: messages in flight, which may be lost, doubled and late, links that are cut in
 * one direction, and old messages that come again when nobody expects them any more.
 */
final class RandomClusterNetwork {
    /** A message under way. A copy is one that has arrived, or was lost, once before. */
    record Flight(Message message, boolean copy) {}

    private static final int MOST_FLYING = 400;
    private static final int MOST_REMEMBERED = 256;

    private final Random random;
    private final RandomClusterPlan plan;
    private final List<Flight> flying = new ArrayList<>();
    private final List<Message> delivered = new ArrayList<>();
    private final boolean[][] cut = new boolean[RandomCluster.MOST_IDS + 1][RandomCluster.MOST_IDS + 1];
    private int deliveries;

    RandomClusterNetwork(Random random, RandomClusterPlan plan) {
        this.random = random;
        this.plan = plan;
    }

    void send(Message message) {
        if (flying.size() >= MOST_FLYING) {
            int victim = random.nextInt(MOST_FLYING);
            // Of a snapshot its sender must hear that it is lost.
            if (!(flying.get(victim).message() instanceof InstallSnapshot)) {
                flying.remove(victim);
            }
        }
        flying.add(new Flight(message, false));
    }

    boolean isQuiet() {
        return flying.isEmpty();
    }

    /** Takes out a message that arrives or gets lost now; null if there is none. */
    @Nullable
    Flight take() {
        if (flying.isEmpty()) {
            return null;
        }
        int position = random.nextInt(flying.size());
        if (plan.inOrder) {
            Message chosen = flying.get(position).message();
            position = 0;
            while (!sameWay(flying.get(position).message(), chosen)) {
                position++;
            }
        }
        return flying.remove(position);
    }

    private static boolean sameWay(Message one, Message other) {
        return one.from() == other.from() && one.to() == other.to();
    }

    void putBack(Flight flight) {
        flying.add(0, flight);
    }

    /** Takes out all messages in flight. */
    List<Flight> takeAll() {
        List<Flight> all = new ArrayList<>(flying);
        flying.clear();
        return all;
    }

    boolean loses(Message message) {
        return isCut(message.from(), message.to()) || random.nextInt(100) < plan.lossPercent;
    }

    boolean isCut(long from, long to) {
        return cut[(int) from][(int) to];
    }

    /** Notes that a message arrived; it may stay in flight and arrive again, soon or late. */
    void arrived(Message message) {
        if (random.nextInt(100) < plan.duplicatePercent) {
            flying.add(new Flight(message, true));
        }
        if (delivered.size() < MOST_REMEMBERED) {
            delivered.add(message);
        } else {
            delivered.set(deliveries % MOST_REMEMBERED, message);
        }
        deliveries++;
    }

    /** Sends a message of long ago again. */
    void replay() {
        if (!delivered.isEmpty()) {
            flying.add(new Flight(delivered.get(random.nextInt(delivered.size())), true));
        }
    }

    /** Takes out all messages in flight to a server. */
    List<Flight> takeAllTo(long id) {
        List<Flight> all = new ArrayList<>(flying);
        all.removeIf(flight -> flight.message().to() != id);
        flying.removeAll(all);
        return all;
    }

    void cutOneWay(long from, long to) {
        cut[(int) from][(int) to] = true;
    }

    /** Cuts all links between two groups; the bits of {@code group} tell who is in one of them. */
    void partition(long group) {
        for (int one = 1; one <= RandomCluster.MOST_IDS; one++) {
            for (int other = 1; other <= RandomCluster.MOST_IDS; other++) {
                cut[one][other] |= (group >>> one & 1) != (group >>> other & 1);
            }
        }
    }

    void heal() {
        for (boolean[] row : cut) {
            Arrays.fill(row, false);
        }
    }
}
