package dev.coracle.wal;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Asks from a process of its own whether a file is locked, as nobody can ask it about himself. */
final class LockProbe {
    private LockProbe() {}

    public static void main(String[] arguments) throws IOException {
        try (FileChannel channel = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
            System.exit(channel.tryLock() == null ? 1 : 0);
        }
    }

    static boolean isLockedForOthers(Path file) throws IOException, InterruptedException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        String classes = System.getProperty("java.class.path");
        Process process = new ProcessBuilder(
                        java.toString(), "-Xshare:auto", "-cp", classes, LockProbe.class.getName(), file.toString())
                .inheritIO()
                .start();
        int exit = process.waitFor();
        if (exit > 1) {
            throw new IOException("the probe ended with " + exit);
        }
        return exit == 1;
    }
}
