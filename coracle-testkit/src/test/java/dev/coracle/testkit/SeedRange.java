package dev.coracle.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.LoggerFactory;

/** Runs seeds in two threads, each world in one of them. */
final class SeedRange {
    private static final int THREADS = 2;

    /** What happened in all worlds together; {@code failures} say how to run them again. */
    record Sum(
            long seeds,
            long events,
            long operations,
            long done,
            long restored,
            Map<Fault, Long> faults,
            List<String> failures) {}

    private final List<String> failures = new ArrayList<>();
    private final Map<Fault, Long> faults = new EnumMap<>(Fault.class);
    private long seeds;
    private long events;
    private long operations;
    private long done;
    private long restored;

    private SeedRange() {}

    /** All from the first to the last. */
    static Sum run(long first, long last) {
        AtomicLong next = new AtomicLong(first);
        return run(() -> {
            long seed = next.getAndIncrement();
            return seed <= last ? seed : -1;
        });
    }

    /** Those that are given, until one is negative. */
    static Sum run(LongSupplier next) {
        ((Logger) LoggerFactory.getLogger("dev.coracle")).setLevel(Level.OFF);
        SeedRange range = new SeedRange();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            Thread thread = new Thread(
                    () -> {
                        for (long seed = next.getAsLong(); seed >= 0; seed = next.getAsLong()) {
                            range.runOne(seed);
                        }
                    },
                    "seeds " + i);
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
        return new Sum(
                range.seeds, range.events, range.operations, range.done, range.restored, range.faults, range.failures);
    }

    private void runOne(long seed) {
        try {
            add(Simulation.ofStore().run(seed));
        } catch (Violation broken) {
            fail(broken.getMessage() + "\nagain: ./coracle simulate --seed " + seed + " --seeds 1 --trace");
        } catch (RuntimeException | Error broken) {
            fail("seed " + seed + ": " + broken);
        }
    }

    private synchronized void fail(String text) {
        failures.add(text);
    }

    private synchronized void add(SeedReport report) {
        seeds++;
        events += report.events();
        operations += report.operations();
        done += report.done();
        restored += report.restored();
        report.faults().forEach((fault, times) -> faults.merge(fault, (long) times, Long::sum));
    }
}
