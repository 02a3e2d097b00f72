package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.Consistency;
import dev.coracle.StateMachine;
import dev.coracle.testkit.history.Model;
import java.util.List;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A state machine and what its clients do with it: what a {@link Simulation} runs. Everything must follow from the
 * arguments and the calls, or a seed does not give the same run twice.
 *
 * @param <C> the commands
 * @param <R> the results of commands and queries
 * @param <S> the state machine
 */
public interface Workload<C, R, S extends StateMachine<C, R>> {
    /**
     * One thing that a client does: a command, or a query.
     *
     * @param input what it is, by value, for the {@link Workload#model} and for texts
     * @param command the command, or null
     * @param query the query, or null
     * @param consistency how a query reads
     */
    record Action<C, R, S>(
            Object input,
            @Nullable C command,
            @Nullable Function<? super S, ? extends R> query,
            Consistency consistency) {
        /** A command, which is its own input for the model. */
        public static <C, R, S> Action<C, R, S> command(C command) {
            return new Action<>(command, command, null, Consistency.LINEARIZABLE);
        }

        /** A query that sees everything that was acknowledged before. */
        public static <C, R, S> Action<C, R, S> query(Object input, Function<? super S, ? extends R> query) {
            return new Action<>(input, null, query, Consistency.LINEARIZABLE);
        }

        /** A query that sees what the member has that is asked. */
        public static <C, R, S> Action<C, R, S> staleQuery(Object input, Function<? super S, ? extends R> query) {
            return new Action<>(input, null, query, Consistency.STALE);
        }
    }

    /** A state machine without state, for one run of a member. */
    S newMachine();

    /** The commands as bytes. */
    Codec<C> commands();

    /** The results as bytes. */
    Codec<R> results();

    /** What a client does next. */
    Action<C, R, S> next(RandomGenerator random);

    /** What every member must be able to do when all is well again. By default nothing. */
    default List<Action<C, R, S>> lastQueries() {
        return List.of();
    }

    /**
     * What clients may see: the history of their actions must be linearizable by it. Without one only the members are
     * compared with each other.
     */
    default @Nullable Model<?, Object, R> model() {
        return null;
    }
}
