package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.testkit.history.Model;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class StoreModelTest {
    private static final int RUNS = 200;
    private static final int STEPS = 40;

    private final StoreModel model = new StoreModel();

    /** And what the model says to make a search shorter holds of everything that the machine does. */
    @Test
    void theModelDoesWhatTheMachineDoes() {
        for (String key : List.of("r", "l", "c")) {
            for (long seed = 1; seed <= RUNS; seed++) {
                compare(key, new SplittableRandom(seed));
            }
        }
    }

    private void compare(String key, SplittableRandom random) {
        StoreMachine machine = new StoreMachine();
        List<String> inputs = new ArrayList<>();
        List<String> outputs = new ArrayList<>();
        Set<String> states = new LinkedHashSet<>(List.of(model.initial()));
        String state = model.initial();
        for (int i = 0; i < STEPS; i++) {
            String input = input(key, i, random);
            Model.Next<String, String> next = model.next(state, input);
            String output = input.startsWith("get") ? machine.get(key) : machine.apply(input);
            assertThat(next.output()).as(input).isEqualTo(output);
            assertThat(next.state()).as(input).isEqualTo(machine.get(key));
            if (!next.state().equals(state)) {
                assertThat(model.mayMake(input, next.state())).as(input).isTrue();
            }
            inputs.add(input);
            outputs.add(output);
            state = next.state();
            states.add(state);
        }
        Predicate<String> viable = model.viable(outputs);
        assertThat(states).allMatch(viable);
        for (int i = 0; i < STEPS; i++) {
            String input = inputs.get(i);
            String output = outputs.get(i);
            for (String other : states) {
                Model.Next<String, String> next = model.next(other, input);
                boolean fits = next.output().equals(output);
                if (fits && model.isRead(input, output)) {
                    assertThat(next.state()).as("%s in %s", input, other).isEqualTo(other);
                }
                Set<String> only = model.onlyIn(input, output);
                if (fits && !only.isEmpty()) {
                    assertThat(only).as("%s -> %s", input, output).contains(other);
                }
            }
        }
    }

    private static String input(String key, int value, SplittableRandom random) {
        if (random.nextInt(3) == 0) {
            return "get " + key;
        }
        return switch (key) {
            case "l" -> "append l " + value;
            case "c" -> "add c " + (1 + random.nextInt(9));
            default ->
                random.nextBoolean() ? "put r " + value : "cas r " + (value - 1 - random.nextInt(3)) + " " + value;
        };
    }
}
