package dev.coracle;

import static dev.coracle.Cluster.lines;
import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.node.Transport;
import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole clusters of which a member gets another command than the others, as if its memory were damaged on the way. */
@Timeout(120)
class DivergenceTest {
    private static final byte[] COMMAND = Envelope.wrap("right".getBytes(StandardCharsets.UTF_8));
    private static final byte[] DAMAGED = Envelope.wrap("wrong".getBytes(StandardCharsets.UTF_8));

    @TempDir
    Path directory;

    /** Tells of a member, by its id, whether it gets the wrong command. */
    private volatile LongPredicate isDamaged = id -> false;

    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory);
        cluster.in(new TamperedWorld(DamagingTransport::new).world());
    }

    @AfterEach
    void close() {
        cluster.close();
    }

    private final class DamagingTransport implements Transport {
        private final Transport real;

        DamagingTransport(Transport real) {
            this.real = real;
        }

        @Override
        public void start(Inbound inbound) {
            real.start(inbound);
        }

        @Override
        public void send(long group, Message message) {
            real.send(group, message instanceof Message.Append append ? damaged(append) : message);
        }

        private Message damaged(Message.Append append) {
            if (!isDamaged.test(append.to())) {
                return append;
            }
            List<Entry> entries = new ArrayList<>();
            for (Entry entry : append.entries()) {
                byte[] data = entry.data();
                boolean meant = data != null && Arrays.equals(data, COMMAND);
                entries.add(meant ? new Entry(entry.term(), entry.index(), entry.type(), DAMAGED) : entry);
            }
            return new Message.Append(
                    append.from(),
                    append.to(),
                    append.term(),
                    append.logTerm(),
                    append.index(),
                    entries,
                    append.commit());
        }

        @Override
        public void sendNote(long group, long peer, byte[] note) {
            real.sendNote(group, peer, note);
        }

        @Override
        public void flush() {
            real.flush();
        }

        @Override
        public void setPeer(long id, String address) {
            real.setPeer(id, address);
        }

        @Override
        public void removePeer(long id) {
            real.removePeer(id);
        }

        @Override
        public void close() {
            real.close();
        }
    }

    @Test
    void aFollowerThatDiffersStopsAndTheOthersGoOn() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        Raft<String, Long, Journal> victim =
                rafts.stream().filter(raft -> raft != leader).findFirst().orElseThrow();
        long damaged = victim.id();
        isDamaged = id -> id == damaged;
        leader.propose("right").join();
        StopReason reason = victim.stopped().get(30, TimeUnit.SECONDS);
        assertThat(reason.kind()).isEqualTo(StopReason.Kind.FAILED);
        assertThat(reason.text())
                .startsWith("node " + damaged + " has applied something else than node " + leader.id()
                        + ", with which a majority agrees: up to index ")
                .endsWith("Remove it from the cluster and let it join again with an empty directory, after its disk and"
                        + " its memory were checked");
        assertThat(leader.propose("three").join()).isEqualTo(3);
        assertThat(lines(leader)).containsExactly("zero", "right", "three");

        // The damage is in its log: it stops again, unless it begins with nothing.
        isDamaged = id -> false;
        String name = Cluster.nameOf(damaged);
        cluster.stop(name);
        Raft<String, Long, Journal> again = cluster.start(name, builder -> builder.raftAddress(victim.raftAddress()));
        assertThat(again.stopped().get(30, TimeUnit.SECONDS).text()).contains(" has applied something else than ");
        leader.remove(damaged).join();
        Raft<String, Long, Journal> fresh = cluster.start("fresh", builder -> builder.join(leader.raftAddress()));
        assertThat(lines(fresh)).containsExactly("zero", "right", "three");
    }

    @Test
    void aLeaderThatDiffersFromAllOthersStops() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        // What counts is what most of them have, whoever had it first.
        isDamaged = id -> true;
        leader.propose("right").join();
        assertThat(leader.stopped().get(30, TimeUnit.SECONDS).text())
                .startsWith("node " + leader.id() + " leads and has applied something else than a majority of its"
                        + " cluster: up to index ");
        List<Raft<String, Long, Journal>> others =
                rafts.stream().filter(raft -> raft != leader).toList();
        Raft<String, Long, Journal> next = Cluster.leaderOf(others);
        assertThat(next.propose("three").join()).isEqualTo(3);
        assertThat(lines(others.get(0))).containsExactly("zero", "wrong", "three");
        assertThat(lines(others.get(1))).containsExactly("zero", "wrong", "three");
    }

    @Test
    void ofTwoTheFollowerStopsAfterAWhile() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(2));
        rafts.get(0).propose("zero").join();
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        isDamaged = id -> true;
        leader.propose("right").join();
        Raft<String, Long, Journal> follower = rafts.get(leader == rafts.get(0) ? 1 : 0);
        assertThat(follower.stopped().get(30, TimeUnit.SECONDS).text()).contains("no majority says which of the two");
    }

    @Test
    void snapshotsRestartsAndNewLeadersRaiseNoAlarm() throws Exception {
        cluster.with(builder -> builder.snapshotEntries(15).catchUpEntries(3));
        List<Member> members = Cluster.listed(3);
        List<Raft<String, Long, Journal>> rafts = new ArrayList<>(cluster.startListed(members));
        ClientSession<String, Long> session = rafts.get(0).openSession().join();
        for (int round = 0; round < 9; round++) {
            for (int i = 0; i < 20; i++) {
                session.propose(round + "." + i, Cluster.PATIENCE).join();
            }
            if (round % 3 == 2) {
                Cluster.handOver(rafts.get(1), 1 + round % 2 * 2);
            } else {
                // Down for so long that it needs a snapshot, or up again from its own one and its log.
                cluster.stop("c");
                for (int i = 0; i < round * 5; i++) {
                    rafts.get(0)
                            .propose("down " + round + "." + i, Cluster.PATIENCE)
                            .join();
                }
                rafts.set(2, cluster.startListed(members.get(2), members));
            }
        }
        long last = rafts.get(0).engine().replica().hash().index();
        for (Raft<String, Long, Journal> raft : rafts) {
            HashChain chain = raft.engine().replica().hash();
            Cluster.until(
                    "it has caught up",
                    () -> chain.index() >= last || raft.stopped().isDone());
        }
        int hash = rafts.get(0).engine().replica().hash().at(last).hash();
        for (Raft<String, Long, Journal> raft : rafts) {
            assertThat(raft.stopped()).isNotDone();
            assertThat(raft.engine().replica().hash().at(last).hash()).isEqualTo(hash);
            assertThat(raft.engine().replica().hash().origin()).isZero();
        }
    }
}
