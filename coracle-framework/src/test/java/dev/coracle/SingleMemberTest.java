package dev.coracle;

import static dev.coracle.Cluster.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.node.StorageObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SingleMemberTest {
    @TempDir
    Path directory;

    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory);
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    @Test
    void aCommandsResultIsWhatApplyReturned() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        assertThat(raft.propose("one").join()).isEqualTo(1);
        assertThat(raft.propose("two").join()).isEqualTo(2);
        assertThat(lines(raft)).containsExactly("one", "two");
        assertThat(raft.leader()).contains(new Member(1, raft.raftAddress(), Member.Role.LEADER));
        assertThat(raft.members()).containsExactly(new Member(1, raft.raftAddress(), Member.Role.LEADER));
    }

    @Test
    void everythingIsThereAfterARestart() throws Exception {
        Raft<String, Long, Journal> first = cluster.start("a");
        first.propose("one").join();
        cluster.stop("a");
        Raft<String, Long, Journal> second = cluster.start("a");
        assertThat(lines(second)).containsExactly("one");
        assertThat(second.id()).isEqualTo(first.id());
        assertThat(second.propose("two").join()).isEqualTo(2);
        // The system picked another port; the log learns of it.
        Cluster.until(
                "the new address is in the log",
                () -> second.members().equals(List.of(new Member(1, second.raftAddress(), Member.Role.LEADER))));
    }

    @Test
    void snapshotsAndRestartsKeepEverything() throws Exception {
        cluster.with(builder -> builder.snapshotEntries(20).catchUpEntries(5));
        Raft<String, Long, Journal> raft = cluster.start("a");
        List<CompletableFuture<Long>> proposals = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            proposals.add(raft.propose("line " + i));
        }
        proposals.forEach(CompletableFuture::join);
        // The first one may have been under way already.
        raft.snapshot().join();
        assertThat(raft.snapshot().join()).isGreaterThanOrEqualTo(200);
        Cluster.until("the log was compacted", () -> raft.status().firstIndex() > 100);
        cluster.stop("a");
        Raft<String, Long, Journal> again = cluster.start("a");
        assertThat(lines(again)).hasSize(200).startsWith("line 0").endsWith("line 199");
        assertThat(again.members()).hasSize(1);
    }

    @Test
    void theObserverHearsOfTheLogAndOfTheSnapshots() throws Exception {
        AtomicLong syncs = new AtomicLong();
        AtomicLong snapshots = new AtomicLong();
        cluster.with(builder -> builder.storageObserver(new StorageObserver() {
            @Override
            public void onSync(long nanos, long bytes, long records) {
                syncs.addAndGet(nanos > 0 && bytes > 0 && records > 0 ? 1 : 0);
            }

            @Override
            public void onSnapshotWritten(long nanos, long bytes, boolean failed) {
                snapshots.addAndGet(nanos > 0 && bytes > 0 && !failed ? 1 : 0);
            }
        }));
        Raft<String, Long, Journal> raft = cluster.start("a");
        raft.propose("one").join();
        raft.snapshot().join();
        assertThat(syncs.get()).isPositive().isEqualTo(raft.status().syncs());
        assertThat(snapshots.get()).isEqualTo(1);
    }

    @Test
    void aCommandThatIsTooLargeIsRefusedByName() throws Exception {
        Raft<String, Long, Journal> raft =
                cluster.with(builder -> builder.maxEntryBytes(100)).start("a");
        assertThatThrownBy(() -> raft.propose("x".repeat(101)).join())
                .cause()
                .isInstanceOfSatisfying(RaftException.class, failure -> {
                    assertThat(failure.kind()).isEqualTo(RaftException.Kind.TOO_LARGE);
                    assertThat(failure.certainty()).isEqualTo(RaftException.Certainty.NOT_DONE);
                    assertThat(failure).hasMessageContaining("101 bytes").hasMessageContaining("maxEntryBytes 100");
                });
        assertThat(raft.propose("x".repeat(100)).join()).isEqualTo(1);
    }

    @Test
    void aStaleReadNeedsNoLeader() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        raft.propose("one").join();
        assertThat(raft.read(Consistency.STALE, Journal::lines, Duration.ofSeconds(5))
                        .join())
                .containsExactly("one");
    }
}
