package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class NodeConfigTest {
    private record Wrong(UnaryOperator<NodeConfig.Builder> change, String text) {}

    static Wrong[] wrongValues() {
        return new Wrong[] {
            new Wrong(b -> b.id(0), "id: 0 must not be 0"),
            new Wrong(b -> b.tickNanos(0), "tickNanos: 0 must be greater than 0"),
            new Wrong(b -> b.heartbeatTicks(0), "heartbeatTicks: 0 must be greater than 0"),
            new Wrong(
                    b -> b.heartbeatTicks(5).electionTicks(5),
                    "electionTicks: 5 must be greater than heartbeatTicks 5"),
            new Wrong(b -> b.maxSizePerMessage(0), "maxSizePerMessage: 0 must be greater than 0"),
            new Wrong(b -> b.maxInflightMessages(0), "maxInflightMessages: 0 must be greater than 0"),
            new Wrong(
                    b -> b.maxSizePerMessage(10).maxInflightBytes(9),
                    "maxInflightBytes: 9 must be at least maxSizePerMessage 10"),
            new Wrong(b -> b.maxApplyingBytes(0), "maxApplyingBytes: 0 must be greater than 0"),
            new Wrong(b -> b.maxUncommittedBytes(-1), "maxUncommittedBytes: -1 must be greater than 0"),
            new Wrong(b -> b.maxProposalBytes(0), "maxProposalBytes: 0 must be greater than 0"),
            new Wrong(
                    b -> b.maxProposalBytes(1000).maxPendingBytes(1127),
                    "maxPendingBytes: 1127 must be at least maxProposalBytes 1000 and 128"),
            new Wrong(b -> b.requestCapacity(1), "requestCapacity: 1 must be between 2 and 16777216"),
            new Wrong(b -> b.inboundCapacity(0), "inboundCapacity: 0 must be between 2 and 16777216"),
            new Wrong(b -> b.maxInboundBytes(0), "maxInboundBytes: 0 must be greater than 0"),
            new Wrong(b -> b.maxBatchBytes(0), "maxBatchBytes: 0 must be greater than 0"),
            new Wrong(b -> b.maxOutstandingWrites(1), "maxOutstandingWrites: 1 must be between 2 and 16777216"),
            new Wrong(b -> b.snapshotEntries(0), "snapshotEntries: 0 must be greater than 0"),
            new Wrong(b -> b.snapshotBytes(0), "snapshotBytes: 0 must be greater than 0"),
            new Wrong(b -> b.snapshotIntervalNanos(-1), "snapshotIntervalNanos: -1 must not be negative"),
            new Wrong(b -> b.catchUpEntries(-1), "catchUpEntries: -1 must not be negative"),
            new Wrong(b -> b.keptSnapshots(0), "keptSnapshots: 0 must be greater than 0"),
            new Wrong(b -> b.firstLeader(1), "firstLeader: 1 must be another node"),
            new Wrong(
                    b -> b.bootstrap(List.of(new Bootstrap.Peer(1, Bytes.EMPTY)))
                            .initialConfiguration(new ConfState(List.of(1L), List.of(), List.of(), List.of(), false)),
                    "bootstrap: 1 first members must not be given with an initialConfiguration"),
        };
    }

    @ParameterizedTest
    @MethodSource("wrongValues")
    void aWrongValueIsNamedWithItsFieldAndRule(Wrong wrong) {
        NodeConfig.Builder builder = wrong.change.apply(NodeConfig.builder().id(1));
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(wrong.text);
    }

    @Test
    void theDefaultsAreSafe() {
        NodeConfig config = NodeConfig.builder().id(-5).build();
        assertThat(config.id()).isEqualTo(-5);
        assertThat(config.preVote).isTrue();
        assertThat(config.checkQuorum).isTrue();
        assertThat(config.stepDownOnRemoval).isTrue();
    }
}
