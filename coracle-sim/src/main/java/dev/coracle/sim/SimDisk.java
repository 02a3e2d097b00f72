package dev.coracle.sim;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.raft.RandomSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that forgets, in a {@link #crash}, what was not synced, as a real one behind a page cache may.
 *
 * <ul>
 *   <li>Of what was written to a file since its last sync, each sector of 512 bytes survives or not by itself, and of a
 *       change of its size all or nothing.
 *   <li>Of the names created, changed and deleted in a directory since it was last synced, a prefix survives: file
 *       systems with a journal keep their order.
 *   <li>A sync that fails forgets what it should have written, and the next one succeeds without it.
 * </ul>
 *
 * <p>Each {@link #process} holds locks of its own. All chance comes from the argument of {@code crash}; everything else
 * is the same in every run.
 */
public final class SimDisk {
    /** What a process does with the disk. */
    public enum Operation {
        /** {@link Disk#open}. */
        OPEN,
        /** {@link Disk#rename}. */
        RENAME,
        /** {@link Disk#delete}. */
        DELETE,
        /** {@link Disk#syncDirectory}. */
        SYNC_DIRECTORY,
        /** {@link DiskFile#read}. */
        READ,
        /** {@link DiskFile#write}. */
        WRITE,
        /** {@link DiskFile#sync}. */
        SYNC,
        /** {@link DiskFile#truncate}. */
        TRUNCATE
    }

    /** Decides about each operation whether it fails. */
    @FunctionalInterface
    public interface Fault {
        /** Called before each operation; what it throws is what the operation throws, without having any effect. */
        void before(Operation operation, Path path) throws IOException;
    }

    /** The machine is about to {@link #crash}: nothing has an effect any more. */
    public static final class PowerOffException extends IOException {
        private static final long serialVersionUID = 1L;

        PowerOffException() {
            super("the power is off");
        }
    }

    private static final int SECTOR_BYTES = 512;
    private static final Fault NO_FAULT = (operation, path) -> {};

    private final Directory root = new Directory();
    private Fault fault = NO_FAULT;
    private long capacityBytes = Long.MAX_VALUE;
    private long usedBytes;
    /** How often all processes ended. */
    private int crashes;

    private int processes;

    /** An empty disk without limit. */
    public SimDisk() {}

    /** The disk as another process sees it. */
    public synchronized Disk process() {
        return new View(processes++);
    }

    /** Sets what decides about failures from now on. */
    public synchronized void setFault(Fault newFault) {
        fault = newFault;
    }

    /** Ends all failures. */
    public synchronized void clearFault() {
        fault = NO_FAULT;
    }

    /** Fails the {@code n}th operation of a kind from now on, counted from 1, and no other. */
    public static Fault failing(Operation failing, int n) {
        int[] count = {0};
        return (operation, path) -> {
            if (operation == failing && ++count[0] == n) {
                throw new IOException("Input/output error");
            }
        };
    }

    /** Fails the {@code n}th operation of any kind from now on, counted from 1, and all that follow. */
    public static Fault dyingAt(int n) {
        int[] count = {0};
        return (operation, path) -> {
            if (++count[0] >= n) {
                throw new PowerOffException();
            }
        };
    }

    /** Limits the bytes of all files together. */
    public synchronized void setCapacity(long bytes) {
        capacityBytes = bytes;
    }

    /** All processes end, as if by a signal, and the machine goes on: only open files and locks are gone. */
    public synchronized void kill() {
        crashes++;
        root.kill();
    }

    /** The machine stops and starts again: open files and locks are gone, and so is what chance takes of the rest. */
    public synchronized void crash(RandomSource random) {
        crashes++;
        fault = NO_FAULT;
        usedBytes = 0;
        root.crash(random);
    }

    private sealed interface Node permits Directory, FileNode {
        void crash(RandomSource random);

        void kill();
    }

    private static final class Directory implements Node {
        private TreeMap<String, Node> names = new TreeMap<>();
        private TreeMap<String, Node> durableNames = new TreeMap<>();
        private final List<Change> unsynced = new ArrayList<>();

        void change(Change change) {
            change.apply(names);
            unsynced.add(change);
        }

        void sync() {
            durableNames = new TreeMap<>(names);
            unsynced.clear();
        }

        @Override
        public void crash(RandomSource random) {
            int survive = random.next(unsynced.size() + 1);
            for (Change change : unsynced.subList(0, survive)) {
                change.apply(durableNames);
            }
            unsynced.clear();
            names = new TreeMap<>(durableNames);
            for (Node node : names.values()) {
                node.crash(random);
            }
        }

        @Override
        public void kill() {
            names.values().forEach(Node::kill);
        }
    }

    /** A name is given, taken away, or both. */
    private record Change(
            @Nullable String removed,
            @Nullable String added,
            @Nullable Node node) {
        void apply(Map<String, Node> names) {
            if (removed != null) {
                names.remove(removed);
            }
            if (added != null && node != null) {
                names.put(added, node);
            }
        }
    }

    private final class FileNode implements Node {
        private byte[] content = new byte[0];
        private byte[] durableContent = new byte[0];
        private int size;
        private int durableSize;
        private final BitSet dirtySectors = new BitSet();
        private final TreeMap<Integer, Integer> openByProcess = new TreeMap<>();
        private int lockedBy = -1;

        void write(ByteBuffer source, long position) throws IOException {
            int length = source.remaining();
            int end = Math.toIntExact(position + length);
            resize(Math.max(end, size));
            source.get(content, (int) position, length);
            touch((int) position, end);
        }

        void truncate(long newSize) throws IOException {
            int old = size;
            resize(Math.toIntExact(newSize));
            if (size < old) {
                Arrays.fill(content, size, old, (byte) 0);
                touch(size, old);
            }
        }

        void sync() {
            durableContent = grown(durableContent, content.length);
            for (int sector = dirtySectors.nextSetBit(0); sector >= 0; sector = dirtySectors.nextSetBit(sector + 1)) {
                keep(sector);
            }
            forget();
        }

        /** What is dirty will not become durable any more, unless it is written again. */
        void forget() {
            durableContent = grown(durableContent, content.length);
            durableSize = size;
            dirtySectors.clear();
        }

        @Override
        public void crash(RandomSource random) {
            durableContent = grown(durableContent, content.length);
            if (durableSize != size && random.next(2) == 0) {
                durableSize = size;
            }
            for (int sector = dirtySectors.nextSetBit(0); sector >= 0; sector = dirtySectors.nextSetBit(sector + 1)) {
                if (random.next(2) == 0) {
                    keep(sector);
                }
            }
            dirtySectors.clear();
            if (durableSize < durableContent.length) {
                Arrays.fill(durableContent, durableSize, durableContent.length, (byte) 0);
            }
            size = durableSize;
            content = durableContent.clone();
            kill();
            usedBytes += size;
        }

        @Override
        public void kill() {
            openByProcess.clear();
            lockedBy = -1;
        }

        private void keep(int sector) {
            int from = sector * SECTOR_BYTES;
            int length = Math.min(SECTOR_BYTES, content.length - from);
            System.arraycopy(content, from, durableContent, from, length);
        }

        private void resize(int newSize) throws IOException {
            if (newSize > size && newSize - size > capacityBytes - usedBytes) {
                throw new IOException("No space left on device");
            }
            usedBytes += newSize - size;
            content = grown(content, newSize);
            size = newSize;
        }

        private void touch(int from, int to) {
            dirtySectors.set(from / SECTOR_BYTES, (to + SECTOR_BYTES - 1) / SECTOR_BYTES);
        }

        private byte[] grown(byte[] bytes, int length) {
            return bytes.length >= length ? bytes : Arrays.copyOf(bytes, Math.max(length, bytes.length * 2));
        }
    }

    private final class View implements Disk {
        private final int id;

        View(int id) {
            this.id = id;
        }

        @Override
        public List<String> list(Path path) throws IOException {
            synchronized (SimDisk.this) {
                return List.copyOf(directory(path).names.keySet());
            }
        }

        @Override
        public boolean exists(Path path) {
            synchronized (SimDisk.this) {
                return find(path) != null;
            }
        }

        @Override
        public void createDirectories(Path path) throws IOException {
            synchronized (SimDisk.this) {
                Directory at = root;
                for (String name : names(path)) {
                    if (!at.names.containsKey(name)) {
                        at.change(new Change(null, name, new Directory()));
                    }
                    if (!(at.names.get(name) instanceof Directory next)) {
                        throw new FileAlreadyExistsException(path.toString());
                    }
                    at = next;
                }
            }
        }

        @Override
        public DiskFile open(Path path, Mode mode) throws IOException {
            synchronized (SimDisk.this) {
                fault.before(Operation.OPEN, path);
                Node node = find(path);
                if (node instanceof Directory) {
                    throw new IOException(path + " is a directory");
                }
                if (node == null && (mode == Mode.READ || mode == Mode.WRITE)) {
                    throw new NoSuchFileException(path.toString());
                }
                if (node != null && mode == Mode.CREATE_NEW) {
                    throw new FileAlreadyExistsException(path.toString());
                }
                FileNode file = node == null ? new FileNode() : (FileNode) node;
                if (file.lockedBy == id) {
                    throw new LockedException(path);
                }
                if (node == null) {
                    parent(path).change(new Change(null, name(path), file));
                } else if (mode == Mode.CREATE_OR_TRUNCATE) {
                    file.truncate(0);
                }
                file.openByProcess.merge(id, 1, Integer::sum);
                return new OpenFile(file, path, mode, id);
            }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            synchronized (SimDisk.this) {
                fault.before(Operation.RENAME, from);
                Node node = find(from);
                Node replaced = find(to);
                if (node == null) {
                    throw new NoSuchFileException(from.toString());
                }
                if (parent(from) != parent(to)) {
                    throw new IOException("cannot rename " + from + " into another directory");
                }
                if (replaced instanceof Directory) {
                    throw new FileAlreadyExistsException(to.toString());
                }
                if (replaced instanceof FileNode file) {
                    usedBytes -= file.size;
                }
                parent(from).change(new Change(name(from), name(to), node));
            }
        }

        @Override
        public void delete(Path path) throws IOException {
            synchronized (SimDisk.this) {
                fault.before(Operation.DELETE, path);
                Node node = find(path);
                if (node == null) {
                    throw new NoSuchFileException(path.toString());
                }
                if (node instanceof Directory directory && !directory.names.isEmpty()) {
                    throw new DirectoryNotEmptyException(path.toString());
                }
                if (node instanceof FileNode file) {
                    usedBytes -= file.size;
                }
                parent(path).change(new Change(name(path), null, null));
            }
        }

        @Override
        public void syncDirectory(Path path) throws IOException {
            synchronized (SimDisk.this) {
                fault.before(Operation.SYNC_DIRECTORY, path);
                directory(path).sync();
            }
        }

        @Override
        public long usableSpace(Path path) throws IOException {
            synchronized (SimDisk.this) {
                directory(path);
                return Math.max(0, capacityBytes - usedBytes);
            }
        }

        private Directory directory(Path path) throws IOException {
            Node node = find(path);
            if (node == null) {
                throw new NoSuchFileException(path.toString());
            }
            if (node instanceof Directory directory) {
                return directory;
            }
            throw new NotDirectoryException(path.toString());
        }

        private Directory parent(Path path) throws IOException {
            Path parent = path.toAbsolutePath().getParent();
            return parent == null ? root : directory(parent);
        }

        private @Nullable Node find(Path path) {
            Node at = root;
            for (String name : names(path)) {
                at = at instanceof Directory directory ? directory.names.get(name) : null;
                if (at == null) {
                    return null;
                }
            }
            return at;
        }

        private static List<String> names(Path path) {
            List<String> names = new ArrayList<>();
            path.toAbsolutePath().normalize().forEach(name -> names.add(name.toString()));
            return names;
        }

        private static String name(Path path) {
            return path.getFileName().toString();
        }
    }

    private final class OpenFile implements DiskFile {
        private final FileNode node;
        private final Path path;
        private final Disk.Mode mode;
        private final int process;
        private final int openedAfter = crashes;
        private boolean closed;

        OpenFile(FileNode node, Path path, Disk.Mode mode, int process) {
            this.node = node;
            this.path = path;
            this.mode = mode;
            this.process = process;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            synchronized (SimDisk.this) {
                require(Operation.READ);
                int count = (int) Math.max(0, Math.min(target.remaining(), node.size - position));
                target.put(node.content, (int) Math.min(position, node.size), count);
                return count;
            }
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            synchronized (SimDisk.this) {
                requireWritable(Operation.WRITE);
                node.write(source, position);
            }
        }

        @Override
        public void sync() throws IOException {
            synchronized (SimDisk.this) {
                try {
                    require(Operation.SYNC);
                } catch (PowerOffException e) {
                    throw e;
                } catch (IOException e) {
                    node.forget();
                    throw e;
                }
                node.sync();
            }
        }

        @Override
        public void truncate(long size) throws IOException {
            synchronized (SimDisk.this) {
                requireWritable(Operation.TRUNCATE);
                node.truncate(size);
            }
        }

        @Override
        public long size() throws IOException {
            synchronized (SimDisk.this) {
                requireOpen();
                return node.size;
            }
        }

        @Override
        public boolean tryLock() throws IOException {
            synchronized (SimDisk.this) {
                requireOpen();
                if (node.lockedBy >= 0 || node.openByProcess.getOrDefault(process, 0) > 1) {
                    return false;
                }
                node.lockedBy = process;
                return true;
            }
        }

        @Override
        public void close() {
            synchronized (SimDisk.this) {
                if (closed || openedAfter != crashes) {
                    return;
                }
                closed = true;
                node.openByProcess.merge(process, -1, Integer::sum);
                if (node.lockedBy == process) {
                    node.lockedBy = -1;
                }
            }
        }

        private void requireWritable(Operation operation) throws IOException {
            require(operation);
            if (mode == Disk.Mode.READ) {
                throw new IOException(path + " was opened to be read only");
            }
        }

        private void require(Operation operation) throws IOException {
            requireOpen();
            fault.before(operation, path);
        }

        private void requireOpen() throws IOException {
            if (closed) {
                throw new IOException(path + " was closed");
            }
            if (openedAfter != crashes) {
                throw new IOException(path + " was opened before the machine crashed");
            }
        }
    }
}
