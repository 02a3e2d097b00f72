package dev.coracle.examples.counter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.Codec;
import dev.coracle.Raft;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CounterTest {
    private static Raft<Long, Long, Counter> start(Path directory) throws Exception {
        return Raft.builder(new Counter(), Codec.int64(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(directory)
                .start();
    }

    @Test
    void aCounterCountsAndSurvivesARestart(@TempDir Path directory) throws Exception {
        try (Raft<Long, Long, Counter> raft = start(directory)) {
            assertThat(raft.propose(2L).get()).isEqualTo(2);
            assertThat(raft.propose(40L).get()).isEqualTo(42);
            raft.snapshot().get();
            assertThat(raft.propose(1L).get()).isEqualTo(43);
        }
        try (Raft<Long, Long, Counter> raft = start(directory)) {
            assertThat(raft.read(Counter::value).get()).isEqualTo(43);
        }
    }
}
