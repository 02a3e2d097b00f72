package dev.coracle.wal;

import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;

/** A process that has a log open, as a node has, until it is closed. */
final class LiveLog implements Closeable {
    private final Process process;

    private LiveLog(Process process) {
        this.process = process;
    }

    public static void main(String[] arguments) throws Exception {
        LogFixture log = new LogFixture(new dev.coracle.node.FileDisk(), Path.of(arguments[0]), LogFixture.SMALL);
        try (WalLogStore store = log.open()) {
            store.append(LogFixture.GROUP, LogFixture.state(1, 1, 2), LogFixture.entries(1, 1, 3, 10));
            store.sync();
            System.out.println("open");
            while (System.in.read() >= 0) {
                // Until the other end is closed.
            }
        }
    }

    /** A log with the entries 1 to 3, of which 2 are committed, in the directory that {@link LogFixture} gives it. */
    static LiveLog start(Path root) throws IOException {
        Path java = Path.of(System.getProperty("java.home"), "bin", "java");
        Process process = new ProcessBuilder(List.of(
                        java.toString(),
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("java.class.path"),
                        LiveLog.class.getName(),
                        root.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        String line = out.readLine();
        while (!"open".equals(Objects.requireNonNull(line, "the process ended"))) {
            line = out.readLine();
        }
        return new LiveLog(process);
    }

    @Override
    public void close() throws IOException {
        process.getOutputStream().close();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
