package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InMemoryTest {
    @TempDir
    Path directory;

    private Cluster cluster;

    @BeforeEach
    void open() {
        cluster = new Cluster(directory).inMemory();
    }

    @AfterEach
    void close() {
        cluster.close();
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void threeMembersGoOnWithoutOneAndTakeAnotherIn() throws Exception {
        cluster.with(builder -> builder.catchUpEntries(0));
        List<Raft<String, Long, Journal>> rafts = new ArrayList<>(cluster.startListed(Cluster.listed(3)));
        List<String> expected = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            expected.add("line " + i);
            assertThat(rafts.get(i % 3).propose("line " + i).join()).isEqualTo(i + 1);
        }
        Raft<String, Long, Journal> leader = Cluster.leaderOf(rafts);
        rafts.remove(leader);
        cluster.stop(Cluster.nameOf(leader.id()));
        assertThat(rafts.get(0).propose("without one").join()).isEqualTo(31);
        expected.add("without one");

        // It gets a snapshot, since nobody keeps entries before one.
        Cluster.leaderOf(rafts).snapshot().join();
        String address = rafts.get(0).raftAddress();
        Raft<String, Long, Journal> joined = cluster.start("d", builder -> builder.join(address));
        assertThat(Cluster.lines(joined)).isEqualTo(expected);
        assertThat(joined.propose("with another").join()).isEqualTo(32);
    }

    @Test
    void aMemberThatIsStartedAgainIsANewOne() throws Exception {
        List<Member> members = Cluster.listed(3);
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(members);
        rafts.get(0).propose("one").join();
        cluster.stop("c");

        assertThatThrownBy(() -> cluster.startListed(members.get(2), members))
                .isInstanceOfSatisfying(
                        StartException.class,
                        refusal -> assertThat(refusal.kind()).isEqualTo(StartException.Kind.IDENTITY))
                .hasMessageContaining("node 3");
        Raft<String, Long, Journal> again = cluster.start(
                "c",
                builder -> builder.raftAddress(members.get(2).address())
                        .join(members.get(0).address()));
        assertThat(again.id()).isEqualTo(4);
        assertThat(Cluster.lines(again)).containsExactly("one");
    }

    @Test
    void aSingleMemberBeginsAnewEachTime() throws Exception {
        assertThat(cluster.start("a").propose("one").join()).isEqualTo(1);
        cluster.stop("a");
        assertThat(Cluster.lines(cluster.start("a"))).isEmpty();
    }
}
