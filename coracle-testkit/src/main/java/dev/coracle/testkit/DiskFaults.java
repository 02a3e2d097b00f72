package dev.coracle.testkit;

import dev.coracle.Raft;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What a {@link Nemesis} does to the disks of a cluster, as far as its {@link Operator} can spare them. */
final class DiskFaults {
    private static final int MOST_LOOKS = 100;

    private final SimulatedCluster<?, ?> cluster;
    private final Operator operator;

    DiskFaults(SimulatedCluster<?, ?> cluster, Operator operator) {
        this.cluster = cluster;
        this.operator = operator;
    }

    /** Lets one of the next writes fail, perhaps after some of its bytes. */
    void failWrite(int host, SplittableRandom chance) {
        int[] left = {chance.nextInt(10)};
        boolean partly = chance.nextBoolean();
        int bytes = chance.nextInt(600);
        cluster.host(host).disk().setFault((operation, path) -> {
            if (operation == SimDisk.Operation.WRITE && left[0]-- == 0) {
                throw partly ? new SimDisk.ShortWriteException(bytes) : new IOException("Input/output error");
            }
        });
    }

    /** Takes a member's disk, if one can be spared, and gives it an empty one. */
    boolean lose(int host) {
        Raft<?, ?, ?> raft = cluster.member(host);
        if (raft == null || !operator.maySpareADisk()) {
            return false;
        }
        operator.lost(host, raft.id());
        cluster.crash(host);
        cluster.host(host).replaceDisk();
        return true;
    }

    /** Closes a member, after which its whole log is known to be durable, and flips a bit of it. */
    boolean rotLog(int host, SplittableRandom chance) {
        if (!mayRot(host)) {
            return false;
        }
        cluster.close(host);
        whenDown(host, MOST_LOOKS, () -> {
            SimDisk disk = cluster.host(host).disk();
            DurableLog log = logOf(disk);
            boolean closed = log.isMarkedAsClosed();
            List<String> segments = new ArrayList<>(disk.durableNames(SimulatedCluster.LOG));
            segments.removeIf(name -> !name.endsWith(".wal") || (!closed && name.equals(log.lastSegment())));
            boolean rotten = false;
            if (!segments.isEmpty()) {
                String name = segments.get(chance.nextInt(segments.size()));
                Path path = SimulatedCluster.LOG.resolve(name);
                int end = name.equals(log.lastSegment()) ? log.end() : size(disk, path);
                rotten = end > 0 && disk.rot(path, chance.nextInt(end), chance.nextInt(8));
            }
            rotted(host, rotten);
        });
        return true;
    }

    /** Kills a member, and flips a bit of its newest snapshot. */
    boolean rotSnapshot(int host, SplittableRandom chance) {
        if (!mayRot(host)) {
            return false;
        }
        SimDisk disk = cluster.host(host).disk();
        cluster.kill(host);
        List<String> snapshots = new ArrayList<>(disk.durableNames(SimulatedCluster.SNAPSHOTS));
        snapshots.removeIf(name -> !name.endsWith(".snap"));
        boolean rotten = false;
        if (!snapshots.isEmpty()) {
            Path path = SimulatedCluster.SNAPSHOTS.resolve(snapshots.get(snapshots.size() - 1));
            int size = size(disk, path);
            rotten = size > 0 && disk.rot(path, chance.nextInt(size), chance.nextInt(8));
        }
        rotted(host, rotten);
        return true;
    }

    /** Cuts a host's power, and flips a bit behind the end of its log. */
    void rotTail(int host, SplittableRandom chance) {
        SimDisk disk = cluster.host(host).disk();
        cluster.crash(host);
        DurableLog log = logOf(disk);
        if (!log.lastSegment().isEmpty()) {
            disk.rot(
                    SimulatedCluster.LOG.resolve(log.lastSegment()),
                    log.end() + chance.nextInt(600),
                    chance.nextInt(8));
        }
    }

    /** Tells whether a disk may rot, which may cost the member on it all that it has. */
    private boolean mayRot(int host) {
        Raft<?, ?, ?> raft = cluster.member(host);
        if (raft == null || !operator.maySpareADisk()) {
            return false;
        }
        operator.rots(host, raft.id());
        return true;
    }

    private void rotted(int host, boolean rotten) {
        if (rotten) {
            cluster.note("a bit of the disk of host " + host + " is flipped");
            cluster.setDamaged(host, true);
        } else {
            operator.rots(host, 0);
        }
    }

    private void whenDown(int host, int looks, Runnable action) {
        if (!cluster.isUp(host)) {
            action.run();
        } else if (looks == 0) {
            operator.rots(host, 0);
        } else {
            cluster.after(Duration.ofMillis(1), () -> whenDown(host, looks - 1, action));
        }
    }

    private static DurableLog logOf(SimDisk disk) {
        DurableLog log = new DurableLog(disk, SimulatedCluster.LOG, (index, term, previous, hash) -> {});
        log.refresh();
        return log;
    }

    private static int size(SimDisk disk, Path path) {
        byte @Nullable [] bytes = disk.durableBytes(path, 0, Integer.MAX_VALUE);
        return bytes == null ? 0 : bytes.length;
    }
}
