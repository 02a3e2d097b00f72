package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The file system that a member has for itself. */
final class Volume {
    /** More than the watermark below which the log takes no proposals (128 MiB), and room for snapshots and segments. */
    private static final int MEBIBYTES = 320;

    private static final int UNMOUNT_ATTEMPTS = 50;
    private static final int PAUSE_MILLIS = 100;
    private static final int SMALLEST = 4_096;

    /**
     * The number of FS_IOC_SHUTDOWN, _IOR('X', 125, __u32), on the processors that most have; 2 is "without writing the
     * journal". Perl refuses an ioctl on a constant, hence the variable.
     */
    private static final String SHUT_DOWN =
            "for (@ARGV) { my $how = pack('L', 2); open(my $f, '<', $_) or die \"$_: $!\";"
                    + " ioctl($f, 0x8004587d, $how) or die \"FS_IOC_SHUTDOWN: $!\\n\"; }";

    /** What it is made of. */
    enum Kind {
        /** ext4 in a file, mounted through a loop device: it can be full, and lose its power. */
        EXT4,
        /** A tmpfs with a size: it can be full. */
        TMPFS,
        /** A folder among others. */
        FOLDER
    }

    private final Kind kind;
    private final Path image;
    private final Path root;
    /** Mount options, besides those that all have. */
    private final String options;

    private final List<Path> ballast = new ArrayList<>();
    private boolean mounted;

    /**
     * A volume that is not made yet.
     *
     * @param folder where its image and its root are
     * @param lying whether its syncs will be lies: then nothing else may bring its contents to the disk either
     */
    Volume(Kind kind, Path folder, String name, boolean lying) {
        this.kind = kind;
        this.image = folder.resolve(name + ".img");
        this.root = folder.resolve(name);
        this.options = lying ? "loop,commit=300,noauto_da_alloc" : "loop";
    }

    /** Where it is mounted. */
    Path root() {
        return root;
    }

    /** Makes it, empty, and mounts it. */
    void create() throws IOException, ShellException, InterruptedException {
        Files.createDirectory(root);
        if (kind == Kind.EXT4) {
            try (RandomAccessFile file = new RandomAccessFile(image.toFile(), "rw")) {
                file.setLength((long) MEBIBYTES << 20);
            }
            // No blocks that root alone may use: members may be root's.
            Shell.run("mkfs.ext4", "-q", "-F", "-m", "0", image.toString());
        }
        mount();
    }

    /** Mounts it, after {@link #unmount}. */
    void mount() throws ShellException, InterruptedException {
        switch (kind) {
            case EXT4 -> Shell.run("mount", "-t", "ext4", "-o", options, image.toString(), root.toString());
            case TMPFS -> Shell.run("mount", "-t", "tmpfs", "-o", "size=" + MEBIBYTES + "m", "tmpfs", root.toString());
            case FOLDER -> {
                return;
            }
        }
        mounted = true;
    }

    /** Cuts the power of volumes at the same moment: what is not on the disk by now never will be. */
    static void cutPower(List<Volume> volumes) throws ShellException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("perl", "-e", SHUT_DOWN));
        volumes.forEach(volume -> command.add(volume.root.toString()));
        Shell.run(command);
    }

    /** Brings all that was written to the disk, whatever the processes that wrote it believe of their syncs. */
    void sync() throws ShellException, InterruptedException {
        Shell.run("sync", "-f", root.toString());
    }

    /** Takes all space that is left. */
    void fill() throws IOException, ShellException, InterruptedException {
        long piece = Files.getFileStore(root).getUsableSpace();
        while (piece >= SMALLEST) {
            Path file = root.resolve("ballast-" + ballast.size());
            ballast.add(file);
            try {
                // Takes blocks without writing them, so the image stays small.
                Shell.run("fallocate", "-l", String.valueOf(piece), file.toString());
                piece = Files.getFileStore(root).getUsableSpace();
            } catch (ShellException e) {
                if (!String.valueOf(e.getMessage()).contains("No space left")) {
                    throw e;
                }
                Files.deleteIfExists(file);
                piece /= 2;
            }
        }
    }

    /** Gives back what {@link #fill} took, for good: what was only deleted would be there again after a loss of power. */
    void free() throws IOException, ShellException, InterruptedException {
        for (Path file : ballast) {
            Files.deleteIfExists(file);
        }
        ballast.clear();
        sync();
    }

    /** Unmounts it, once nobody uses it any more. */
    void unmount() throws ShellException, InterruptedException {
        for (int attempt = 1; mounted; attempt++) {
            try {
                Shell.run("umount", root.toString());
                mounted = false;
            } catch (ShellException e) {
                if (attempt == UNMOUNT_ATTEMPTS) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }
}
