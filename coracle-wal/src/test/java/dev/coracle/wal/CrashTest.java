package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.snapshot;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Random work on a log whose machine dies at random operations, and the question after each death: is what is found
 * what the log was after some record that was appended at or behind the last one that was synced?
 */
final class CrashTest {
    private static final long FIRST_SEED = 20260101;
    private static final int RUNS = 600;
    private static final int CRASHES = 4;
    private static final WalOptions OPTIONS = SMALL.withSegmentBytes(6_000).withMaxBatchBytes(4_096);

    @Test
    void whatWasSyncedSurvivesEveryCrashAndNothingIsMadeUp() throws StorageException, IOException {
        int tails = 0;
        int segments = 0;
        for (int i = 0; i < RUNS; i++) {
            Run run = new Run(FIRST_SEED + i);
            try {
                run.run();
            } catch (StorageException | IOException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + run.seed + ", after " + run.crashes + " crashes", e);
            }
            tails += run.tails;
            segments = Math.max(segments, run.segments);
        }
        System.out.println(
                RUNS + " runs from seed " + FIRST_SEED + ": " + tails + " torn tails, up to " + segments + " segments");
        assertThat(tails).as("torn tails, or this test tests nothing").isGreaterThan(RUNS / 10);
        assertThat(segments).isGreaterThan(3);
    }

    private static final class Run {
        private final long seed;
        private final Random random;
        private final SimDisk disk = new SimDisk();
        private final LogFixture log = new LogFixture(disk.process(), Path.of("/data"), OPTIONS);

        private final LogModel model = new LogModel();

        /** A snapshot that the leader sent and that a crash took, which it would send again. */
        private SnapshotMetadata received = SnapshotMetadata.EMPTY;

        private HardState state = HardState.EMPTY;
        private long lastIndex;
        private int crashes;
        private int tails;
        private int segments;

        Run(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
        }

        void run() throws StorageException, IOException {
            while (crashes < CRASHES) {
                if (random.nextInt(3) == 0) {
                    disk.setFault(SimDisk.dyingAt(1 + random.nextInt(40)));
                }
                try {
                    live();
                } catch (StorageException | IOException e) {
                    if (!String.valueOf(e.getMessage()).contains("the power is off")) {
                        throw e;
                    }
                }
                disk.crash(random::nextInt);
                crashes++;
            }
            try (WalLogStore store = log.open()) {
                recover(store);
            }
        }

        /** Opens and works until something fails, or no more comes to mind. */
        private void live() throws StorageException, IOException {
            WalLogStore store = log.open();
            recover(store);
            if (random.nextInt(4) != 0) {
                disk.setFault(SimDisk.dyingAt(1 + random.nextInt(100)));
            }
            for (int step = random.nextInt(120); step > 0; step--) {
                work(store);
                segments = Math.max(segments, log.disk.list(log.wal).size());
            }
        }

        private void work(WalLogStore store) throws StorageException, IOException {
            if (received.index() > lastIndex) {
                receiveSnapshot(store);
                return;
            }
            switch (random.nextInt(10)) {
                case 0, 1, 2 -> appendEntries(store, lastIndex + 1);
                case 3 -> {
                    changeTerm(store);
                    appendEntries(store, state.commit() + 1 + random.nextInt((int) (lastIndex - state.commit()) + 1));
                }
                case 4 ->
                    append(
                            store,
                            new HardState(
                                    Math.max(state.term(), 1),
                                    state.vote(),
                                    state.commit() + random.nextInt((int) (lastIndex - state.commit()) + 1)),
                            List.of());
                case 5 -> saveSnapshot(store);
                case 6 -> {
                    if (random.nextInt(4) == 0) {
                        received = snapshot(lastIndex + 1 + random.nextInt(20), state.term() + 1);
                        changeTerm(store);
                        receiveSnapshot(store);
                    }
                }
                case 7 -> store.housekeeping().doWork(0);
                default -> sync(store);
            }
        }

        private void changeTerm(WalLogStore store) throws StorageException {
            append(store, new HardState(state.term() + 1, random.nextInt(3), state.commit()), List.of());
        }

        private void appendEntries(WalLogStore store, long first) throws StorageException {
            if (state.term() == 0) {
                changeTerm(store);
            }
            List<Entry> entries = new ArrayList<>();
            int size = random.nextInt(900);
            for (int i = random.nextInt(5); i >= 0; i--) {
                entries.add(entry(state.term(), first + entries.size(), size));
            }
            append(store, HardState.EMPTY, entries);
        }

        private void append(WalLogStore store, HardState next, List<Entry> entries) throws StorageException {
            model.append(next, entries);
            if (!entries.isEmpty()) {
                lastIndex = entries.get(entries.size() - 1).index();
            }
            if (!next.isEmpty()) {
                state = next;
            }
            store.append(GROUP, next, entries);
        }

        private void saveSnapshot(WalLogStore store) throws StorageException, IOException {
            long oldest = model.newestSnapshot();
            if (state.commit() == oldest) {
                return;
            }
            // The term is that of the entry, as a state machine knows it.
            NavigableMap<Long, Entry> entries = model.entries();
            long index = oldest + 1 + random.nextInt((int) (state.commit() - oldest));
            SnapshotMetadata metadata =
                    snapshot(index, requireNonNull(entries.get(index)).term());
            log.saveSnapshot(metadata, new byte[random.nextInt(3_000)]);
            appendSnapshot(store, metadata);
            sync(store);
            store.release(GROUP, index);
        }

        private void receiveSnapshot(WalLogStore store) throws StorageException, IOException {
            log.saveSnapshot(received, new byte[random.nextInt(3_000)]);
            appendSnapshot(store, received);
            lastIndex = received.index();
            long vote = received.term() > state.term() ? 0 : state.vote();
            append(store, new HardState(Math.max(received.term(), state.term()), vote, received.index()), List.of());
            if (random.nextBoolean()) {
                sync(store);
            }
        }

        private void appendSnapshot(WalLogStore store, SnapshotMetadata metadata) throws StorageException {
            model.appendSnapshot(metadata);
            store.appendSnapshot(GROUP, metadata);
        }

        private void sync(WalLogStore store) throws StorageException {
            store.sync();
            model.sync();
        }

        private void recover(WalLogStore store) throws StorageException {
            Recovered found = Recovered.of(store, GROUP);
            tails += store.tornTail().isPresent() ? 1 : 0;
            model.recover(found);
            state = found.hardState();
            lastIndex = found.snapshot().index() + found.entries().size();
        }
    }
}
