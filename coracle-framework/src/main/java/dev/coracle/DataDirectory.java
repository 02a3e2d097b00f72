package dev.coracle;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A node's directory, locked: the file that says what it is, the log and the snapshots. Or, of a node that keeps nothing,
 * what such a file would say, and no directory at all.
 */
final class DataDirectory implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String WAL = "wal";

    /** A log that is not of etcd's kind, and would not find its own files among those. */
    private static final String OTHER_LOG = "log";

    private static final String TEMPORARY_SUFFIX = ".tmp";

    /** What a node that keeps nothing is said to be in. */
    private static final Path NOWHERE = Path.of("memory");

    private static final String SNAPSHOTS = "snap";

    /** Null in memory, as the lock. */
    private final @Nullable Disk disk;

    private final Path path;
    private final String logName;
    private final @Nullable DiskFile lock;

    /** Guarded by this. */
    private @Nullable ClusterFile file;

    /** Guarded by this. */
    private boolean closed;

    private DataDirectory(
            @Nullable Disk disk, Path path, String logName, @Nullable DiskFile lock, @Nullable ClusterFile file) {
        this.disk = disk;
        this.path = path;
        this.logName = logName;
        this.lock = lock;
        this.file = file;
    }

    /** What a node has in place of a directory that keeps nothing. */
    static DataDirectory inMemory() {
        return new DataDirectory(null, NOWHERE, WAL, null, null);
    }

    /** Creates the directory if it is missing, and locks it. The node has a log of etcd's kind. */
    static DataDirectory open(Disk disk, Path path) throws StartException, StorageException {
        return open(disk, path, WAL);
    }

    /** The same for a node that has another kind of log. */
    static DataDirectory openWithOtherLog(Disk disk, Path path) throws StartException, StorageException {
        return open(disk, path, OTHER_LOG);
    }

    private static DataDirectory open(Disk disk, Path path, String logName) throws StartException, StorageException {
        DiskFile lock;
        try {
            disk.createDirectories(path);
            Path parent = path.toAbsolutePath().getParent();
            if (parent != null) {
                disk.syncDirectory(parent);
            }
            lock = lock(disk, path);
        } catch (IOException e) {
            throw ClusterFile.failed("use", path, e);
        }
        boolean done = false;
        try {
            DataDirectory directory = new DataDirectory(disk, path, logName, lock, ClusterFile.read(disk, path));
            done = true;
            return directory;
        } finally {
            if (!done) {
                close(lock);
            }
        }
    }

    private static DiskFile lock(Disk disk, Path path) throws IOException, StartException {
        Path file = path.resolve(LOCK);
        DiskFile lock;
        try {
            lock = disk.open(file, disk.exists(file) ? Disk.Mode.WRITE : Disk.Mode.CREATE_NEW);
        } catch (IOException e) {
            if (e instanceof Disk.LockedException) {
                throw inUse(path);
            }
            throw e;
        }
        boolean locked = false;
        try {
            locked = lock.tryLock();
        } finally {
            if (!locked) {
                close(lock);
            }
        }
        if (!locked) {
            throw inUse(path);
        }
        return lock;
    }

    private static StartException inUse(Path path) {
        return new StartException(
                StartException.Kind.IN_USE,
                "dataDirectory: " + path + " is in use by another node. Stop that one, or give this node a directory"
                        + " of its own");
    }

    Path path() {
        return path;
    }

    Path log() {
        return path.resolve(logName);
    }

    Path snapshots() {
        return path.resolve(SNAPSHOTS);
    }

    /** What the directory is; null if it is empty. */
    synchronized @Nullable ClusterFile file() {
        return file;
    }

    /** How what the directory is changes. */
    interface Change {
        ClusterFile of(ClusterFile file);
    }

    /** Says what the directory is from now on. */
    synchronized void become(ClusterFile newFile) throws StorageException {
        if (closed) {
            throw new StorageException(path + " may belong to another node by now: this one has closed it");
        }
        if (!newFile.equals(file)) {
            if (disk != null) {
                newFile.write(disk, path);
            }
            file = newFile;
        }
    }

    /** Changes what the directory is. */
    synchronized ClusterFile change(Change change) throws StorageException {
        ClusterFile current = file;
        if (current == null) {
            throw new IllegalStateException("an empty directory cannot be changed");
        }
        ClusterFile changed = change.of(current);
        become(changed);
        return changed;
    }

    /** Tells whether there is a log of the kind that this node has. */
    boolean holdsLog() throws StorageException {
        return holdsFiles(log());
    }

    /** Tells whether there is a log of any kind. */
    boolean holdsAnyLog() throws StorageException {
        return holdsFiles(path.resolve(WAL)) || holdsFiles(path.resolve(OTHER_LOG));
    }

    private boolean holdsFiles(Path directory) throws StorageException {
        try {
            return disk != null
                    && disk.exists(directory)
                    && disk.list(directory).stream().anyMatch(name -> !name.endsWith(TEMPORARY_SUFFIX));
        } catch (IOException e) {
            throw ClusterFile.failed("list", directory, e);
        }
    }

    /**
     * Sets aside what a node left that is no member any more, so that another one can begin here; nothing is deleted. The
     * file that says so goes last: a crash in between finds it again.
     */
    synchronized void setAside(long id) throws StorageException {
        String suffix = ".left-" + Long.toUnsignedString(id);
        Disk kept = Objects.requireNonNull(disk, "what is in memory is gone and need not be set aside");
        for (String name : List.of(WAL, OTHER_LOG, SNAPSHOTS, ClusterFile.NAME)) {
            Path from = path.resolve(name);
            try {
                if (kept.exists(from)) {
                    kept.rename(from, path.resolve(name + suffix));
                }
                kept.syncDirectory(path);
            } catch (IOException e) {
                throw ClusterFile.failed("rename", from, e);
            }
        }
        file = null;
    }

    /** Waits for a change that is under way, so that nothing is written here once the lock is gone. */
    @Override
    public synchronized void close() {
        closed = true;
        if (lock != null) {
            close(lock);
        }
    }

    private static void close(DiskFile lock) {
        try {
            lock.close();
        } catch (IOException e) {
            // Nothing was written; the lock ends with the process at the latest.
        }
    }
}
