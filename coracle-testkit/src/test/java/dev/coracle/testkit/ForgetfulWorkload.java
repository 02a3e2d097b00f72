package dev.coracle.testkit;

import dev.coracle.Codec;
import dev.coracle.StateMachine;
import java.io.IOException;
import java.io.InputStream;
import java.util.random.RandomGenerator;

/** Counts commands, and forgets in a snapshot how many there were. */
final class ForgetfulWorkload implements Workload<String, Long, ForgetfulWorkload.Forgetful> {
    static final class Forgetful implements StateMachine<String, Long> {
        private long count;

        @Override
        public Long apply(String command) {
            count++;
            return count;
        }

        @Override
        public PinnedState snapshot() {
            return out -> {};
        }

        @Override
        public void restore(InputStream in) throws IOException {
            count = in.readAllBytes().length;
        }
    }

    @Override
    public Forgetful newMachine() {
        return new Forgetful();
    }

    @Override
    public Codec<String> commands() {
        return Codec.utf8();
    }

    @Override
    public Codec<Long> results() {
        return Codec.int64();
    }

    @Override
    public Action<String, Long, Forgetful> next(RandomGenerator random) {
        return Action.command("one");
    }
}
