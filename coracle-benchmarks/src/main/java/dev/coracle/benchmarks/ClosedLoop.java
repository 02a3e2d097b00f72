package dev.coracle.benchmarks;

import java.util.ArrayDeque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * One client that keeps a fixed number of proposals under way: it waits for the oldest and puts another one in its
 * place. A latency counts until the client has seen the answer, its own waking up included.
 */
final class ClosedLoop {
    private record Flight(long beginNanos, CompletableFuture<?> answer) {}

    private final int inFlight;
    private final Supplier<CompletableFuture<?>> propose;
    private final Predicate<Throwable> isFinal;
    private final ArrayDeque<Flight> flights = new ArrayDeque<>();

    /**
     * A client with nothing under way.
     *
     * @param propose makes one proposal; its future ends within some deadline
     * @param isFinal tells of the cause of a failure whether to go on makes no sense
     */
    ClosedLoop(int inFlight, Supplier<CompletableFuture<?>> propose, Predicate<Throwable> isFinal) {
        this.inFlight = inFlight;
        this.propose = propose;
        this.isFinal = isFinal;
    }

    /**
     * What came back.
     *
     * @param latencies of the proposals that were answered
     * @param failed the number of those that failed
     * @param nanos from the beginning to the end
     */
    record Result(LatencyHistogram latencies, long failed, long nanos) {
        double perSecond() {
            return latencies.count() * 1e9 / nanos;
        }
    }

    /**
     * Goes on for so long, and leaves the last proposals under way.
     *
     * @throws CompletionException of a failure after which to go on makes no sense
     */
    Result run(long nanos) {
        LatencyHistogram latencies = new LatencyHistogram();
        long failed = 0;
        long begin = System.nanoTime();
        long now = begin;
        while (now - begin < nanos) {
            while (flights.size() < inFlight) {
                flights.add(new Flight(System.nanoTime(), propose.get()));
            }
            Flight oldest = flights.remove();
            boolean answered = isAnswered(oldest);
            now = System.nanoTime();
            if (answered) {
                latencies.record(now - oldest.beginNanos);
            } else {
                failed++;
            }
        }
        return new Result(latencies, failed, now - begin);
    }

    /** Waits for what is under way. */
    void drain() {
        flights.forEach(this::isAnswered);
        flights.clear();
    }

    private boolean isAnswered(Flight flight) {
        try {
            flight.answer.join();
            return true;
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            if (cause == null || isFinal.test(cause)) {
                throw e;
            }
            return false;
        }
    }
}
