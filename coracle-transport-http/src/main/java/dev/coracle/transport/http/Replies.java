package dev.coracle.transport.http;

import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeFormatterBuilder;
import java.time.temporal.ChronoField;
import java.util.Locale;

/** Answers, in the bytes that Go's server gives them: its headers come sorted, the date and the length behind them. */
final class Replies {
    /** Which of the protocol's headers an answer carries. */
    enum Signature {
        NONE,
        CLUSTER,
        CLUSTER_AND_VERSION
    }

    private static final String TEXT = "text/plain; charset=utf-8";

    /** RFC 9110 §5.6.7. */
    private static final DateTimeFormatter DATE = DateTimeFormatter.ofPattern(
                    "EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    /** Go cuts the zeros at the end of a fraction. */
    private static final DateTimeFormatter NOW = new DateTimeFormatterBuilder()
            .appendPattern("uuuu-MM-dd'T'HH:mm:ss")
            .appendFraction(ChronoField.NANO_OF_SECOND, 0, 9, true)
            .appendLiteral('Z')
            .toFormatter(Locale.ROOT)
            .withZone(ZoneOffset.UTC);

    private final String clusterId;
    private final String version;
    private final InstantSource clock;

    Replies(long clusterId, String version, InstantSource clock) {
        this.clusterId = Protocol.hex(clusterId);
        this.version = version;
        this.clock = clock;
    }

    /** The head of a stream. */
    HttpResponse stream() {
        HttpResponse response = new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
        sign(response.headers(), Signature.CLUSTER_AND_VERSION);
        response.headers().set("Date", date()).set("Transfer-Encoding", "chunked");
        return response;
    }

    /** It was done. */
    FullHttpResponse done() {
        FullHttpResponse response = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.NO_CONTENT);
        sign(response.headers(), Signature.CLUSTER);
        response.headers().set("Date", date());
        return response;
    }

    /** A status with a line of text. */
    FullHttpResponse error(HttpResponseStatus status, String text, Signature signature) {
        FullHttpResponse response = withBody(status, text + "\n");
        HttpHeaders headers = response.headers();
        headers.set("Content-Type", TEXT).set("X-Content-Type-Options", "nosniff");
        sign(headers, signature);
        headers.set("Date", date()).set("Content-Length", response.content().readableBytes());
        return response;
    }

    /** The method is not the one that the path takes. */
    FullHttpResponse wrongMethod(String allowed) {
        FullHttpResponse response = withBody(HttpResponseStatus.METHOD_NOT_ALLOWED, "Method Not Allowed\n");
        HttpHeaders headers = response.headers();
        headers.set("Allow", allowed).set("Content-Type", TEXT).set("X-Content-Type-Options", "nosniff");
        headers.set("Date", date()).set("Content-Length", response.content().readableBytes());
        return response;
    }

    /** The answer to a probe. */
    FullHttpResponse probed() {
        FullHttpResponse response =
                withBody(HttpResponseStatus.OK, "{\"OK\":true,\"Now\":\"" + NOW.format(clock.instant()) + "\"}\n");
        HttpHeaders headers = response.headers();
        headers.set("Date", date())
                .set("Content-Length", response.content().readableBytes())
                .set("Content-Type", TEXT);
        return response;
    }

    private static FullHttpResponse withBody(HttpResponseStatus status, String body) {
        return new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1, status, Unpooled.wrappedBuffer(body.getBytes(StandardCharsets.UTF_8)));
    }

    private void sign(HttpHeaders headers, Signature signature) {
        if (signature != Signature.NONE) {
            headers.set(Protocol.CLUSTER_ID, clusterId);
        }
        if (signature == Signature.CLUSTER_AND_VERSION) {
            headers.set(Protocol.SERVER_VERSION, version);
        }
    }

    private String date() {
        return DATE.format(clock.instant());
    }
}
