package dev.coracle.benchmarks;

import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.FileDisk;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;

/** The real disk, but what is written to its files is dropped, and syncs do nothing: what is left is a log's own work. */
final class BlindDisk implements Disk {
    private final FileDisk disk = new FileDisk();
    private boolean blind;

    /** From now on nothing is written any more. */
    void shut() {
        blind = true;
    }

    @Override
    public List<String> list(Path directory) throws IOException {
        return disk.list(directory);
    }

    @Override
    public boolean exists(Path path) throws IOException {
        return disk.exists(path);
    }

    @Override
    public void createDirectories(Path directory) throws IOException {
        disk.createDirectories(directory);
    }

    @Override
    public DiskFile open(Path path, Mode mode) throws IOException {
        return new BlindFile(disk.open(path, mode));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        disk.rename(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
    }

    @Override
    public void syncDirectory(Path directory) throws IOException {
        disk.syncDirectory(directory);
    }

    @Override
    public long usableSpace(Path directory) throws IOException {
        return disk.usableSpace(directory);
    }

    private final class BlindFile implements DiskFile {
        private final DiskFile file;

        BlindFile(DiskFile file) {
            this.file = file;
        }

        @Override
        public int read(ByteBuffer target, long position) throws IOException {
            return file.read(target, position);
        }

        @Override
        public void write(ByteBuffer source, long position) throws IOException {
            if (blind) {
                source.position(source.limit());
            } else {
                file.write(source, position);
            }
        }

        @Override
        public void sync() throws IOException {
            if (!blind) {
                file.sync();
            }
        }

        @Override
        public void truncate(long size) throws IOException {
            file.truncate(size);
        }

        @Override
        public long size() throws IOException {
            return file.size();
        }

        @Override
        public boolean tryLock() throws IOException {
            return file.tryLock();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
