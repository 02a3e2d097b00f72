package dev.coracle.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** The checker says of thousands of small histories what trying all orders says. */
class CheckerAgainstBruteForceTest {
    private static final int HISTORIES = 2_000;
    private static final long SEED = 20_260_101;

    @Test
    void registers() {
        agree(new Register<Integer>(), RandomInputs::register, random -> Register.read());
    }

    @Test
    void maps() {
        agree(
                new KeyValueMap<Integer, Integer>(),
                random -> new KeyValueMap.Input<>(random.nextInt(2), RandomInputs.register(random)),
                random -> KeyValueMap.get(random.nextInt(2)));
    }

    @Test
    void counters() {
        agree(new Counter(), RandomInputs::counter, random -> Counter.read());
    }

    @Test
    void lists() {
        agree(
                new AppendOnlyList<Integer>(),
                random -> random.nextInt(3) == 0 ? AppendOnlyList.read() : AppendOnlyList.append(random.nextInt(3)),
                random -> AppendOnlyList.read());
    }

    /** What a model says to make the search faster does not make it right or wrong. */
    @Test
    void modelsThatSayOnlyWhatTheyMust() {
        Register<Integer> register = new Register<>();
        Model<Integer, Register.Input<Integer>, Object> plain = new Model<>() {
            @Override
            public Integer initial() {
                return register.initial();
            }

            @Override
            public Next<Integer, Object> next(Integer state, Register.Input<Integer> input) {
                return register.next(state, input);
            }
        };
        agree(plain, RandomInputs::register, random -> Register.read());
    }

    private <S, I, O> void agree(Model<S, I, O> model, Function<Random, I> inputs, Function<Random, I> reads) {
        int wrong = 0;
        for (int number = 0; number < HISTORIES; number++) {
            long seed = SEED + number;
            Random random = new Random(seed);
            RandomHistory<S, I, O> histories = new RandomHistory<>(model, random, inputs, reads);
            histories.clients = 2 + random.nextInt(3);
            histories.longestPause = random.nextInt(4);
            histories.unknown = random.nextInt(3) * 0.15;
            histories.stale = random.nextInt(3) * 0.2;
            boolean isSpoilt = random.nextInt(5) > 0;
            int operations = 2 + random.nextInt(6);
            History<I, O> history = isSpoilt ? histories.nextSpoilt(operations) : histories.next(operations);

            CheckResult<I, O> result = LinearizabilityChecker.check(model, history);

            boolean isRight = new BruteForce<>(model, operation -> true).isLinearizable(history.operations());
            assertThat(result.verdict())
                    .as("seed %d: %s", seed, history.operations())
                    .isEqualTo(isRight ? Verdict.LINEARIZABLE : Verdict.NOT_LINEARIZABLE);
            if (isRight) {
                result.orders()
                        .values()
                        .forEach(order -> assertThat(explains(model, history, order))
                                .as("seed %d: %s", seed, order)
                                .isTrue());
                assertThat(placed(result)).as("seed %d", seed).containsAll(required(history));
            } else {
                wrong++;
                WrongPart<I, O> part = result.wrongPart().orElseThrow();
                Predicate<Operation<I, O>> isInPart =
                        operation -> part.operations().contains(operation) || operation.end() <= part.since();
                assertThat(part.operations()).isNotEmpty();
                assertThat(new BruteForce<>(model, isInPart).isLinearizable(part.all()))
                        .as("seed %d: the part is right: %s of %s", seed, result, history.operations())
                        .isFalse();
            }
        }
        assertThat(wrong).isBetween(HISTORIES / 10, HISTORIES * 9 / 10);
    }

    private static <S, I, O> boolean explains(
            Model<S, I, O> model, History<I, O> history, List<Operation<I, O>> order) {
        S state = model.initial();
        for (int at = 0; at < order.size(); at++) {
            Operation<I, O> operation = order.get(at);
            Model.Next<S, O> next = model.next(state, operation.input());
            boolean isAnswered = operation.outcome() != Outcome.OK || Objects.equals(next.output(), operation.output());
            boolean isInTime = order.subList(0, at).stream()
                    .allMatch(before -> before.isStale()
                            || operation.outcome() != Outcome.OK
                            || firstCall(history, before) <= operation.end());
            if (!isAnswered || !isInTime || operation.outcome() == Outcome.FAILED) {
                return false;
            }
            state = next.state();
        }
        return true;
    }

    private static <I, O> long firstCall(History<I, O> history, Operation<I, O> operation) {
        return history.operations().get(operation.firstAttempt()).call();
    }

    private static <I, O> Set<Integer> placed(CheckResult<I, O> result) {
        Set<Integer> placed = new HashSet<>();
        result.orders().values().forEach(order -> order.forEach(operation -> placed.add(operation.firstAttempt())));
        return placed;
    }

    private static <I, O> Set<Integer> required(History<I, O> history) {
        Set<Integer> required = new HashSet<>();
        for (Operation<I, O> operation : history.operations()) {
            if (operation.outcome() == Outcome.OK) {
                required.add(operation.firstAttempt());
            }
        }
        return required;
    }
}
