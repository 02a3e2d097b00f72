package dev.coracle.raft;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Far more schedules than {@link RandomClusterTest} has the time for, and other ones. */
@Tag("long")
class RandomClusterLongTest {
    private static final int THREADS = 2;
    private static final long FIRST = 100_001;
    private static final long LAST = 150_000;

    @Test
    void staysSafeUnderAnyTroubleAndAgreesAfterIt() throws InterruptedException {
        System.out.printf("RandomClusterLongTest: seeds %d to %d%n", FIRST, LAST);
        AtomicLong next = new AtomicLong(FIRST);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<?>> ends = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
                ends.add(threads.submit(() -> runFrom(next)));
            }
            for (Future<?> end : ends) {
                await(end);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void runFrom(AtomicLong next) {
        try {
            for (long seed = next.getAndIncrement(); seed <= LAST; seed = next.getAndIncrement()) {
                RandomCluster.run(seed);
            }
        } finally {
            // If one of them found something, the others need not go on.
            next.set(LAST + 1);
        }
    }

    private static void await(Future<?> end) throws InterruptedException {
        try {
            end.get();
        } catch (ExecutionException broken) {
            throw new AssertionError(broken.getCause().getMessage(), broken.getCause());
        }
    }
}
