package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.testkit.history.Model;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Puts, swaps, appends, additions and reads on a few keys of a {@link StoreMachine}, with values that are all different. */
final class StoreWorkload implements Workload<String, String, StoreMachine> {
    private static final int REGISTERS = 4;
    private static final int LISTS = 2;

    private static final int COUNTERS = 1;
    private static final String LARGE = ".".repeat(2_000);

    private int values;

    @Override
    public StoreMachine newMachine() {
        return new StoreMachine();
    }

    @Override
    public Codec<String> commands() {
        return Codec.utf8();
    }

    @Override
    public Codec<String> results() {
        return Codec.utf8();
    }

    @Override
    public Action<String, String, StoreMachine> next(RandomGenerator random) {
        int kind = random.nextInt(10);
        if (kind < 5) {
            return Action.command(anyCommand(random));
        }
        List<String> keys = keys();
        String key = keys.get(random.nextInt(keys.size()));
        return kind < 9 ? get(key) : Action.staleQuery("get " + key, store -> store.get(key));
    }

    private String anyCommand(RandomGenerator random) {
        int value = ++values;
        int kind = random.nextInt(40);
        if (kind == 0) {
            return "";
        }
        if (kind == 1) {
            return "put r" + random.nextInt(REGISTERS) + " " + value + LARGE;
        }
        if (kind < 6) {
            return "add c" + random.nextInt(COUNTERS) + " " + (1 + random.nextInt(9));
        }
        if (random.nextInt(4) == 0) {
            return "append l" + random.nextInt(LISTS) + " " + value;
        }
        String key = "r" + random.nextInt(REGISTERS);
        return random.nextInt(3) == 0
                ? "cas " + key + " " + (value - 1 - random.nextInt(8)) + " " + value
                : "put " + key + " " + value;
    }

    private static Action<String, String, StoreMachine> get(String key) {
        return Action.query("get " + key, store -> store.get(key));
    }

    private static List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < REGISTERS; i++) {
            keys.add("r" + i);
        }
        for (int i = 0; i < LISTS; i++) {
            keys.add("l" + i);
        }
        for (int i = 0; i < COUNTERS; i++) {
            keys.add("c" + i);
        }
        return keys;
    }

    @Override
    public List<Action<String, String, StoreMachine>> lastQueries() {
        return keys().stream().map(StoreWorkload::get).toList();
    }

    @Override
    public Model<String, Object, String> model() {
        return new StoreModel();
    }
}
