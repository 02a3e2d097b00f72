package dev.coracle.rocksdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.Codec;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.StartException;
import dev.coracle.StateMachine;
import dev.coracle.node.StorageException;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real cluster whose members keep their logs in RocksDB. */
class RocksDbClusterTest {
    private static final String ANY_PORT = "127.0.0.1:0";

    @TempDir
    private Path root;

    private final List<Raft<Long, Long, Sum>> running = new ArrayList<>();

    @AfterEach
    void close() {
        running.forEach(Raft::close);
    }

    private Raft<Long, Long, Sum> start(String name, String address, String... join)
            throws StartException, StorageException {
        RaftBuilder<Long, Long, Sum> builder = builder(name, address).logStore(RocksDbLogStore::open);
        Raft<Long, Long, Sum> raft = (join.length == 0 ? builder : builder.join(join)).start();
        running.add(raft);
        return raft;
    }

    private RaftBuilder<Long, Long, Sum> builder(String name, String address) {
        return Raft.builder(new Sum(), Codec.int64(), Codec.int64())
                .raftAddress(address)
                .dataDirectory(root.resolve(name))
                .tickInterval(Duration.ofMillis(40))
                .snapshotEntries(40)
                .catchUpEntries(5);
    }

    @Test
    void threeMembersHaveAllAgainAfterTheyWereStarted() throws StartException, StorageException {
        Raft<Long, Long, Sum> first = start("a", ANY_PORT);
        for (long number = 1; number <= 60; number++) {
            first.propose(number).join();
        }
        // The first entries are gone by now: they get a snapshot.
        start("b", ANY_PORT, first.raftAddress());
        start("c", ANY_PORT, first.raftAddress());
        for (long number = 61; number <= 100; number++) {
            running.get((int) number % 3).propose(number).join();
        }
        assertThat(sums()).containsExactly(5_050L, 5_050L, 5_050L);
        List<String> addresses = running.stream().map(Raft::raftAddress).toList();
        running.forEach(Raft::close);
        running.clear();

        for (int i = 0; i < addresses.size(); i++) {
            start(List.of("a", "b", "c").get(i), addresses.get(i));
        }
        assertThat(running.get(2).propose(50L).join()).isEqualTo(5_100);
        assertThat(sums()).containsExactly(5_100L, 5_100L, 5_100L);
    }

    private List<Long> sums() {
        return running.stream().map(raft -> raft.read(sum -> sum.value).join()).toList();
    }

    @Test
    void aDirectoryGoesOnWithTheKindOfLogThatItBeganWith() throws StartException, StorageException {
        try (Raft<Long, Long, Sum> raft = builder("a", ANY_PORT).start()) {
            raft.propose(1L).join();
        }
        assertThatThrownBy(() -> start("a", ANY_PORT))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("the log in " + root.resolve("a").resolve("log") + " is missing")
                .hasMessageContaining("Start it with the logStore that it had before");
        try (Raft<Long, Long, Sum> raft = builder("a", ANY_PORT).start()) {
            assertThat(raft.read(sum -> sum.value).join()).isEqualTo(1);
        }
    }

    /** Adds numbers up. */
    private static final class Sum implements StateMachine<Long, Long> {
        private long value;

        @Override
        public Long apply(Long number) {
            value += number;
            return value;
        }

        @Override
        public PinnedState snapshot() {
            long pinned = value;
            return out -> new DataOutputStream(out).writeLong(pinned);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            value = new DataInputStream(in).readLong();
        }
    }
}
