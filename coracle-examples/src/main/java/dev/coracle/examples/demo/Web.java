package dev.coracle.examples.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.OptionalLong;

/**
 * Talks to the web APIs of members. What does not answer gives empty values: that is expected of a killed process. Nothing
 * is sent twice but what only reads.
 */
public final class Web {
    /** A little more than a member takes to give up. */
    public static final Duration PATIENT = Duration.ofSeconds(7);

    private final Duration timeout;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ObjectMapper json = new ObjectMapper();

    /**
     * Knows nobody yet.
     *
     * @param timeout how long an answer is waited for
     */
    public Web(Duration timeout) {
        this.timeout = timeout;
    }

    /**
     * What a request got.
     *
     * @param status the status, or {@link #LOST} or {@link #NOT_SENT}
     * @param text the answer, or what went wrong
     */
    public record Answer(int status, String text) {
        /** There was no answer: what became of the request is not known. */
        public static final int LOST = 0;
        /** The connection was refused, so the request never went out. */
        public static final int NOT_SENT = -1;

        /** Whether it was done. */
        public boolean isOk() {
            return status == 200;
        }
    }

    /** Gets what is at {@code path}. */
    public Answer get(MemstoreProcess member, String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(member.url() + path)).GET());
    }

    /** Puts nothing at {@code path}, which says it all. */
    public Answer put(MemstoreProcess member, String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(member.url() + path)).PUT(HttpRequest.BodyPublishers.noBody()));
    }

    /** Asks for what is at {@code path} to be done. */
    public Answer post(MemstoreProcess member, String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(member.url() + path)).POST(HttpRequest.BodyPublishers.noBody()));
    }

    private Answer send(HttpRequest.Builder request) throws InterruptedException {
        try {
            HttpResponse<String> response =
                    client.send(request.timeout(timeout).build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (ConnectException e) {
            return new Answer(Answer.NOT_SENT, e.toString());
        } catch (IOException e) {
            return new Answer(Answer.LOST, e.toString());
        }
    }

    /** The JSON at {@code path}, or a node that has no fields. */
    public JsonNode json(MemstoreProcess member, String path) throws InterruptedException {
        Answer answer = get(member, path);
        try {
            return answer.isOk() ? json.readTree(answer.text()) : json.missingNode();
        } catch (IOException e) {
            return json.missingNode();
        }
    }

    /** Whom {@code member} takes for the leader. */
    public OptionalLong leader(MemstoreProcess member) throws InterruptedException {
        Answer answer = get(member, "/leader");
        return answer.isOk() ? OptionalLong.of(Long.parseUnsignedLong(answer.text())) : OptionalLong.empty();
    }
}
