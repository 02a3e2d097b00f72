package dev.coracle.examples.raftexample;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** One connection to a member, kept open from request to request. For one thread. */
final class KeyValueClient implements Closeable {
    private static final int TIMEOUT_MILLIS = 30_000;

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;

    /** An answer; the head is in lower case. */
    record Answer(int status, String head, String body) {}

    KeyValueClient(int port) throws IOException {
        socket = new Socket();
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(TIMEOUT_MILLIS);
        try {
            socket.connect(new InetSocketAddress("127.0.0.1", port), TIMEOUT_MILLIS);
            in = new BufferedInputStream(socket.getInputStream());
            out = new BufferedOutputStream(socket.getOutputStream());
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** One request on a connection of its own. */
    static Answer once(int port, String method, String target, byte[] body, String... headers) throws IOException {
        try (KeyValueClient client = new KeyValueClient(port)) {
            return client.call(method, target, body, headers);
        }
    }

    Answer call(String method, String target, byte[] body, String... headers) throws IOException {
        StringBuilder head = new StringBuilder(method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n");
        for (String header : headers) {
            head.append(header).append("\r\n");
        }
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        out.write(head.toString().getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        out.flush();
        return answer(method);
    }

    private Answer answer(String method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int matched = 0;
        while (matched < 4) {
            int next = read();
            bytes.write(next);
            matched = next == (matched % 2 == 0 ? '\r' : '\n') ? matched + 1 : next == '\r' ? 1 : 0;
        }
        String head = bytes.toString(StandardCharsets.ISO_8859_1).toLowerCase(Locale.ROOT);
        int status = Integer.parseInt(head.substring(9, 12));
        int at = head.indexOf("\r\ncontent-length: ");
        int length = at < 0 || method.equals("HEAD")
                ? 0
                : Integer.parseInt(head.substring(at + 18, head.indexOf('\r', at + 18)));
        byte[] body = in.readNBytes(length);
        if (body.length < length) {
            throw new EOFException("the answer breaks off");
        }
        return new Answer(status, head, new String(body, StandardCharsets.UTF_8));
    }

    private int read() throws IOException {
        int next = in.read();
        if (next < 0) {
            throw new EOFException("the connection was closed before an answer");
        }
        return next;
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
