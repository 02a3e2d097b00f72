package dev.coracle.testkit.history;

import java.util.Random;

/** Inputs over few values, so that operations get in each other's way. */
final class RandomInputs {
    private RandomInputs() {}

    static Register.Input<Integer> register(Random random) {
        return switch (random.nextInt(5)) {
            case 0 -> Register.compareAndSet(random.nextInt(3), random.nextInt(3));
            case 1, 2 -> Register.write(random.nextInt(3));
            default -> Register.read();
        };
    }

    static Counter.Input counter(Random random) {
        return random.nextInt(3) == 0 ? Counter.read() : Counter.add(1 + random.nextInt(2));
    }
}
