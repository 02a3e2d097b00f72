package dev.coracle.examples.demo;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.OptionalLong;

/** Talks to the web APIs of the three. What does not answer gives empty values: that is expected of a killed process. */
final class Web {
    /** A little more than a member takes to give up. */
    private static final Duration TIMEOUT = Duration.ofSeconds(7);

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();
    private final ObjectMapper json = new ObjectMapper();

    /** The status and text that a request got; status 0 if the process could not be reached. */
    record Answer(int status, String text) {
        boolean isOk() {
            return status == 200;
        }
    }

    Answer get(MemstoreProcess member, String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(member.url() + path)).GET());
    }

    Answer put(MemstoreProcess member, String path) throws InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(member.url() + path)).PUT(HttpRequest.BodyPublishers.noBody()));
    }

    private Answer send(HttpRequest.Builder request) throws InterruptedException {
        try {
            HttpResponse<String> response =
                    client.send(request.timeout(TIMEOUT).build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body());
        } catch (IOException e) {
            return new Answer(0, e.toString());
        }
    }

    /** The JSON at {@code path}, or a node that has no fields. */
    JsonNode json(MemstoreProcess member, String path) throws InterruptedException {
        Answer answer = get(member, path);
        try {
            return answer.isOk() ? json.readTree(answer.text()) : json.missingNode();
        } catch (IOException e) {
            return json.missingNode();
        }
    }

    /** Whom {@code member} takes for the leader. */
    OptionalLong leader(MemstoreProcess member) throws InterruptedException {
        Answer answer = get(member, "/leader");
        return answer.isOk() ? OptionalLong.of(Long.parseUnsignedLong(answer.text())) : OptionalLong.empty();
    }
}
