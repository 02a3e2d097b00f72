/**
 * Are the answers that clients got from a replicated object such as one object could have given, operation by operation?
 * Record what they called and what came back in a {@link dev.coracle.testkit.history.History}, say what the object does in
 * a {@link dev.coracle.testkit.history.Model}, and let {@link dev.coracle.testkit.history.LinearizabilityChecker} judge:
 *
 * <pre>{@code
 * History<Register.Input<String>, Object> history = new History<>();
 * int write = history.invoke("c1", Register.write("a"), 10);
 * history.ok(write, null, 20);
 * int read = history.invoke("c2", Register.read(), 30);
 * history.ok(read, null, 40);
 *
 * CheckResult<Register.Input<String>, Object> result = LinearizabilityChecker.check(new Register<>(), history);
 * if (result.verdict() != Verdict.LINEARIZABLE) {
 *     throw new AssertionError(result);
 * }
 * }</pre>
 *
 * <p>That history is wrong, and the result prints why:
 *
 * <pre>{@code
 * not linearizable: 2 of 2 operations are enough
 *   c1  10..20  |--|        write a -> ok
 *   c2  30..40        |--|  read -> null
 * The initial state is null. No order is right, whether or not other operations took effect.
 * The furthest that any gets: from null, write a -> ok, then not read -> null, since the answer there is a.
 * }</pre>
 *
 * <p>{@link dev.coracle.testkit.history.HistoryPicture} draws it as a page, with what else went on at the time.
 *
 * <p>There is no clock, thread or chance here: the same history gets the same answer, in any JVM.
 */
@NullMarked
package dev.coracle.testkit.history;

import org.jspecify.annotations.NullMarked;
