package dev.coracle.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HistoryTest {
    private final History<String, String> history = new History<>();

    @Test
    void whatIsRecordedIsThere() {
        int first = history.invoke("c1", "a", 1);
        int second = history.invokeStale("c2", "n1", "b", 2);
        int third = history.retry(first, 3);
        history.ok(third, "x", 4);
        history.failed(second, 5);
        assertThat(history.operations())
                .containsExactly(
                        new Operation<>(0, 0, "c1", null, "a", Outcome.UNKNOWN, null, 1, Long.MAX_VALUE),
                        new Operation<>(1, 1, "c2", "n1", "b", Outcome.FAILED, null, 2, 5),
                        new Operation<>(2, 0, "c1", null, "a", Outcome.OK, "x", 3, 4));
    }

    @Test
    void aRetryOfARetryIsOneOfTheFirst() {
        int first = history.invoke("c1", "a", 1);
        int third = history.retry(history.retry(first, 2), 3);
        assertThat(history.operations().get(third).firstAttempt()).isEqualTo(first);
    }

    @Test
    void anOperationEndsOnce() {
        int operation = history.invoke("c1", "a", 1);
        history.unknown(operation, 2);
        assertThatThrownBy(() -> history.ok(operation, "x", 3))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("operation 0 ended already, at 2");
    }

    @Test
    void anOperationEndsAfterItsCall() {
        int operation = history.invoke("c1", "a", 5);
        assertThatThrownBy(() -> history.ok(operation, "x", 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("operation 0 cannot end at 4, before its call at 5");
    }

    @Test
    void aStaleReadIsNotRetried() {
        int operation = history.invokeStale("c1", "n1", "a", 5);
        assertThatThrownBy(() -> history.retry(operation, 6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("operation 0 is a stale read, which is called anew");
    }
}
