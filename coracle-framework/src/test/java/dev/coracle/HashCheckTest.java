package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.ConfState;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Who stops when members have applied different entries: by the notes that they exchange, without a network. */
class HashCheckTest {
    private final TreeMap<Long, Node> nodes = new TreeMap<>();
    private ConfState configuration = ConfState.EMPTY;

    private final class Node {
        final long id;
        final HashChain chain = new HashChain();
        final HashCheck check;

        Node(long id) {
            this.id = id;
            check = new HashCheck(
                    chain, () -> id, () -> new Replica.Membership(chain.index(), Tables.EMPTY, configuration));
        }

        void apply(long from, long to) {
            for (long i = from; i <= to; i++) {
                chain.add(i, 1, new byte[] {(byte) i});
            }
        }

        /** Applies something else than the others at an index. */
        void applyWrongly(long index) {
            chain.add(index, 1, new byte[] {-1, -2});
        }
    }

    private void start(int voters) {
        List<Long> ids = new ArrayList<>();
        for (long id = 1; id <= voters; id++) {
            ids.add(id);
            nodes.put(id, new Node(id));
        }
        configuration = new ConfState(ids, List.of(), List.of(), List.of(), false);
    }

    private Node node(long id) {
        return nodes.get(id);
    }

    private void applyAll(long from, long to) {
        nodes.values().forEach(node -> node.apply(from, to));
    }

    /** A heartbeat to some, and their answers. */
    private void heartbeat(long leader, long... followers) {
        for (long follower : followers) {
            byte[] claim = node(leader).check.forFollower(follower);
            if (claim != null) {
                node(follower).check.received(leader, claim);
            }
        }
        for (long follower : followers) {
            byte[] report = node(follower).check.forLeader(leader);
            if (report != null) {
                node(leader).check.received(follower, report);
            }
        }
    }

    @Test
    void membersThatApplyTheSameAreLeftAlone() {
        start(3);
        for (int i = 0; i < 50; i++) {
            node(1).apply(i * 10 + 1, i * 10 + 10);
            heartbeat(1, 2, 3);
            node(2).apply(i * 10 + 1, i * 10 + 10);
            // The other one is behind for longer and longer, and catches up at last.
            if (i >= 25) {
                node(3).apply((i - 25) * 20 + 1, (i - 25) * 20 + 20);
            }
            heartbeat(1, 2, 3);
        }
        heartbeat(2, 1, 3);
        heartbeat(3, 1, 2);
    }

    @Test
    void aFollowerThatDiffersStopsWithTheSecondHeartbeatAndNamesBoth() {
        start(3);
        applyAll(1, 9);
        heartbeat(1, 2, 3);
        node(1).apply(10, 12);
        node(2).apply(10, 12);
        node(3).applyWrongly(10);
        node(3).apply(11, 12);
        heartbeat(1, 2, 3);
        String own = String.format("%08x", node(3).chain.end().hash());
        String leaders = String.format("%08x", node(1).chain.end().hash());
        assertThatThrownBy(() -> heartbeat(1, 2, 3))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith(
                        "node 3 has applied something else than node 1, with which a majority agrees: up to index 12 the"
                                + " hash of all entries is " + own + " here and " + leaders + " there. ");
    }

    @Test
    void aFollowerThatIsBehindIsFoundWhenItComesThere() {
        start(3);
        node(1).apply(1, 100);
        node(2).apply(1, 100);
        node(3).apply(1, 10);
        heartbeat(1, 2, 3);
        node(3).applyWrongly(11);
        node(3).apply(12, 20);
        heartbeat(1, 2, 3);
        node(3).apply(21, 90_000);
        node(1).apply(101, 90_050);
        node(2).apply(101, 90_050);
        assertThatThrownBy(() -> heartbeat(1, 2, 3))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("up to index 100 ");
    }

    @Test
    void aLeaderThatDiffersFromAMajorityStopsItselfAtOnce() {
        start(3);
        node(1).applyWrongly(1);
        node(2).apply(1, 1);
        node(3).apply(1, 1);
        applyAll(2, 5);
        assertThatThrownBy(() -> heartbeat(1, 2, 3))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith(
                        "node 1 leads and has applied something else than a majority of its cluster: up to"
                                + " index 5 ")
                .hasMessageContaining("on node 3");
        // The others agree with the next leader, and nothing is held against them.
        for (int i = 0; i < 2 * HashCheck.PATIENCE; i++) {
            heartbeat(2, 3);
        }
    }

    @Test
    void ofFiveTwoThatDifferStopAndTheLeaderGoesOn() {
        start(5);
        for (long id = 1; id <= 5; id++) {
            if (id > 3) {
                node(id).applyWrongly(1);
            } else {
                node(id).apply(1, 1);
            }
        }
        applyAll(2, 5);
        heartbeat(1, 2, 3, 4, 5);
        assertThatThrownBy(() -> heartbeat(1, 4)).hasMessageStartingWith("node 4 ");
        assertThatThrownBy(() -> heartbeat(1, 5)).hasMessageStartingWith("node 5 ");
        assertThatCode(() -> heartbeat(1, 2, 3)).doesNotThrowAnyException();
    }

    @Test
    void withoutAMajorityTheLeadersWordCountsAfterAWhile() {
        start(2);
        node(1).apply(1, 1);
        node(2).applyWrongly(1);
        for (int i = 0; i < HashCheck.PATIENCE; i++) {
            applyAll(2 + i, 2 + i);
            heartbeat(1, 2);
        }
        assertThatThrownBy(() -> heartbeat(1, 2))
                .isInstanceOf(DivergedException.class)
                .hasMessageStartingWith(
                        "node 2 has applied something else than node 1, its leader, and no majority says");
    }

    @Test
    void whatWasConfirmedByAnotherLeaderIsNotHeldAgainstAFollower() {
        start(3);
        node(1).applyWrongly(1);
        node(2).apply(1, 1);
        node(3).apply(1, 1);
        applyAll(2, 5);
        // The wrong leader reaches one of them, and is not heard of again.
        byte[] claim = node(1).check.forFollower(3);
        node(3).check.received(1, claim);
        node(2).apply(6, 20);
        node(2).check.received(3, report(3, 20));
        // This one is behind what the next leader says, which a majority has confirmed.
        heartbeat(2, 3);
        node(3).apply(6, 20);
        heartbeat(2, 3);
        heartbeat(2, 3);
    }

    /** What a member would report that had applied everything up to an index. */
    private byte[] report(long id, long index) {
        Node other = new Node(id);
        other.apply(1, index);
        ByteWriter out = new ByteWriter().int8(1).int8(2);
        other.chain.end().write(out);
        return out.toByteArray();
    }

    @Test
    void inAJointConfigurationBothHalvesDecide() {
        start(5);
        configuration = new ConfState(List.of(1L, 2L, 3L), List.of(), List.of(1L, 4L, 5L), List.of(), false);
        for (long id = 1; id <= 5; id++) {
            if (id > 3) {
                node(id).applyWrongly(1);
            } else {
                node(id).apply(1, 1);
            }
        }
        heartbeat(1, 2, 3);
        assertThatThrownBy(() -> heartbeat(1, 4, 5)).hasMessageStartingWith("node 1 leads");
    }

    @Test
    void aFollowerThatIsAlwaysBehindIsComparedAllTheSame() {
        start(3);
        node(3).applyWrongly(1);
        int rounds = 0;
        DivergedException found = null;
        while (found == null && rounds < 20) {
            long leaders = 10L * rounds;
            node(1).apply(leaders + 1, leaders + 10);
            node(2).apply(leaders + 1, leaders + 10);
            // Two heartbeats and a half.
            if (leaders >= 40) {
                node(3).apply(Math.max(2, leaders - 24), leaders - 15);
            }
            try {
                heartbeat(1, 2, 3);
            } catch (DivergedException e) {
                found = e;
            }
            rounds++;
        }
        assertThat(found).hasMessageStartingWith("node 3 ");
        assertThat(rounds).isLessThan(12);
    }

    @Test
    void whatWasFoundBeforeASnapshotIsNotHeldAgainstWhoeverGotIt() {
        start(3);
        node(1).apply(1, 5);
        node(2).apply(1, 5);
        node(3).applyWrongly(1);
        node(3).apply(2, 5);
        heartbeat(1, 2, 3);
        node(1).apply(6, 7);
        node(3).chain.restore(node(1).chain.end());
        node(1).apply(8, 50);
        node(2).apply(6, 50);
        // It is behind what the leader has, who knows by now that a majority had it right.
        heartbeat(1, 2, 3);
        node(3).apply(8, 50);
        heartbeat(1, 2, 3);
        heartbeat(1, 2, 3);
    }

    @Test
    void aSnapshotOfAnotherMemberEndsADifference() {
        start(3);
        node(1).apply(1, 5);
        node(2).apply(1, 5);
        node(3).applyWrongly(1);
        node(3).apply(2, 5);
        heartbeat(1, 2, 3);
        node(1).apply(6, 50);
        node(2).apply(6, 50);
        node(3).chain.restore(node(1).chain.end());
        for (int i = 51; i < 80; i++) {
            heartbeat(1, 2, 3);
            applyAll(i, i);
        }
    }

    @Test
    void chainsOfDifferentOriginsAreNotCompared() {
        start(3);
        node(1).chain.restore(new HashChain.Point(4, 4, 0));
        node(2).chain.restore(new HashChain.Point(2, 2, 0));
        node(3).apply(1, 4);
        node(2).apply(3, 4);
        for (int i = 5; i < 40; i++) {
            heartbeat(1, 2, 3);
            applyAll(i, i);
        }
        // They have taken the leader's over, and what comes after is compared.
        assertThat(node(3).chain.origin()).isEqualTo(4);
        node(1).apply(40, 40);
        node(2).apply(40, 40);
        node(3).applyWrongly(40);
        heartbeat(1, 2, 3);
        assertThatThrownBy(() -> heartbeat(1, 2, 3)).hasMessageStartingWith("node 3 ");
    }

    @Test
    void aFollowerWhoseChainBeganLaterTakesTheLeadersOver() {
        start(3);
        applyAll(1, 4);
        node(3).chain.restore(new HashChain.Point(4, 4, 0));
        for (int i = 5; i < 10; i++) {
            heartbeat(1, 2, 3);
            applyAll(i, i);
        }
        assertThat(node(3).chain.end()).isEqualTo(node(1).chain.end());
    }

    @Test
    void notesThatMakeNoSenseAreIgnored() {
        start(3);
        applyAll(1, 5);
        for (byte[] note : new byte[][] {{}, {1}, {1, 1}, {1, 2, 0}, {2, 1, 5}, {1, 9}, new byte[100]}) {
            node(1).check.received(2, note);
        }
        // No member's.
        Node stranger = new Node(9);
        stranger.applyWrongly(5);
        ByteWriter out = new ByteWriter().int8(1).int8(2);
        stranger.chain.end().write(out);
        node(1).check.received(9, out.toByteArray());
        heartbeat(1, 2, 3);
    }
}
