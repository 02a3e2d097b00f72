package dev.coracle.examples.raftexample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The program with its API, alone and as three, and the forms that it shares with Go. */
class RaftexampleTest {
    private static final Random PORTS = new Random();

    @TempDir
    private Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
    }

    /**
     * A port that can be named before it is bound: below those that the system gives to outgoing connections, of which one
     * could take it meanwhile.
     */
    private static int freePort() throws IOException {
        while (true) {
            int port = 10_000 + PORTS.nextInt(20_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
                return free.getLocalPort();
            } catch (BindException taken) {
                // The next one.
            }
        }
    }

    private RaftexampleOptions options(int id, List<String> peers) throws IOException {
        RaftexampleOptions options = new RaftexampleOptions();
        options.id = id;
        options.peers = peers;
        options.port = freePort();
        options.timeout = Duration.ofSeconds(20);
        options.directory = directory;
        return options;
    }

    private void start(RaftexampleOptions options) throws Exception {
        RaftexampleNode node = new RaftexampleNode(options);
        opened.add(node);
        opened.add(new KeyValueApi(node, options));
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
        RaftexampleOptions options = options(1, List.of("http://127.0.0.1:" + freePort()));
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
            peers.add("http://127.0.0.1:" + freePort());
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
        KeyValueStore store = new KeyValueStore(new KeyValueStore.Listener() {
            @Override
            public void applied(byte[] trailer) {}

            @Override
            public void configurationChanged(ConfChangeV2 change, ConfState configuration) {}
        });
        SnapshotMetadata metadata = new SnapshotMetadata(5, 2, ConfState.ofVoters(1L));
        byte[] json = "{\"/k\":\"\\u003cv\\u003e\",\"/e\":\"\"}".getBytes(StandardCharsets.UTF_8);
        store.restore(metadata, new ByteArrayInputStream(json));
        assertThat(store.get(text("/k"))).isEqualTo(text("<v>"));
        assertThat(store.get(text("/e"))).isEqualTo(Bytes.EMPTY);
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        store.snapshot().writeTo(again);
        assertThat(again.toString(StandardCharsets.UTF_8)).isEqualTo("{\"/e\":\"\",\"/k\":\"\\u003cv\\u003e\"}");
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
