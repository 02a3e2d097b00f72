package dev.coracle.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** What histories cost: counted in configurations, which does not depend on the machine. */
class LargeHistoriesTest {
    private static final int OPERATIONS = 10_000;
    private static final int CLIENTS = 20;
    private static final int KEYS = 10;
    private static final long SEED = 1;

    private int lastValue;

    @Test
    void tenThousandOperationsOnTenKeysCostLessThanOneConfigurationEach() {
        CheckResult<?, ?> result = LinearizabilityChecker.check(new KeyValueMap<>(), onKeys().next(OPERATIONS));
        assertThat(result.verdict()).isEqualTo(Verdict.LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(OPERATIONS);
        assertThat(result.orders()).hasSize(KEYS);
    }

    @Test
    void aWrongAnswerAmongTenThousandIsFoundAndShownByAFew() {
        CheckResult<?, ?> result = LinearizabilityChecker.check(new KeyValueMap<>(), onKeys().nextSpoilt(OPERATIONS));
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(10 * OPERATIONS);
        assertThat(result.wrongPart().orElseThrow().operations()).hasSizeLessThan(8);
    }

    @Test
    void twentyClientsOnOneRegister() {
        Function<Random, Register.Input<Integer>> inputs =
                random -> random.nextBoolean() ? Register.read() : Register.write(lastValue++);
        RandomHistory<Integer, Register.Input<Integer>, Object> histories =
                crowded(new Register<>(), inputs, random -> Register.read());
        CheckResult<?, ?> result = LinearizabilityChecker.check(new Register<>(), histories.next(2_000));
        assertThat(result.verdict()).isEqualTo(Verdict.LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(10 * 2_000);
    }

    @Test
    void twentyClientsOnOneCounter() {
        RandomHistory<Long, Counter.Input, Long> histories =
                crowded(new Counter(), RandomInputs::counter, random -> Counter.read());
        CheckResult<?, ?> result = LinearizabilityChecker.check(new Counter(), histories.next(2_000));
        assertThat(result.verdict()).isEqualTo(Verdict.LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(100 * 2_000);
    }

    @Test
    void twentyClientsOnOneList() {
        Function<Random, AppendOnlyList.Input<Integer>> inputs =
                random -> random.nextBoolean() ? AppendOnlyList.read() : AppendOnlyList.append(lastValue++);
        RandomHistory<List<Integer>, AppendOnlyList.Input<Integer>, List<Integer>> histories =
                crowded(new AppendOnlyList<>(), inputs, random -> AppendOnlyList.read());
        CheckResult<?, ?> result = LinearizabilityChecker.check(new AppendOnlyList<>(), histories.next(2_000));
        assertThat(result.verdict()).isEqualTo(Verdict.LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(2_000);
    }

    @Test
    void unknownOperationsDoNotMultiply() {
        History<Register.Input<Integer>, Object> history = new History<>();
        for (int value = 0; value < 30; value++) {
            history.unknown(history.invoke("c" + value, Register.write(value), 0), 10);
        }
        for (int value = 0; value < 5; value++) {
            history.ok(history.invoke("c", Register.write(100 + value), 20 + value), null, 20 + value);
            history.ok(history.invoke("c", Register.compareAndSet(-1, 0), 20 + value), false, 20 + value);
        }
        history.ok(history.invoke("c", Register.read(), 50), 30, 60);
        CheckResult<?, ?> result = LinearizabilityChecker.check(new Register<>(), history);
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
        assertThat(result.configurations()).isLessThan(30 * 20);
    }

    @Test
    void theCheckerGivesUpAtItsLimitAndSaysSo() {
        History<KeyValueMap.Input<String, Integer>, Object> history = onKeys().next(OPERATIONS);
        CheckResult<?, ?> result = LinearizabilityChecker.check(new KeyValueMap<>(), history, 10);
        assertThat(result.verdict()).isEqualTo(Verdict.GAVE_UP);
        assertThat(result.configurations()).isLessThan(100 * KEYS);
        assertThat(result.toString()).startsWith("gave up after 10 configurations of each of: ");
    }

    @Test
    void onePartitionThatIsWrongOutweighsOthersThatAreTooLarge() {
        History<KeyValueMap.Input<String, Integer>, Object> history = onKeys().next(OPERATIONS);
        history.ok(history.invoke("c", KeyValueMap.get("other"), 0), -1, 1);
        CheckResult<?, ?> result = LinearizabilityChecker.check(new KeyValueMap<>(), history, 10);
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
        assertThat(result.wrongPart().orElseThrow().partition()).isEqualTo("other");
    }

    private RandomHistory<Integer, KeyValueMap.Input<String, Integer>, Object> onKeys() {
        Function<Random, Register.Input<Integer>> inputs = random -> switch (random.nextInt(5)) {
            case 0 -> Register.compareAndSet(lastValue - random.nextInt(30), ++lastValue);
            case 1, 2 -> Register.write(++lastValue);
            default -> Register.read();
        };
        return crowded(
                new KeyValueMap<>(),
                random -> new KeyValueMap.Input<>("k" + random.nextInt(KEYS), inputs.apply(random)),
                random -> KeyValueMap.get("k" + random.nextInt(KEYS)));
    }

    private <S, I, O> RandomHistory<S, I, O> crowded(
            Model<S, I, O> model, Function<Random, I> inputs, Function<Random, I> reads) {
        RandomHistory<S, I, O> histories = new RandomHistory<>(model, new Random(SEED), inputs, reads);
        histories.clients = CLIENTS;
        histories.replicas = 5;
        histories.longestPause = 10;
        histories.longestOperation = 50;
        histories.unknown = 0.05;
        return histories;
    }
}
