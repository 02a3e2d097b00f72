package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Test;

class ThrottleTest {
    /** It takes tasks and runs none: the test hands out the shares. */
    private static ScheduledExecutorService noTime() {
        ScheduledExecutorService scheduler = Threads.scheduler("throttle-test");
        scheduler.shutdownNow();
        return scheduler;
    }

    private final List<String> passed = new ArrayList<>();

    private void ask(Throttle throttle, long bytes, String name) {
        if (throttle.pass(bytes, () -> passed.add(name))) {
            passed.add(name);
        }
    }

    @Test
    void soManyBytesPassInASecond() {
        Throttle throttle = new Throttle(noTime(), 1_000_000);
        long bytes = 0;
        int chunk = 7_919;
        for (int share = 0; share < 10 * Throttle.SHARES_PER_SECOND; share++) {
            while (bytes < 100_000_000 && throttle.pass(chunk, () -> passed.add("one"))) {
                bytes += chunk;
            }
            throttle.refill();
            bytes += (long) chunk * passed.size();
            passed.clear();
        }
        // What was saved up at the beginning, and the rest of a chunk.
        long saved = Throttle.MOST_SHARES * 1_000_000L / Throttle.SHARES_PER_SECOND;
        assertThat(bytes).isBetween(10_000_000L - chunk, 10_000_000 + saved + chunk);
    }

    @Test
    void aLargePieceIsPaidForAfterwardsAndTheOthersWaitInTurn() {
        Throttle throttle = new Throttle(noTime(), 1_000);
        ask(throttle, 300, "a");
        ask(throttle, 5, "b");
        ask(throttle, 20, "c");
        ask(throttle, 1, "d");
        assertThat(passed).containsExactly("a");
        // 100 bytes were saved up; 200 take twenty shares of ten.
        for (int i = 0; i < 20; i++) {
            throttle.refill();
        }
        assertThat(passed).containsExactly("a");
        throttle.refill();
        assertThat(passed).containsExactly("a", "b", "c");
        throttle.refill();
        assertThat(passed).containsExactly("a", "b", "c");
        throttle.refill();
        assertThat(passed).containsExactly("a", "b", "c", "d");
    }

    @Test
    void withoutALimitEverythingPasses() {
        Throttle throttle = new Throttle(noTime(), 0);
        for (int i = 0; i < 1_000; i++) {
            assertThat(throttle.pass(Integer.MAX_VALUE, () -> {})).isTrue();
        }
    }
}
