package dev.coracle.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** Histories of which everybody knows whether they are right, and what is said of those that are not. */
class KnownHistoriesTest {
    private final History<Register.Input<Integer>, Object> register = new History<>();
    private final History<Counter.Input, Long> counter = new History<>();
    private final History<AppendOnlyList.Input<String>, List<String>> list = new History<>();

    @Test
    void anEmptyHistoryIsRight() {
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void aReadMaySeeWhatIsWrittenMeanwhile() {
        write("c1", 1, 10, 50);
        read("c2", null, 15, 20);
        read("c2", 1, 25, 30);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
        assertThat(LinearizabilityChecker.check(new Register<>(), register)
                        .orders()
                        .get(""))
                .extracting(Operation::id)
                .containsExactly(1, 0, 2);
    }

    @Test
    void anOldValueDoesNotComeBackWhileANewOneIsWritten() {
        write("c1", 1, 10, 50);
        read("c2", 1, 15, 20);
        read("c3", null, 25, 30);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void operationsThatTouchMayBeInEitherOrder() {
        write("c1", 1, 10, 20);
        read("c2", null, 20, 30);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void aValueMayBeReplacedIfItIsWrittenAgain() {
        write("c1", 1, 0, 1);
        cas("c2", 1, 2, true, 2, 20);
        write("c3", 1, 3, 10);
        read("c1", 1, 25, 26);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void aStaleReadIsFound() {
        write("c1", 1, 10, 20);
        write("c1", 2, 30, 40);
        read("c2", 1, 50, 60);
        write("c1", 3, 70, 80);
        wrong("""
                not linearizable: 2 of 4 operations are enough
                  c1  30..40  |--|        write 2 -> ok
                  c2  50..60        |--|  read -> 1
                Before them the state was null or 1. No order is right, whether or not other operations took effect.
                The furthest that any gets: from null, write 2 -> ok, then not read -> 1, since the answer there is 2.""");
    }

    /** The example of the package's documentation. */
    @Test
    void aWriteThatIsNotSeenIsFound() {
        write("c1", 7, 10, 20);
        read("c2", null, 30, 40);
        wrong("""
                not linearizable: 2 of 2 operations are enough
                  c1  10..20  |--|        write 7 -> ok
                  c2  30..40        |--|  read -> null
                The initial state is null. No order is right, whether or not other operations took effect.
                The furthest that any gets: from null, write 7 -> ok, then not read -> null, since the answer there is 7.""");
    }

    @Test
    void aLostUpdateIsFound() {
        add("c1", 1, 1, 10, 20);
        add("c2", 1, 2, 30, 50);
        add("c3", 1, 2, 40, 60);
        readCounter("c1", 2, 70, 80);
        wrongCounter("""
                not linearizable: 2 of 4 operations are enough
                  c2  30..50  |-----|     add 1 -> 2
                  c3  40..60     |-----|  add 1 -> 2
                Before them the state was 0 or 1. No order is right, whether or not other operations took effect.
                The furthest that any gets: from 1, add 1 -> 2, then not add 1 -> 2, since the answer there is 3.""");
    }

    @Test
    void twoLeadersThatBothAcknowledgeAreFound() {
        append("c1", "a", 10, 20);
        append("c1", "b", 30, 40);
        append("c2", "c", 35, 45);
        readList("c1", List.of("a", "b"), 50, 60);
        readList("c2", List.of("a", "c"), 55, 65);
        readList("c3", List.of("a", "c", "d"), 100, 110);
        wrongList("""
                not linearizable: 2 of 6 operations are enough
                  c2  35..45  |--|        append c -> ok
                  c1  50..60        |--|  read -> [a, b]
                Before them the state was [] or [a]. No order is right, whether or not other operations took effect.
                The furthest that any gets: from [a], append b -> ok, append c -> ok, then not read -> [a, b], since the \
                answer there is [a, b, c].""");
    }

    @Test
    void twoLeadersThatBothCompareAndSetAreFound() {
        write("c1", 0, 10, 20);
        cas("c1", 0, 1, true, 30, 40);
        cas("c2", 0, 2, true, 30, 40);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void anOperationAppliedTwiceIsFound() {
        int first = counter.invoke("c1", Counter.add(5), 10);
        counter.unknown(first, 20);
        int second = counter.retry(first, 30);
        counter.ok(second, 5L, 40);
        readCounter("c2", 10, 50, 60);
        wrongCounter("""
                not linearizable: 1 of 3 operations is enough
                  c2  50..60  |--|  read -> 10
                Before it the state was 0 or 5. No order is right, whether or not other operations took effect.
                The furthest that any gets: from 0, then not read -> 10, since the answer there is 0.""");
    }

    @Test
    void anOperationAppliedOnceInSpiteOfARetryIsRight() {
        int first = counter.invoke("c1", Counter.add(5), 10);
        counter.unknown(first, 20);
        int second = counter.retry(first, 30);
        counter.ok(second, 5L, 40);
        readCounter("c2", 5, 50, 60);
        readCounter("c2", 5, 25, 28);
        assertThat(LinearizabilityChecker.check(new Counter(), counter).verdict())
                .isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void attemptsThatGetDifferentAnswersAreFound() {
        int first = counter.invoke("c1", Counter.add(5), 10);
        int second = counter.retry(first, 30);
        counter.ok(second, 10L, 40);
        counter.ok(first, 5L, 50);
        wrongCounter("""
                not linearizable: 2 of 2 operations are enough
                  c1  10..50  |--------|  add 5 -> 5
                  c1  30..40     |--|     add 5 -> 10
                The initial state is 0. No order is right, whether or not other operations took effect.
                The furthest that any gets: from 0, then not add 5 -> 10, since the answer there is 5.""");
    }

    @Test
    void whatCertainlyFailedIsNotSeen() {
        write("c1", 1, 10, 20);
        register.failed(register.invoke("c2", Register.write(9), 30), 40);
        read("c3", 9, 50, 60);
        wrong("""
                not linearizable: 1 of 3 operations is enough
                  c3  50..60  |--|  read -> 9
                Before it the state was null or 1. No order is right, whether or not other operations took effect.
                The furthest that any gets: from null, then not read -> 9, since the answer there is null.
                It would be right if c2's write 9 at 30, which certainly failed, had been done.""");
    }

    @Test
    void aRetryThatFailedDoesNotBindItsFirstAttempt() {
        int first = register.invoke("c1", Register.write(9), 10);
        register.unknown(first, 20);
        register.failed(register.retry(first, 30), 40);
        read("c2", null, 50, 60);
        read("c2", 9, 70, 80);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void anAttemptThatFailedHasNoEffectBeforeTheNext() {
        int first = register.invoke("c1", Register.write(9), 10);
        register.failed(first, 20);
        register.ok(register.retry(first, 40), null, 50);
        read("c2", 9, 25, 30);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void theFirstAnswerOfSeveralAttemptsCounts() {
        int first = register.invoke("c1", Register.write(9), 10);
        register.ok(register.retry(first, 20), null, 30);
        register.ok(first, null, 60);
        read("c2", null, 40, 50);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void anUnknownOperationMayTakeEffectLate() {
        register.unknown(register.invoke("c1", Register.write(9), 10), 20);
        read("c2", null, 30, 40);
        write("c2", 1, 50, 60);
        read("c2", 9, 70, 80);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void anUnknownOperationMayNeverTakeEffect() {
        register.unknown(register.invoke("c1", Register.write(9), 10), 20);
        register.invoke("c1", Register.write(8), 10);
        read("c2", null, 30, 40);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void anUnknownOperationTakesEffectOnceOnly() {
        register.unknown(register.invoke("c1", Register.write(9), 10), 20);
        read("c2", 9, 30, 40);
        write("c2", 1, 50, 60);
        read("c2", 9, 70, 80);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void anUnknownOperationHasNoEffectBeforeItsCall() {
        read("c2", 9, 30, 40);
        register.unknown(register.invoke("c1", Register.write(9), 50), 60);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void aStaleReadMayBeOld() {
        write("c1", 1, 10, 20);
        write("c1", 2, 30, 40);
        stale("c2", "n2", null, 50, 60);
        stale("c2", "n2", 1, 70, 80);
        stale("c2", "n3", null, 90, 100);
        read("c2", 2, 110, 120);
        assertThat(verdict()).isEqualTo(Verdict.LINEARIZABLE);
    }

    @Test
    void aStaleReadOfOneReplicaDoesNotGoBack() {
        write("c1", 1, 10, 20);
        write("c1", 2, 30, 40);
        stale("c2", "n2", 2, 50, 60);
        stale("c3", "n2", 1, 70, 80);
        wrong("""
                not linearizable: 4 of 4 operations are enough
                  c1       10..20  |--|                    write 1 -> ok
                  c1       30..40        |--|              write 2 -> ok
                  c2 @ n2  50..60              |--|        stale read -> 2
                  c3 @ n2  70..80                    |--|  stale read -> 1
                The initial state is null. No order is right, whether or not other operations took effect.
                The furthest that any gets: from null, write 1 -> ok, write 2 -> ok, stale read -> 2, then not stale read \
                -> 1, since the answer there is 2.""");
    }

    @Test
    void aStaleReadOfOneReplicaDoesNotGoBackWhileAnotherOverlaps() {
        write("c1", 1, 10, 20);
        write("c1", 2, 30, 40);
        stale("c2", "n2", 2, 50, 60);
        stale("c3", "n2", 1, 70, 80);
        stale("c4", "n2", 2, 55, 90);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void aStaleReadShowsNoFuture() {
        stale("c2", "n2", 1, 10, 20);
        write("c1", 1, 30, 40);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void aStaleReadShowsNothingThatWasNever() {
        write("c1", 1, 10, 20);
        register.failed(register.invoke("c1", Register.write(2), 30), 40);
        stale("c2", "n2", 2, 50, 60);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void staleReadsOfDifferentReplicasSeeOneOrder() {
        write("c1", 1, 10, 50);
        write("c2", 2, 10, 50);
        stale("c3", "n1", 1, 60, 70);
        stale("c3", "n1", 2, 80, 90);
        stale("c4", "n2", 2, 60, 70);
        stale("c4", "n2", 1, 80, 90);
        assertThat(verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
    }

    @Test
    void keysAreIndependent() {
        History<KeyValueMap.Input<String, Integer>, Object> map = new History<>();
        map.ok(map.invoke("c1", KeyValueMap.put("x", 1), 10), null, 20);
        map.ok(map.invoke("c1", KeyValueMap.put("y", 2), 30), null, 40);
        map.ok(map.invoke("c2", KeyValueMap.get("y"), 50), 2, 60);
        map.ok(map.invoke("c2", KeyValueMap.delete("y"), 70), null, 80);
        map.ok(map.invoke("c2", KeyValueMap.get("y"), 90), null, 100);
        map.ok(map.invoke("c2", KeyValueMap.compareAndSet("y", null, 3), 110), true, 120);
        assertThat(LinearizabilityChecker.check(new KeyValueMap<>(), map).verdict())
                .isEqualTo(Verdict.LINEARIZABLE);
        map.ok(map.invoke("c2", KeyValueMap.get("x"), 130), null, 140);
        CheckResult<KeyValueMap.Input<String, Integer>, Object> result =
                LinearizabilityChecker.check(new KeyValueMap<>(), map);
        assertThat(result.verdict()).isEqualTo(Verdict.NOT_LINEARIZABLE);
        assertThat(result.wrongPart().orElseThrow().partition()).isEqualTo("x");
        assertThat(result.toString()).startsWith("not linearizable: 2 of 2 operations on x are enough");
    }

    private void write(String client, Integer value, long call, long end) {
        register.ok(register.invoke(client, Register.write(value), call), null, end);
    }

    private void cas(String client, Integer expected, Integer value, boolean answer, long call, long end) {
        register.ok(register.invoke(client, Register.compareAndSet(expected, value), call), answer, end);
    }

    private void read(String client, Integer answer, long call, long end) {
        register.ok(register.invoke(client, Register.read(), call), answer, end);
    }

    private void stale(String client, String replica, Integer answer, long call, long end) {
        register.ok(register.invokeStale(client, replica, Register.read(), call), answer, end);
    }

    private void add(String client, long delta, long answer, long call, long end) {
        counter.ok(counter.invoke(client, Counter.add(delta), call), answer, end);
    }

    private void readCounter(String client, long answer, long call, long end) {
        counter.ok(counter.invoke(client, Counter.read(), call), answer, end);
    }

    private void append(String client, String element, long call, long end) {
        list.ok(list.invoke(client, AppendOnlyList.append(element), call), null, end);
    }

    private void readList(String client, List<String> answer, long call, long end) {
        list.ok(list.invoke(client, AppendOnlyList.read(), call), answer, end);
    }

    private Verdict verdict() {
        return LinearizabilityChecker.check(new Register<>(), register).verdict();
    }

    private void wrong(String text) {
        assertThat(LinearizabilityChecker.check(new Register<>(), register)).hasToString(text);
    }

    private void wrongCounter(String text) {
        assertThat(LinearizabilityChecker.check(new Counter(), counter)).hasToString(text);
    }

    private void wrongList(String text) {
        assertThat(LinearizabilityChecker.check(new AppendOnlyList<>(), list)).hasToString(text);
    }
}
