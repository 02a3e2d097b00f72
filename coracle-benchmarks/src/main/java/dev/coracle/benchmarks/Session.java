package dev.coracle.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * The directory and the nodes of one run. Both are gone when it is closed. If the process is told to end before, the
 * nodes are stopped, which makes the run fail and close it.
 */
final class Session implements AutoCloseable {
    private static final int CLOSE_SECONDS = 20;

    private final Path directory;
    private final LocalCluster cluster = new LocalCluster();
    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread atExit = new Thread(this::interrupt, "coracle-bench-end");
    private volatile boolean interrupted;

    /** @param directory everything below it is the session's, and deleted with it */
    Session(Path directory) {
        this.directory = directory;
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    Path directory() {
        return directory;
    }

    LocalCluster cluster() {
        return cluster;
    }

    /** Tells whether the process was told to end. */
    boolean isInterrupted() {
        return interrupted;
    }

    private void interrupt() {
        interrupted = true;
        cluster.close();
        try {
            closed.await(CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        cluster.close();
        try {
            delete(directory);
        } finally {
            closed.countDown();
            if (!interrupted) {
                forgetExit();
            }
        }
    }

    private void forgetExit() {
        try {
            Runtime.getRuntime().removeShutdownHook(atExit);
        } catch (IllegalStateException e) {
            // The process has just been told to end; nothing is left for the hook.
            interrupted = true;
        }
    }

    /** Deletes a directory with all that is in it. */
    static void delete(Path directory) {
        try {
            List<Path> paths;
            try (Stream<Path> found = Files.walk(directory)) {
                paths = new ArrayList<>(found.toList());
            }
            // Parents come before their children.
            Collections.reverse(paths);
            for (Path path : paths) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(directory + " cannot be deleted: " + e.getMessage(), e);
        }
    }
}
