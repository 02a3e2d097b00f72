package dev.coracle.wal;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Check;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Snapshots in etcd's files, {@code term-index.snap}, of any size. They are written under a temporary name, synced,
 * renamed, and the directory is synced.
 *
 * <p>A file is a checksum and the encoded snapshot that it covers. What fits {@value #SMALL_BYTES} bytes is written as
 * Go does, to the byte. Of more neither length nor checksum is known before the end, so the metadata come first and the
 * numbers get all the bytes that they could need, which Go reads as well; the checksum is put together from those of the
 * parts.
 *
 * <p>The directory is guarded by the lock of the log beside it, and nothing is deleted that another process may be
 * writing before {@link WalLogStore#open} holds that.
 */
public final class FileSnapshotStore implements SnapshotStore {
    static final int SMALL_BYTES = 64 << 10;

    private static final Logger LOG = LoggerFactory.getLogger(FileSnapshotStore.class);
    private static final String SUFFIX = ".snap";
    private static final int HEX = 16;
    private static final Pattern NAME = Pattern.compile("([0-9a-f]{16})-([0-9a-f]{16})\\.snap");
    private static final Comparator<EntryId> NEWEST_FIRST = Comparator.comparingLong(EntryId::term)
            .thenComparingLong(EntryId::index)
            .reversed();

    private final Disk disk;
    private final Path directory;
    private final long group;
    private final AtomicLong temporaries = new AtomicLong();

    private FileSnapshotStore(Disk disk, Path directory, long group) {
        this.disk = disk;
        this.directory = directory;
        this.group = group;
    }

    /**
     * Opens a directory of snapshots, which is created if it is missing.
     *
     * @param disk where it is
     * @param directory the snapshots
     * @param group the only group whose snapshots these are
     * @throws StorageException if the system refuses it
     */
    public static FileSnapshotStore open(Disk disk, Path directory, long group) throws StorageException {
        try {
            SegmentDirectory.createDurably(disk, directory);
            return new FileSnapshotStore(disk, directory, group);
        } catch (IOException e) {
            throw Damage.failed("create", directory, e);
        }
    }

    /**
     * Snapshots that are only looked at: nothing is made, and the directory may be missing.
     *
     * @param disk the operating system
     * @param directory the snapshots
     * @param group the only group whose snapshots these are
     */
    public static FileSnapshotStore forReading(Disk disk, Path directory, long group) {
        return new FileSnapshotStore(disk, directory, group);
    }

    @Override
    public Sink create(long ofGroup, SnapshotMetadata metadata) throws StorageException {
        requireGroup(ofGroup);
        Check.that(metadata.index() > 0, "a snapshot at index %d covers nothing", metadata.index());
        return new FileSink(metadata);
    }

    /**
     * {@inheritDoc}
     *
     * <p>The whole file is read and verified before this returns, and read a second time by whoever wants the data: a
     * state machine that restores while it reads would otherwise have taken damaged bytes before the checksum at the end
     * tells. That checksum is looked at once more all the same, for the disk may have changed its mind.
     */
    @Override
    public Source open(long ofGroup, EntryId id) throws StorageException {
        requireGroup(ofGroup);
        Path path = directory.resolve(fileName(id));
        try {
            DiskFile file = disk.open(path, Disk.Mode.READ);
            boolean done = false;
            try {
                SnapshotFileReader reader = new SnapshotFileReader(file);
                reader.verify();
                if (!reader.metadata().id().equals(id)) {
                    throw new SnapshotFileReader.DamagedException("its name says " + id + " and its metadata "
                            + reader.metadata().id());
                }
                done = true;
                return new FileSource(file, reader);
            } finally {
                if (!done) {
                    file.close();
                }
            }
        } catch (NoSuchFileException e) {
            throw new StorageException(
                    "the snapshot " + path + " is missing; restore it, or let this node join again", e);
        } catch (SnapshotFileReader.DamagedException e) {
            throw new DamagedSnapshotException(path, e);
        } catch (IOException e) {
            throw Damage.failed("read", path, e);
        }
    }

    @Override
    public List<EntryId> list(long ofGroup) throws StorageException {
        requireGroup(ofGroup);
        try {
            List<EntryId> ids = new ArrayList<>();
            for (String name : disk.list(directory)) {
                EntryId id = parse(name);
                if (id != null) {
                    ids.add(id);
                }
            }
            ids.sort(NEWEST_FIRST);
            return ids;
        } catch (IOException e) {
            throw Damage.failed("list", directory, e);
        }
    }

    @Override
    public void purge(long ofGroup, EntryId newest, int keep) throws StorageException {
        Check.that(keep > 0, "%d snapshots would be kept", keep);
        List<EntryId> ids = list(ofGroup);
        ids.removeIf(id -> !newest.isAtLeast(id));
        if (ids.size() <= keep) {
            return;
        }
        try {
            for (EntryId id : ids.subList(keep, ids.size())) {
                disk.delete(directory.resolve(fileName(id)));
            }
            disk.syncDirectory(directory);
        } catch (IOException e) {
            throw Damage.failed("purge", directory, e);
        }
    }

    /** The directory of the snapshots. */
    public Path directory() {
        return directory;
    }

    /** The metadata of a snapshot if it is there and sound, or null; a damaged one is added to {@code damaged}. */
    @Nullable
    SnapshotMetadata findSound(EntryId id, List<EntryId> damaged) throws StorageException {
        try {
            if (!disk.exists(directory.resolve(fileName(id)))) {
                return null;
            }
        } catch (IOException e) {
            throw Damage.failed("read", directory.resolve(fileName(id)), e);
        }
        try (Source source = open(group, id)) {
            return source.metadata();
        } catch (DamagedSnapshotException e) {
            LOG.warn("{}", e.getMessage());
            damaged.add(id);
            return null;
        } catch (IOException e) {
            throw Damage.failed("read", directory.resolve(fileName(id)), e);
        }
    }

    /** Renames a damaged snapshot, so that nobody trips over it again, and keeps it for whoever wants to know. */
    void setAside(EntryId damaged) throws IOException {
        Path path = directory.resolve(fileName(damaged));
        Path aside = directory.resolve(fileName(damaged) + WalLogStore.BROKEN_SUFFIX);
        disk.rename(path, aside);
        disk.syncDirectory(directory);
        LOG.warn("the damaged snapshot {} is kept as {}", path, aside);
    }

    /**
     * Deletes what was not finished when the process before died. Only for who holds the lock that guards the directory,
     * and before anything is written; {@link WalLogStore#open} does it itself.
     */
    public void deleteTemporaries() throws StorageException {
        try {
            SegmentDirectory.deleteTemporaries(disk, directory);
        } catch (IOException e) {
            throw Damage.failed("clean", directory, e);
        }
    }

    private void requireGroup(long ofGroup) {
        if (ofGroup != group) {
            throw new IllegalArgumentException(
                    "group " + ofGroup + " has no snapshots here: they are those of group " + group + " alone");
        }
    }

    static String fileName(EntryId id) {
        return String.format(Locale.ROOT, "%016x-%016x%s", id.term(), id.index(), SUFFIX);
    }

    private static @Nullable EntryId parse(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? new EntryId(
                        Long.parseUnsignedLong(matcher.group(1), HEX), Long.parseUnsignedLong(matcher.group(2), HEX))
                : null;
    }

    /** A file that is not what it was when it was written. */
    static final class DamagedSnapshotException extends StorageException {
        private static final long serialVersionUID = 1L;

        DamagedSnapshotException(Path path, IOException cause) {
            super(
                    "the snapshot " + path + " is damaged: " + cause.getMessage()
                            + "; restore it, or let this node join again",
                    cause);
        }
    }

    private static final class FileSource implements Source {
        private final DiskFile file;
        private final SnapshotFileReader reader;

        FileSource(DiskFile file, SnapshotFileReader reader) {
            this.file = file;
            this.reader = reader;
        }

        @Override
        public SnapshotMetadata metadata() {
            return reader.metadata();
        }

        @Override
        public long size() {
            return reader.dataSize();
        }

        @Override
        public InputStream data() {
            return new BufferedInputStream(new DataStream(file, reader), SMALL_BYTES);
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }

    /** The data within a file. */
    private static final class DataStream extends InputStream {
        private final DiskFile file;
        private final long end;
        private final int expected;
        private final RunningChecksum checksum = new RunningChecksum();
        private long position;

        DataStream(DiskFile file, SnapshotFileReader reader) {
            this.file = file;
            this.position = reader.dataOffset();
            this.end = position + reader.dataSize();
            this.expected = reader.dataChecksum();
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] target, int offset, int length) throws IOException {
            if (position == end && length > 0) {
                if (checksum.value() != expected) {
                    throw new IOException("the snapshot was sound when it was opened, and its data are others now");
                }
                return -1;
            }
            int count = (int) Math.min(length, end - position);
            int read = file.read(ByteBuffer.wrap(target, offset, count), position);
            if (read < count) {
                throw new IOException("the snapshot became shorter while it was being read");
            }
            checksum.update(target, offset, count);
            position += read;
            return read;
        }
    }

    private final class FileSink implements Sink {
        private final SnapshotMetadata metadata;
        private final Path path;
        private final Path temporary;
        private final RunningChecksum dataChecksum = new RunningChecksum();
        private final ByteBuffer buffer = ByteBuffer.allocate(SMALL_BYTES);
        private final OutputStream data = new SinkStream();

        /** Opened when the data no longer fit the buffer, or at the end. */
        private @Nullable DiskFile file;

        /** Bytes of data written to the file. */
        private long written;

        private boolean ended;
        private boolean renamed;

        FileSink(SnapshotMetadata metadata) {
            this.metadata = metadata;
            this.path = directory.resolve(fileName(metadata.id()));
            this.temporary = directory.resolve(
                    fileName(metadata.id()) + "." + temporaries.incrementAndGet() + SegmentDirectory.TEMPORARY_SUFFIX);
        }

        @Override
        public OutputStream data() {
            return data;
        }

        @Override
        public void commit() throws IOException {
            Check.that(!ended, "the snapshot was committed or closed before");
            ended = true;
            DiskFile target = openFile();
            byte[] small = written == 0 ? canonical() : null;
            if (small == null) {
                writeOut();
                SnapshotFileHead head = new SnapshotFileHead(metadata, dataChecksum.value(), written);
                target.write(ByteBuffer.wrap(head.bytes()), 0);
            } else {
                target.write(ByteBuffer.wrap(small), 0);
            }
            target.sync();
            target.close();
            disk.rename(temporary, path);
            renamed = true;
            disk.syncDirectory(directory);
        }

        @Override
        public void close() {
            ended = true;
            if (file == null || renamed) {
                return;
            }
            try {
                file.close();
                disk.delete(temporary);
            } catch (IOException e) {
                // It is deleted when the log is opened next.
                LOG.warn("cannot delete {}, which is of no use any more: {}", temporary, e.toString());
            }
        }

        /** The file as Go would write it, or null if Go would take it for an empty one. */
        private byte @Nullable [] canonical() {
            Bytes bytes = Bytes.of(Arrays.copyOf(buffer.array(), buffer.position()));
            return SnapshotFileHead.canonical(EtcdCodec.INSTANCE.snapshots().encode(new Snapshot(metadata, bytes)));
        }

        private DiskFile openFile() throws IOException {
            if (file == null) {
                file = disk.open(temporary, Disk.Mode.CREATE_OR_TRUNCATE);
            }
            return file;
        }

        /** Empties the buffer into the file, behind the place of the head. */
        private void writeOut() throws IOException {
            int length = buffer.position();
            openFile().write(buffer.flip(), SnapshotFileHead.size(metadata) + written);
            written += length;
            buffer.clear();
        }

        private final class SinkStream extends OutputStream {
            @Override
            public void write(int value) throws IOException {
                write(new byte[] {(byte) value}, 0, 1);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
                if (ended) {
                    throw new IOException("the snapshot was committed or closed before");
                }
                dataChecksum.update(bytes, offset, length);
                int from = offset;
                int left = length;
                while (left > 0) {
                    if (!buffer.hasRemaining()) {
                        writeOut();
                    }
                    int count = Math.min(left, buffer.remaining());
                    buffer.put(bytes, from, count);
                    from += count;
                    left -= count;
                }
            }
        }
    }
}
