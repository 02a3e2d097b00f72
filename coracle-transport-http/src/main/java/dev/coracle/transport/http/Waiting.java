package dev.coracle.transport.http;

import java.util.concurrent.TimeUnit;

/** Waits for ends that have to come, and keeps an interrupt for the caller instead of leaving things half closed. */
final class Waiting {
    /** A wait with a limit. */
    interface Wait {
        void await(long time, TimeUnit unit) throws InterruptedException;
    }

    private Waiting() {}

    static void upTo(long millis, Wait wait) {
        try {
            wait.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
