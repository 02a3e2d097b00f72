package dev.coracle.examples.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Writes keys through all members at once and notes which were acknowledged. A write that was not is sent again, to the
 * next member: that may store it twice, and storing the same value twice is storing it.
 */
final class Writers implements AutoCloseable {
    private static final int PAUSE_MILLIS = 20;

    private final Web web;
    private final List<MemstoreProcess> members;
    private final int keys;
    private final ExecutorService threads;
    private final List<Future<?>> running = new ArrayList<>();
    private final AtomicInteger next = new AtomicInteger();
    private final AtomicInteger repeated = new AtomicInteger();
    private final AtomicInteger acknowledgements = new AtomicInteger();
    private final AtomicIntegerArray byMember;
    private final Set<Integer> acknowledged = new ConcurrentSkipListSet<>();

    /** What happens when half of the writes are acknowledged. */
    @FunctionalInterface
    interface Halfway {
        void run() throws Exception;
    }

    /** Writers for the keys from 0 to {@code keys} - 1; one thread for each member. */
    Writers(Web web, List<MemstoreProcess> members, int keys) {
        this.web = web;
        this.members = members;
        this.keys = keys;
        this.byMember = new AtomicIntegerArray(members.size());
        this.threads = Executors.newFixedThreadPool(members.size(), work -> {
            Thread thread = new Thread(work, "demo-writer");
            thread.setDaemon(true);
            return thread;
        });
    }

    /** The value that belongs to a key. */
    static String value(int key) {
        return "value-" + key;
    }

    /** Begins; {@code halfway} is run by one of the writers while the others go on. */
    void start(Halfway halfway) {
        for (int i = 0; i < members.size(); i++) {
            int first = i;
            running.add(threads.submit(() -> {
                for (int key = next.getAndIncrement(); key < keys; key = next.getAndIncrement()) {
                    write(key, first);
                    if (acknowledgements.incrementAndGet() == keys / 2) {
                        halfway.run();
                    }
                }
                return null;
            }));
        }
    }

    private void write(int key, int first) throws InterruptedException {
        for (int attempt = 0; ; attempt++) {
            int at = (first + attempt) % members.size();
            if (web.put(members.get(at), "/store/" + key + "/" + value(key)).isOk()) {
                acknowledged.add(key);
                byMember.incrementAndGet(at);
                return;
            }
            repeated.incrementAndGet();
            Thread.sleep(PAUSE_MILLIS);
        }
    }

    /**
     * Waits until every write is acknowledged; false if that has not happened within {@code seconds}.
     *
     * @throws DemoFailedException if a writer failed
     */
    boolean await(long seconds) throws InterruptedException, DemoFailedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        try {
            for (Future<?> writer : running) {
                writer.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            }
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new DemoFailedException("A writer failed: " + e.getCause());
        }
    }

    /** The keys whose writes were acknowledged. */
    Set<Integer> acknowledged() {
        return acknowledged;
    }

    /** How many times a write had to be sent again. */
    int repeated() {
        return repeated.get();
    }

    /** How many writes the member at {@code index} has acknowledged. */
    int acknowledgedBy(int index) {
        return byMember.get(index);
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
