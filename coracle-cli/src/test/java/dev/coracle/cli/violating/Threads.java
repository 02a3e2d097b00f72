package dev.coracle.cli.violating;

import java.util.Timer;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;

/** What a framework must not do. */
class Threads {
    long clock() {
        return System.nanoTime();
    }

    void thread(Runnable code) {
        new Thread(code).start();
    }

    void sleep() throws InterruptedException {
        Thread.sleep(1);
    }

    Executor pool() {
        return Executors.newCachedThreadPool();
    }

    Timer timer() {
        return new Timer();
    }

    int identity(Object object) {
        return System.identityHashCode(object);
    }

    /** Breaks no rule. */
    void interrupt() {
        Thread.currentThread().interrupt();
    }
}
