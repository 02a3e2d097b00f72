package dev.coracle.testkit;

import dev.coracle.node.Clock;
import dev.coracle.sim.SimDisk;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A machine of the simulated world: an address, a clock, a disk that outlives its processes, and the one that runs. */
final class Host {
    private static final long DISK_NANOS = 100_000;

    private final String address;
    private final Events events;
    private final SplittableRandom random;
    private final HostClock clock;
    private SimDisk disk = new SimDisk();
    private @Nullable SimProcess process;
    private boolean powerIsOff;

    /** How long a write to the disk takes at most; most are much faster. */
    private long slowDiskNanos;

    private long diskHangsUntilNanos;

    /** How long a turn of some agents takes at most. */
    private long slowMachineNanos;

    private long slowSnapshotNanos;

    Host(String address, Events events, SplittableRandom random) {
        this.address = address;
        this.events = events;
        this.random = random;
        this.clock = new HostClock(events, random.nextLong(1L << 40));
    }

    String address() {
        return address;
    }

    Clock clock() {
        return clock;
    }

    SimDisk disk() {
        return disk;
    }

    /** Puts in a new, empty disk. */
    void replaceDisk() {
        disk = new SimDisk();
    }

    @Nullable
    SimProcess process() {
        return process;
    }

    boolean isUp() {
        return process != null;
    }

    /** A process begins. */
    SimProcess boot(SimulatedNetwork network, Consumer<SimProcess> afterTurn) {
        if (process != null) {
            throw new IllegalStateException(address + " runs already");
        }
        powerIsOff = false;
        SimProcess started = new SimProcess(this, events, random.split(), network, afterTurn);
        process = started;
        return started;
    }

    /** The process ends, and what was not synced is lost as chance wants it. */
    void crash() {
        endProcess();
        disk.crash(bound -> random.nextInt(bound));
    }

    /** The process ends; the machine goes on. */
    void kill() {
        endProcess();
        disk.kill();
    }

    private void endProcess() {
        SimProcess ending = process;
        process = null;
        if (ending != null) {
            ending.end();
        }
    }

    /** Takes the power at one of the next operations on the disk. */
    void losePowerAt(int operation) {
        int[] left = {operation};
        disk.setFault((kind, path) -> {
            if (left[0]-- <= 0) {
                powerIsOff = true;
                throw new SimDisk.PowerOffException();
            }
        });
    }

    /** Tells whether a process of this host still has an effect on the world. */
    boolean hasPower() {
        return !powerIsOff;
    }

    /** Looks whether the process has outlived its machine. */
    void afterTurn(SimProcess turned) {
        if (powerIsOff && turned == process) {
            crash();
        }
    }

    /** Lets the disk be slow now and then: up to so long for a write. 0 ends it. */
    void setSlowDisk(long nanos) {
        slowDiskNanos = nanos;
    }

    /** Lets applying be slow: up to so long for a turn. 0 ends it. */
    void setSlowMachine(long nanos) {
        slowMachineNanos = nanos;
    }

    /** Lets writing snapshots be slow: up to so long for a turn. 0 ends it. */
    void setSlowSnapshots(long nanos) {
        slowSnapshotNanos = nanos;
    }

    /** How long an agent takes besides. */
    long delayNanos(String agent) {
        long most = agent.equals("apply") ? slowMachineNanos : agent.equals("snapshot") ? slowSnapshotNanos : 0;
        return agent.equals("storage") ? diskDelayNanos() : most == 0 ? 0 : random.nextLong(most);
    }

    /** Lets the disk hang. */
    void hangDisk(long nanos) {
        diskHangsUntilNanos = events.nowNanos() + nanos;
    }

    /** Ends all that was done to the disk and the clock. */
    void recover() {
        slowDiskNanos = 0;
        slowMachineNanos = 0;
        slowSnapshotNanos = 0;
        diskHangsUntilNanos = events.nowNanos();
        clock.setDrift(0);
        disk.clearFault();
        disk.setCapacity(Long.MAX_VALUE);
    }

    /** How long the next write takes. */
    private long diskDelayNanos() {
        long delay = random.nextLong(DISK_NANOS);
        if (slowDiskNanos > 0 && random.nextInt(20) == 0) {
            delay += random.nextLong(slowDiskNanos);
        }
        return Math.max(delay, diskHangsUntilNanos - events.nowNanos());
    }

    /** Lets the clock run faster or slower, by so many parts in a million. */
    void setDrift(int partsPerMillion) {
        clock.setDrift(partsPerMillion);
    }

    /** Lets the clock jump ahead, as after a suspension. */
    void jumpClock(long nanos) {
        clock.jump(nanos);
    }

    private static final class HostClock implements Clock {
        private final Events events;
        private long baseNanos;
        private long sinceNanos;
        private int driftPartsPerMillion;

        HostClock(Events events, long baseNanos) {
            this.events = events;
            this.baseNanos = baseNanos;
        }

        @Override
        public long nanoTime() {
            long passed = events.nowNanos() - sinceNanos;
            return baseNanos + passed + passed / 1_000_000 * driftPartsPerMillion;
        }

        void setDrift(int partsPerMillion) {
            jump(0);
            driftPartsPerMillion = partsPerMillion;
        }

        void jump(long nanos) {
            baseNanos = nanoTime() + nanos;
            sinceNanos = events.nowNanos();
        }
    }
}
