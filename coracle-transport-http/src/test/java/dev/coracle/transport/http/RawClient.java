package dev.coracle.transport.http;

import dev.coracle.contracts.RecordingInbound;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/** Somebody who connects to a node and says whatever a test wants. */
final class RawClient implements AutoCloseable {
    /** A status line, headers and, if its length was announced, a body. */
    record Response(String head, String body) {
        int status() {
            return Integer.parseInt(head.split(" ", 3)[1]);
        }

        String header(String name) {
            for (String line : head.split("\r\n")) {
                if (line.startsWith(name + ": ")) {
                    return line.substring(name.length() + 2);
                }
            }
            return "";
        }
    }

    final Socket socket;
    private final InputStream in;

    RawClient(String address) throws IOException {
        PeerAddress target = PeerAddress.parse(address, false, "address");
        socket = new Socket(target.host(), target.port());
        socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
        in = socket.getInputStream();
    }

    RawClient send(String text) throws IOException {
        return send(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    RawClient send(byte... bytes) throws IOException {
        socket.getOutputStream().write(bytes);
        return this;
    }

    /** A request with the headers of node 2 of the cluster, or others. */
    RawClient request(String line, String headers, byte[] body) throws IOException {
        String length = line.startsWith("GET") ? "" : "Content-Length: " + body.length + "\r\n";
        return send(line + " HTTP/1.1\r\nHost: here\r\n" + length + headers + "\r\n")
                .send(body);
    }

    Response response() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("it ended after: " + head);
            }
            head.write(next);
        }
        Response bare = new Response(head.toString(StandardCharsets.ISO_8859_1), "");
        String length = bare.header("Content-Length");
        byte[] body = in.readNBytes(length.isEmpty() ? 0 : Integer.parseInt(length));
        return new Response(bare.head(), new String(body, StandardCharsets.UTF_8));
    }

    /** The next chunk of an endless answer; empty at its end. */
    byte[] chunk() throws IOException {
        StringBuilder line = new StringBuilder();
        while (line.indexOf("\r\n") < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("it ended within a chunk");
            }
            line.append((char) next);
        }
        byte[] bytes = in.readNBytes(Integer.parseInt(line.toString().strip(), 16));
        in.readNBytes(2);
        return bytes;
    }

    /** Waits for the end of the connection; true if nothing came before. */
    boolean ends() throws IOException {
        try {
            return in.read() < 0;
        } catch (java.net.SocketException e) {
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
