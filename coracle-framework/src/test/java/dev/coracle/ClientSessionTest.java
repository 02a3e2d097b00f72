package dev.coracle;

import static dev.coracle.Cluster.lines;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sessions of whole clusters: what is tried again is applied once. */
@Timeout(120)
class ClientSessionTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    @TempDir
    Path directory;

    private final TamperedWorld network = new TamperedWorld();
    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory).with(builder -> builder.requestTimeout(LONG));
        cluster.in(network.world());
    }

    @AfterEach
    void close() {
        network.losesAnswer = kind -> false;
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

    private static Raft<String, Long, Journal> follower(List<Raft<String, Long, Journal>> rafts) {
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        Raft<String, Long, Journal> follower =
                rafts.stream().filter(raft -> raft != leader).findFirst().orElseThrow();
        Cluster.until("it knows the leader", () -> follower.leader().isPresent());
        return follower;
    }

    @Test
    void anAnswerThatIsLostIsAskedForAgainAndTheCommandIsAppliedOnce() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> follower = follower(rafts);
        ClientSession<String, Long> session = follower.openSession().join();
        AtomicInteger losses = new AtomicInteger(3);
        network.losesAnswer = kind -> kind == CallKind.PROPOSE_IN_SESSION && losses.getAndDecrement() > 0;
        assertThat(session.propose("one").join()).isEqualTo(2);
        assertThat(losses.get()).isNegative();
        assertThat(session.propose("two").join()).isEqualTo(3);
        assertThat(lines(follower)).containsExactly("zero", "one", "two");
        // Without a session nobody may try again.
        network.losesAnswer = kind -> kind == CallKind.PROPOSE;
        assertThat(failure(() -> follower.propose("three").join()).certainty())
                .isEqualTo(RaftException.Certainty.UNKNOWN);
    }

    @Test
    void sessionsAreOpenedAlthoughAnAnswerIsLost() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> follower = follower(rafts);
        AtomicInteger losses = new AtomicInteger(2);
        network.losesAnswer = kind -> kind == CallKind.OPEN_SESSION && losses.getAndDecrement() > 0;
        assertThat(follower.openSession().join().propose("one").join()).isEqualTo(2);
    }

    @Test
    void everyCommandIsAppliedOnceWhileLeadersComeAndGoAndAnswersAreLost() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("zero").join();
        long seed = 20_261_127;
        SplittableRandom random = new SplittableRandom(seed);
        network.losesAnswer = kind -> {
            synchronized (random) {
                return kind == CallKind.PROPOSE_IN_SESSION && random.nextInt(4) == 0;
            }
        };
        List<ClientSession<String, Long>> sessions = new ArrayList<>();
        for (Raft<String, Long, Journal> raft : rafts) {
            sessions.add(raft.openSession().join());
        }
        List<String> expected = new ArrayList<>(List.of("zero"));
        for (int round = 0; round < 6; round++) {
            List<CompletableFuture<Long>> answers = new ArrayList<>();
            List<String> commands = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                String command = round + "." + i;
                answers.add(sessions.get(i % 3).propose(command, LONG));
                commands.add(command);
                if (i == 30) {
                    long next = rafts.get(round % 3).id();
                    var unused = rafts.get((round + 1) % 3).transferLeadership(next);
                }
            }
            for (int i = 0; i < answers.size(); i++) {
                long place = answers.get(i).join();
                int at = (int) place - 1;
                String command = commands.get(i);
                assertThat(rafts.get(0)
                                .<String>read(journal -> journal.lines().get(at))
                                .join())
                        .as("the line that the answer names, seed %d", seed)
                        .isEqualTo(command);
            }
            expected.addAll(commands);
        }
        assertThat(lines(rafts.get(1))).as("seed %d", seed).containsExactlyInAnyOrderElementsOf(expected);
    }

    @Test
    void aLeaderThatStopsCostsASessionNothing() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        Raft<String, Long, Journal> follower = follower(rafts);
        ClientSession<String, Long> session = follower.openSession().join();
        List<CompletableFuture<Long>> answers = new ArrayList<>();
        List<String> commands = new ArrayList<>(List.of("zero"));
        for (int i = 0; i < 100; i++) {
            commands.add("line " + i);
            answers.add(session.propose("line " + i));
            if (i == 50) {
                cluster.stop(Cluster.nameOf(leader.id()));
            }
        }
        answers.forEach(CompletableFuture::join);
        assertThat(lines(follower)).containsExactlyInAnyOrderElementsOf(commands);
    }

    @Test
    void theTableSurvivesASnapshotAndARestart() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        ClientSession<String, Long> session = raft.openSession().join();
        session.propose("one").join();
        session.propose("two").join();
        raft.snapshot().join();
        cluster.stop("a");
        Raft<String, Long, Journal> snapshotAlone = cluster.start("a");
        assertThat(snapshotAlone.session(session.id(), 2).propose("two").join()).isEqualTo(2);
        assertThat(snapshotAlone.session(session.id(), 3).propose("three").join())
                .isEqualTo(3);
        cluster.stop("a");
        Raft<String, Long, Journal> again = cluster.start("a");
        assertThat(again.session(session.id(), 3).propose("three").join()).isEqualTo(3);
        RaftException gone =
                failure(() -> again.session(session.id(), 1).propose("one").join());
        assertThat(gone.kind()).isEqualTo(RaftException.Kind.SESSION_EXPIRED);
        assertThat(gone.certainty()).isEqualTo(RaftException.Certainty.UNKNOWN);
        assertThat(again.session(session.id(), 4).propose("four").join()).isEqualTo(4);
        assertThat(lines(again)).containsExactly("one", "two", "three", "four");
    }

    @Test
    void aMemberThatGotASnapshotKnowsTheSessions() throws Exception {
        cluster.with(builder -> builder.catchUpEntries(0));
        Raft<String, Long, Journal> first = cluster.start("a");
        ClientSession<String, Long> session = first.openSession().join();
        session.propose("one").join();
        first.snapshot().join();
        Raft<String, Long, Journal> joined = cluster.start("b", builder -> builder.join(first.raftAddress()));
        Cluster.handOver(first, joined.id());
        assertThat(joined.session(session.id(), 1).propose("one").join()).isEqualTo(1);
        assertThat(first.session(session.id(), 2).propose("two").join()).isEqualTo(2);
        assertThat(lines(joined)).containsExactly("one", "two");
    }

    @Test
    void duplicatesOnPurposeGetTheSameAnswer() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        ClientSession<String, Long> opened = rafts.get(0).openSession().join();
        List<CompletableFuture<Long>> answers = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            answers.add(rafts.get(i % 3).session(opened.id(), 1).propose("once"));
        }
        answers.forEach(answer -> assertThat(answer.join()).isEqualTo(1));
        assertThat(lines(rafts.get(2))).containsExactly("once");
        RaftException refused = failure(
                () -> rafts.get(1).session(opened.id(), 1).propose("twice").join());
        assertThat(refused.kind()).isEqualTo(RaftException.Kind.REFUSED);
        assertThat(refused).hasMessageContaining("was another command's");
    }

    @Test
    void aDoubtThatTheDeadlineLeavesIsToldAndCanBeClearedUpLater() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> follower = follower(rafts);
        ClientSession<String, Long> session = follower.openSession().join();
        network.losesAnswer = kind -> kind == CallKind.PROPOSE_IN_SESSION;
        long number = session.nextSequence();
        RaftException unknown =
                failure(() -> session.propose("one", Duration.ofMillis(500)).join());
        assertThat(unknown.certainty()).isEqualTo(RaftException.Certainty.UNKNOWN);
        network.losesAnswer = kind -> false;
        assertThat(follower.session(session.id(), number).propose("one").join()).isEqualTo(2);
        assertThat(lines(follower)).containsExactly("zero", "one");
    }

    @Test
    void aLeaderThatIsGoneLeavesADoubtToo() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> follower = follower(rafts);
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        ClientSession<String, Long> session = follower.openSession().join();
        network.losesAnswer = kind -> kind == CallKind.PROPOSE_IN_SESSION;
        CompletableFuture<Long> proposal = session.propose("one", Duration.ofSeconds(3));
        Cluster.until("it is applied", () -> lines(leader).contains("one"));
        cluster.stop(Cluster.nameOf(leader.id()));
        // The last tries find no leader, which says nothing of the first one.
        assertThat(failure(proposal::join).certainty()).isEqualTo(RaftException.Certainty.UNKNOWN);
    }

    @Test
    void aSessionThatExpiredAppliesNothing() throws Exception {
        cluster.inMemory();
        Raft<String, Long, Journal> raft = cluster.start("a");
        ClientSession<String, Long> session = raft.openSession().join();
        session.propose("one").join();
        List<CompletableFuture<ClientSession<String, Long>>> others = new ArrayList<>();
        for (int i = 0; i < Sessions.MOST; i++) {
            others.add(raft.openSession());
        }
        others.forEach(CompletableFuture::join);
        RaftException fresh = failure(() -> session.propose("two").join());
        assertThat(fresh.kind()).isEqualTo(RaftException.Kind.SESSION_EXPIRED);
        assertThat(fresh.certainty()).isEqualTo(RaftException.Certainty.NOT_DONE);
        RaftException resumed =
                failure(() -> raft.session(session.id(), 1).propose("one").join());
        assertThat(resumed.kind()).isEqualTo(RaftException.Kind.SESSION_EXPIRED);
        assertThat(resumed.certainty()).isEqualTo(RaftException.Certainty.UNKNOWN);
        assertThat(lines(raft)).containsExactly("one");
    }

    @Test
    void aSessionThatWasClosedAppliesNothing() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        for (Raft<String, Long, Journal> raft : rafts) {
            ClientSession<String, Long> session = raft.openSession().join();
            session.close().join();
            RaftException closed = failure(() -> session.propose("one").join());
            assertThat(closed.kind()).isEqualTo(RaftException.Kind.SESSION_EXPIRED);
            assertThat(closed.certainty()).isEqualTo(RaftException.Certainty.NOT_DONE);
        }
        assertThat(lines(rafts.get(0))).isEmpty();
    }

    @Test
    void moreThanAWindowAtOnceIsRefusedUntilSomeHaveEnded() throws Exception {
        List<Member> members = Cluster.listed(2);
        ClientSession<String, Long> session =
                cluster.startListed(members).get(0).openSession().join();
        cluster.stop("b");
        List<CompletableFuture<Long>> answers = new ArrayList<>();
        for (int i = 0; i < Sessions.WINDOW; i++) {
            answers.add(session.propose("line " + i));
        }
        RaftException refused = failure(() -> session.propose("more").join());
        assertThat(refused.kind()).isEqualTo(RaftException.Kind.OVERLOADED);
        assertThat(refused.certainty()).isEqualTo(RaftException.Certainty.RETRY);
        cluster.startListed(members.get(1), members);
        answers.forEach(CompletableFuture::join);
        assertThat(session.propose("more").join()).isEqualTo(Sessions.WINDOW + 1);
        assertThat(session.nextSequence()).isEqualTo(Sessions.WINDOW + 2);
    }

    @Test
    void aNumberThatIsNoneIsRefused() throws Exception {
        Raft<String, Long, Journal> raft = cluster.start("a");
        assertThatThrownBy(() -> raft.session(new SessionId(1, 1), 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("nextSequence: 0 must be greater than 0");
    }
}
