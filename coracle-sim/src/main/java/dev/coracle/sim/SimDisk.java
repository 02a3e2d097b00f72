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
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A disk in memory that forgets, in a {@link #crash}, what was not synced, as a real one behind a page cache may.
 *
 * <ul>
 *   <li>Of what was written to a file since its last sync, each sector of 512 bytes is found as any of these writes, or
 *       the sync, left it; so are its sizes.
 *   <li>Of the names created, changed and deleted in a directory since it was last synced, any survive: most file systems
 *       keep their order, none promises it.
 *   <li>A sync that fails forgets what it should have written, and the next one succeeds without it.
 * </ul>
 *
 * <p>Each {@link #process} holds locks of its own. What survives is up to the argument of {@code crash} alone; everything
 * is the same in every run.
 */
public final class SimDisk {
    /** What a process does with the disk. */
    public enum Operation {
        /** {@link Disk#createDirectories}, each directory that is created. */
        CREATE_DIRECTORY,
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
        /**
         * Called before each operation; what it throws is what the operation throws, without having any effect but that of
         * a {@link ShortWriteException}.
         */
        void before(Operation operation, Path path) throws IOException;
    }

    /** A write that fails after some of its bytes. */
    public static final class ShortWriteException extends IOException {
        private static final long serialVersionUID = 1L;
        private final int bytes;

        /** Lets the first {@code bytes} of what is written have an effect, and no more. */
        public ShortWriteException(int bytes) {
            super("Input/output error after " + bytes + " bytes");
            this.bytes = bytes;
        }
    }

    /** The machine is about to {@link #crash}: nothing has an effect any more. */
    public static final class PowerOffException extends IOException {
        private static final long serialVersionUID = 1L;

        /** What every operation throws from then on. */
        public PowerOffException() {
            super("the power is off");
        }
    }

    private static final int SECTOR_BYTES = 512;
    private static final Fault NO_FAULT = (operation, path) -> {};

    private final Directory root;

    /** What a crash may take, in the order in which it was done. */
    private final List<Unsynced> unsynced = new ArrayList<>();

    private Fault fault = NO_FAULT;
    private long capacityBytes = Long.MAX_VALUE;
    private long usedBytes;
    /** How often all processes ended. */
    private int crashes;

    private int processes;
    private long durableChanges;

    /** An empty disk without limit. */
    public SimDisk() {
        root = new Directory();
    }

    /** The disk of {@code original} as all processes left it that ended there just now, and what it may still forget. */
    private SimDisk(SimDisk original) {
        IdentityHashMap<Node, Node> copies = new IdentityHashMap<>();
        root = (Directory) copy(original.root, copies);
        original.unsynced.forEach(item -> unsynced.add(item.copy(node -> copy(node, copies))));
        capacityBytes = original.capacityBytes;
        usedBytes = original.usedBytes;
        processes = original.processes;
    }

    /** Another disk with the same content, durable and not, without faults, locks and open files. */
    public synchronized SimDisk copy() {
        return new SimDisk(this);
    }

    private Node copy(Node node, IdentityHashMap<Node, Node> copies) {
        Node known = copies.get(node);
        if (known != null) {
            return known;
        }
        if (node instanceof FileNode file) {
            FileNode copy = new FileNode();
            copies.put(node, copy);
            copy.content = file.content.clone();
            copy.durableContent = file.durableContent.clone();
            copy.size = file.size;
            copy.durableSize = file.durableSize;
            return copy;
        }
        Directory copy = new Directory();
        copies.put(node, copy);
        Directory directory = (Directory) node;
        directory.names.forEach((name, child) -> copy.names.put(name, copy(child, copies)));
        directory.durableNames.forEach((name, child) -> copy.durableNames.put(name, copy(child, copies)));
        return copy;
    }

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

    /** The bytes of all files together. */
    public synchronized long usedBytes() {
        return usedBytes;
    }

    /** All processes end, as if by a signal, and the machine goes on: only open files and locks are gone. */
    public synchronized void kill() {
        crashes++;
        root.kill();
    }

    /** How many changes a {@link #crash} would take or leave, each by itself. */
    public synchronized int unsynced() {
        return unsynced.size();
    }

    /** The machine stops and starts again: open files and locks are gone, and so is what chance takes of the rest. */
    public void crash(RandomSource random) {
        crashKeeping(change -> random.next(2) == 0);
    }

    /** The same; of the {@link #unsynced} changes, numbered from 0 in their order, those survive that are chosen. */
    public synchronized void crashKeeping(IntPredicate survives) {
        crashes++;
        durableChanges++;
        fault = NO_FAULT;
        for (int i = 0; i < unsynced.size(); i++) {
            if (survives.test(i)) {
                unsynced.get(i).keep();
            }
        }
        unsynced.clear();
        usedBytes = 0;
        root.restart();
    }

    // ---- what would be left

    /** Counts what may have changed what is durable: while it stays the same, so does that. */
    public synchronized long durableChanges() {
        return durableChanges;
    }

    /** Counts how often all processes ended, by a signal or with the machine. */
    public synchronized int crashes() {
        return crashes;
    }

    /** The names in a directory that a crash now could not take away, sorted; none if it could take the directory. */
    public synchronized List<String> durableNames(Path directory) {
        return durable(directory) instanceof Directory found ? List.copyOf(found.durableNames.keySet()) : List.of();
    }

    /**
     * What a crash now would leave of a file in any case: so many bytes from a position on, or fewer at its end.
     *
     * @return null if it could take the file itself
     */
    public synchronized byte @Nullable [] durableBytes(Path file, int from, int most) {
        if (!(durable(file) instanceof FileNode found)) {
            return null;
        }
        byte[] bytes = new byte[Math.max(0, Math.min(most, found.durableSize - from))];
        int written = Math.max(0, Math.min(found.durableContent.length - from, bytes.length));
        System.arraycopy(found.durableContent, Math.min(from, found.durableContent.length), bytes, 0, written);
        return bytes;
    }

    private @Nullable Node durable(Path path) {
        Node at = root;
        for (String name : names(path)) {
            at = at instanceof Directory directory ? directory.durableNames.get(name) : null;
            if (at == null) {
                return null;
            }
        }
        return at;
    }

    /**
     * Flips a bit of a file on the medium, as if it had rotten: whoever reads finds it changed.
     *
     * @return whether the file is there and so long
     */
    public synchronized boolean rot(Path file, int position, int bit) {
        if (!(durable(file) instanceof FileNode found) || position >= Math.min(found.durableSize, found.size)) {
            return false;
        }
        found.durableContent = grown(found.durableContent, position + 1);
        found.durableContent[position] ^= (byte) (1 << bit);
        found.content = grown(found.content, position + 1);
        found.content[position] ^= (byte) (1 << bit);
        durableChanges++;
        return true;
    }

    private static List<String> names(Path path) {
        List<String> names = new ArrayList<>();
        path.toAbsolutePath().normalize().forEach(name -> names.add(name.toString()));
        return names;
    }

    private void sync(Node node) {
        durableChanges++;
        for (Unsynced change : unsynced) {
            if (change.of() == node) {
                change.keep();
            }
        }
        forget(node);
    }

    private void forget(Node node) {
        unsynced.removeIf(change -> change.of() == node);
    }

    private sealed interface Node permits Directory, FileNode {
        /** Becomes what is durable of it. */
        void restart();

        void kill();
    }

    /** A change of a file or directory that is not durable. */
    private sealed interface Unsynced {
        Node of();

        /** Makes it durable. */
        void keep();

        Unsynced copy(UnaryOperator<Node> nodes);
    }

    private static final class Directory implements Node {
        private final TreeMap<String, Node> names = new TreeMap<>();
        private final TreeMap<String, Node> durableNames = new TreeMap<>();

        @Override
        public void restart() {
            names.clear();
            names.putAll(durableNames);
            names.values().forEach(Node::restart);
        }

        @Override
        public void kill() {
            names.values().forEach(Node::kill);
        }
    }

    /** A name is given, taken away, or both. */
    private record NameChange(
            Directory of,
            @Nullable String removed,
            @Nullable String added,
            Node node) implements Unsynced {
        void apply(Map<String, Node> names) {
            if (removed != null) {
                names.remove(removed, node);
            }
            if (added != null) {
                // Also the name that it got by a change that did not survive.
                names.values().removeIf(node::equals);
                names.put(added, node);
            }
        }

        @Override
        public void keep() {
            apply(of.durableNames);
        }

        @Override
        public Unsynced copy(UnaryOperator<Node> nodes) {
            return new NameChange((Directory) nodes.apply(of), removed, added, nodes.apply(node));
        }
    }

    private record SizeChange(FileNode of, int size) implements Unsynced {
        @Override
        public void keep() {
            of.durableSize = size;
        }

        @Override
        public Unsynced copy(UnaryOperator<Node> nodes) {
            return new SizeChange((FileNode) nodes.apply(of), size);
        }
    }

    /** A sector as a write left it. */
    private static final class SectorChange implements Unsynced {
        private final FileNode file;
        private final int from;
        private final byte[] content;

        SectorChange(FileNode file, int from, byte[] content) {
            this.file = file;
            this.from = from;
            this.content = content;
        }

        @Override
        public Node of() {
            return file;
        }

        @Override
        public void keep() {
            file.durableContent = grown(file.durableContent, from + content.length);
            System.arraycopy(content, 0, file.durableContent, from, content.length);
        }

        @Override
        public Unsynced copy(UnaryOperator<Node> nodes) {
            return new SectorChange((FileNode) nodes.apply(file), from, content);
        }
    }

    private static byte[] grown(byte[] bytes, int length) {
        return bytes.length >= length ? bytes : Arrays.copyOf(bytes, Math.max(length, bytes.length * 2));
    }

    private final class FileNode implements Node {
        private byte[] content = new byte[0];
        private byte[] durableContent = new byte[0];
        private int size;
        private int durableSize;
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

        /** What is not durable will not become so any more, unless it is written again. */
        void loseChanges() {
            durableSize = size;
            forget(this);
        }

        @Override
        public void restart() {
            durableContent = grown(durableContent, durableSize);
            Arrays.fill(durableContent, durableSize, durableContent.length, (byte) 0);
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

        private void resize(int newSize) throws IOException {
            if (newSize > size && newSize - size > capacityBytes - usedBytes) {
                throw new IOException("No space left on device");
            }
            usedBytes += newSize - size;
            content = grown(content, newSize);
            if (newSize != size) {
                size = newSize;
                unsynced.add(new SizeChange(this, newSize));
            }
        }

        private void touch(int from, int to) {
            for (int at = from / SECTOR_BYTES * SECTOR_BYTES; at < to; at += SECTOR_BYTES) {
                int end = Math.min(at + SECTOR_BYTES, content.length);
                unsynced.add(new SectorChange(this, at, Arrays.copyOfRange(content, at, end)));
            }
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
                        fault.before(Operation.CREATE_DIRECTORY, path);
                        change(new NameChange(at, null, name, new Directory()));
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
                    change(new NameChange(parent(path), null, name(path), file));
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
                change(new NameChange(parent(from), name(from), name(to), node));
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
                change(new NameChange(parent(path), name(path), null, node));
            }
        }

        @Override
        public void syncDirectory(Path path) throws IOException {
            synchronized (SimDisk.this) {
                fault.before(Operation.SYNC_DIRECTORY, path);
                SimDisk.this.sync(directory(path));
            }
        }

        @Override
        public long usableSpace(Path path) throws IOException {
            synchronized (SimDisk.this) {
                directory(path);
                return Math.max(0, capacityBytes - usedBytes);
            }
        }

        private void change(NameChange change) {
            change.apply(change.of().names);
            unsynced.add(change);
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
                try {
                    requireWritable(Operation.WRITE);
                } catch (ShortWriteException e) {
                    ByteBuffer written = source.slice(source.position(), Math.min(e.bytes, source.remaining()));
                    node.write(written, position);
                    throw e;
                }
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
                    node.loseChanges();
                    throw e;
                }
                SimDisk.this.sync(node);
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
