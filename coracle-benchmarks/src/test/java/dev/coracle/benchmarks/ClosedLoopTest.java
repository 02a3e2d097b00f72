package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class ClosedLoopTest {
    @Test
    void keepsAsManyUnderWayAsItShouldAndNotOneMore() {
        List<CompletableFuture<?>> open = new ArrayList<>();
        List<Integer> depths = new ArrayList<>();
        ClosedLoop loop = new ClosedLoop(
                4,
                () -> {
                    CompletableFuture<?> future = new CompletableFuture<>();
                    open.add(future);
                    depths.add(open.size());
                    if (open.size() == 4) {
                        open.remove(0).complete(null);
                    }
                    return future;
                },
                cause -> true);

        ClosedLoop.Result result = loop.run(1_000_000);

        assertThat(depths.subList(0, 4)).containsExactly(1, 2, 3, 4);
        assertThat(depths.subList(4, depths.size())).allMatch(depth -> depth == 4);
        assertThat(result.latencies().count()).isEqualTo(depths.size() - 3).isPositive();
        assertThat(result.failed()).isZero();
        assertThat(open).hasSize(3);
        open.forEach(future -> future.complete(null));
        loop.drain();
    }

    @Test
    void countsWhatFailedApartFromWhatWasAnswered() {
        int[] calls = {0};
        ClosedLoop loop = new ClosedLoop(
                1,
                () -> calls[0]++ % 2 == 0
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(new IOException("lost")),
                cause -> false);

        ClosedLoop.Result result = loop.run(1_000_000);

        assertThat(result.failed()).isEqualTo(calls[0] / 2);
        assertThat(result.latencies().count()).isEqualTo(calls[0] - calls[0] / 2);
    }

    @Test
    void endsWithTheFailureThatIsFinal() {
        IOException failure = new IOException("stopped");
        ClosedLoop loop = new ClosedLoop(2, () -> CompletableFuture.failedFuture(failure), cause -> cause == failure);
        assertThatThrownBy(() -> loop.run(Long.MAX_VALUE))
                .isInstanceOf(CompletionException.class)
                .hasCause(failure);
    }
}
