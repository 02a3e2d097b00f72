package dev.coracle.transport.http;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The bytes that etcd 3.4.23's raftexample sent and received over its connections. */
final class Captures {
    /** A message of HTTP: its head, and its body without the marks of chunks. */
    record Part(String head, byte[] body) {
        String firstLine() {
            return head.substring(0, head.indexOf("\r\n"));
        }
    }

    /** One connection. */
    record Connection(String name, List<Part> requests, List<Part> responses) {}

    private Captures() {}

    /** All connections, by name; tests that need them are skipped without. */
    static List<Connection> all() throws IOException {
        Path directory = Path.of(System.getProperty("coracle.shared", "."), "fixtures", "etcd", "rafthttp");
        if (!Files.exists(directory)) {
            System.out.println("Captured streams skipped: there is no " + directory);
        }
        assumeTrue(Files.exists(directory), "there is no " + directory);
        List<Connection> connections = new ArrayList<>();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path request : files.filter(file -> file.toString().endsWith(".request.bin"))
                    .sorted()
                    .toList()) {
                Path response = Path.of(request.toString().replace(".request.", ".response."));
                connections.add(new Connection(
                        directory.relativize(request).toString(),
                        parts(Files.readAllBytes(request)),
                        parts(Files.readAllBytes(response))));
            }
        }
        return connections;
    }

    /** Cuts what went in one direction. */
    private static List<Part> parts(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        List<Part> parts = new ArrayList<>();
        int position = 0;
        while (position < bytes.length) {
            int bodyAt = text.indexOf("\r\n\r\n", position) + 4;
            String head = text.substring(position, bodyAt);
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            position = bodyAt;
            int length = head.indexOf("Content-Length: ");
            if (length >= 0) {
                int count = Integer.parseInt(head.substring(length + 16, head.indexOf("\r\n", length)));
                body.write(bytes, position, count);
                position += count;
            } else if (head.contains("Transfer-Encoding: chunked")) {
                position = chunks(bytes, text, position, body);
            }
            parts.add(new Part(head, body.toByteArray()));
        }
        return parts;
    }

    private static int chunks(byte[] bytes, String text, int from, ByteArrayOutputStream body) {
        int position = from;
        int length = -1;
        while (position < bytes.length && length != 0) {
            int end = text.indexOf("\r\n", position);
            length = Integer.parseInt(text.substring(position, end), 16);
            body.write(bytes, end + 2, length);
            position = end + 2 + length + 2;
        }
        return position;
    }
}
