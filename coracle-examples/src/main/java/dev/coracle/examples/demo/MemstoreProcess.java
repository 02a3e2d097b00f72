package dev.coracle.examples.demo;

import dev.coracle.examples.memstore.Memstore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A memstore in a process of its own, on two ports that were free a moment ago. Its standard input is a pipe from this
 * process: it ends when this process does, however that ends.
 */
public final class MemstoreProcess {
    private static final int TAIL_LINES = 8;
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(5);

    private final int number;
    private final Path directory;
    private final Path log;
    private final List<String> launch;
    private String raftAddress = "";
    private String webAddress = "";
    /** Set by the main thread, killed by others too. */
    private volatile @Nullable Process process;

    /**
     * A process that is not started yet.
     *
     * @param number which of the members it is, for people
     * @param directory where its data go
     * @param log where its output goes, behind what is there
     * @param launch the command that runs {@code memstore} if that is its next argument
     */
    public MemstoreProcess(int number, Path directory, Path log, List<String> launch) {
        this.number = number;
        this.directory = directory;
        this.log = log;
        this.launch = List.copyOf(launch);
    }

    /** Which of the members it is. */
    public int number() {
        return number;
    }

    /** Where the other members reach it. */
    public String raftAddress() {
        return raftAddress;
    }

    /** Where its web API is, beginning with {@code http://}. */
    public String url() {
        return "http://" + webAddress;
    }

    /** Where its output goes. */
    public Path log() {
        return log;
    }

    /** Tells it where to listen from its next start on. */
    public void listenAt(String raft, String web) {
        raftAddress = raft;
        webAddress = web;
    }

    /** Picks two ports that are free. Another process may take one before this one's does: {@link #lostItsAddress}. */
    public void pickPorts() throws IOException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        // Both are held at once, so that they differ.
        try (ServerSocket raft = new ServerSocket(0, 1, loopback);
                ServerSocket web = new ServerSocket(0, 1, loopback)) {
            listenAt("127.0.0.1:" + raft.getLocalPort(), "127.0.0.1:" + web.getLocalPort());
        }
    }

    /**
     * Starts the process, for the first time or again.
     *
     * @param options of {@code memstore}, besides those for its addresses and its data
     */
    public void start(List<String> options) throws IOException {
        List<String> command = new ArrayList<>(launch);
        command.addAll(List.of("memstore", "--raft-addr", raftAddress, "--web-server", webAddress));
        command.addAll(List.of("--data-dir", directory.toString(), "--exit-with-parent"));
        command.addAll(options);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /** Whether it runs; also while it is stopped by SIGSTOP. */
    public boolean isAlive() {
        return process != null && process.isAlive();
    }

    /** The id that the system knows it by; of its last life, if it has ended. */
    public long pid() {
        return started().pid();
    }

    /** What it ended with; 128 and the signal's number if it was killed. */
    public int exitStatus() {
        return started().exitValue();
    }

    private Process started() {
        return Objects.requireNonNull(process, "not started yet");
    }

    /** Whether it has ended because one of its ports was taken. */
    public boolean lostItsAddress() {
        return !isAlive() && tail().contains(Memstore.CANNOT_LISTEN);
    }

    /** Ends it as a power cut would: SIGKILL, which no program can catch. */
    public void kill() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    /** Asks it to end. */
    public void stop() {
        if (process != null) {
            process.destroy();
        }
    }

    /** Waits until it has ended, for a while; then it is killed. */
    public void awaitEnd() {
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
    public String tail() {
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
