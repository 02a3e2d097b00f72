package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.LogWorkload;
import dev.coracle.node.StorageException;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.file.Path;
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

        private final LogWorkload workload;
        private int crashes;
        private int tails;
        private int segments;

        Run(long seed) {
            this.seed = seed;
            this.random = new Random(seed);
            this.workload = new LogWorkload(random, GROUP, log::saveSnapshot);
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
                workload.work(store);
                segments = Math.max(segments, log.disk.list(log.wal).size());
            }
        }

        private void recover(WalLogStore store) throws StorageException {
            tails += store.tornTail().isPresent() ? 1 : 0;
            workload.recover(store);
        }
    }
}
