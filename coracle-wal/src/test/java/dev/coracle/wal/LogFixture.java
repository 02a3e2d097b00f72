package dev.coracle.wal;

import dev.coracle.contracts.Recovered;
import dev.coracle.contracts.Samples;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Entry;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** A log and its snapshots in one directory, with short words for what tests do to them. */
final class LogFixture {
    static final long GROUP = 0;
    static final WalOptions SMALL = WalOptions.DEFAULTS
            .withSegmentBytes(64 << 10)
            .withMaxBatchBytes(32 << 10)
            .withLowSpaceBytes(0);

    final Disk disk;
    final Path wal;
    final Path snap;
    final WalOptions options;

    LogFixture(Disk disk, Path root, WalOptions options) {
        this(disk, root.resolve("wal"), root.resolve("snap"), options);
    }

    LogFixture(Disk disk, Path wal, Path snap, WalOptions options) {
        this.disk = disk;
        this.wal = wal;
        this.snap = snap;
        this.options = options;
    }

    WalLogStore open() throws StorageException {
        return WalLogStore.open(disk, wal, snapshots(), options);
    }

    FileSnapshotStore snapshots() throws StorageException {
        return FileSnapshotStore.open(disk, snap, GROUP);
    }

    /** What is found by opening, which ends at once. */
    Recovered recovered() throws StorageException {
        try (WalLogStore store = open()) {
            return Recovered.of(store, GROUP);
        }
    }

    /** Closes a log so that it looks as if its process had been killed: the mark of the last sync is that from before. */
    void closeAsIfKilled(WalLogStore store) throws IOException, StorageException {
        byte[] before = read(SyncedFile.pathOf(wal));
        store.close();
        write(SyncedFile.pathOf(wal), before);
    }

    /** Makes the log look as if another program had written it last, which knows of no marks. */
    void forgetMark() throws IOException {
        disk.delete(SyncedFile.pathOf(wal));
    }

    byte[] read(Path path) throws IOException {
        try (DiskFile file = disk.open(path, Disk.Mode.READ)) {
            ByteBuffer bytes = ByteBuffer.allocate((int) file.size());
            file.read(bytes, 0);
            return bytes.array();
        }
    }

    void write(Path path, byte[] bytes) throws IOException {
        try (DiskFile file = disk.open(path, Disk.Mode.CREATE_OR_TRUNCATE)) {
            file.write(ByteBuffer.wrap(bytes), 0);
        }
    }

    void saveSnapshot(SnapshotMetadata metadata, byte[] data) throws StorageException, IOException {
        Samples.save(snapshots(), GROUP, metadata, data);
    }

    /** The records that {@link WalReader} finds. */
    List<WalRecord> records() throws StorageException {
        List<WalRecord> records = new ArrayList<>();
        WalReader.read(disk, wal, options.maxBatchBytes(), records::add);
        return records;
    }

    static Entry entry(long term, long index, String data) {
        return Samples.entry(term, index, data);
    }

    static Entry entry(long term, long index, int size) {
        return Samples.entry(term, index, size);
    }

    static List<Entry> entries(long term, long first, long last, int size) {
        return Samples.entries(term, first, last, size);
    }

    static HardState state(long term, long vote, long commit) {
        return Samples.state(term, vote, commit);
    }

    static SnapshotMetadata snapshot(long index, long term) {
        return Samples.snapshot(index, term);
    }

    static byte[] hex(String text) {
        return HexFormat.of().parseHex(text.replaceAll("\\s", ""));
    }
}
