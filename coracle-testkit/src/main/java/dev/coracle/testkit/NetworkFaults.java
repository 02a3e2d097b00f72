package dev.coracle.testkit;

import java.time.Duration;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** What a {@link Nemesis} does to the network of a cluster. */
final class NetworkFaults {
    private final SimulatedCluster<?, ?> cluster;
    private final SimulatedNetwork network;
    private final BooleanSupplier calm;

    /** @param calm whether it is over, so that nothing may break any more that was to break later */
    NetworkFaults(SimulatedCluster<?, ?> cluster, BooleanSupplier calm) {
        this.cluster = cluster;
        this.network = cluster.network();
        this.calm = calm;
    }

    /** Cuts the hosts into two parts. */
    void partition(SplittableRandom chance) {
        boolean[] left = new boolean[cluster.hosts()];
        for (int i = 0; i < left.length; i++) {
            left[i] = chance.nextBoolean();
        }
        for (int from = 0; from < left.length; from++) {
            for (int to = 0; to < left.length; to++) {
                if (left[from] != left[to]) {
                    cluster.cut(from, to);
                }
            }
        }
    }

    /** Cuts the hosts into two parts, but for one that reaches everybody. */
    void bridge(int middle, SplittableRandom chance) {
        for (int from = 0; from < cluster.hosts(); from++) {
            boolean left = chance.nextBoolean();
            for (int to = 0; to < from; to++) {
                if (from != middle && to != middle && left) {
                    cutBoth(from, to);
                }
            }
        }
    }

    /** Lets a host hear nothing of the others; they hear it. */
    void deafen(int host) {
        for (int other = 0; other < cluster.hosts(); other++) {
            if (other != host) {
                cluster.cut(other, host);
            }
        }
    }

    /** Lets a link break and mend so many times. */
    void flap(int from, int to, int times, SplittableRandom chance) {
        if (calm.getAsBoolean() || times == 0) {
            return;
        }
        cutBoth(from, to);
        cluster.after(Duration.ofNanos(chance.nextLong(Nemesis.TIMEOUT_NANOS)), () -> {
            mend(from, to);
            mend(to, from);
            cluster.after(
                    Duration.ofNanos(chance.nextLong(Nemesis.TIMEOUT_NANOS)), () -> flap(from, to, times - 1, chance));
        });
    }

    private void cutBoth(int from, int to) {
        cluster.cut(from, to);
        cluster.cut(to, from);
    }

    /** Mends one direction between two hosts. */
    void mend(int from, int to) {
        network.mend(cluster.address(from), cluster.address(to));
    }

    /** Resets all connections between two hosts. */
    void reset(int host, int other) {
        network.reset(cluster.address(host), cluster.address(other));
    }

    /** Lets one direction be slower by up to so long; 0 ends it. */
    void slowDown(int from, int to, long nanos) {
        network.slowDown(cluster.address(from), cluster.address(to), nanos);
    }

    /** Lets frames be late and out of order. */
    void slowDownAll(SplittableRandom chance) {
        SimulatedNetwork.Conditions conditions = network.conditions();
        conditions.maxDelayNanos = 500_000 + chance.nextLong(Nemesis.TIMEOUT_NANOS / 2);
        conditions.slow = chance.nextInt(100);
    }

    /** Lets frames be lost, doubled, repeated from earlier, or damaged. */
    void worsen(SplittableRandom chance) {
        SimulatedNetwork.Conditions conditions = network.conditions();
        conditions.lost = chance.nextInt(200);
        conditions.doubled = chance.nextInt(100);
        conditions.replayed = chance.nextInt(100);
        conditions.damaged = chance.nextInt(50);
    }
}
