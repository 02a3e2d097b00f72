package dev.coracle.cli.violating.node;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

class Chance {
    long wallClock() {
        return System.currentTimeMillis();
    }

    LongSupplier clockByReference() {
        return System::nanoTime;
    }

    Instant now() {
        return Instant.now();
    }

    int threadLocal() {
        return ThreadLocalRandom.current().nextInt();
    }

    double math() {
        return Math.random();
    }

    UUID uuid() {
        return UUID.randomUUID();
    }

    void shuffle(List<Long> list) {
        Collections.shuffle(list);
    }

    /** Breaks no rule. */
    void seededShuffle(List<Long> list, long seed) {
        Collections.shuffle(list, new Random(seed));
    }

    Random unseeded() {
        return new Random();
    }

    int identity(Object object) {
        return System.identityHashCode(object);
    }
}
