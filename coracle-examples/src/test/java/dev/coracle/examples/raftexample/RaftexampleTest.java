package dev.coracle.examples.raftexample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import dev.coracle.examples.Ports;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalContents;
import dev.coracle.wal.WalLocation;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The program with its API, alone and as three, and the forms that it shares with Go. */
class RaftexampleTest {
    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    private RaftexampleOptions options(int id, List<String> peers) throws IOException {
        RaftexampleOptions options = new RaftexampleOptions();
        options.id = id;
        options.peers = peers;
        options.port = Ports.free();
        options.timeout = Duration.ofSeconds(20);
        options.directory = directory;
        return options;
    }

    private RaftexampleNode start(RaftexampleOptions options) throws Exception {
        RaftexampleNode node = new RaftexampleNode(options);
        opened.add(node);
        opened.add(new KeyValueApi(node, options));
        return node;
    }

    private static String call(RaftexampleOptions to, String line, String body) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", to.port)) {
            socket.setSoTimeout(30_000);
            byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
            String head = line + " HTTP/1.1\r\nConnection: close\r\nContent-Length: " + bytes.length + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().write(bytes);
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theApiAnswersAsGosDoes() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        start(options);
        assertThat(call(options, "PUT /my-key?x=1", "hello")).startsWith("HTTP/1.1 204 No Content\r\n");
        assertThat(call(options, "GET /my-key?x=1", ""))
                .startsWith("HTTP/1.1 200 OK\r\n")
                .endsWith("\r\n\r\nhello");
        assertThat(call(options, "GET /my-key", ""))
                .startsWith("HTTP/1.1 404 Not Found\r\n")
                .contains("X-Content-Type-Options: nosniff\r\n")
                .endsWith("\r\n\r\nFailed to GET\n");
        assertThat(call(options, "POST /x", "http://127.0.0.1:1"))
                .startsWith("HTTP/1.1 400 Bad Request\r\n")
                .endsWith("\r\n\r\nFailed on POST\n");
        assertThat(call(options, "DELETE /", "")).endsWith("\r\n\r\nFailed on DELETE\n");
        assertThat(call(options, "PATCH /my-key", ""))
                .startsWith("HTTP/1.1 405 Method Not Allowed\r\n")
                .contains("Allow: PUT\r\nAllow: GET\r\nAllow: POST\r\nAllow: DELETE\r\n")
                .endsWith("\r\n\r\nMethod not allowed\n");
    }

    @Test
    void threeNodesTakeWritesThroughEachAndRemember() throws Exception {
        List<String> peers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            peers.add("http://127.0.0.1:" + Ports.free());
        }
        List<RaftexampleOptions> nodes = List.of(options(1, peers), options(2, peers), options(3, peers));
        for (RaftexampleOptions each : nodes) {
            start(each);
        }
        for (RaftexampleOptions each : nodes) {
            assertThat(call(each, "PUT /from-" + each.id, "v" + each.id)).startsWith("HTTP/1.1 204");
        }
        for (RaftexampleOptions each : nodes) {
            for (int i = 1; i <= 3; i++) {
                assertThat(call(each, "GET /from-" + i, "")).endsWith("\r\n\r\nv" + i);
            }
        }
        closeAll();
        opened.clear();
        for (RaftexampleOptions each : nodes) {
            start(each);
        }
        for (RaftexampleOptions each : nodes) {
            assertThat(call(each, "GET /from-1", "")).endsWith("\r\n\r\nv1");
        }
        // A follower's changes reach the leader, too.
        for (RaftexampleOptions each : nodes) {
            assertThat(call(each, "POST /" + (each.id + 3), "http://127.0.0.1:1"))
                    .startsWith("HTTP/1.1 204");
            assertThat(call(each, "DELETE /" + (each.id + 3), "")).startsWith("HTTP/1.1 204");
        }
    }

    /** One of three, of which the others are not there. */
    private RaftexampleOptions alone() throws IOException {
        RaftexampleOptions options = options(
                1,
                List.of(
                        "http://127.0.0.1:" + Ports.free(),
                        "http://127.0.0.1:" + Ports.free(),
                        "http://127.0.0.1:" + Ports.free()));
        options.timeout = Duration.ofMillis(200);
        return options;
    }

    @Test
    void nothingIsPromisedWithoutAMajority() throws Exception {
        RaftexampleOptions options = alone();
        start(options);
        assertThat(call(options, "PUT /k", "v"))
                .startsWith("HTTP/1.1 503 Service Unavailable\r\n")
                .endsWith("\r\n\r\nno leader was known before the deadline\n");
        assertThat(call(options, "GET /k", "")).startsWith("HTTP/1.1 503");
        assertThat(call(options, "DELETE /2", "")).startsWith("HTTP/1.1 503");
    }

    @Test
    void whoAsksForItGetsGosPromises() throws Exception {
        RaftexampleOptions options = alone();
        options.ack = RaftexampleOptions.Ack.PROPOSED;
        options.read = RaftexampleOptions.Read.LOCAL;
        start(options);
        assertThat(call(options, "PUT /k", "v")).startsWith("HTTP/1.1 204");
        assertThat(call(options, "DELETE /2", "")).startsWith("HTTP/1.1 204");
        assertThat(call(options, "GET /k", "")).startsWith("HTTP/1.1 404");
    }

    @Test
    void whatWouldHarmGoNodesIsRefusedUnlessAskedFor() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        RaftexampleNode node = start(options);
        for (String bad : List.of("ftp://bad", "127.0.0.1:1", "", "http://a", "http://a:1/", "http://a:70000")) {
            assertThat(call(options, "POST /2", bad))
                    .as(bad)
                    .startsWith("HTTP/1.1 400")
                    .endsWith("address \"" + bad + "\" must be a URL as in http://host:port; see --unchecked\n");
        }
        assertThat(call(options, "POST /0", "http://127.0.0.1:1")).endsWith("Failed on POST\n");
        assertThat(call(options, "DELETE /0xffffffffffffffff", "")).endsWith("Failed on DELETE\n");
        KeyValueClient.Answer answer =
                KeyValueClient.once(options.port, "PUT", "/k", new byte[] {'v', (byte) 0xff}, "Connection: close");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.body()).startsWith("key and value must be UTF-8");
        options.unchecked = true;
        answer = KeyValueClient.once(options.port, "PUT", "/k", new byte[] {'v', (byte) 0xff});
        assertThat(answer.status()).isEqualTo(204);
        assertThat(node.readLocal(text("/k"))).isEqualTo(bytes('v', 0xff));
    }

    @Test
    void aMemberThatIsNotThereIsNoReasonToRefuseTheLastOnesRemoval() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        start(options);
        assertThat(call(options, "DELETE /1", "")).startsWith("HTTP/1.1 409 Conflict\r\n");
        assertThat(call(options, "PUT /still", "here")).startsWith("HTTP/1.1 204");
    }

    @Test
    void aValueThatNoGoNodeCouldReadAgainIsRefused() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        start(options);
        String most = "x".repeat(RaftexampleNode.MOST_ENTRY_BYTES - 100);
        assertThat(call(options, "PUT /large", most)).startsWith("HTTP/1.1 204");
        assertThat(call(options, "PUT /large", most + "x".repeat(100))).startsWith("HTTP/1.1 413");
        assertThat(call(options, "GET /large", "")).endsWith("\r\n\r\n" + most);
    }

    @Test
    void headIsAnsweredWithoutABodyAndTheConnectionGoesOn() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        start(options);
        try (KeyValueClient client = new KeyValueClient(options.port)) {
            assertThat(client.call("HEAD", "/k", new byte[0]).status()).isEqualTo(405);
            assertThat(client.call("PUT", "/k", new byte[0]).status()).isEqualTo(204);
            KeyValueClient.Answer empty = client.call("GET", "/k", new byte[0]);
            assertThat(empty.status()).isEqualTo(200);
            assertThat(client.call("PUT", "/b", new byte[] {'a', 0}).status()).isEqualTo(204);
            assertThat(client.call("GET", "/b", new byte[0]).head())
                    .contains("\r\ncontent-type: application/octet-stream\r\n");
            assertThat(client.call("PUT", "/t", "a\t\u00e4\u001b".getBytes(StandardCharsets.UTF_8))
                            .status())
                    .isEqualTo(204);
            assertThat(client.call("GET", "/t", new byte[0]).head())
                    .contains("\r\ncontent-type: text/plain; charset=utf-8\r\n");
            assertThat(empty.head()).doesNotContain("content-type").contains("\r\ndate: ");
        }
    }

    @Test
    void whoIsRemovedAnswersAndEnds() throws Exception {
        List<String> peers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            peers.add("http://127.0.0.1:" + Ports.free());
        }
        List<RaftexampleNode> nodes = new ArrayList<>();
        List<RaftexampleOptions> all = List.of(options(1, peers), options(2, peers), options(3, peers));
        for (RaftexampleOptions each : all) {
            nodes.add(start(each));
        }
        for (int i = 0; i < 2; i++) {
            done(all.get(i), "DELETE /" + (i + 1), "");
            assertThat(nodes.get(i).ended().get(30, TimeUnit.SECONDS)).isNull();
        }
        assertThat(nodes.get(2).ended()).isNotDone();
        done(all.get(2), "PUT /last", "one");
    }

    /**
     * Asks again as long as the answer is that it was not done, as it is while a leader is missing, or that nobody knows, as
     * when it was handed to a leader that ceased to be one: what is asked here is the same when it is done twice.
     */
    private static void done(RaftexampleOptions to, String line, String body) throws IOException {
        String answer = call(to, line, body);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while ((answer.startsWith("HTTP/1.1 503") || answer.startsWith("HTTP/1.1 504"))
                && System.nanoTime() - deadline < 0) {
            answer = call(to, line, body);
        }
        assertThat(answer).startsWith("HTTP/1.1 204");
    }

    /** Addresses are in entries alone: whoever has only the snapshot is told by those who call it. */
    @Test
    void aMemberThatIsInNobodysOptionsIsFoundBehindASnapshot() throws Exception {
        List<String> first = List.of("http://127.0.0.1:" + Ports.free());
        RaftexampleOptions one = options(1, first);
        start(one);
        List<String> both = List.of(first.get(0), "http://127.0.0.1:" + Ports.free());
        RaftexampleOptions two = options(2, both);
        two.join = true;
        assertThat(call(one, "POST /2", both.get(1))).startsWith("HTTP/1.1 ");
        RaftexampleNode second = start(two);
        assertThat(call(two, "PUT /before", "x")).startsWith("HTTP/1.1 204");
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
        opened.clear();
        assertThat(second.ended()).isNotDone();

        // Node 1 does not know any more where node 2 is, as if its log began behind the change.
        forgetTheLogOf(one);
        start(one);
        start(two);
        assertThat(call(two, "GET /before", "")).endsWith("\r\n\r\nx");
        assertThat(call(one, "PUT /after", "y")).startsWith("HTTP/1.1 204");
        assertThat(call(two, "GET /after", "")).endsWith("\r\n\r\ny");
    }

    /** Leaves a snapshot of everything and nothing else. */
    private static void forgetTheLogOf(RaftexampleOptions options) throws Exception {
        FileDisk disk = new FileDisk();
        Path logDirectory = RaftexampleNode.logDirectory(options);
        Path snapshotDirectory = logDirectory.resolveSibling(logDirectory.getFileName() + "-snap");
        long index;
        long term;
        KeyValueStore store = new KeyValueStore(new NoListener());
        try (WalContents log =
                WalContents.read(disk, new WalLocation(logDirectory, logDirectory, snapshotDirectory, true))) {
            index = log.hardState().commit();
            term = log.lastTerm();
            log.entries(1, index, entry -> {
                byte[] data = entry.data();
                if (entry.type() == EntryType.NORMAL && data != null && data.length > 0) {
                    store.apply(entry.index(), entry.term(), data);
                }
            });
        }
        try (var files = Files.list(logDirectory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        SnapshotMetadata metadata = new SnapshotMetadata(index, term, ConfState.ofVoters(1L, 2L));
        FileSnapshotStore snapshots = FileSnapshotStore.open(disk, snapshotDirectory, 0);
        try (SnapshotStore.Sink sink = snapshots.create(0, metadata)) {
            store.snapshot().writeTo(sink.data());
            sink.commit();
        }
        WalLogStore log = WalLogStore.open(disk, logDirectory, snapshots, WalOptions.DEFAULTS);
        log.append(0, new HardState(term, 0, index), List.of());
        log.appendSnapshot(0, metadata);
        log.sync();
        log.close();
    }

    /** The program, until it ends by itself; what it prints as an error. */
    private static String fails(int status, String... arguments) {
        StringWriter printed = new StringWriter();
        CommandLine program = new CommandLine(new Raftexample()).setErr(new PrintWriter(printed, true));
        int ended = assertTimeoutPreemptively(Duration.ofMinutes(1), () -> program.execute(arguments));
        assertThat(ended).as(printed.toString()).isEqualTo(status);
        return printed.toString();
    }

    @Test
    void theProgramSaysWhatIsWrongWithItsFlags() throws Exception {
        String directory = this.directory.toString();
        assertThat(fails(2, "--id", "2")).contains("--id: 2 must be from 1 to the number of URLs in --cluster, 1");
        assertThat(fails(2, "-id=x")).contains("'x' is not a long");
        assertThat(fails(2, "--unknown")).contains("Unknown option");
        assertThat(fails(2, "--timeout", "PT0S")).contains("--timeout: PT0S must be more than 0");
        assertThat(fails(2, "--cluster", "ftp://a:1", "--directory", directory)).contains("its scheme must be http");
        assertThat(fails(2, "--require-data", "--directory", directory, "--join=true"))
                .contains("--require-data: there is no log in " + this.directory.resolve("raftexample-1"));
        Files.createDirectories(this.directory.resolve("raftexample-1"));
        assertThat(fails(2, "--require-data", "--directory", directory)).contains("there is no log in");
    }

    @Test
    void aSecondProcessOnTheSameDirectoryIsRefused() throws Exception {
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + Ports.free()));
        start(options);
        assertThat(fails(
                        1,
                        "--cluster",
                        "http://127.0.0.1:" + Ports.free(),
                        "--directory",
                        directory.toString(),
                        "--require-data"))
                .contains("raftexample: ");
    }

    private static final class NoListener implements KeyValueStore.Listener {
        @Override
        public void applied(byte[] tag) {}

        @Override
        public void configurationChanged(ConfChangeV2 change) {}
    }

    private static Bytes bytes(int... values) {
        byte[] bytes = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            bytes[i] = (byte) values[i];
        }
        return Bytes.of(bytes);
    }

    private static Bytes text(String text) {
        return Bytes.of(text.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void jsonIsGosOwn() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        GoJson.write(
                Map.of(
                        text("b"), text("<&>\"\\\n\r\t\b\f\u007f"),
                        text("a"), text("\u2028\u2029\u202a\ufffd\ud55c\ud83d\ude00"),
                        text("c"), bytes(0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80, 'x', 0xe2, 0x82)),
                out);
        assertThat(out.toString(StandardCharsets.UTF_8))
                .isEqualTo("{\"a\":\"\\u2028\\u2029\u202a\ufffd\ud55c\ud83d\ude00\","
                        + "\"b\":\"\\u003c\\u0026\\u003e\\\"\\\\\\n\\r\\t\\u0008\\u000c\u007f\","
                        + "\"c\":\"" + "\\ufffd".repeat(6) + "x" + "\\ufffd".repeat(2) + "\"}");
        ByteArrayOutputStream empty = new ByteArrayOutputStream();
        GoJson.write(Map.of(), empty);
        assertThat(empty.toString(StandardCharsets.UTF_8)).isEqualTo("{}");
    }

    @Test
    void aSnapshotReplacesTheMap() throws Exception {
        KeyValueStore store = new KeyValueStore(new NoListener());
        SnapshotMetadata metadata = new SnapshotMetadata(5, 2, ConfState.ofVoters(1L));
        byte[] json = "{\"/k\":\"\\u003cv\\u003e\",\"/e\":\"\"}".getBytes(StandardCharsets.UTF_8);
        store.restore(metadata, new ByteArrayInputStream(json));
        assertThat(store.get(text("/k"))).isEqualTo(text("<v>"));
        assertThat(store.get(text("/e"))).isEqualTo(Bytes.EMPTY);
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        store.snapshot().writeTo(again);
        assertThat(again.toString(StandardCharsets.UTF_8)).isEqualTo("{\"/e\":\"\",\"/k\":\"\\u003cv\\u003e\"}");
        // Longer than what the parser takes by default.
        String key = "/" + "k".repeat(100_000);
        String value = "v".repeat(30_000_000);
        byte[] large = ("{\"" + key + "\":\"" + value + "\"}").getBytes(StandardCharsets.UTF_8);
        store.restore(metadata, new ByteArrayInputStream(large));
        assertThat(store.get(text(key))).isEqualTo(text(value));
        store.restore(metadata, new ByteArrayInputStream("{}".getBytes(StandardCharsets.UTF_8)));
        assertThat(store.get(text("/k"))).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "none",
            value = {
                "4, 4",
                "0x4, 4",
                "0X1f, 31",
                "010, 8",
                "0o17, 15",
                "0b101, 5",
                "0x_1f, 31",
                "0, 0",
                "18446744073709551615, -1",
                "'', none",
                "x, none",
                "-1, none",
                "+1, none",
                "1_0, none",
                "08, none",
                "0x, none",
                "18446744073709551616, none"
            })
    void numbersAreGos(String text, Long expected) {
        assertThat(GoNumbers.parse(text)).isEqualTo(expected);
    }
}
