package dev.coracle.wal;

import static dev.coracle.wal.LogFixture.GROUP;
import static dev.coracle.wal.LogFixture.SMALL;
import static dev.coracle.wal.LogFixture.entries;
import static dev.coracle.wal.LogFixture.entry;
import static dev.coracle.wal.LogFixture.hex;
import static dev.coracle.wal.LogFixture.snapshot;
import static dev.coracle.wal.LogFixture.state;
import static dev.coracle.wal.WalLogStoreTest.segment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.Recovered;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.sim.SimDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is cut off as the rest of a crash, and what is refused. */
final class DamagedLogTest {
    @TempDir
    private Path root;

    private LogFixture log;

    @BeforeEach
    void useRealDisk() {
        log = new LogFixture(new FileDisk(), root, SMALL);
    }

    @Test
    void theLastRecordTornAtAnyByteIsCutAndReportedAndKept() throws IOException, StorageException {
        LogFixture sim = new LogFixture(new SimDisk().process(), Path.of("/data"), SMALL);
        WalLogStore written = sim.open();
        written.append(GROUP, state(1, 1, 2), List.of(entry(1, 1, 50), entry(1, 2, 50)));
        written.append(GROUP, HardState.EMPTY, List.of(entry(1, 3, 50)));
        sim.closeAsIfKilled(written);
        byte[] mark = sim.read(SyncedFile.pathOf(sim.wal));
        List<WalRecord> records = sim.records();
        int start = (int) records.get(records.size() - 1).offset();
        Path path = sim.wal.resolve(segment(0, 0));
        byte[] whole = sim.read(path);
        int end = lastByte(whole) + 1;
        Recovered before = new Recovered(state(1, 1, 2), SnapshotMetadata.EMPTY, entries(1, 1, 2, 50));

        for (int at = start; at < end; at++) {
            assertCut(sim, mark, Arrays.copyOf(whole, at), before, start);
            assertCut(sim, mark, Arrays.copyOf(Arrays.copyOf(whole, at), whole.length), before, start);
            byte[] flipped = whole.clone();
            flipped[at] ^= 0x01;
            int padding = start + 7;
            int type = start + 9;
            if (at != padding && at != type) {
                // No checksum covers these two; the data of the record are sound whatever they say.
                assertCut(sim, mark, flipped, before, start);
            }
        }
    }

    private static void assertCut(LogFixture log, byte[] mark, byte[] bytes, Recovered expected, int start)
            throws IOException, StorageException {
        Path path = log.wal.resolve(segment(0, 0));
        log.write(path, bytes);
        log.write(SyncedFile.pathOf(log.wal), mark);
        int content = Math.max(lastByte(bytes) + 1, start);
        try (WalLogStore store = log.open()) {
            assertThat(Recovered.of(store, GROUP)).isEqualTo(expected);
            if (bytes.length == start || (content == start && bytes.length > start + 8)) {
                assertThat(store.tornTail()).isEmpty();
                return;
            }
            TornTail tail = store.tornTail().orElseThrow();
            assertThat(tail.file()).isEqualTo(path);
            assertThat(tail.offset()).isEqualTo(start);
            assertThat(tail.bytes()).isEqualTo(content - start);
        }
        assertThat(log.read(path.resolveSibling(path.getFileName() + ".broken")))
                .isEqualTo(Arrays.copyOf(bytes, content));
        assertThat(lastByte(log.read(path))).isLessThan(start);
        assertThat(log.recovered()).isEqualTo(expected);
    }

    @Test
    void aTornTailIsInItsCopyBeforeItIsCut() throws IOException, StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL);
        WalLogStore written = sim.open();
        written.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 1_000));
        sim.closeAsIfKilled(written);
        Path path = sim.wal.resolve(segment(0, 0));
        byte[] torn = sim.read(path);
        torn[1_500] ^= 1;
        sim.write(path, torn);
        disk.crashKeeping(change -> true);
        int call = 0;
        for (boolean died = true; died; ) {
            call++;
            SimDisk copy = disk.copy();
            int[] calls = {0};
            int last = call;
            copy.setFault((operation, file) -> {
                if (operation != SimDisk.Operation.READ && ++calls[0] >= last) {
                    throw new SimDisk.PowerOffException();
                }
            });
            LogFixture dying = new LogFixture(copy.process(), Path.of("/data"), SMALL);
            try {
                dying.open();
                died = false;
            } catch (StorageException e) {
                assertThat(e).hasMessageContaining("the power is off");
            }
            for (boolean segmentSurvives : new boolean[] {false, true}) {
                SimDisk crashed = copy.copy();
                // What cuts the tail comes last, and what makes the copy first.
                int unsynced = crashed.unsynced();
                crashed.crashKeeping(change -> segmentSurvives && change >= unsynced / 2);
                LogFixture after = new LogFixture(crashed.process(), Path.of("/data"), SMALL);
                Path kept = path.resolveSibling(path.getFileName() + ".broken");
                if (!Arrays.equals(after.read(path), torn)) {
                    assertThat(after.read(kept)).isEqualTo(Arrays.copyOf(torn, lastByte(torn) + 1));
                }
            }
        }
        assertThat(call).isGreaterThan(5);
    }

    @Test
    void whatIsWrittenBehindACutTailIsFoundAgain() throws IOException, StorageException {
        WalLogStore written = log.open();
        written.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 100));
        log.closeAsIfKilled(written);
        long last = log.records().get(5).offset();
        overwrite(segment(0, 0), last + 20, new byte[] {1, 2, 3});

        try (WalLogStore store = log.open()) {
            assertThat(Recovered.of(store, GROUP).entries()).isEqualTo(entries(1, 1, 2, 100));
            store.append(GROUP, HardState.EMPTY, List.of(entry(1, 3, "new")));
        }
        assertThat(log.recovered().entries()).containsExactly(entry(1, 1, 100), entry(1, 2, 100), entry(1, 3, "new"));
    }

    @Test
    void damageFurtherBeforeSoundRecordsThanABatchReachesIsCorruption() throws IOException, StorageException {
        WalLogStore written = log.open();
        written.append(GROUP, state(1, 1, 0), entries(1, 1, 600, 80));
        log.closeAsIfKilled(written);
        List<WalRecord> records = log.records();
        WalRecord damaged = records.get(10);
        Path path = log.wal.resolve(segment(0, 0));
        byte[] sound = Files.readAllBytes(path);
        for (int at : new int[] {0, 1, 2, 9, 12, 30}) {
            for (int bits : new int[] {0x40, 0xff}) {
                byte[] bytes = sound.clone();
                bytes[(int) damaged.offset() + at] ^= (byte) bits;
                Files.write(path, bytes);
                if (at == 9 && bits == 0x40) {
                    assertRefused("expected a record of type 1 to 5");
                } else {
                    assertRefused("is corrupt at offset " + damaged.offset(), "sound ones follow at offset");
                }
                assertThat(Files.readAllBytes(path)).as("nothing is changed").isEqualTo(bytes);
            }
        }
        overwrite(segment(0, 0), damaged.offset(), new byte[512]);
        assertRefused("is corrupt at offset " + damaged.offset(), "found a length of zero");
    }

    @Test
    void damageWithinOneBatchOfTheEndIsATornTail() throws IOException, StorageException {
        WalLogStore written = log.open();
        written.append(GROUP, state(1, 1, 0), entries(1, 1, 200, 80));
        log.closeAsIfKilled(written);
        overwrite(segment(0, 0), log.records().get(10).offset(), new byte[512]);

        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 7, 80));
    }

    @Test
    void damageAtACommittedEntryIsCorruptionHoweverCloseToTheEnd() throws IOException, StorageException {
        WalLogStore written = log.open();
        written.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 80));
        written.append(GROUP, state(1, 1, 3), List.of());
        written.append(GROUP, state(1, 1, 3), entries(1, 3, 5, 80));
        log.closeAsIfKilled(written);
        List<WalRecord> records = log.records();
        // The second entry 3, which replaces the first: both are below the commit index, and the first is still there.
        overwrite(segment(0, 0), records.get(8).offset(), new byte[100]);
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 3, 80));

        LogFixture lost = new LogFixture(log.disk, root.resolve("lost"), SMALL);
        try (WalLogStore store = lost.open()) {
            store.append(GROUP, state(1, 1, 3), entries(1, 1, 2, 80));
        }
        assertThatThrownBy(lost::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("expected entries up to 3, which are committed")
                .hasMessageContaining("found the end of the log at 2");
    }

    @Test
    void damageBeforeTheLastKnownSyncIsCorruptionAlsoAtTheVeryEnd() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 3, 80));
        }
        Path path = log.wal.resolve(segment(0, 0));
        byte[] sound = Files.readAllBytes(path);
        int last = (int) log.records().get(5).offset();
        String expected = "expected what was synced up to index 3 and offset " + (lastByte(sound) / 8 * 8 + 8);

        for (int at : new int[] {0, 1, 5, 9, 12, 30}) {
            byte[] bytes = sound.clone();
            bytes[last + at] ^= (byte) 0xff;
            Files.write(path, bytes);
            assertRefused("is corrupt at offset " + last, expected, "as wal.synced beside the log says");
        }
        Files.write(path, Arrays.copyOf(Arrays.copyOf(sound, last), sound.length));
        assertRefused("is corrupt at offset " + last, expected, "found a length of zero");
        Files.write(path, Arrays.copyOf(sound, last));
        assertRefused("is corrupt at offset " + last, expected, "found the file ends");

        log.forgetMark();
        assertThat(log.recovered().entries()).as("what was known no more").isEqualTo(entries(1, 1, 2, 80));
    }

    @Test
    void aMissingLastSegmentIsNoticed() throws IOException, StorageException {
        threeSegments();
        Files.delete(log.wal.resolve(segment(2, 15)));

        assertRefused(segment(1, 8) + " is corrupt", "expected what was synced up to index 14", segment(2, 15));
    }

    @Test
    void theMarkOfAnotherLogMeansNothing() throws IOException, StorageException {
        LogFixture other = new LogFixture(log.disk, root.resolve("other"), SMALL);
        for (LogFixture each : List.of(log, other)) {
            try (WalLogStore store = each.open()) {
                store.append(GROUP, state(1, 1, 0), entries(1, 1, each == log ? 5 : 2, each == log ? 77 : 99));
            }
        }
        // Behind the place that the other's mark names.
        WalRecord last = log.records().get(7);
        log.write(SyncedFile.pathOf(log.wal), log.read(SyncedFile.pathOf(other.wal)));
        overwrite(segment(0, 0), last.offset() + 20, new byte[] {1});

        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 4, 77));
    }

    @Test
    void whereAnotherProgramWroteLastItsBatchesHaveNoLimit() throws IOException, StorageException {
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 1, 100, 80));
        }
        byte[] mark = log.read(SyncedFile.pathOf(log.wal));
        try (WalLogStore store = log.open()) {
            store.append(GROUP, state(1, 1, 0), entries(1, 101, 600, 80));
        }
        // As if the log had been closed at entry 100, and the rest were Go's.
        log.write(SyncedFile.pathOf(log.wal), mark);
        WalRecord damaged = log.records().stream()
                .filter(record -> record.type() == RecordType.ENTRY)
                .skip(110)
                .findFirst()
                .orElseThrow();
        overwrite(segment(0, 0), damaged.offset(), new byte[512]);
        byte[] bytes = log.read(log.wal.resolve(segment(0, 0)));

        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 110, 80));

        log.write(log.wal.resolve(segment(0, 0)), bytes);
        log.forgetMark();
        assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 110, 80));
    }

    @Test
    void whatSoundRecordsFarBehindTheDamageKnowAsCommittedMustBeThereWhoeverWroteLast()
            throws IOException, StorageException {
        for (boolean snapshot : new boolean[] {false, true}) {
            log = new LogFixture(new FileDisk(), Files.createTempDirectory(root, "log"), SMALL);
            try (WalLogStore store = log.open()) {
                store.append(GROUP, state(1, 1, 0), entries(1, 1, 590, 80));
                if (snapshot) {
                    store.appendSnapshot(GROUP, snapshot(20, 1));
                } else {
                    store.append(GROUP, state(1, 1, 20), List.of());
                }
                store.append(GROUP, HardState.EMPTY, entries(1, 591, 600, 80));
            }
            log.forgetMark();
            WalRecord damaged = log.records().get(3 + 19);
            byte[] sound = log.read(damaged.file());
            overwrite(segment(0, 0), damaged.offset(), new byte[20]);
            assertRefused("expected entries up to 20, which sound records behind the damage know as committed");

            log.write(damaged.file(), sound);
            overwrite(segment(0, 0), log.records().get(3 + 20).offset(), new byte[20]);
            assertThat(log.recovered().entries()).isEqualTo(entries(1, 1, 20, 80));
        }
    }

    @Test
    void damageInASegmentThatIsNotTheLastIsCorruption() throws IOException, StorageException {
        threeSegments();
        Path first = log.wal.resolve(segment(0, 0));
        byte[] sound = Files.readAllBytes(first);
        int lastOfFirst = (int) log.records().get(9).offset();

        overwrite(segment(0, 0), sound.length - 5_000, new byte[] {1});
        assertRefused(first + " is corrupt", "expected a record or the end", "checksum");
        Files.write(first, Arrays.copyOf(sound, sound.length - 5_000));
        assertRefused(first + " is corrupt", "does not fit");
        Files.write(first, Arrays.copyOf(sound, lastOfFirst));
        assertRefused(segment(1, 8) + " is corrupt at offset 0", "of the segments before");
    }

    @Test
    void aMissingSegmentIsNoticed() throws IOException, StorageException {
        threeSegments();
        Files.delete(log.wal.resolve(segment(1, 8)));

        assertRefused("expected sequence 1", "found sequence 2: a segment is missing");
    }

    @Test
    void anEmptiedLastSegmentIsNoticed() throws IOException, StorageException {
        threeSegments();
        Files.write(log.wal.resolve(segment(2, 15)), new byte[0]);

        assertRefused(segment(2, 15), "expected the head of a segment", "found the file ends");
    }

    @Test
    void withoutItsOldestSegmentsALogNeedsASnapshot() throws IOException, StorageException {
        threeSegments();
        Files.delete(log.wal.resolve(segment(0, 0)));

        assertRefused("its log begins behind index 7");
    }

    @Test
    void recordsThatMakeNoLogAreRefused() throws IOException, StorageException {
        assertRefusedRecords("expected an entry of index 2 or below, found index 3", writer -> {
            writer.writeEntry(entry(1, 1, 1));
            writer.writeEntry(entry(1, 3, 1));
        });
        assertRefusedRecords("expected term 2 or above at index 2, found term 1", writer -> {
            writer.writeEntry(entry(2, 1, 1));
            writer.writeEntry(entry(1, 2, 1));
        });
        assertRefusedRecords(
                "expected an entry above index 0, found index 0", writer -> writer.writeEntry(entry(1, 0, 1)));
        assertRefusedRecords("expected a state of term 2 or above, found term 1", writer -> {
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(2, 0, 0)));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(1, 0, 0)));
        });
        assertRefusedRecords("expected the committed entry 1 to keep its term 1, found term 2", writer -> {
            writer.writeEntry(entry(1, 1, 1));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(2, 0, 1)));
            writer.writeEntry(entry(2, 1, 1));
        });
        assertRefusedRecords("expected a snapshot of term 1 at the committed index 1, found term 2", writer -> {
            writer.writeEntry(entry(1, 1, 1));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(2, 0, 1)));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(2, 0, 1)));
            writer.write(RecordType.SNAPSHOT, SnapshotRecordCodec.INSTANCE.encode(snapshot(1, 2)));
        });
        assertRefusedRecords("expected a state of commit index 1 or above, found commit 0", writer -> {
            writer.writeEntry(entry(1, 1, 1));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(1, 0, 1)));
            writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(2, 0, 0)));
        });
        for (long vote : new long[] {0, 4}) {
            assertRefusedRecords("expected the vote of term 1 to stay 3, found vote " + vote, writer -> {
                writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(1, 3, 0)));
                writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(1, vote, 0)));
            });
        }
        assertRefusedRecords(
                "expected a snapshot or a log that reaches the commit index 2 of the state before, found an entry, with"
                        + " the log at 1",
                writer -> {
                    writer.writeEntry(entry(1, 1, 1));
                    writer.write(RecordType.STATE, StateRecordCodec.INSTANCE.encode(state(1, 0, 2)));
                    writer.writeEntry(entry(1, 2, 1));
                });
        assertRefusedRecords("expected the entry 1 of term 1 as it was written before, found another one", writer -> {
            writer.writeEntry(entry(1, 1, 1));
            writer.writeEntry(entry(1, 1, 2));
        });
        assertRefusedRecords("expected a configuration change with data at index 1, found one without", writer -> {
            writer.write(RecordType.ENTRY, hex("080110011801"));
        });
        assertRefusedRecords("expected a record of type STATE, found HardState", writer -> {
            writer.write(RecordType.STATE, hex("0801100118012201ff"));
        });
        assertRefusedRecords("expected a record of type STATE, found HardState.term", writer -> {
            writer.write(RecordType.STATE, hex("080010011801"));
        });
        assertRefusedRecords(
                "expected a record of type ENTRY, found Entry.type",
                writer -> writer.write(RecordType.ENTRY, hex("080310011801")));
        assertRefusedRecords(
                "expected a record of type ENTRY, found Entry.index",
                writer -> writer.write(RecordType.ENTRY, hex("0800100118")));
        assertRefusedRecords(
                "expected a record of type STATE with data, found one without",
                writer -> writer.write(RecordType.STATE, null));
        assertRefusedRecords(
                "expected metadata only at the head of a segment, found some behind it",
                writer -> writer.write(RecordType.METADATA, null));
        assertRefusedRecords(
                "expected a checksum record only at the head of a segment, found one behind it",
                RecordWriter::writeChecksum);
    }

    @Test
    void conflictingMetadataAreRefused() throws IOException, StorageException {
        log.open().close();
        int checksum = log.records().get(2).checksum();
        try (DiskFile file = log.disk.open(log.wal.resolve(segment(1, 1)), Disk.Mode.CREATE_NEW)) {
            RecordWriter writer = new RecordWriter(file, 0, checksum);
            writer.writeChecksum();
            writer.write(RecordType.METADATA, new byte[] {7});
            writer.flush();
        }

        assertRefused("expected the metadata of the segments before, none, found 07");
    }

    @Test
    void theSearchReadsASegmentOnceWhateverItsDataLookLike() throws IOException, StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL.withSegmentBytes(8 << 20));
        sim.open().close();
        sim.forgetMark();
        // Each eight bytes are a length that a record could have, and some begin like one, too.
        ByteBuffer lengths = ByteBuffer.allocate((8 << 20) - 4_096).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; lengths.hasRemaining(); i++) {
            lengths.putLong(i % 1_000 == 1 ? 0x1002_08L : 1 << 16);
        }
        try (DiskFile file = sim.disk.open(sim.wal.resolve(segment(0, 0)), Disk.Mode.WRITE)) {
            file.write(lengths.flip(), 4_096);
        }
        long[] reads = {0};
        disk.setFault((operation, path) -> reads[0] += operation == SimDisk.Operation.READ ? 1 : 0);
        assertThat(WalReader.read(sim.disk, sim.wal, SMALL.maxBatchBytes(), record -> {}))
                .isPresent();
        assertThat(reads[0]).as("reads of 256 KiB").isLessThan(4 * 32);
    }

    @Test
    void aReadThatFailsIsNoDamageAndNothingIsChanged() throws IOException, StorageException {
        SimDisk disk = new SimDisk();
        LogFixture sim = new LogFixture(disk.process(), Path.of("/data"), SMALL);
        sim.saveSnapshot(snapshot(2, 1), new byte[10]);
        try (WalLogStore store = sim.open()) {
            store.append(GROUP, state(1, 1, 3), entries(1, 1, 5, 80));
            store.appendSnapshot(GROUP, snapshot(2, 1));
        }
        Recovered sound = sim.recovered();
        int failures = 0;
        for (boolean failed = true; failed; failures++) {
            SimDisk copy = disk.copy();
            copy.setFault(SimDisk.failing(SimDisk.Operation.READ, failures + 1));
            LogFixture read = new LogFixture(copy.process(), Path.of("/data"), SMALL);
            try (WalLogStore store = read.open()) {
                assertThat(Recovered.of(store, GROUP)).isEqualTo(sound);
                failed = false;
            } catch (StorageException e) {
                assertThat(e).hasMessageContaining("Input/output error").hasMessageContaining("start again");
            }
            copy.kill();
            copy.clearFault();
            assertThat(read.disk.list(read.wal)).containsExactly(segment(0, 0));
            assertThat(read.disk.list(read.snap)).hasSize(1).noneMatch(name -> name.endsWith(".broken"));
            assertThat(read.recovered()).isEqualTo(sound);
        }
        assertThat(failures).isGreaterThan(4);
    }

    private interface Records {
        void write(RecordWriter writer) throws IOException;
    }

    private void assertRefusedRecords(String message, Records records) throws IOException, StorageException {
        Path fresh = Files.createTempDirectory(root, "log");
        log = new LogFixture(new FileDisk(), fresh, SMALL);
        log.open().close();
        WalRecord last = log.records().get(2);
        try (DiskFile file = log.disk.open(last.file(), Disk.Mode.WRITE)) {
            RecordWriter writer = new RecordWriter(file, last.offset() + 24, last.checksum());
            records.write(writer);
            writer.flush();
        }
        assertRefused(message);
    }

    private void assertRefused(String... messages) {
        assertThatThrownBy(log::open)
                .isInstanceOf(StorageException.class)
                .hasMessageContainingAll(messages)
                .satisfies(e -> assertThat(e.getMessage()).containsAnyOf("restore", "Restore"));
    }

    private void threeSegments() throws StorageException {
        try (WalLogStore store = log.open()) {
            for (int i = 1; i <= 14; i++) {
                store.append(GROUP, HardState.EMPTY, List.of(entry(1, i, 10_000)));
                store.sync();
            }
        }
    }

    private void overwrite(String name, long offset, byte[] bytes) throws IOException {
        try (DiskFile file = log.disk.open(log.wal.resolve(name), Disk.Mode.WRITE)) {
            file.write(ByteBuffer.wrap(bytes), offset);
        }
    }

    private static int lastByte(byte[] bytes) {
        int at = bytes.length - 1;
        while (at >= 0 && bytes[at] == 0) {
            at--;
        }
        return at;
    }
}
