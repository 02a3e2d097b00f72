package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * All worlds, each to its end or for its share of the time: {@code -Dcoracle.small.worlds.seconds=N} for all together,
 * {@code -Dcoracle.small.worlds=NAME,NAME} for some of them.
 */
@Tag("long")
class SmallWorldLongTest {
    private static final int THREADS = 2;
    private static final int MAX_SECONDS = 600;

    /** Some 60 bytes each with the layers of the search. */
    private static final long MAX_STATES = 20_000_000;

    @Test
    void isSafeAsFarAsTimeAllows() throws Exception {
        List<String> names =
                Arrays.asList(System.getProperty("coracle.small.worlds", String.join(",", SmallWorlds.names()))
                        .split(","));
        int seconds = Math.min(Integer.getInteger("coracle.small.worlds.seconds", 240), MAX_SECONDS);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        AtomicInteger left = new AtomicInteger(names.size());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS);
        try {
            List<Future<String>> results = new ArrayList<>();
            for (String name : names) {
                results.add(threads.submit(() -> {
                    // What a world does not need, the later ones get.
                    long millis = (end - System.nanoTime()) / 1_000_000;
                    return SmallWorlds.search(
                            name, MAX_STATES, Math.min(millis, millis * THREADS / left.getAndDecrement()));
                }));
            }
            for (int i = 0; i < names.size(); i++) {
                String line = results.get(i).get();
                System.out.println(line);
                assertThat(line).startsWith(names.get(i) + ": ");
            }
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof AssertionError violation) {
                throw violation;
            }
            throw failed;
        } finally {
            threads.shutdownNow();
        }
    }
}
