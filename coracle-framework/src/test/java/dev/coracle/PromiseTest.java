package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PromiseTest {
    private final ExecutorService dependents =
            Executors.newSingleThreadExecutor(task -> new Thread(task, "dependents"));
    private final ExecutorService node = Executors.newSingleThreadExecutor(task -> new Thread(task, "node"));

    @AfterEach
    void close() {
        dependents.shutdownNow();
        node.shutdownNow();
    }

    private static String thread() {
        return Thread.currentThread().getName();
    }

    private void answerOnNode(Consumer<Promise<String>> answer, Promise<String> promise) throws Exception {
        node.submit(() -> answer.accept(promise)).get(20, TimeUnit.SECONDS);
    }

    @Test
    void dependentsRunOnTheExecutor() throws Exception {
        for (Consumer<Promise<String>> answer :
                List.<Consumer<Promise<String>>>of(p -> p.answer("x"), p -> p.fail(new IllegalStateException()))) {
            Promise<String> promise = new Promise<>(dependents);
            CompletableFuture<String> handled = promise.handle((value, failure) -> thread());
            Promise<String> other = new Promise<>(dependents);
            CompletableFuture<String> any =
                    CompletableFuture.anyOf(new CompletableFuture<>(), other).handle((value, failure) -> thread());
            answerOnNode(answer, promise);
            answerOnNode(answer, other);
            assertThat(handled.get(20, TimeUnit.SECONDS)).isEqualTo("dependents");
            assertThat(any.get(20, TimeUnit.SECONDS)).isEqualTo("dependents");
        }
    }

    @Test
    void whoOnlyWaitsNeedsNoExecutor() throws Exception {
        dependents.shutdown();
        Promise<String> promise = new Promise<>(dependents);
        CompletableFuture<String> waited = new CompletableFuture<>();
        Thread waiter = new Thread(() -> waited.complete(promise.join()));
        waiter.start();
        Cluster.until("it waits", () -> waiter.getState() == Thread.State.WAITING);
        answerOnNode(p -> p.answer("x"), promise);
        assertThat(waited.get(20, TimeUnit.SECONDS)).isEqualTo("x");
        assertThat(promise).isCompletedWithValue("x");
    }

    @Test
    void severalMayWait() throws Exception {
        Promise<String> promise = new Promise<>(dependents);
        ExecutorService waiters = Executors.newFixedThreadPool(3);
        try {
            List<CompletableFuture<String>> waiting = List.of(
                    CompletableFuture.supplyAsync(promise::join, waiters),
                    CompletableFuture.supplyAsync(promise::join, waiters),
                    CompletableFuture.supplyAsync(promise::join, waiters));
            answerOnNode(p -> p.answer("x"), promise);
            for (CompletableFuture<String> each : waiting) {
                assertThat(each.get(20, TimeUnit.SECONDS)).isEqualTo("x");
            }
        } finally {
            waiters.shutdownNow();
        }
    }

    @Test
    void waitingEndsByItsOwnTimeAndByInterruption() {
        Promise<String> promise = new Promise<>(dependents);
        assertThatThrownBy(() -> promise.get(1, TimeUnit.MILLISECONDS)).isInstanceOf(TimeoutException.class);
        Thread.currentThread().interrupt();
        assertThatThrownBy(promise::get).isInstanceOf(InterruptedException.class);
        promise.fail(new IllegalStateException("no"));
        assertThatThrownBy(promise::join)
                .isInstanceOf(CompletionException.class)
                .hasMessageContaining("no");
    }

    /** Adding and answering at the same moment: whoever comes second completes, and it is never the node's thread. */
    @Test
    void aDependentIsNeitherLostNorRunByTheNodeHoweverTheTwoMeet() throws Exception {
        CyclicBarrier barrier = new CyclicBarrier(2);
        for (int i = 0; i < 20_000; i++) {
            Promise<String> promise = new Promise<>(dependents);
            var answering = node.submit(() -> {
                barrier.await();
                promise.answer("x");
                return null;
            });
            barrier.await();
            CompletableFuture<String> ranOn = promise.thenApply(value -> thread());
            answering.get(20, TimeUnit.SECONDS);
            assertThat(ranOn.get(20, TimeUnit.SECONDS)).isNotEqualTo("node");
        }
    }
}
