package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.SpscArrayQueue;
import org.junit.jupiter.api.Test;

class StorageWriterTest {
    /** Writes down what is asked of it. */
    private static final class NotingLog implements LogStore {
        private final List<String> calls = new ArrayList<>();
        private long room = Long.MAX_VALUE;

        @Override
        public Recovered recover(long group) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Entry> read(long group, long low, long high, long maxSize) {
            throw new UnsupportedOperationException();
        }

        @Override
        public long lowestWithin(long group, long low, long high, long bytes) {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean makeRoom(long group, long bytes) {
            return bytes <= room;
        }

        @Override
        public void append(long group, HardState hardState, List<Entry> entries) {
            StringBuilder text = new StringBuilder("append");
            for (Entry entry : entries) {
                text.append(' ').append(entry.index());
            }
            if (!hardState.isEmpty()) {
                text.append(" term ").append(hardState.term());
            }
            calls.add(text.toString());
        }

        @Override
        public void appendSnapshot(long group, SnapshotMetadata snapshot) {
            calls.add("snapshot " + snapshot.index());
        }

        @Override
        public void sync() {
            calls.add("sync");
        }

        @Override
        public int maxEntryBytes() {
            return Integer.MAX_VALUE;
        }

        @Override
        public void release(long group, long index) {
            calls.add("release " + index);
        }

        @Override
        public boolean hasSpace() {
            return true;
        }

        @Override
        public long syncs() {
            return 0;
        }

        @Override
        public Agent housekeeping() {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }

    private static final HardState NO_STATE = HardState.EMPTY;
    private static final Message ANSWER = Message.AppendReply.accepted(1, 2, 1, 1);

    private final NotingLog log = new NotingLog();
    private final SpscArrayQueue<WriteWork> work = new SpscArrayQueue<>(16);
    private final SpscArrayQueue<WriteWork> finished = new SpscArrayQueue<>(16);
    private final AtomicLong releasable = new AtomicLong();
    private int wakeUps;
    private final StorageWriter writer = new StorageWriter(
            NodeConfig.builder().id(1).maxBatchBytes(500).build(),
            log,
            work,
            finished,
            releasable,
            new Lifecycle(1),
            () -> wakeUps++);

    @Test
    void manyWritesShareOneSync() {
        offer(NO_STATE, List.of(entry(1, 10)), ANSWER);
        offer(new HardState(2, 0, 0), List.of(entry(2, 10)), ANSWER);
        offer(NO_STATE, List.of(entry(3, 10)), ANSWER);
        assertThat(writer.doWork(0)).isEqualTo(3);
        assertThat(log.calls).containsExactly("append 1", "append 2 term 2", "append 3", "sync");
        assertThat(finished.size()).isEqualTo(3);
        assertThat(wakeUps).isEqualTo(1);
        assertThat(writer.doWork(0)).isZero();
    }

    @Test
    void aWriteWithoutResponsesIsNotSynced() {
        offer(new HardState(1, 0, 7), List.of());
        writer.doWork(0);
        assertThat(log.calls).containsExactly("append term 1");
        assertThat(finished.size()).isEqualTo(1);
    }

    @Test
    void responsesWaitForWhatWasWrittenBeforeThemAndCostNothingOtherwise() {
        offer(new HardState(3, 0, 0), List.of());
        writer.doWork(0);
        offer(NO_STATE, List.of(), ANSWER);
        writer.doWork(0);
        offer(NO_STATE, List.of(), ANSWER);
        writer.doWork(0);
        assertThat(log.calls).containsExactly("append term 3", "sync");
        assertThat(finished.size()).isEqualTo(3);
    }

    @Test
    void aSnapshotStandsBeforeItsHardStateAndReleasesTheLogOnceItIsDurable() {
        SnapshotMetadata snapshot = new SnapshotMetadata(9, 2, ConfState.ofVoters(1L));
        offer(new Message.StorageAppend(
                1, new HardState(2, 0, 9), List.of(entry(10, 5)), Snapshot.of(snapshot), List.of()));
        writer.doWork(0);
        assertThat(log.calls).containsExactly("snapshot 9", "append 10 term 2", "sync", "release 9");
        log.calls.clear();
        work.offer(new WriteWork.Record(new SnapshotMetadata(10, 2, ConfState.ofVoters(1L))));
        writer.doWork(0);
        assertThat(log.calls).containsExactly("snapshot 10", "sync");
        log.calls.clear();
        releasable.set(8);
        writer.doWork(0);
        writer.doWork(0);
        assertThat(log.calls).containsExactly("release 8");
    }

    @Test
    void aWriteThatHasNoRoomWaitsAndSoDoesAllBehindIt() {
        offer(NO_STATE, List.of(entry(1, 10)), ANSWER);
        offer(NO_STATE, List.of(entry(2, 2_000)), ANSWER);
        offer(NO_STATE, List.of(entry(3, 10)), ANSWER);
        log.room = 1_000;
        assertThat(writer.doWork(0)).isEqualTo(1);
        assertThat(writer.doWork(0)).isZero();
        assertThat(log.calls).containsExactly("append 1", "sync");
        assertThat(finished.size()).isEqualTo(1);

        log.room = 2_600;
        assertThat(writer.doWork(0)).isEqualTo(1);
        assertThat(writer.doWork(0)).isEqualTo(1);
        assertThat(log.calls).containsExactly("append 1", "sync", "append 2", "sync", "append 3", "sync");
    }

    @Test
    void noMoreThanTheLimitIsWrittenBetweenTwoSyncs() {
        // Each entry counts about 150 bytes, so three fit.
        List<Entry> entries = new ArrayList<>();
        for (int i = 1; i <= 8; i++) {
            entries.add(entry(i, 110));
        }
        offer(new HardState(1, 0, 0), entries, ANSWER);
        writer.doWork(0);
        assertThat(log.calls)
                .containsExactly("append 1 2 3", "sync", "append 4 5 6", "sync", "append 7 8 term 1", "sync");
    }

    @Test
    void anEntryAboveTheLimitIsWrittenAlone() {
        offer(NO_STATE, List.of(entry(1, 10), entry(2, 2_000), entry(3, 10)), ANSWER);
        writer.doWork(0);
        assertThat(log.calls).containsExactly("append 1", "sync", "append 2", "sync", "append 3", "sync");
    }

    private void offer(HardState hardState, List<Entry> entries, Message... responses) {
        offer(new Message.StorageAppend(1, hardState, entries, Snapshot.EMPTY, List.of(responses)));
    }

    private void offer(Message.StorageAppend message) {
        work.offer(new WriteWork.Append(message));
    }

    private static Entry entry(long index, int size) {
        return new Entry(1, index, EntryType.NORMAL, new byte[size]);
    }
}
