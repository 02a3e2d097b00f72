package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A node in a process of its own, of raftify or of ours, led by lines on its standard input. */
final class RaftifyNode implements AutoCloseable {
    private static final long PATIENCE_SECONDS = 180;
    private static final String END = "(the process has ended)";

    private final Process process;
    private final Path errors;
    private final BlockingQueue<String> answers = new LinkedBlockingQueue<>();
    private final String address;

    private final boolean isRust;

    private RaftifyNode(Process process, Path errors, String address, boolean isRust) {
        this.isRust = isRust;
        this.process = process;
        this.errors = errors;
        this.address = address;
        Thread reader = new Thread(this::read, "raftify-" + address);
        reader.setDaemon(true);
        reader.start();
    }

    /** Starts a node of raftify; it may take a while until it is ready. */
    static RaftifyNode start(Path program, Path folder, String address, String... arguments) throws IOException {
        return start(List.of(program.toString()), true, folder, address, arguments);
    }

    /** Starts one of ours. */
    static RaftifyNode startOurs(Path folder, String address, String... arguments) throws IOException {
        List<String> command = List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dlogback.configurationFile=memstore-member.xml",
                "-cp",
                System.getProperty("java.class.path"),
                LedMemstore.class.getName());
        return start(command, false, folder, address, arguments);
    }

    private static RaftifyNode start(
            List<String> program, boolean isRust, Path folder, String address, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of("--addr", address));
        command.addAll(List.of(arguments));
        Path errors = Files.createTempFile(folder, isRust ? "raftify" : "ours", ".log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(errors.toFile())
                .start();
        return new RaftifyNode(process, errors, address, isRust);
    }

    private void read() {
        try (BufferedReader in = process.inputReader(StandardCharsets.UTF_8)) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                answers.add(line);
            }
        } catch (IOException e) {
            answers.add("(its output broke off: " + e.getMessage() + ")");
        }
        answers.add(END);
    }

    boolean isRust() {
        return isRust;
    }

    boolean isRunning() {
        return process.isAlive();
    }

    String address() {
        return address;
    }

    /** Waits until it has started and, if it joins, is a member; gives its id. */
    long awaitReady() throws InterruptedException {
        String line = next("ready");
        assertThat(line).as("the start of %s", this).startsWith("ready ");
        return Long.parseLong(line.substring("ready ".length()));
    }

    private String next(String what) throws InterruptedException {
        String line = answers.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        assertThat(line).as("%s from %s, in time", what, this).isNotNull();
        return line;
    }

    /** The whole answer to a command, which begins with ok or error. */
    String answer(String command) throws IOException, InterruptedException {
        OutputStream out = process.getOutputStream();
        out.write((command + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
        return next("an answer to " + command);
    }

    /** What a command gives, which must be done. */
    String ok(String command) throws IOException, InterruptedException {
        String answer = answer(command);
        assertThat(answer).as("the answer to %s of %s", command, this).startsWith("ok ");
        return answer.substring("ok ".length());
    }

    /** Waits for the process to end by itself. */
    void awaitEnd() throws InterruptedException {
        assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
                .as("%s ends by itself", this)
                .isTrue();
    }

    /** Whether it has logged a text. */
    boolean hasLogged(String text) throws IOException {
        return Files.readString(errors).contains(text);
    }

    /** The end of what it logged. */
    String log() {
        try {
            List<String> lines = Files.readAllLines(errors);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 40), lines.size()));
        } catch (IOException e) {
            return "its log cannot be read: " + e.getMessage();
        }
    }

    /** Kills it. */
    @Override
    public void close() {
        process.destroyForcibly();
        process.onExit().join();
    }

    @Override
    public String toString() {
        return (isRust ? "the raftify node at " : "our node at ") + address;
    }
}
