package dev.coracle;

import static dev.coracle.Cluster.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

class RequestsTest {
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

    private static RaftException failure(ThrowingCallable call) {
        RaftException[] found = new RaftException[1];
        assertThatThrownBy(call)
                .isInstanceOf(CompletionException.class)
                .cause()
                .isInstanceOfSatisfying(RaftException.class, failure -> found[0] = failure);
        return found[0];
    }

    @Test
    void everyRequestEndsInTimeWithoutAQuorum() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("one").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        for (Raft<String, Long, Journal> raft : rafts) {
            if (raft != leader) {
                cluster.stop(Cluster.nameOf(raft.id()));
            }
        }
        CompletableFuture<Long> proposal = leader.propose("two", Duration.ofMillis(500));
        CompletableFuture<List<String>> read =
                leader.read(Consistency.LINEARIZABLE, Journal::lines, Duration.ofMillis(500));
        // It may be in the leader's log, and may be there when the others are back.
        Cluster.until("both have ended", () -> proposal.isDone() && read.isDone());
        assertThat(failure(proposal::join).certainty()).isNotEqualTo(RaftException.Certainty.NOT_DONE);
        assertThat(failure(read::join).certainty()).isEqualTo(RaftException.Certainty.RETRY);
        // By now there is no leader, and certainly nothing is done.
        Cluster.until("it has stepped down", () -> leader.leader().isEmpty());
        RaftException refused =
                failure(() -> leader.propose("three", Duration.ofMillis(300)).join());
        assertThat(refused.kind()).isEqualTo(RaftException.Kind.NO_LEADER);
        assertThat(refused.certainty()).isEqualTo(RaftException.Certainty.RETRY);
        assertThat(refused.leader()).isEmpty();
    }

    @Test
    void aFollowerWhoseLeaderIsGoneWaitsForTheNextOne() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("one").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        Raft<String, Long, Journal> other =
                rafts.stream().filter(raft -> raft != leader).findFirst().orElseThrow();
        cluster.stop(Cluster.nameOf(leader.id()));
        // Proposed while it still takes the other one for the leader, or knows none. Only a connection that breaks at
        // this very moment leaves a doubt, and then the caller is told.
        Long count = null;
        while (count == null) {
            try {
                count = other.propose("two", Duration.ofSeconds(20)).join();
            } catch (CompletionException e) {
                assertThat(((RaftException) e.getCause()).certainty()).isEqualTo(RaftException.Certainty.UNKNOWN);
            }
        }
        assertThat(lines(other)).startsWith("one", "two");
    }

    @Test
    @Timeout(60)
    void tooMuchAtOnceIsRefusedAndMayBeTriedAgain() throws Exception {
        Raft<String, Long, Journal> raft = cluster.with(
                        builder -> builder.maxEntryBytes(10_000).maxPendingBytes(10_256))
                .start("a");
        List<CompletableFuture<Long>> all = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            all.add(raft.propose("x".repeat(9_000)));
        }
        int done = 0;
        int refused = 0;
        for (CompletableFuture<Long> future : all) {
            try {
                future.join();
                done++;
            } catch (CompletionException e) {
                RaftException failure = (RaftException) e.getCause();
                assertThat(failure.kind()).isEqualTo(RaftException.Kind.OVERLOADED);
                assertThat(failure.certainty()).isEqualTo(RaftException.Certainty.RETRY);
                refused++;
            }
        }
        assertThat(refused).isPositive();
        assertThat(lines(raft)).hasSize(done);
        // What has ended does not count any more, however it ended: at once, or when the loop has heard of it.
        Long next = null;
        while (next == null) {
            try {
                next = raft.propose("x".repeat(9_000)).join();
            } catch (CompletionException e) {
                assertThat(((RaftException) e.getCause()).kind()).isEqualTo(RaftException.Kind.OVERLOADED);
            }
        }
        assertThat(next).isEqualTo(done + 1);
    }

    @Test
    void readsByLeaseSeeWhatWasAcknowledgedWhoeverIsAsked() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        for (int i = 1; i <= 150; i++) {
            long count = rafts.get(i % 3).propose("line " + i, Cluster.PATIENCE).join();
            for (Raft<String, Long, Journal> raft : rafts) {
                int seen = raft.read(
                                Consistency.LEASE, journal -> journal.lines().size(), Cluster.PATIENCE)
                        .join();
                assertThat((long) seen).isEqualTo(count);
            }
            if (i % 50 == 0) {
                Cluster.handOver(rafts.get(0), i / 50);
            }
        }
    }

    @Test
    void aQueryThatThrowsHurtsItsCallerAlone() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        IllegalStateException thrown = new IllegalStateException("no such line");
        RaftException failure = failure(() -> raft.read(journal -> {
                    throw thrown;
                })
                .join());
        assertThat(failure.kind()).isEqualTo(RaftException.Kind.APPLICATION);
        assertThat(failure).hasCause(thrown);
        assertThat(raft.propose("one").join()).isEqualTo(1);
    }

    @Test
    void aStateMachineThatThrowsStopsTheNodeAndEndsEveryRequest() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        raft.propose("one").join();
        CompletableFuture<Long> poison = raft.propose(Journal.POISON);
        CompletableFuture<Long> next = raft.propose("two");
        StopReason reason = raft.stopped().get(20, TimeUnit.SECONDS);
        assertThat(reason.kind()).isEqualTo(StopReason.Kind.FAILED);
        assertThat(reason.text()).contains("the journal does not take poison");
        for (CompletableFuture<Long> future : List.of(poison, next)) {
            assertThat(failure(future::join).kind()).isIn(RaftException.Kind.STOPPED, RaftException.Kind.UNKNOWN);
        }
        assertThat(failure(() -> raft.propose("three").join()).kind()).isEqualTo(RaftException.Kind.STOPPED);
        assertThat(failure(() -> raft.read(Journal::lines).join()).kind()).isEqualTo(RaftException.Kind.STOPPED);
    }

    @Test
    void requestsAfterTheEndFailAtOnce() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        raft.close();
        raft.close();
        assertThat(raft.stopped().join().kind()).isEqualTo(StopReason.Kind.CLOSED);
        RaftException failure = failure(() -> raft.propose("one").join());
        assertThat(failure.kind()).isEqualTo(RaftException.Kind.STOPPED);
        assertThatThrownBy(raft::status).isInstanceOf(RaftException.class);
        assertThat(failure(() -> raft.leave().join()).kind()).isEqualTo(RaftException.Kind.STOPPED);
    }

    @Test
    void requestsAfterTheEndFailAtOnceAlsoWhereAnotherMemberLeads() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        rafts.get(0).propose("one").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        Raft<String, Long, Journal> other = rafts.get(leader == rafts.get(0) ? 1 : 0);
        assertThat(other.propose("two").join()).isEqualTo(2);
        other.close();
        CompletableFuture<Long> late = other.propose("three");
        Cluster.until("it has ended", late::isDone);
        assertThat(failure(late::join).kind()).isEqualTo(RaftException.Kind.STOPPED);
    }

    @Test
    void commandsAreAppliedWhileASnapshotIsWritten() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        raft.propose("one").join();
        Journal journal = cluster.journal("a");
        journal.writing = new CountDownLatch(1);
        journal.mayWrite = new CountDownLatch(1);
        CompletableFuture<Long> snapshot = raft.snapshot();
        assertThat(journal.writing.await(20, TimeUnit.SECONDS)).isTrue();
        for (int i = 2; i <= 100; i++) {
            assertThat(raft.propose("line " + i).join()).isEqualTo(i);
        }
        assertThat(snapshot).isNotDone();
        journal.mayWrite.countDown();
        assertThat(snapshot.join()).isLessThan(100);
        cluster.stop("a");
        assertThat(lines(cluster.start("a"))).hasSize(100);
    }

    @Test
    void dependentsMayWaitForTheNode() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        CompletableFuture<Long> chain = CompletableFuture.completedFuture(0L);
        for (int i = 0; i < 100; i++) {
            // Each of these would stop the node for ever if it ran on one of its threads.
            chain = chain.thenCompose(before -> raft.propose("line"))
                    .thenApply(count ->
                            raft.read(journal -> (long) journal.lines().size()).join());
        }
        assertThat(chain.get(20, TimeUnit.SECONDS)).isEqualTo(100);
    }

    @Test
    void noPartOfACommandOrASnapshotIsPrintedUnlessAFormatterIsGiven() throws Exception {
        Logger root = (Logger) LoggerFactory.getLogger("dev.coracle");
        ListAppender<ILoggingEvent> heard = new ListAppender<>();
        heard.start();
        Level level = root.getLevel();
        boolean additive = root.isAdditive();
        root.setAdditive(false);
        root.setLevel(Level.TRACE);
        root.addAppender(heard);
        try {
            for (Raft<String, Long, Journal> raft : cluster.startListed(Cluster.listed(2))) {
                raft.propose("secret by " + raft.id()).join();
                raft.snapshot().join();
            }
            cluster.stop("b");
            cluster.stop("a");
            assertThat(texts(heard)).isNotEmpty().noneMatch(text -> text.contains("secret"));
            assertThat(texts(heard)).anyMatch(text -> text.matches("apply \\d+: 11 bytes"));
            cluster.with(builder -> builder.formatter(text -> "<" + text + ">")
                    .snapshotFormatter(journal -> "lines " + journal.lines()));
            Raft<String, Long, Journal> shown = cluster.start("c");
            shown.propose("shown").join();
            shown.snapshot().join();
            assertThat(texts(heard))
                    .anyMatch(text -> text.contains("<shown>"))
                    .anyMatch(text -> text.equals("a snapshot is taken: lines [shown]"));
            cluster.stop("c");
            cluster.start("c").read(Journal::lines).join();
            assertThat(texts(heard))
                    .anyMatch(text -> text.matches("the snapshot at \\d+ is restored: lines \\[shown]"));
        } finally {
            root.detachAppender(heard);
            root.setLevel(level);
            root.setAdditive(additive);
        }
    }

    private static Stream<String> texts(ListAppender<ILoggingEvent> heard) {
        return List.copyOf(heard.list).stream().map(ILoggingEvent::getFormattedMessage);
    }
}
