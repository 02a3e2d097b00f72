package dev.coracle;

import static dev.coracle.Cluster.leaderOf;
import static dev.coracle.Cluster.lines;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ListedMembersTest {
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
    void anyMemberTakesCommandsAndReads() throws Exception {
        List<Raft<String, Long, Journal>> rafts = cluster.startListed(Cluster.listed(3));
        long count = 0;
        for (Raft<String, Long, Journal> raft : rafts) {
            assertThat(raft.propose("by " + raft.id()).join()).isEqualTo(++count);
        }
        for (Raft<String, Long, Journal> raft : rafts) {
            assertThat(lines(raft)).containsExactly("by 1", "by 2", "by 3");
        }
    }

    @Test
    void theOthersGoOnWhenTheLeaderIsGone() throws Exception {
        List<Raft<String, Long, Journal>> rafts = new ArrayList<>(cluster.startListed(Cluster.listed(3)));
        rafts.get(0).propose("before").join();
        Raft<String, Long, Journal> leader = leaderOf(rafts);
        String name = Cluster.nameOf(leader.id());
        cluster.stop(name);
        rafts.remove(leader);
        for (Raft<String, Long, Journal> raft : rafts) {
            raft.propose("after by " + raft.id()).join();
        }
        Raft<String, Long, Journal> back = cluster.start(name, builder -> builder.raftAddress(leader.raftAddress()));
        assertThat(lines(back)).hasSize(3).startsWith("before");
    }
}
