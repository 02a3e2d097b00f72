package dev.coracle.wal;

import dev.coracle.node.Agent;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Prepares the next segment before it is needed, filled with zeros so that syncs of it need not allocate blocks, and
 * deletes released segments: a chunk, or a file, a turn. Writes down how far the log is durable, after each cut and
 * otherwise once a second, so that no append waits for that.
 *
 * <p>Failures here are not final, as nothing that was promised is touched: without a prepared segment the log makes one
 * itself, and a released one that stays costs space only. Both are tried again later.
 */
final class Housekeeping implements Agent {
    /** A file that is locked, and zeros all over if it was prepared here. */
    record Spare(Path path, DiskFile file) {}

    private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);
    private static final int CHUNK_BYTES = 1 << 20;
    private static final long RETRY_NANOS = 1_000_000_000;

    /** How often the mark of the last sync is written while the segment stays the same. */
    static final long MARK_NANOS = 1_000_000_000;

    /** Prepared segments are called 0 and 1 in turn, as etcd does. */
    private static final int NAMES = 2;

    private final Disk disk;
    private final Path directory;
    private final WalOptions options;
    private final ByteBuffer zeros;

    private final AtomicReference<@Nullable Spare> ready = new AtomicReference<>();

    /** Released segments, oldest first; bounded by the number of segments. */
    private final ConcurrentLinkedQueue<Segment> released = new ConcurrentLinkedQueue<>();

    private volatile long usableBytes;
    private volatile Runnable wakeUp = () -> {};

    private @Nullable Spare filling;

    /** How much of the next segment is on the disk already. */
    private volatile long filled;

    private int nextName;
    private boolean waiting;
    private boolean spacious = true;

    /** What the last sync covered, as the log's writer says. */
    private volatile SyncedMark synced;

    /** The last mark that was written, and the file of marks until a write of it fails. */
    private SyncedMark written;

    private @Nullable SyncedFile marks;
    private boolean markedBefore;
    private long nextMarkNanos;
    private long retryNanos;
    private boolean closed;

    /** For a log that is durable up to {@code mark}, which is written down before this returns. */
    Housekeeping(Disk disk, Path directory, WalOptions options, SyncedMark mark) throws IOException {
        this.disk = disk;
        this.directory = directory;
        this.options = options;
        this.synced = mark;
        this.written = mark;
        this.zeros = ByteBuffer.allocateDirect((int) Math.min(CHUNK_BYTES, options.segmentBytes()));
        this.usableBytes = disk.usableSpace(directory);
        this.marks = SyncedFile.begin(disk, directory, mark);
    }

    @Override
    public String name() {
        return "wal-housekeeping";
    }

    @Override
    public void onWork(Runnable newWakeUp) {
        wakeUp = newWakeUp;
    }

    /** Tells whether the next segment is certain and free space above the watermark. May be called by any thread. */
    boolean hasSpace() {
        long needed = options.lowSpaceBytes() + (ready.get() == null ? options.segmentBytes() - filled : 0);
        return usableBytes >= needed;
    }

    /** Tells whether a segment is prepared. */
    boolean isReady() {
        return ready.get() != null;
    }

    /** Notes what a sync has made durable: after it, never before. */
    void noteSync(SyncedMark mark) {
        boolean cut = !mark.segment().equals(synced.segment());
        synced = mark;
        if (cut) {
            wakeUp.run();
        }
    }

    /** The prepared segment, which is the caller's then, or null. */
    @Nullable
    Spare take() {
        Spare spare = ready.getAndSet(null);
        wakeUp.run();
        return spare;
    }

    /** Has a segment deleted, whose open file is no more the caller's. Oldest first. */
    void delete(Segment segment) {
        released.add(segment);
        wakeUp.run();
    }

    @Override
    public synchronized int doWork(long nowNanos) {
        if (closed) {
            return 0;
        }
        int marked = maybeMark(nowNanos);
        if (waiting && nowNanos - retryNanos < 0) {
            return marked;
        }
        try {
            waiting = false;
            usableBytes = disk.usableSpace(directory);
            int work = prepare() + purge();
            noteSpace();
            return marked + work;
        } catch (IOException e) {
            LOG.warn("cannot prepare or purge segments in {}, trying again in a second: {}", directory, e.toString());
            dropFilling();
            waiting = true;
            retryNanos = nowNanos + RETRY_NANOS;
            return marked;
        }
    }

    private int maybeMark(long nowNanos) {
        SyncedMark newest = synced;
        if (marks == null || newest.equals(written)) {
            return 0;
        }
        if (markedBefore && newest.segment().equals(written.segment()) && nowNanos - nextMarkNanos < 0) {
            return 0;
        }
        markedBefore = true;
        nextMarkNanos = nowNanos + MARK_NANOS;
        mark(newest);
        return 1;
    }

    /** A mark that cannot be written costs certainty at the next opening, and nothing else; the file is given up. */
    private void mark(SyncedMark mark) {
        SyncedFile file = marks;
        if (file == null) {
            return;
        }
        try {
            file.write(mark);
            written = mark;
        } catch (IOException e) {
            LOG.warn("cannot write {} any more: {}", SyncedFile.pathOf(directory), e.toString());
            file.close();
            marks = null;
        }
    }

    /** Ends the work. The log is closed, or about to be: at {@code last}, or by a failure if that is null. */
    synchronized void close(@Nullable SyncedMark last) {
        closed = true;
        if (last != null) {
            mark(last);
        }
        if (marks != null) {
            marks.close();
            marks = null;
        }
        dropFilling();
        Spare spare = ready.getAndSet(null);
        if (spare != null) {
            drop(spare);
        }
        SegmentDirectory.closeAll(released);
        released.clear();
    }

    /** Says once that space ran out, and that it is back. */
    private void noteSpace() {
        boolean now = hasSpace();
        if (spacious && !now) {
            LOG.warn(
                    "the disk of {} is nearly full, {} bytes are left: what is under way goes on, new proposals are"
                            + " refused until there is room for a segment of {} bytes and {} bytes more",
                    directory,
                    usableBytes,
                    options.segmentBytes(),
                    options.lowSpaceBytes());
        } else if (now && !spacious) {
            LOG.info("the disk of {} has room again, {} bytes", directory, usableBytes);
        }
        spacious = now;
    }

    private int prepare() throws IOException {
        if (ready.get() != null) {
            return 0;
        }
        Spare spare = filling;
        if (spare == null) {
            if (usableBytes < options.segmentBytes() + options.lowSpaceBytes()) {
                return 0;
            }
            // Two names, so that the new one never takes that of the one that is just being put into use.
            Path path = directory.resolve(nextName + SegmentDirectory.TEMPORARY_SUFFIX);
            nextName = (nextName + 1) % NAMES;
            // Emptied, or what a crash left in it would stand behind the records of the new segment.
            filling = create(disk, path);
            filled = 0;
            return 1;
        }
        long left = options.segmentBytes() - filled;
        if (left > 0) {
            int length = (int) Math.min(zeros.capacity(), left);
            spare.file().write(zeros.clear().limit(length), filled);
            filled = options.segmentBytes() - left + length;
        } else {
            spare.file().sync();
            filling = null;
            ready.set(spare);
            filled = 0;
            options.observer().onSegmentPrepared();
        }
        return 1;
    }

    private int purge() throws IOException {
        Segment oldest = released.peek();
        // The mark must not name a segment that is gone, or it would mean nothing after a crash.
        if (oldest == null || (marks != null && !isBefore(oldest.name(), written.segment()))) {
            return 0;
        }
        // Deleted while it is locked; synced before the next, so that a crash leaves no gap.
        if (disk.exists(oldest.path())) {
            disk.delete(oldest.path());
        }
        disk.syncDirectory(directory);
        released.remove();
        oldest.file().close();
        options.observer().onSegmentPurged();
        return 1;
    }

    private static boolean isBefore(SegmentName first, SegmentName second) {
        return Long.compareUnsigned(first.sequence(), second.sequence()) < 0;
    }

    private void dropFilling() {
        if (filling != null) {
            drop(filling);
            filling = null;
            filled = 0;
        }
    }

    private void drop(Spare spare) {
        try {
            spare.file().close();
            disk.delete(spare.path());
        } catch (IOException e) {
            LOG.warn("cannot delete {}, which is of no use any more: {}", spare.path(), e.toString());
        }
    }

    /** An empty file, locked. */
    static Spare create(Disk disk, Path path) throws IOException {
        DiskFile file = disk.open(path, Disk.Mode.CREATE_OR_TRUNCATE);
        boolean locked = false;
        try {
            locked = file.tryLock();
        } finally {
            if (!locked) {
                SegmentDirectory.close(file);
            }
        }
        if (!locked) {
            throw new IOException(path + " is locked by another process");
        }
        return new Spare(path, file);
    }
}
