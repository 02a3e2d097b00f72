package dev.coracle;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A node's directory, locked: the file that says what it is, the log and the snapshots. */
final class DataDirectory implements AutoCloseable {
    private static final String LOCK = "lock";
    private static final String LOG = "wal";
    private static final String SNAPSHOTS = "snap";

    private final Disk disk;
    private final Path path;
    private final DiskFile lock;

    /** Guarded by this. */
    private @Nullable ClusterFile file;

    /** Guarded by this. */
    private boolean closed;

    private DataDirectory(Disk disk, Path path, DiskFile lock, @Nullable ClusterFile file) {
        this.disk = disk;
        this.path = path;
        this.lock = lock;
        this.file = file;
    }

    /** Creates the directory if it is missing, and locks it. */
    static DataDirectory open(Disk disk, Path path) throws StartException, StorageException {
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
            DataDirectory directory = new DataDirectory(disk, path, lock, ClusterFile.read(disk, path));
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
        return path.resolve(LOG);
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
            newFile.write(disk, path);
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

    /** Tells whether there is a log. */
    boolean holdsLog() throws StorageException {
        try {
            return disk.exists(log()) && disk.list(log()).stream().anyMatch(name -> name.endsWith(".wal"));
        } catch (IOException e) {
            throw ClusterFile.failed("list", log(), e);
        }
    }

    /**
     * Sets aside what a node left that is no member any more, so that another one can begin here; nothing is deleted. The
     * file that says so goes last: a crash in between finds it again.
     */
    synchronized void setAside(long id) throws StorageException {
        String suffix = ".left-" + Long.toUnsignedString(id);
        for (String name : List.of(LOG, SNAPSHOTS, ClusterFile.NAME)) {
            Path from = path.resolve(name);
            try {
                if (disk.exists(from)) {
                    disk.rename(from, path.resolve(name + suffix));
                }
                disk.syncDirectory(path);
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
        close(lock);
    }

    private static void close(DiskFile lock) {
        try {
            lock.close();
        } catch (IOException e) {
            // Nothing was written; the lock ends with the process at the latest.
        }
    }
}
