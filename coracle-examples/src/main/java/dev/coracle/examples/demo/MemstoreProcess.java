package dev.coracle.examples.demo;

import dev.coracle.examples.memstore.Memstore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A memstore in a process of its own, on two ports that were free a moment ago. Its standard input is a pipe from this
 * process: it ends when this process does, however that ends.
 */
final class MemstoreProcess {
    private static final int TAIL_LINES = 8;
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

    private final int number;
    private final Path directory;
    private final Path log;
    private final List<String> launch;
    private final @Nullable MemstoreProcess peer;
    private String raftAddress = "";
    private String webAddress = "";
    /** Set by the main thread, killed by others too. */
    private volatile @Nullable Process process;

    /**
     * A process that is not started yet.
     *
     * @param number which of the three it is
     * @param folder where its data and its log go
     * @param mainClass what runs {@code memstore} as its first argument
     * @param peer the one whose cluster it joins, or null
     */
    MemstoreProcess(int number, Path folder, String mainClass, @Nullable MemstoreProcess peer) {
        this.number = number;
        this.directory = folder.resolve("member-" + number);
        this.log = folder.resolve("member-" + number + ".log");
        this.launch = launch(mainClass);
        this.peer = peer;
    }

    /** This JVM again, tuned to start quickly beside two others. */
    private static List<String> launch(String mainClass) {
        List<String> launch = new ArrayList<>();
        launch.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        launch.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m"));
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // What keeps newer JVMs from warning about Netty. Not all options: a debugger's port is taken already.
            if (option.startsWith("--enable-native-access") || option.startsWith("--sun-misc-unsafe")) {
                launch.add(option);
            }
        }
        launch.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
        return launch;
    }

    int number() {
        return number;
    }

    String raftAddress() {
        return raftAddress;
    }

    /** Where its web API is, beginning with {@code http://}. */
    String url() {
        return "http://" + webAddress;
    }

    Path log() {
        return log;
    }

    /** Picks two ports that are free. Another process may take one before this one's does: {@link #lostItsAddress}. */
    void pickPorts() throws IOException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        // Both are held at once, so that they differ.
        try (ServerSocket raft = new ServerSocket(0, 1, loopback);
                ServerSocket web = new ServerSocket(0, 1, loopback)) {
            raftAddress = "127.0.0.1:" + raft.getLocalPort();
            webAddress = "127.0.0.1:" + web.getLocalPort();
        }
    }

    /** Starts the process, for the first time or again. */
    void start() throws IOException {
        List<String> command = new ArrayList<>(launch);
        command.addAll(List.of("memstore", "--raft-addr", raftAddress, "--web-server", webAddress));
        command.addAll(List.of("--data-dir", directory.toString(), "--exit-with-parent"));
        if (peer != null) {
            command.addAll(List.of("--peer-addr", peer.raftAddress));
        }
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** Whether it has ended because one of its ports was taken. */
    boolean lostItsAddress() {
        return !isAlive() && tail().contains(Memstore.CANNOT_LISTEN);
    }

    /** Ends it as a power cut would: SIGKILL, which no program can catch. */
    void kill() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    /** Asks it to end. */
    void stop() {
        if (process != null) {
            process.destroy();
        }
    }

    /** Waits until it has ended, for a while; then it is killed. */
    void awaitEnd() {
        if (process == null) {
            return;
        }
        try {
            if (!process.waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly().waitFor(STOP_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            // Asked a second time, and more urgently.
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    /** The last lines that it has printed. */
    String tail() {
        try {
            List<String> lines = Files.exists(log)
                    ? new String(Files.readAllBytes(log), Charset.defaultCharset())
                            .lines()
                            .toList()
                    : List.of();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
