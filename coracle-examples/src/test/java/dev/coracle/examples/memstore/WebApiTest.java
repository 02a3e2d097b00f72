package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.Codec;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.StopReason;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class WebApiTest {
    private static final int MAX_ENTRY_BYTES = 1_000;
    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    private static Path folder;

    private static Raft<Insert, @Nullable Void, HashStore> single;
    private static WebApi web;

    @BeforeAll
    static void startASingleMember() throws Exception {
        single = builder("single").start();
        web = start(single);
    }

    @AfterAll
    static void stop() {
        web.close();
        single.close();
    }

    @Test
    void aValueIsReadAsItWasWritten() throws Exception {
        assertThat(put("/store/1/hello")).isEqualTo(new Answer(200, "OK"));
        assertThat(get("/store/1")).isEqualTo(new Answer(200, "hello"));
        assertThat(put("/store/1/again").status()).isEqualTo(200);
        assertThat(get("/store/1").text()).isEqualTo("again");
        assertThat(get("/store/1?consistency=linearizable").text()).isEqualTo("again");
        assertThat(get("/store/1?consistency=lease").text()).isEqualTo("again");
        assertThat(get("/store/1?consistency=stale").text()).isEqualTo("again");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "a/b",
                "..",
                ".",
                "a b",
                "1+1=2",
                "100%",
                "?x&y#z",
                ";v=1",
                "héllo",
                "日本",
                "🛶",
                "\\",
                "\r\n\t",
                "%2F",
                "//",
                "\"<script>",
                "\u0001\u007f\ufeff"
            })
    void anyTextIsAValue(String value) throws Exception {
        String escaped = URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
        assertThat(put("/store/2/" + escaped)).isEqualTo(new Answer(200, "OK"));
        assertThat(get("/store/2")).isEqualTo(new Answer(200, value));
    }

    @Test
    void aPlusSignIsNoSpace() throws Exception {
        put("/store/3/1+1");
        assertThat(get("/store/3").text()).isEqualTo("1+1");
    }

    @Test
    void aValueMayBeEmpty() throws Exception {
        assertThat(put("/store/4/")).isEqualTo(new Answer(200, "OK"));
        assertThat(get("/store/4")).isEqualTo(new Answer(200, ""));
    }

    @Test
    void bytesThatAreNoUtf8AreRefused() throws Exception {
        assertThat(put("/store/5/%ff").status()).isEqualTo(400);
        assertThat(put("/store/5/%ff").text()).contains("value", "%ff", "no UTF-8");
        assertThat(put("/store/5/%c0%af").status()).isEqualTo(400);
        assertThat(put("/store/5/%ed%a0%80").status()).isEqualTo(400);
        assertThat(get("/store/5").status()).isEqualTo(404);
    }

    @Test
    void aKeyIsTheWholeOfU64() throws Exception {
        put("/store/18446744073709551615/most");
        assertThat(get("/store/18446744073709551615").text()).isEqualTo("most");
        put("/store/0/least");
        assertThat(get("/store/0").text()).isEqualTo("least");
        assertThat(get("/store/000").text()).isEqualTo("least");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"abc", "-1", "+1", "1.0", "0x1", "18446744073709551616", "%20", "%ff", "%EF%BC%91", "1%2F2"})
    void aKeyThatIsNoU64IsRefused(String key) throws Exception {
        assertThat(get("/store/" + key).status()).isEqualTo(400);
        assertThat(get("/store/" + key).text()).startsWith("key: ");
        assertThat(put("/store/" + key + "/value").status()).isEqualTo(400);
    }

    @Test
    void aKeyWithoutAValueIsNotFound() throws Exception {
        assertThat(get("/store/123456789")).isEqualTo(new Answer(404, "there is no value at this key"));
    }

    @Test
    void anUnknownConsistencyIsRefused() throws Exception {
        assertThat(get("/store/1?consistency=strong").status()).isEqualTo(400);
        assertThat(get("/store/1?consistency=strong").text())
                .isEqualTo("query: \"consistency=strong\" must be consistency=linearizable, consistency=lease"
                        + " or consistency=stale");
        assertThat(get("/digest?consistency=").status()).isEqualTo(400);
        assertThat(get("/store/1?stale").status()).isEqualTo(400);
    }

    @Test
    void whatIsNotThereIsNotFoundAndWhatIsThereOtherwiseIsNotAllowed() throws Exception {
        assertThat(get("/nothing").status()).isEqualTo(404);
        assertThat(put("/store/1").status()).isEqualTo(405);
        assertThat(get("/store/1/x").status()).isEqualTo(405);
        assertThat(get("/store/").status()).isEqualTo(404);
        assertThat(put("/store/1/a/b").status()).isEqualTo(404);
        assertThat(get("/snapshot").status()).isEqualTo(405);
        assertThat(post("/leader").status()).isEqualTo(405);
    }

    @Test
    void aValueAboveTheLimitOfAnEntryIsRefusedAsTooLarge() throws Exception {
        assertThat(put("/store/6/" + "x".repeat(MAX_ENTRY_BYTES)).status()).isEqualTo(413);
        assertThat(get("/store/6").status()).isEqualTo(404);
        assertThat(put("/store/6/" + "x".repeat(MAX_ENTRY_BYTES / 2)).status()).isEqualTo(200);
    }

    @Test
    void aUrlAboveTheLimitIsRefusedWithoutReadingItAll() throws Exception {
        String answer = raw("PUT /store/6/" + "x".repeat(WebApi.MAX_HEADER_BYTES) + " HTTP/1.1\r\nHost: x\r\n\r\n");
        assertThat(answer).matches("(?s)HTTP/1.1 4(14|31) .*").doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "no http at all\r\n\r\n",
                "GET /store/%zz HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /store/1%00 HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /../.. HTTP/1.1\r\nHost: x\r\n\r\n",
                "PUT /store/1/%e HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /store/1?consistency=%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
                "GET /store/1 HTTP/1.1\r\n\r\n",
                "\u0000\u0001\u0002\u0003\r\n\r\n"
            })
    void garbageIsABadRequestWithoutAStackTrace(String request) throws Exception {
        assertThat(raw(request))
                .startsWith("HTTP/1.1 400 ")
                .doesNotContain("\tat ")
                .doesNotContain("Exception");
    }

    @Test
    void theLeaderIsNamedByItsId() throws Exception {
        put("/store/7/there-is-a-leader-now");
        assertThat(get("/leader")).isEqualTo(new Answer(200, Long.toUnsignedString(single.id())));
        assertThat(get("/leader_id")).isEqualTo(get("/leader"));
    }

    @Test
    void membersAndStateHaveTheJsonOfRaftify() throws Exception {
        put("/store/8/there-is-a-leader-now");
        String id = Long.toUnsignedString(single.id());
        assertThat(get("/peers").text())
                .isEqualTo("{\"" + id + "\":{\"addr\":\"" + single.raftAddress()
                        + "\",\"initial_role\":\"Leader\",\"client_tls_config\":null}}");
        JsonNode state = new ObjectMapper().readTree(get("/debug").text());
        assertThat(state.path("node_id").asText()).isEqualTo(id);
        assertThat(state.path("raft_log").path("applied").asLong()).isPositive();
        assertThat(state.path("storage")
                        .path("conf_state")
                        .path("voters")
                        .get(0)
                        .asText())
                .isEqualTo(id);
    }

    @Test
    void theDigestChangesWithTheState() throws Exception {
        put("/store/9/one");
        JsonNode one = new ObjectMapper().readTree(get("/digest").text());
        assertThat(get("/digest").text()).contains(one.path("sha256").asText());
        put("/store/9/two");
        JsonNode two =
                new ObjectMapper().readTree(get("/digest?consistency=stale").text());
        assertThat(two.path("sha256").asText())
                .hasSize(64)
                .isNotEqualTo(one.path("sha256").asText());
        assertThat(two.path("entries").asLong())
                .isEqualTo(one.path("entries").asLong())
                .isPositive();
        assertThat(two.path("applied").asLong())
                .isGreaterThanOrEqualTo(one.path("applied").asLong());
    }

    @Test
    void aSnapshotIsTaken() throws Exception {
        put("/store/10/value");
        assertThat(post("/snapshot")).isEqualTo(new Answer(200, "OK"));
        assertThat(single.status().snapshotIndex()).isPositive();
    }

    @Test
    void aLeaderStepsDownInItsOwnTermAlone() throws Exception {
        put("/store/11/there-is-a-leader-now");
        long term = single.status().term();
        assertThat(post("/demote/" + (term + 5) + "/1").status()).isEqualTo(409);
        assertThat(post("/demote/0/1").status()).isEqualTo(409);
        assertThat(single.status().term()).isEqualTo(term);
        assertThat(post("/demote/x/1").status()).isEqualTo(400);
        assertThat(post("/demote/" + term + "/x").status()).isEqualTo(400);
        assertThat(post("/demote/" + term + "/1")).isEqualTo(new Answer(200, "OK"));
        assertThat(post("/campaign")).isEqualTo(new Answer(200, "OK"));
        assertThat(put("/store/11/led-again")).isEqualTo(new Answer(200, "OK"));
        assertThat(single.status().term()).isGreaterThan(term);
    }

    @Test
    void whatDoesNotFitTheStateIsAConflict() throws Exception {
        put("/store/12/there-is-a-leader-now");
        assertThat(post("/leave_joint").status()).isEqualTo(409);
        assertThat(post("/leave").status()).isEqualTo(409);
        assertThat(get("/store/12").status()).isEqualTo(200);
    }

    @Test
    void leadershipGoesToVotersOnly() throws Exception {
        put("/store/13/there-is-a-leader-now");
        assertThat(post("/transfer_leader/" + Long.toUnsignedString(single.id())))
                .isEqualTo(new Answer(200, "OK"));
        assertThat(post("/transfer_leader/99").status()).isEqualTo(400);
        assertThat(post("/transfer_leader/99").text()).isEqualTo("id: 99 is no voter of this cluster");
        assertThat(post("/transfer_leader/me").status()).isEqualTo(400);
    }

    @Test
    void aMemberThatIsStillStartingSaysSo() throws Exception {
        try (WebApi early = WebApi.start(HostPort.parse("web", "127.0.0.1:0"), 10)) {
            for (String path : new String[] {"/store/1", "/leader", "/peers", "/debug", "/digest"}) {
                assertThat(send("GET", early, path).status()).isEqualTo(503);
                assertThat(send("GET", early, path).text()).contains("still starting");
            }
        }
    }

    @Test
    void requestsBeyondTheBoundAreRefused() throws Exception {
        try (WebApi busy = WebApi.start(HostPort.parse("web", "127.0.0.1:0"), 0)) {
            busy.serve(single);
            assertThat(send("GET", busy, "/store/1").status()).isEqualTo(503);
            assertThat(send("GET", busy, "/store/1").text()).contains("too many requests");
            assertThat(send("GET", busy, "/debug").status()).isEqualTo(200);
        }
    }

    @Test
    void anAddressThatIsTakenIsNamed() {
        HostPort taken = new HostPort("127.0.0.1", web.port());
        assertThatThrownBy(() -> WebApi.start(taken, 10))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith(taken + ": ");
    }

    @Test
    void aMemberWithoutALeaderCannotServe() throws Exception {
        // The other two do not run: there is no majority.
        try (Raft<Insert, @Nullable Void, HashStore> alone = builder("alone")
                        .members(List.of(
                                Member.voter(1, "127.0.0.1:1"),
                                Member.voter(2, "127.0.0.1:2"),
                                Member.voter(3, "127.0.0.1:3")))
                        .id(1)
                        .advertiseAddress("127.0.0.1:1")
                        .requestTimeout(Duration.ofMillis(300))
                        .start();
                WebApi api = start(alone)) {
            assertThat(send("GET", api, "/leader").status()).isEqualTo(503);
            assertThat(send("GET", api, "/leader").text()).contains("no leader is known");
            assertThat(send("PUT", api, "/store/1/x").status()).isEqualTo(503);
            assertThat(send("GET", api, "/store/1").status()).isEqualTo(503);
            assertThat(send("GET", api, "/peers").text()).contains("127.0.0.1:3");
        }
    }

    @Test
    void aMemberThatHasStoppedSaysSo() throws Exception {
        Raft<Insert, @Nullable Void, HashStore> stopped = builder("stopped").start();
        try (WebApi api = start(stopped)) {
            stopped.close();
            for (String path : new String[] {"/store/1", "/store/1?consistency=stale", "/debug", "/digest"}) {
                assertThat(send("GET", api, path).status()).isEqualTo(503);
            }
            assertThat(send("PUT", api, "/store/1/x").status()).isEqualTo(503);
            assertThat(send("POST", api, "/snapshot").status()).isEqualTo(503);
        }
    }

    @Test
    void anyMemberServesAnyRequest() throws Exception {
        List<AutoCloseable> open = new ArrayList<>();
        try {
            List<Raft<Insert, @Nullable Void, HashStore>> members = new ArrayList<>();
            List<WebApi> apis = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                RaftBuilder<Insert, @Nullable Void, HashStore> builder =
                        builder("member-" + i).requestTimeout(Duration.ofSeconds(3));
                if (i > 0) {
                    builder.join(members.get(0).raftAddress());
                }
                members.add(builder.start());
                open.add(0, members.get(i));
                apis.add(start(members.get(i)));
                open.add(0, apis.get(i));
            }
            for (int key = 0; key < 30; key++) {
                assertThat(send("PUT", apis.get(key % 3), "/store/" + key + "/value-" + key))
                        .isEqualTo(new Answer(200, "OK"));
                assertThat(send("GET", apis.get((key + 1) % 3), "/store/" + key).text())
                        .isEqualTo("value-" + key);
                assertThat(send("GET", apis.get((key + 2) % 3), "/store/" + key).text())
                        .isEqualTo("value-" + key);
            }
            String first = hash(send("GET", apis.get(0), "/digest").text());
            assertThat(hash(send("GET", apis.get(1), "/digest").text())).isEqualTo(first);
            assertThat(hash(send("GET", apis.get(2), "/digest").text())).isEqualTo(first);

            long successor = members.get(1).id();
            assertThat(send("POST", apis.get(0), "/transfer_leader/" + Long.toUnsignedString(successor)))
                    .isEqualTo(new Answer(200, "OK"));
            assertThat(send("PUT", apis.get(2), "/store/100/after")).isEqualTo(new Answer(200, "OK"));

            // The answer arrives although the member that gives it is on its way out.
            assertThat(send("POST", apis.get(1), "/leave")).isEqualTo(new Answer(200, "OK"));
            assertThat(members.get(1).stopped().get(30, TimeUnit.SECONDS).kind())
                    .isEqualTo(StopReason.Kind.LEFT);
            assertThat(send("PUT", apis.get(0), "/store/101/after")).isEqualTo(new Answer(200, "OK"));
            assertThat(send("GET", apis.get(2), "/store/101").text()).isEqualTo("after");
            JsonNode peers = new ObjectMapper()
                    .readTree(send("GET", apis.get(0), "/peers").text());
            assertThat(peers.size()).isEqualTo(2);
            assertThat(peers.has(Long.toUnsignedString(successor))).isFalse();

            // Alone it is no majority: it still reads what it has, and says why it can do no more.
            members.get(2).close();
            assertThat(send("PUT", apis.get(0), "/store/102/x").status()).isEqualTo(503);
            assertThat(send("GET", apis.get(0), "/store/101?consistency=stale").text())
                    .isEqualTo("after");
        } finally {
            for (AutoCloseable closeable : open) {
                closeable.close();
            }
        }
    }

    private static RaftBuilder<Insert, @Nullable Void, HashStore> builder(String directory) {
        return Raft.builder(new HashStore(), Insert.CODEC, Codec.nothing())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(folder.resolve(directory))
                .segmentBytes(64 << 10)
                .maxEntryBytes(MAX_ENTRY_BYTES)
                .tickInterval(Duration.ofMillis(20));
    }

    private static WebApi start(Raft<Insert, @Nullable Void, HashStore> raft) throws IOException {
        WebApi api = WebApi.start(HostPort.parse("web", "127.0.0.1:0"), 100);
        api.serve(raft);
        return api;
    }

    private static String hash(String digest) throws IOException {
        return new ObjectMapper().readTree(digest).path("sha256").asText();
    }

    private record Answer(int status, String text) {}

    private static Answer get(String path) throws Exception {
        return send("GET", web, path);
    }

    private static Answer put(String path) throws Exception {
        return send("PUT", web, path);
    }

    private static Answer post(String path) throws Exception {
        return send("POST", web, path);
    }

    private static Answer send(String method, WebApi api, String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + api.port() + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        HttpResponse<String> response =
                CLIENT.send(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        return new Answer(response.statusCode(), response.body());
    }

    /** Sends what no HTTP client would, and reads until the other side closes. */
    private static String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", web.port())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            socket.getOutputStream().flush();
            // Half closed: an answer that would keep the connection open ends here.
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        }
    }
}
