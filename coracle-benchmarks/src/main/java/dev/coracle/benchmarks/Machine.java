package dev.coracle.benchmarks;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where the numbers come from.
 *
 * @param cores the processors that the JVM may use
 * @param maxHeapBytes the most that the JVM takes for its heap
 * @param jvm name and version
 * @param system the operating system, its version and architecture
 * @param fileSystem the type of the file system of the logs
 * @param device what that file system is on
 */
record Machine(int cores, long maxHeapBytes, String jvm, String system, String fileSystem, String device) {
    /** This machine, with the file system that {@code directory} is on. */
    static Machine here(Path directory) throws IOException {
        FileStore store = Files.getFileStore(directory);
        return new Machine(
                Runtime.getRuntime().availableProcessors(),
                Runtime.getRuntime().maxMemory(),
                property("java.vm.name") + " " + property("java.vm.version"),
                property("os.name") + " " + property("os.version") + " " + property("os.arch"),
                store.type(),
                store.name());
    }

    /** Tells whether nothing is ever written to a disk there, so that a sync is no sync. */
    boolean isInMemory() {
        return fileSystem.equals("tmpfs") || fileSystem.equals("ramfs");
    }

    private static String property(String name) {
        return System.getProperty(name, "unknown");
    }
}
