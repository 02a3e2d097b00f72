package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

class RaftConfigTest {
    private static RaftConfig.Builder valid() {
        return TestServer.config(1, new MemoryStorage());
    }

    private static void refused(String text, UnaryOperator<RaftConfig.Builder> change) {
        RaftConfig.Builder builder = change.apply(valid());
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(text);
    }

    @Test
    void eachRuleNamesTheFieldAndTheValue() {
        refused("id: 0 must not be 0", builder -> builder.id(0));
        refused("id: 18446744073709551615 stands for one of the server's threads", builder -> builder.id(-1));
        refused("id: 18446744073709551614 stands for one of the server's threads", builder -> builder.id(-2));
        refused("heartbeatTicks: 0 must be greater than 0", builder -> builder.heartbeatTicks(0));
        refused("heartbeatTicks: -3 must be greater than 0", builder -> builder.heartbeatTicks(-3));
        refused("electionTicks: 1 must be greater than heartbeatTicks 1", builder -> builder.electionTicks(1));
        refused(
                "electionTicks: 1073741824 must be at most 1073741823",
                builder -> builder.electionTicks(Integer.MAX_VALUE / 2 + 1));
        refused("applied: -1 must not be negative", builder -> builder.applied(-1));
        refused("maxSizePerMessage: -1 must not be negative", builder -> builder.maxSizePerMessage(-1));
        refused("maxCommittedSizePerReady: -1 must not be negative", builder -> builder.maxCommittedSizePerReady(-1));
        refused("maxUncommittedSize: -1 must not be negative", builder -> builder.maxUncommittedSize(-1));
        refused("maxInflightMessages: 0 must be greater than 0", builder -> builder.maxInflightMessages(0));
        refused(
                "maxInflightBytes: 99 must be 0 or at least maxSizePerMessage 100",
                builder -> builder.maxSizePerMessage(100).maxInflightBytes(99));
        refused(
                "maxInflightBytes: -1 must be 0 or at least maxSizePerMessage 0",
                builder -> builder.maxSizePerMessage(0).maxInflightBytes(-1));
        refused(
                "readOnlyOption: LEASE_BASED needs checkQuorum",
                builder -> builder.readOnlyOption(ReadOnlyOption.LEASE_BASED));
    }

    @Test
    void whatHasNoDefaultMustBeGiven() {
        assertThatThrownBy(() -> RaftConfig.builder().id(1).build()).hasMessage("storage must be given");
        assertThatThrownBy(() ->
                        RaftConfig.builder().id(1).storage(new MemoryStorage()).build())
                .hasMessage("codec must be given");
        assertThatThrownBy(() -> RaftConfig.builder()
                        .id(1)
                        .storage(new MemoryStorage())
                        .codec(new TextCodec())
                        .build())
                .hasMessage("random must be given");
    }

    @Test
    void zeroStandsForNoLimitOrForAnotherOne() {
        RaftConfig config = valid().maxSizePerMessage(100).build();
        assertThat(config.maxCommittedSizePerReady).isEqualTo(100);
        assertThat(config.maxUncommittedSize).isEqualTo(RaftConfig.NO_LIMIT);
        assertThat(config.maxInflightBytes).isEqualTo(RaftConfig.NO_LIMIT);

        assertThat(valid().maxSizePerMessage(0).build().maxCommittedSizePerReady)
                .as("one entry at a time, but one")
                .isEqualTo(1);
    }

    @Test
    void anIdMayBeAnyOtherUnsignedNumber() {
        assertThat(valid().id(-3).build().id).isEqualTo(-3);
    }

    @Test
    void theApplicationGoesOnThoughMessagesCarryOneEntryEach() {
        TestServer server = TestServer.of(1, options -> options.maxSizePerMessage(0), 1L);
        server.campaign();
        server.apply();
        server.propose("a");
        server.propose("b");

        assertThat(server.apply()).extracting(Entry::index).containsExactly(2L, 3L);
    }
}
