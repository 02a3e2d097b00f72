package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

@Timeout(120)
class MemstoreTest {
    private static final Pattern READY =
            Pattern.compile("memstore ready: id ([0-9]+), raft ([^ ]+), web ([^ ]+), data .*");

    @TempDir
    private Path folder;

    private final StringWriter err = new StringWriter();
    private final List<Process> processes = new ArrayList<>();

    /** What the processes of the tests run: the command alone. */
    static final class Main {
        public static void main(String[] arguments) {
            System.exit(new CommandLine(new Memstore()).execute(arguments));
        }
    }

    @AfterEach
    void killWhatIsLeft() {
        processes.forEach(Process::destroyForcibly);
    }

    @Test
    void argumentsThatBreakARuleAreUsageErrors() throws IOException {
        Path members = Files.writeString(
                folder.resolve("members.toml"),
                "raft.peers = [ { ip = '127.0.0.1', port = 7, node_id = 1, role = 'voter' } ]");
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).startsWith("Missing required option: '--raft-addr");
        assertThat(run("--raft-addr", "nowhere")).isEqualTo(2);
        assertThat(err.toString()).startsWith("--raft-addr: \"nowhere\" must be host:port");
        assertThat(run("--raft-addr", "127.0.0.1:0")).isEqualTo(2);
        assertThat(err.toString()).startsWith("--data-dir: is missing");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--dialect", "etcd")).isEqualTo(2);
        assertThat(err.toString()).contains("\"etcd\" must be native or raft-rs");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--peer-addr", "there")).isEqualTo(2);
        assertThat(err.toString()).startsWith("--peer-addr: \"there\" must be host:port");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--peer-addr", "a:1", "--cluster-config", members.toString()))
                .isEqualTo(2);
        assertThat(err.toString()).contains("mutually exclusive");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--cluster-config", members.toString()))
                .isEqualTo(2);
        assertThat(err.toString()).startsWith("--raft-addr: 127.0.0.1:8 is no member of " + members);
        assertThat(run("--raft-addr", "127.0.0.1:8", "--segment-bytes", "7")).isEqualTo(2);
        assertThat(err.toString()).startsWith("segmentBytes: 7 must be at least 4096");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--snapshot-entries", "0")).isEqualTo(2);
        assertThat(err.toString()).startsWith("snapshotEntries: 0 must be greater than 0");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--catch-up-entries", "-1"))
                .isEqualTo(2);
        assertThat(err.toString()).startsWith("catchUpEntries: -1 must not be negative");
    }

    @Test
    void aFileThatCannotBeUsedIsAFailureOnOneLine() {
        Path missing = folder.resolve("missing.toml");
        assertThat(run("--raft-addr", "127.0.0.1:8", "--config", missing.toString()))
                .isEqualTo(1);
        assertThat(err.toString()).isEqualToIgnoringNewLines("memstore: " + missing + ": there is no such file");
    }

    @Test
    void aMemberContinuesWhereItWasAndEndsWithTheStatusThatItPromises() throws Exception {
        Process first = start("--raft-addr", "127.0.0.1:0");
        Matcher ready = ready(first);
        assertThat(put(ready.group(3) + "/store/1/kept")).isEqualTo("OK");
        // SIGTERM.
        first.destroy();
        assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(first.exitValue()).isZero();

        // Its address is the one that others know now, and how it first started does not matter any more.
        Process second = start("--raft-addr", ready.group(2), "--peer-addr", "127.0.0.1:1", "--exit-with-parent");
        Matcher again = ready(second);
        assertThat(again.group(1)).isEqualTo(ready.group(1));
        assertThat(again.group(2)).isEqualTo(ready.group(2));
        assertThat(get(again.group(3) + "/store/1")).isEqualTo("kept");
        // SIGKILL, and once more.
        second.destroyForcibly().waitFor();
        Process third = start("--raft-addr", ready.group(2), "--exit-with-parent");
        assertThat(get(ready(third).group(3) + "/store/1")).isEqualTo("kept");
        // As when its parent dies.
        third.getOutputStream().close();
        assertThat(third.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(third.exitValue()).isZero();
    }

    @Test
    void whoJoinsAClusterThatRaftifysNodesCanBeMembersOfLearnsItsDialect() throws Exception {
        Process first = start("--raft-addr", "127.0.0.1:0", "--dialect", "raft-rs", "--exit-with-parent");
        Matcher one = ready(first);
        Process second = startAlone(
                "--raft-addr",
                "127.0.0.1:0",
                "--peer-addr",
                one.group(2),
                "--web-server",
                "127.0.0.1:0",
                "--data-dir",
                folder.resolve("second").toString(),
                "--exit-with-parent");
        Matcher two = ready(second);
        assertThat(two.group(1)).isEqualTo("2");
        assertThat(put(two.group(3) + "/store/1/kept")).isEqualTo("OK");
        assertThat(Files.readString(folder.resolve("second/cluster"))).contains("dialect=raft-rs");
        second.destroy();
        assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
        first.destroy();
        assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void anAddressThatIsTakenIsAFailureOnOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0)) {
            String address = "127.0.0.1:" + taken.getLocalPort();
            Process raft = start("--raft-addr", address);
            assertThat(text(raft))
                    .contains("memstore: cannot listen: ", address)
                    .doesNotContain("\tat ");
            assertThat(raft.waitFor()).isEqualTo(1);
            Process web = startAlone("--raft-addr", "127.0.0.1:0", "--web-server", address);
            assertThat(text(web))
                    .contains("memstore: cannot listen: --web-server: " + address)
                    .doesNotContain("\tat ");
            assertThat(web.waitFor()).isEqualTo(1);
        }
    }

    private int run(String... arguments) {
        err.getBuffer().setLength(0);
        return new CommandLine(new Memstore())
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }

    private Process start(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--web-server", "127.0.0.1:0"));
        return startAlone(all.toArray(String[]::new));
    }

    private Process startAlone(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(List.of(arguments));
        if (!command.contains("--data-dir")) {
            command.addAll(List.of("--data-dir", folder.resolve("data").toString()));
        }
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        processes.add(process);
        return process;
    }

    private static Matcher ready(Process process) throws IOException {
        BufferedReader out =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
        StringBuilder seen = new StringBuilder();
        for (String line = out.readLine(); line != null; line = out.readLine()) {
            Matcher matcher = READY.matcher(line);
            if (matcher.matches()) {
                return matcher;
            }
            seen.append(line).append('\n');
        }
        throw new AssertionError("it ended before it was ready:\n" + seen);
    }

    private static String text(Process process) throws IOException {
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    private static String get(String url) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(url)).build());
    }

    private static String put(String url) throws Exception {
        return send(HttpRequest.newBuilder(URI.create(url))
                .PUT(HttpRequest.BodyPublishers.noBody())
                .build());
    }

    private static String send(HttpRequest request) throws Exception {
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
