package dev.coracle.sim;

import static dev.coracle.contracts.Samples.entries;
import static dev.coracle.contracts.Samples.entry;
import static dev.coracle.contracts.Samples.snapshot;
import static dev.coracle.contracts.Samples.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.LogStoreContract;
import dev.coracle.node.LogStore;
import dev.coracle.node.MemoryLogStore;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.Check.BrokenInvariantException;
import dev.coracle.raft.HardState;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemoryLogStoreTest extends LogStoreContract {
    private static final int MAX_BYTES = 8 << 20;

    private final MemorySnapshotStore snapshots = new MemorySnapshotStore();
    private final MemoryLogStore store = new MemoryLogStore(snapshots, MAX_BYTES);

    /** {@inheritDoc} A process has one for as long as it lives. */
    @Override
    protected LogStore open() {
        return store;
    }

    @Override
    protected SnapshotStore snapshots() {
        return snapshots;
    }

    @Override
    protected boolean holdsSeveralGroups() {
        return true;
    }

    @Test
    void saysWhatItHoldsAndForgetsWhatIsReplacedReleasedOrLost() {
        store.append(GROUP, state(1, 0, 0), entries(1, 1, 100, 1_000));
        assertThat(store.bytes()).isBetween(100_000L, 110_000L);
        store.append(GROUP, state(2, 0, 50), entries(2, 61, 61, 1_000));
        assertThat(store.bytes()).as("replaced").isBetween(61_000L, 67_000L);
        store.append(1, state(1, 0, 0), entries(1, 1, 10, 1_000));
        assertThat(store.bytes()).as("of another group").isBetween(71_000L, 77_000L);
        store.appendSnapshot(GROUP, snapshot(50, 1));
        store.release(GROUP, 41);
        assertThat(store.bytes()).as("released").isBetween(30_000L, 33_000L);
        assertThat(store.read(GROUP, 41, 50, 1_000)).isEmpty();
        store.appendSnapshot(GROUP, snapshot(200, 3));
        store.append(GROUP, HardState.EMPTY, entries(3, 201, 205, 1_000));
        assertThat(store.bytes()).as("not lost yet").isBetween(35_000L, 38_000L);
        store.append(GROUP, state(3, 0, 200), List.of());
        assertThat(store.bytes()).as("lost to a snapshot").isBetween(15_000L, 16_500L);
    }

    @Test
    void aboveItsLimitThereIsNoSpaceAndThenNoRoom() {
        long index = 0;
        while (store.hasSpace()) {
            index++;
            assertThat(store.makeRoom(GROUP, 100_000)).isTrue();
            store.append(GROUP, state(1, 0, index - 1), List.of(entry(1, index, 100_000)));
        }
        assertThat(store.bytes()).isBetween(MAX_BYTES / 4 * 3L, MAX_BYTES / 4 * 3L + 100_100);
        while (store.makeRoom(GROUP, 100_000)) {
            index++;
            store.append(GROUP, state(1, 0, index - 1), List.of(entry(1, index, 100_000)));
        }
        assertThat(store.bytes()).isBetween(MAX_BYTES - 100_100L, (long) MAX_BYTES);
        store.appendSnapshot(GROUP, snapshot(index - 1, 1));
        store.release(GROUP, index - 1);
        assertThat(store.makeRoom(GROUP, 100_000)).isTrue();
        assertThat(store.hasSpace()).isTrue();
    }

    @Test
    void whatDoesNotContinueTheLogIsNotTaken() {
        store.append(GROUP, state(2, 1, 0), entries(2, 1, 3, 10));

        assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, entries(2, 5, 5, 1)))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("entry 5 does not continue the log from 1 to 3");
        assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, List.of(entry(3, 4, 1), entry(2, 5, 1))))
                .hasMessage("entry 5 has term 2, below the term 3 before it");
        assertThatThrownBy(() -> store.append(GROUP, HardState.EMPTY, List.of(entry(2, 3, 1), entry(2, 3, 1))))
                .hasMessage("entry 3 does not continue the log from 1 to 3");
        assertThat(store.recover(GROUP).lastIndex()).isEqualTo(3);
    }

    @Test
    void nothingIsReleasedThatNoCommittedSnapshotCovers() {
        store.append(GROUP, state(1, 1, 2), entries(1, 1, 3, 10));
        store.appendSnapshot(GROUP, snapshot(3, 1));

        assertThatThrownBy(() -> store.release(GROUP, 1))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("released up to 1, and no committed snapshot at or above it is there");
    }
}
