package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.LogModel;
import dev.coracle.contracts.Recovered;
import dev.coracle.node.Disk;
import dev.coracle.node.SnapshotStore.Source;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import dev.coracle.sim.SimDisk.Operation;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Each operation of the log, with a crash, and with an error, at every single call of the disk that changes anything. After
 * a crash any of the changes may be there that were not synced: none, all, each one alone, all but one, and many other
 * choices. What is found must be what the log was at or behind the last sync that ended, and the log must go on.
 */
final class CrashSweepTest {
    private static final long SEED = 20260106;
    private static final WalOptions OPTIONS = SMALL.withSegmentBytes(2_048).withMaxBatchBytes(2_048);

    /** What is done while the machine dies, and before. */
    private enum Scenario {
        CREATE {
            @Override
            void run(World world) throws StorageException, IOException {
                world.open();
                world.append(state(1, 1, 0), entries(1, 1, 2, 100));
                world.sync();
            }
        },
        /** What a crash left of a log under construction, and the mark of a log that is gone. */
        CREATE_OVER_LEFTOVERS {
            @Override
            void prepare(World world) throws StorageException, IOException {
                LogFixture log = world.log;
                try (WalLogStore gone = log.open()) {
                    gone.append(GROUP, state(3, 1, 0), entries(3, 1, 5, 100));
                }
                log.disk.createDirectories(log.wal.resolveSibling("wal.tmp"));
                log.disk.rename(log.wal.resolve(SegmentName.FIRST.fileName()), log.wal.resolve("0.tmp"));
                log.write(log.wal.resolveSibling("wal.tmp").resolve(SegmentName.FIRST.fileName()), new byte[700]);
                world.syncAll();
            }

            @Override
            void run(World world) throws StorageException, IOException {
                CREATE.run(world);
            }
        },
        APPEND {
            @Override
            void prepare(World world) throws StorageException, IOException {
                world.open();
                world.append(state(1, 1, 0), entries(1, 1, 2, 50));
                world.sync();
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.append(HardState.EMPTY, entries(1, 3, 6, 350));
                world.sync();
                world.append(state(1, 1, 4), List.of());
                world.sync();
                world.append(state(2, 0, 4), List.of(entry(2, 5, 200)));
                world.sync();
                world.append(state(2, 2, 4), List.of());
                world.sync();
                world.append(HardState.EMPTY, entries(2, 6, 8, 700));
            }
        },
        /** The segment is full, and the next one is prepared, is not, or is being prepared. */
        ROTATE {
            @Override
            void prepare(World world) throws StorageException, IOException {
                world.open();
                world.append(state(1, 1, 0), entries(1, 1, 4, 300));
                world.sync();
                world.housekeeping(5);
            }

            @Override
            void run(World world) throws StorageException, IOException {
                for (int i = 5; i <= 22; i++) {
                    world.append(i % 3 == 0 ? state(1, 1, i - 2) : HardState.EMPTY, List.of(entry(1, i, 330)));
                    world.sync();
                    world.housekeeping(i > 14 ? 1 : 0);
                }
            }
        },
        SAVE_SNAPSHOT {
            @Override
            void prepare(World world) throws StorageException, IOException {
                world.open();
                for (int i = 1; i <= 12; i++) {
                    world.append(state(1, 1, i - 1), List.of(entry(1, i, 600)));
                    world.sync();
                }
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.saveSnapshot(snapshot(7, 1), 900);
                world.housekeeping(20);
                world.saveSnapshot(snapshot(10, 1), 900);
                world.housekeeping(20);
                world.log.snapshots().purge(GROUP, new EntryId(1, 10), 1);
            }
        },
        INSTALL_SNAPSHOT {
            @Override
            void prepare(World world) throws StorageException, IOException {
                world.open();
                world.append(state(1, 1, 2), entries(1, 1, 4, 300));
                world.sync();
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.installSnapshot(snapshot(50, 3), state(3, 0, 50), 1_200);
                world.append(HardState.EMPTY, entries(3, 51, 53, 200));
                world.sync();
                world.store().release(GROUP, 50);
                world.housekeeping(20);
            }
        },
        PURGE {
            @Override
            void prepare(World world) throws StorageException, IOException {
                SAVE_SNAPSHOT.prepare(world);
                world.snapshot(snapshot(11, 1), 100);
                world.sync();
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.store().release(GROUP, 11);
                world.housekeeping(40);
                world.append(HardState.EMPTY, List.of(entry(1, 13, 300)));
                world.sync();
            }
        },
        /** A batch of which a crash left the end, and its beginning not. */
        REPAIR {
            @Override
            void prepare(World world) throws StorageException, IOException {
                APPEND.prepare(world);
                world.append(HardState.EMPTY, entries(1, 3, 6, 330));
                world.dieInSync();
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.open();
                world.append(state(2, 1, 0), List.of(entry(2, world.lastIndex() + 1, 300)));
                world.sync();
            }
        },
        CLOSE {
            @Override
            void prepare(World world) throws StorageException, IOException {
                APPEND.prepare(world);
                world.append(state(1, 1, 2), List.of());
                world.sync();
                world.append(HardState.EMPTY, entries(1, 3, 4, 200));
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.close();
                world.open();
                world.append(state(1, 1, 3), List.of());
                world.close();
            }
        },
        MARK {
            @Override
            void prepare(World world) throws StorageException, IOException {
                APPEND.prepare(world);
            }

            @Override
            void run(World world) throws StorageException, IOException {
                for (int i = 0; i < 4; i++) {
                    world.append(HardState.EMPTY, List.of(entry(1, 3 + i, 200)));
                    world.sync();
                    world.store().housekeeping().doWork(i * Housekeeping.MARK_NANOS);
                    world.append(state(1, 1, 3 + i), List.of());
                    world.sync();
                }
            }
        },
        SET_A_DAMAGED_SNAPSHOT_ASIDE {
            @Override
            void prepare(World world) throws StorageException, IOException {
                world.open();
                world.append(state(1, 1, 4), entries(1, 1, 5, 100));
                world.snapshot(snapshot(2, 1), 100);
                world.snapshot(snapshot(4, 1), 100);
                world.sync();
                world.close();
                world.damage(snapshot(4, 1));
            }

            @Override
            void run(World world) throws StorageException, IOException {
                world.open();
                world.append(HardState.EMPTY, entries(1, 6, 6, 100));
                world.sync();
            }
        };

        void prepare(World world) throws StorageException, IOException {}

        abstract void run(World world) throws StorageException, IOException;
    }

    @ParameterizedTest
    @EnumSource
    void aCrashAtAnyCallLosesNothingThatWasAcknowledged(Scenario scenario) throws IOException, StorageException {
        sweep(scenario, 30);
    }

    @Tag("long")
    @ParameterizedTest
    @EnumSource
    void aCrashAtAnyCallLosesNothingWhicheverChangesSurvive(Scenario scenario) throws IOException, StorageException {
        sweep(scenario, 1_500);
    }

    private static void sweep(Scenario scenario, int randomChoices) throws IOException, StorageException {
        int states = 0;
        int call = 0;
        boolean died;
        do {
            call++;
            World world = new World();
            died = world.runUntil(scenario, call, new SimDiskFault());
            try {
                states += world.crashEveryWay(randomChoices, new Random(SEED + call));
            } catch (AssertionError | StorageException | RuntimeException e) {
                throw new AssertionError(scenario + ", at call " + call + " (" + world.lastCall + ")", e);
            }
        } while (died);
        System.out.println(scenario + ": a crash at each of " + (call - 1) + " calls and at the end, " + states
                + " states of the disk, seed " + SEED);
        assertThat(call).isGreaterThan(2);
        assertThat(states).isGreaterThanOrEqualTo(call * 2);
    }

    @ParameterizedTest
    @EnumSource
    void anErrorOfAnyCallLosesNothingThatWasAcknowledged(Scenario scenario) throws IOException, StorageException {
        for (int bytes : new int[] {-1, 0, 700}) {
            int call = 0;
            boolean failed;
            do {
                call++;
                World world = new World();
                failed = world.runUntil(scenario, call, new SimDiskFault(bytes));
                try {
                    world.endProcess();
                } catch (AssertionError | StorageException | RuntimeException e) {
                    throw new AssertionError(
                            scenario + ", error of call " + call + " (" + world.lastCall + "), " + bytes + " bytes", e);
                }
            } while (failed);
        }
    }

    /** Nothing has a chance to be missed: with syncs that do nothing the sweep must fail. */
    @Test
    void withoutSyncsTheSweepFinds() throws IOException, StorageException {
        World world = new World();
        world.open();
        world.append(state(1, 1, 0), entries(1, 1, 2, 300));
        world.sync();
        SimDisk before = world.disk.copy();
        world.append(HardState.EMPTY, entries(1, 3, 4, 300));
        world.model.close();
        assertThat(before.unsynced()).isZero();
        AssertionError found = null;
        try {
            world.crashEveryWay(0, new Random(SEED));
        } catch (AssertionError e) {
            found = e;
        }
        assertThat(found).isNotNull();
    }

    /** What happens at a call: the machine dies, or the call fails, a write perhaps after some bytes. */
    private record SimDiskFault(boolean dies, int bytes) {
        SimDiskFault() {
            this(true, 0);
        }

        SimDiskFault(int bytes) {
            this(false, bytes);
        }

        IOException exception(Operation operation) {
            if (dies) {
                return new SimDisk.PowerOffException();
            }
            return operation == Operation.WRITE && bytes >= 0
                    ? new SimDisk.ShortWriteException(bytes)
                    : new IOException("Input/output error");
        }
    }

    /** A log on a simulated disk, and what it must remember. */
    private static final class World {
        private final SimDisk disk = new SimDisk();
        private final LogFixture log = new LogFixture(disk.process(), Path.of("/data"), OPTIONS);
        private final LogModel model = new LogModel();
        private final Map<Long, byte[]> snapshots = new TreeMap<>();
        private @Nullable WalLogStore store;
        private HardState last = HardState.EMPTY;
        private int calls;
        private String lastCall = "none";

        /** False if the scenario ended before the call. */
        boolean runUntil(Scenario scenario, int call, SimDiskFault fault) throws IOException, StorageException {
            scenario.prepare(this);
            disk.setFault((operation, path) -> {
                if (operation == Operation.READ) {
                    return;
                }
                calls++;
                if (fault.dies() ? calls >= call : calls == call) {
                    lastCall = calls == call ? operation + " " + path : lastCall;
                    throw fault.exception(operation);
                }
            });
            try {
                scenario.run(this);
            } catch (StorageException | IOException e) {
                if (calls < call) {
                    throw e;
                }
            }
            boolean reached = calls >= call;
            disk.setFault((operation, path) -> {
                if (reached && fault.dies()) {
                    throw new SimDisk.PowerOffException();
                }
            });
            return reached;
        }

        /** Crashes before what was written becomes durable: all of it survives but a piece. */
        void dieInSync() {
            disk.setFault((operation, path) -> {
                if (operation == Operation.SYNC) {
                    throw new SimDisk.PowerOffException();
                }
            });
            assertThatThrownBy(this::sync).hasMessageContaining("the power is off");
            assertThat(disk.unsynced()).isGreaterThan(2);
            disk.crashKeeping(change -> change != 1);
        }

        WalLogStore store() {
            return requireNonNull(store);
        }

        void open() throws StorageException {
            WalLogStore opened = log.open();
            store = opened;
            Recovered found = Recovered.of(opened, GROUP);
            model.recover(found);
            last = found.hardState();
        }

        void append(HardState state, List<Entry> entries) throws StorageException {
            model.append(state, entries);
            last = state.isEmpty() ? last : state;
            store().append(GROUP, state, entries);
        }

        void sync() throws StorageException {
            store().sync();
            model.sync();
        }

        void close() throws StorageException {
            store().close();
            model.close();
        }

        void housekeeping(int turns) {
            for (int i = 0; i < turns; i++) {
                store().housekeeping().doWork(0);
            }
        }

        long lastIndex() {
            return model.entries().isEmpty()
                    ? model.newestSnapshot()
                    : model.entries().lastKey();
        }

        /** A snapshot that this node took. */
        void snapshot(SnapshotMetadata metadata, int size) throws StorageException, IOException {
            saveFile(metadata, size);
            model.appendSnapshot(metadata);
            store().appendSnapshot(GROUP, metadata);
        }

        void saveSnapshot(SnapshotMetadata metadata, int size) throws StorageException, IOException {
            snapshot(metadata, size);
            sync();
            store().release(GROUP, metadata.index());
        }

        /** A snapshot that the leader sent. */
        void installSnapshot(SnapshotMetadata metadata, HardState state, int size)
                throws StorageException, IOException {
            snapshot(metadata, size);
            append(state, List.of());
            sync();
        }

        private void saveFile(SnapshotMetadata metadata, int size) throws StorageException, IOException {
            byte[] data = entry(metadata.term(), metadata.index(), size).data();
            snapshots.put(metadata.index(), requireNonNull(data));
            log.saveSnapshot(metadata, data);
        }

        void damage(SnapshotMetadata metadata) throws IOException {
            Path path = log.snap.resolve(FileSnapshotStore.fileName(metadata.id()));
            try (var file = log.disk.open(path, Disk.Mode.WRITE)) {
                file.write(ByteBuffer.wrap(new byte[] {77}), file.size() - 1);
                file.sync();
            }
            model.forgetSnapshot(metadata);
        }

        void syncAll() throws IOException {
            for (Path directory : List.of(log.wal, log.wal.resolveSibling("wal.tmp"), log.wal.getParent())) {
                for (String name : log.disk.list(directory)) {
                    if (name.contains(".") && !name.equals("wal.tmp")) {
                        try (var file = log.disk.open(directory.resolve(name), Disk.Mode.WRITE)) {
                            file.sync();
                        }
                    }
                }
                log.disk.syncDirectory(directory);
            }
        }

        /** Crashes copies of the disk, each with another choice of what survives, and looks at each. */
        int crashEveryWay(int randomChoices, Random random) throws StorageException, IOException {
            List<Recovered> allowed = model.allowed();
            int unsynced = disk.unsynced();
            List<IntPredicate> choices = new ArrayList<>(List.of(change -> false, change -> true));
            if (1L << Math.min(unsynced, 62) <= 4 + 2L * unsynced + randomChoices) {
                // Every choice there is.
                for (int i = 1; i < (1 << unsynced) - 1; i++) {
                    int kept = i;
                    choices.add(change -> (kept >>> change & 1) != 0);
                }
            } else {
                for (int i = 0; i < unsynced; i++) {
                    int one = i;
                    choices.add(change -> change == one);
                    choices.add(change -> change != one);
                }
                for (int i = 0; i < randomChoices; i++) {
                    long seed = random.nextLong();
                    int of = 2 + random.nextInt(3);
                    choices.add(new Random(seed)
                            .ints(unsynced, 0, of)
                            .mapToObj(x -> x == 0)
                            .toList()::get);
                }
            }
            for (int i = 0; i < choices.size(); i++) {
                SimDisk copy = disk.copy();
                copy.crashKeeping(choices.get(i));
                check(copy, allowed, i < 2 || i % 8 == 0);
            }
            return choices.size();
        }

        /** What is found after an error, by another process on the same machine, and after a crash of that. */
        void endProcess() throws StorageException, IOException {
            List<Recovered> allowed = model.allowed();
            SimDisk killed = disk.copy();
            killed.kill();
            Recovered found = check(killed, allowed, false);
            for (boolean survive : new boolean[] {false, true}) {
                SimDisk crashed = killed.copy();
                crashed.crashKeeping(change -> survive);
                check(crashed, List.of(found), true);
            }
            SimDisk crashed = disk.copy();
            crashed.crashKeeping(change -> false);
            check(crashed, allowed, true);
        }

        private Recovered check(SimDisk crashed, List<Recovered> allowed, boolean goOn)
                throws StorageException, IOException {
            LogFixture after = new LogFixture(crashed.process(), Path.of("/data"), OPTIONS);
            Recovered found;
            WalLogStore opened = after.open();
            found = Recovered.of(opened, GROUP);
            assertThat(allowed).contains(found);
            long snapshot = found.snapshot().index();
            if (snapshot > 0) {
                try (Source source =
                        after.snapshots().open(GROUP, found.snapshot().id())) {
                    assertThat(source.data().readAllBytes()).isEqualTo(snapshots.get(snapshot));
                }
            }
            if (!goOn) {
                return found;
            }
            HardState next =
                    state(found.hardState().term() + 1, 1, found.hardState().commit());
            long index = snapshot + found.entries().size() + 1;
            Entry more = entry(next.term(), index, 500);
            opened.append(GROUP, next, List.of(more));
            opened.sync();
            crashed.crashKeeping(change -> false);
            List<Entry> expected = new ArrayList<>(found.entries());
            expected.add(more);
            assertThat(after.recovered()).isEqualTo(new Recovered(next, found.snapshot(), expected));
            return found;
        }
    }
}
