package dev.coracle.node;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The real disk, through {@link FileChannel}. What it creates belongs to the owner alone: directories are 0700, files
 * 0600.
 *
 * <p>NB: interrupting a thread while it reads or writes closes its file for everyone
 * ({@link java.nio.channels.ClosedByInterruptException}). Threads that come here must never run foreign code, nor be
 * cancelled by interrupts.
 *
 * <p>A file's lock belongs, on POSIX systems, to the process: it is gone as soon as <em>any</em> open file of the same
 * inode is closed. Therefore a locked file cannot be opened a second time in this process, and a file that is open
 * twice cannot be locked; both are noticed whatever names the file goes by.
 */
public final class FileDisk implements Disk {
    /** How often each file is open in this process, by inode, and whether it is locked. Guarded by itself. */
    private static final Map<Object, Usage> OPEN_FILES = new HashMap<>();

    /** The open files of one inode. */
    private static final class Usage {
        private int count;
        private boolean locked;
    }

    /** A disk whose paths are those of the default file system. */
    public FileDisk() {}

    @Override
    public List<String> list(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(directory)) {
            for (Path child : children) {
                names.add(child.getFileName().toString());
            }
        }
        Collections.sort(names);
        return names;
    }

    @Override
    public boolean exists(Path path) throws IOException {
        try {
            Files.readAttributes(path, BasicFileAttributes.class);
            return true;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        Files.createDirectories(directory, ownerOnly(directory, "rwx------"));
    }

    @Override
    public DiskFile open(Path path, Mode mode) throws IOException {
        synchronized (OPEN_FILES) {
            if (exists(path) && isLocked(inode(path))) {
                throw new LockedException(path);
            }
            FileChannel channel = FileChannel.open(path, options(mode), ownerOnly(path, "rw-------"));
            try {
                return new OpenFile(channel, inode(path));
            } catch (IOException e) {
                channel.close();
                throw e;
            }
        }
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void delete(Path path) throws IOException {
        Files.delete(path);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    @Override
    public long usableSpace(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    private static Set<OpenOption> options(Mode mode) {
        Set<OpenOption> options = new LinkedHashSet<>(List.of(StandardOpenOption.READ));
        switch (mode) {
            case READ -> {}
            case WRITE -> options.add(StandardOpenOption.WRITE);
            case CREATE_NEW -> options.addAll(List.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW));
            case CREATE_OR_TRUNCATE ->
                options.addAll(List.of(
                        StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING));
        }
        return options;
    }

    private static FileAttribute<?>[] ownerOnly(Path path, String permissions) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }

    /** What stays the same when a file is renamed. */
    private static Object inode(Path path) throws IOException {
        Object key = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return key == null ? path.toRealPath() : key;
    }

    private static boolean isLocked(Object inode) {
        Usage usage = OPEN_FILES.get(inode);
        return usage != null && usage.locked;
    }

    private static final class OpenFile implements DiskFile {
        private final FileChannel channel;
        private final Object inode;
        private boolean closed;

        /** To be called with {@link #OPEN_FILES} held. */
        OpenFile(FileChannel channel, Object inode) {
            this.channel = channel;
            this.inode = inode;
            OPEN_FILES.computeIfAbsent(inode, key -> new Usage()).count++;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            int total = 0;
            while (target.hasRemaining()) {
                int count = channel.read(target, position + total);
                if (count < 0) {
                    break;
                }
                total += count;
            }
            return total;
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            long next = position;
            while (source.hasRemaining()) {
                next += channel.write(source, next);
            }
        }

        @Override
        public void sync() throws IOException {
            channel.force(false);
        }

        @Override
        public void truncate(long size) throws IOException {
            if (size > channel.size()) {
                // The channel cannot extend a file, but a byte behind the end does.
                write(ByteBuffer.allocate(1), size - 1);
            } else {
                channel.truncate(size);
            }
        }

        @Override
        public long size() throws IOException {
            return channel.size();
        }

        @Override
        public boolean tryLock() throws IOException {
            synchronized (OPEN_FILES) {
                Usage usage = OPEN_FILES.get(inode);
                if (closed || usage == null || usage.locked || usage.count > 1) {
                    return false;
                }
                try {
                    usage.locked = channel.tryLock() != null;
                } catch (OverlappingFileLockException e) {
                    // Somebody else in this process locked it without us.
                    return false;
                }
                return usage.locked;
            }
        }

        @Override
        public void close() throws IOException {
            synchronized (OPEN_FILES) {
                if (closed) {
                    return;
                }
                closed = true;
                Usage usage = OPEN_FILES.get(inode);
                if (usage != null && --usage.count == 0) {
                    OPEN_FILES.remove(inode);
                }
                channel.close();
            }
        }
    }
}
