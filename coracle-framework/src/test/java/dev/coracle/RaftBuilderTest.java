package dev.coracle;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RaftBuilderTest {
    @TempDir
    Path directory;

    private void refuses(Consumer<RaftBuilder<String, Long, Journal>> settings, String... texts) {
        assertThatThrownBy(() -> {
                    RaftBuilder<String, Long, Journal> builder = Raft.builder(
                                    new Journal(), Codec.utf8(), Codec.int64())
                            .raftAddress("127.0.0.1:0")
                            .dataDirectory(directory);
                    settings.accept(builder);
                    builder.start().close();
                })
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContainingAll(texts);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "localhost", ":1", "localhost:", "localhost:x", "localhost:65536", "localhost:+1", "::1:5"})
    void anAddressIsHostAndPort(String address) {
        refuses(builder -> builder.raftAddress(address), "raftAddress");
    }

    @Test
    void everyMistakeIsNamed() {
        refuses(builder -> builder.raftAddress("0.0.0.0:0"), "raftAddress", "advertiseAddress");
        refuses(builder -> builder.advertiseAddress("localhost:0"), "advertiseAddress", "from 1");
        refuses(builder -> builder.clusterName(" "), "clusterName");
        refuses(builder -> builder.clusterName("a\nb"), "clusterName", "control");
        refuses(builder -> builder.requestTimeout(Duration.ZERO), "requestTimeout", "PT0S");
        refuses(builder -> builder.tickInterval(Duration.ofMillis(-1)), "tickInterval");
        refuses(builder -> builder.electionTicks(1), "electionTicks", "heartbeatTicks");
        refuses(builder -> builder.maxEntryBytes(0), "maxEntryBytes", "0");
        refuses(builder -> builder.maxPendingBytes(100), "maxPendingBytes", "maxEntryBytes");
        refuses(builder -> builder.segmentBytes(1), "segmentBytes", "4096");
        refuses(builder -> builder.snapshotEntries(0), "snapshotEntries");
        refuses(RaftBuilder::inMemory, "dataDirectory", "inMemory");
        refuses(builder -> builder.snapshotInterval(Duration.ofMillis(-1)), "snapshotInterval");
        refuses(builder -> builder.maxSnapshotTransfers(0), "maxSnapshotTransfers", "0");
        refuses(builder -> builder.snapshotBytesPerSecond(1_000), "snapshotBytesPerSecond", "1000", "1048576");
        refuses(builder -> builder.join(), "join");
        refuses(builder -> builder.id(0), "id");
    }

    @Test
    void aListOfMembersMakesACluster() {
        Member one = Member.voter(1, "localhost:1");
        refuses(builder -> builder.members(List.of()), "members", "voter");
        refuses(builder -> builder.members(List.of(one, Member.voter(1, "localhost:2"))), "id 1", "twice");
        refuses(builder -> builder.members(List.of(one, Member.voter(2, "localhost:1"))), "localhost:1", "twice");
        refuses(
                builder -> builder.members(List.of(new Member(1, "localhost:1", Member.Role.LEARNER))),
                "at least one voter");
        refuses(
                builder -> builder.members(List.of(
                        new Member(1, "localhost:1", Member.Role.LEADER),
                        new Member(2, "localhost:2", Member.Role.LEADER))),
                "LEADER");
        refuses(builder -> builder.members(List.of(Member.voter(1, "localhost"))), "members", "host:port");
    }
}
