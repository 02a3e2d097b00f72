package dev.coracle.examples.memstore;

import dev.coracle.Consistency;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.config.RoutesConfig;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import io.javalin.util.JavalinLogger;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.eclipse.jetty.http.UriCompliance;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The store over HTTP, as raftify's memstore has it; any member serves any request.
 *
 * <table>
 * <caption>Requests</caption>
 * <tr><th>request</th><th>answer</th></tr>
 * <tr><td>{@code PUT /store/{key}/{value}}</td><td>{@code OK} when the value is stored; the value may be empty</td></tr>
 * <tr><td>{@code GET /store/{key}}</td><td>the value, linearizable; {@code ?consistency=lease} saves the round of
 *     messages and trusts the clocks, {@code ?consistency=stale} reads what this member has</td></tr>
 * <tr><td>{@code GET /leader}, {@code GET /leader_id}</td><td>the leader's id</td></tr>
 * <tr><td>{@code GET /peers}</td><td>the members, as raftify's JSON</td></tr>
 * <tr><td>{@code GET /debug}</td><td>this member's state, as raftify's JSON</td></tr>
 * <tr><td>{@code GET /digest}</td><td>not in raftify: the number of entries and the SHA-256 of what a snapshot of the
 *     state would hold, both of one moment, and an index that was applied before it; takes {@code consistency} as
 *     well</td></tr>
 * <tr><td>{@code POST /snapshot}, {@code /leave}, {@code /leave_joint}, {@code /transfer_leader/{id}}, {@code /campaign},
 *     {@code /demote/{term}/{leader_id}}</td><td>{@code OK}. A demotion makes this member give leadership up if it leads
 *     in that term; who leads next is decided by an election, so the id is only checked to be one</td></tr>
 * </table>
 *
 * <p>Keys, ids and terms are decimal u64. Values are UTF-8, escaped by percent signs where a URL needs it; a plus sign is
 * itself. U+0000 cannot be part of a URL. All else is answered with a text that says why: 400 for a request that breaks a rule, 404 for a key without a
 * value, 409 for what does not fit the member's state, 413 for a value above the limit, 503 when it cannot be served now
 * or it is not known whether it was done, with the leader's address on a second line where it is known.
 *
 * <p>Connections, requests under way, threads and the length of a URL are bounded. Beyond the bound of requests the answer
 * is 503; beyond that of connections the system's queue keeps them waiting.
 */
final class WebApi implements AutoCloseable {
    /** How long a URL and the headers may be, in bytes; a value takes three for each byte that is escaped. */
    static final int MAX_HEADER_BYTES = 64 << 10;

    private static final Logger LOGGER = LoggerFactory.getLogger(WebApi.class);
    private static final Duration READ_TIMEOUT = Duration.ofSeconds(5);
    private static final int MAX_CONNECTIONS = 1_024;
    private static final int MAX_THREADS = 16;
    private static final int IDLE_THREAD_MILLIS = 60_000;
    private static final long MAX_BODY_BYTES = 1_024;
    private static final long STOP_MILLIS = 5_000;

    private final Semaphore requests;
    private final Javalin javalin;
    private volatile @Nullable Raft<Insert, @Nullable Void, HashStore> raft;

    static {
        // It would print what it throws, with a stack trace. What happens in a request is logged below.
        JavalinLogger.enabled = false;
    }

    private WebApi(HostPort address, int maxRequests) {
        requests = new Semaphore(maxRequests);
        javalin = Javalin.create(this::configure);
        javalin.start(address.host(), address.port());
    }

    /**
     * Listens at {@code address}; everything is answered with 503 until {@link #serve} is called.
     *
     * @param maxRequests how many requests may be under way
     * @throws IOException if it cannot listen there
     */
    static WebApi start(HostPort address, int maxRequests) throws IOException {
        try {
            return new WebApi(address, maxRequests);
        } catch (RuntimeException e) {
            // Javalin wraps what the bind threw, more than once, and is stopped already.
            throw new IOException(address + ": " + root(e).getMessage(), e);
        }
    }

    /** The port that is listened on. */
    int port() {
        return javalin.port();
    }

    /** From now on, requests are for {@code member}. */
    void serve(Raft<Insert, @Nullable Void, HashStore> member) {
        raft = member;
    }

    /** Stops listening, and waits a little for the requests that are under way. */
    @Override
    public void close() {
        try {
            javalin.stop();
        } catch (RuntimeException e) {
            // No reason to fail: the member is down by now, and whoever still waits learns nothing more.
            LOGGER.warn("Some requests were cut off: {}", root(e).toString());
        }
    }

    private void configure(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.http.maxRequestSize = MAX_BODY_BYTES;
        config.http.prefer405over404 = true;
        config.router.ignoreTrailingSlashes = false;
        config.router.javaLangErrorHandler((response, error) -> {
            response.setStatus(500);
            LOGGER.error("A request failed", error);
        });
        // Its queue is bounded by the number of connections: each has at most one job in it.
        QueuedThreadPool threads = new QueuedThreadPool(MAX_THREADS, MAX_THREADS / 4, IDLE_THREAD_MILLIS);
        threads.setName("web");
        config.jetty.threadPool = threads;
        config.jetty.modifyHttpConfiguration(WebApi::configureHttp);
        config.jetty.modifyServer(WebApi::configureServer);
        routes(config.routes);
    }

    private static void configureHttp(HttpConfiguration http) {
        http.setRequestHeaderSize(MAX_HEADER_BYTES);
        http.setSendServerVersion(false);
        // Any text is a value, "..", "%2F" and ";" too. What Jetty guards against is confusion about which file or
        // which
        // context is meant: there are none here, and routes are matched on the path as it was sent.
        http.setUriCompliance(UriCompliance.UNSAFE);
    }

    private static void configureServer(Server server) {
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
        ErrorHandler errors = new ErrorHandler();
        errors.setShowStacks(false);
        errors.setShowCauses(false);
        errors.setDefaultResponseMimeType("text/plain");
        server.setErrorHandler(errors);
        server.insertHandler(new GracefulHandler());
        server.setStopTimeout(STOP_MILLIS);
    }

    private void routes(RoutesConfig routes) {
        routes.put("/store/{key}/{value}", this::put);
        // The router takes no empty parameter.
        routes.put("/store/{key}/", this::put);
        routes.get("/store/{key}", this::get);
        routes.get("/leader", this::leader);
        routes.get("/leader_id", this::leader);
        routes.get("/peers", context -> json(context, peers()));
        routes.get("/debug", context -> json(context, raft().status().toJson()));
        routes.get("/digest", this::digest);
        routes.post("/snapshot", context -> whenDone(context, () -> raft().snapshot()));
        routes.post("/leave", context -> whenDone(context, () -> raft().leave()));
        routes.post("/leave_joint", context -> whenDone(context, () -> raft().leaveJoint()));
        routes.post("/transfer_leader/{id}", this::transferLeader);
        routes.post("/campaign", this::campaign);
        routes.post("/demote/{term}/{leader_id}", this::demote);
        routes.exception(RaftException.class, (failure, context) -> refuse(context, failure));
        routes.exception(
                HttpResponseException.class,
                (refusal, context) -> text(context.status(refusal.getStatus()), String.valueOf(refusal.getMessage())));
        routes.exception(Exception.class, (failure, context) -> {
            LOGGER.error("{} {} failed", context.method(), context.path(), failure);
            text(context.status(500), "it failed unexpectedly; the log says how");
        });
    }

    private void put(Context context) {
        Insert insert = new Insert(u64(context, "key", 2), percentDecoded("value", segment(context, 3)));
        whenDone(context, () -> raft().propose(insert));
    }

    private void get(Context context) {
        long key = u64(context, "key", 2);
        read(
                context,
                store -> Optional.ofNullable(store.get(key)),
                found -> text(
                        context,
                        found.orElseThrow(() -> new HttpResponseException(404, "there is no value at this key"))));
    }

    private void leader(Context context) {
        Member leader = raft().leader()
                .orElseThrow(() -> new HttpResponseException(503, "no leader is known; ask again in a moment"));
        text(context, Long.toUnsignedString(leader.id()));
    }

    private String peers() {
        StringJoiner peers = new StringJoiner(",", "{", "}");
        for (Member member : raft().members()) {
            String role = member.role().name();
            peers.add("\"" + Long.toUnsignedString(member.id()) + "\":{\"addr\":\"" + member.address()
                    + "\",\"initial_role\":\"" + role.charAt(0)
                    + role.substring(1).toLowerCase(Locale.ROOT)
                    + "\",\"client_tls_config\":null}");
        }
        return peers.toString();
    }

    private void digest(Context context) {
        long applied = raft().status().applied();
        read(
                context,
                HashStore::pin,
                map -> json(
                        context,
                        "{\"applied\":" + applied + ",\"entries\":" + map.size() + ",\"sha256\":\"" + sha256(map)
                                + "\"}"));
    }

    private void transferLeader(Context context) {
        long id = u64(context, "id", 2);
        boolean votes =
                raft().members().stream().anyMatch(member -> member.id() == id && member.role() != Member.Role.LEARNER);
        if (!votes) {
            throw new HttpResponseException(400, "id: " + Long.toUnsignedString(id) + " is no voter of this cluster");
        }
        whenDone(context, () -> raft().transferLeadership(id));
    }

    private void campaign(Context context) {
        raft().campaign();
        text(context, "OK");
    }

    private void demote(Context context) {
        long term = u64(context, "term", 2);
        u64(context, "leader_id", 3);
        whenDone(context, () -> raft().stepDown(term));
    }

    private <T> void read(Context context, Function<HashStore, T> query, Consumer<T> onDone) {
        String asked = Objects.requireNonNullElse(context.queryString(), "");
        Consistency consistency = switch (asked) {
            case "", "consistency=linearizable" -> Consistency.LINEARIZABLE;
            case "consistency=lease" -> Consistency.LEASE;
            case "consistency=stale" -> Consistency.STALE;
            default ->
                throw new HttpResponseException(
                        400,
                        "query: \"" + abbreviated(asked)
                                + "\" must be consistency=linearizable, consistency=lease or consistency=stale");
        };
        answer(context, () -> raft().read(consistency, query, READ_TIMEOUT), onDone);
    }

    private void whenDone(Context context, Supplier<? extends CompletableFuture<?>> request) {
        answer(context, request, ignored -> text(context, "OK"));
    }

    /** Makes a request, unless too many are under way, and holds no thread until it is done. */
    private <T> void answer(
            Context context, Supplier<? extends CompletableFuture<? extends T>> request, Consumer<? super T> onDone) {
        if (!requests.tryAcquire()) {
            throw new HttpResponseException(503, "too many requests are under way; ask again in a moment");
        }
        CompletableFuture<? extends T> future;
        try {
            future = request.get();
        } catch (RuntimeException | Error e) {
            requests.release();
            throw e;
        }
        context.future(() ->
                future.whenComplete((value, failure) -> requests.release()).thenAccept(onDone));
    }

    private Raft<Insert, @Nullable Void, HashStore> raft() {
        Raft<Insert, @Nullable Void, HashStore> member = raft;
        if (member == null) {
            throw new HttpResponseException(503, "this member is still starting; ask again in a moment");
        }
        return member;
    }

    private static void refuse(Context context, RaftException failure) {
        int status = switch (failure.kind()) {
            case REFUSED, SESSION_EXPIRED, RESULT_GONE -> 409;
            case TOO_LARGE -> 413;
            case APPLICATION -> 500;
            case NO_LEADER, OVERLOADED, NO_SPACE, TRANSFERRING, LOST, UNKNOWN, TIMED_OUT, STOPPED -> 503;
        };
        String certainty = switch (failure.certainty()) {
            case NOT_DONE -> "";
            case RETRY -> " (certainly not done: it may be tried again)";
            case UNKNOWN -> " (it is not known whether it was done)";
        };
        String leader = failure.leader()
                .map(member -> "\nleader: " + member.address() + ", id " + Long.toUnsignedString(member.id()))
                .orElse("");
        text(context.status(status), failure.getMessage() + certainty + leader);
    }

    private static void text(Context context, String text) {
        context.contentType("text/plain; charset=utf-8").result(text);
    }

    private static void json(Context context, String json) {
        context.contentType("application/json").result(json);
    }

    private static long u64(Context context, String field, int segment) {
        String text = percentDecoded(field, segment(context, segment));
        try {
            if (text.chars().allMatch(c -> c >= '0' && c <= '9')) {
                return Long.parseUnsignedLong(text);
            }
        } catch (NumberFormatException e) {
            // Falls through to the complaint: there is no digit, or the number has more than 64 bits.
        }
        throw new HttpResponseException(
                400, field + ": \"" + abbreviated(text) + "\" must be a whole number from 0 to 18446744073709551615");
    }

    /** A part of the path as it was sent: Javalin decodes what is no UTF-8 to replacement characters. */
    private static String segment(Context context, int index) {
        return context.req().getRequestURI().split("/", -1)[index];
    }

    private static String percentDecoded(String field, String text) {
        ByteBuffer bytes = ByteBuffer.allocate(text.length());
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != '%' && c < 0x80) {
                bytes.put((byte) c);
                at++;
            } else if (c == '%'
                    && at + 2 < text.length()
                    && HexFormat.isHexDigit(text.charAt(at + 1))
                    && HexFormat.isHexDigit(text.charAt(at + 2))) {
                bytes.put((byte) HexFormat.fromHexDigits(text, at + 1, at + 3));
                at += 3;
            } else {
                throw new HttpResponseException(
                        400, field + ": \"" + abbreviated(text.substring(at)) + "\" begins with neither ASCII nor %XX");
            }
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes.flip()).toString();
        } catch (CharacterCodingException e) {
            throw new HttpResponseException(400, field + ": \"" + abbreviated(text) + "\" is no UTF-8");
        }
    }

    private static String abbreviated(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "...";
    }

    private static String sha256(TextMap map) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            HashStore.write(map, new DigestOutputStream(OutputStream.nullOutputStream(), digest));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Throwable root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root;
    }
}
