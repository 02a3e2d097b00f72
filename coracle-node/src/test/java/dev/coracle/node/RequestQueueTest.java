package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RequestQueueTest {
    private final Lifecycle lifecycle = new Lifecycle(1);
    private final Ending ending = new Ending();

    @Test
    void aRequestCountsItsDataAndAnOverheadUntilItIsReleased() {
        RequestQueue queue = new RequestQueue(8, 300, lifecycle);
        queue.submit(ending.proposal(0));
        queue.submit(ending.proposal(0));
        assertThat(queue.openBytes()).isEqualTo(2 * 138);
        queue.submit(ending.proposal(0));
        assertThat(ending.failures).singleElement().satisfies(failure -> {
            assertThat(failure.kind()).isEqualTo(Failure.Kind.OVERLOADED);
            assertThat(failure.text()).isEqualTo("requests of 276 bytes are open, 300 are allowed");
        });
        Request<?> first = queue.poll();
        assertThat(first).isNotNull();
        queue.release(first.sizeBytes);
        queue.submit(ending.proposal(0));
        assertThat(ending.failures).hasSize(1);
        assertThat(queue.openBytes()).isEqualTo(2 * 138);
    }

    @Test
    void everyRequestEndsOnceWhenTheNodeStopsMeanwhile() throws InterruptedException {
        for (int round = 0; round < 200; round++) {
            Lifecycle stopping = new Lifecycle(1);
            RequestQueue queue = new RequestQueue(1024, 1 << 20, stopping);
            AtomicInteger ends = new AtomicInteger();
            Reply<@Nullable Object> counting = new Reply<>() {
                @Override
                public void done(@Nullable Object result) {
                    ends.incrementAndGet();
                }

                @Override
                public void failed(Failure failure) {
                    ends.incrementAndGet();
                }
            };
            CountDownLatch begun = new CountDownLatch(1);
            Thread client = new Thread(() -> {
                for (int i = 0; i < 500; i++) {
                    queue.submit(new Request.Proposal(new byte[1], null, 0, counting));
                    if (i == 50) {
                        begun.countDown();
                    }
                }
            });
            client.start();
            begun.await();
            stopping.stop();
            for (Request<?> request = queue.poll(); request != null; request = queue.poll()) {
                request.fail(RequestQueue.stopped());
            }
            client.join();
            assertThat(ends.get()).isEqualTo(500);
        }
    }
}
