package dev.coracle.transport.http;

import dev.coracle.contracts.RecordingInbound;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A peer that a test plays: it takes connections, and answers what the test wants. */
final class RawServer implements AutoCloseable {
    /** A connection with the head of its first request. */
    static final class Request implements AutoCloseable {
        final Socket socket;
        String head;

        private Request(Socket socket) throws IOException {
            this.socket = socket;
            socket.setSoTimeout((int) TimeUnit.SECONDS.toMillis(RecordingInbound.PATIENCE_SECONDS));
            head = readHead();
        }

        private String readHead() throws IOException {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            while (!bytes.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
                int next = socket.getInputStream().read();
                if (next < 0) {
                    throw new IOException("it ended after: " + bytes);
                }
                bytes.write(next);
            }
            return bytes.toString(StandardCharsets.ISO_8859_1);
        }

        /** Reads the body of a request with a known length, and the head of the next one, if that is wanted. */
        byte[] body() throws IOException {
            int at = head.indexOf("Content-Length: ") + 16;
            return socket.getInputStream().readNBytes(Integer.parseInt(head.substring(at, head.indexOf("\r\n", at))));
        }

        Request next() throws IOException {
            head = readHead();
            return this;
        }

        Request answer(String text) throws IOException {
            return answer(text.getBytes(StandardCharsets.ISO_8859_1));
        }

        Request answer(byte... bytes) throws IOException {
            socket.getOutputStream().write(bytes);
            return this;
        }

        /** Begins an endless answer. */
        Request stream() throws IOException {
            return answer("HTTP/1.1 200 OK\r\nX-Etcd-Cluster-Id: 1000\r\nX-Server-Version: 3.4.23\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n");
        }

        Request chunk(byte... bytes) throws IOException {
            return answer(Integer.toHexString(bytes.length) + "\r\n")
                    .answer(bytes)
                    .answer("\r\n");
        }

        /** Waits until the other end closes. */
        void awaitEnd() throws IOException {
            InputStream in = socket.getInputStream();
            try {
                while (in.read() >= 0) {}
            } catch (java.net.SocketException e) {
                // A reset is an end, too.
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    private final ServerSocket listening = new ServerSocket(0, 100, InetAddress.getByName("127.0.0.1"));
    private final BlockingQueue<Request> appends = new LinkedBlockingQueue<>();
    private final BlockingQueue<Request> messages = new LinkedBlockingQueue<>();
    private final BlockingQueue<Request> posts = new LinkedBlockingQueue<>();
    private final BlockingQueue<Request> all = new LinkedBlockingQueue<>();

    RawServer() throws IOException {
        Thread accepting = new Thread(this::accept, "raw-server");
        accepting.setDaemon(true);
        accepting.start();
    }

    private void accept() {
        while (true) {
            try {
                Request request = new Request(listening.accept());
                all.add(request);
                if (request.head.startsWith("POST")) {
                    posts.add(request);
                } else if (request.head.contains("/msgapp/")) {
                    appends.add(request);
                } else if (request.head.contains("/message/")) {
                    messages.add(request);
                }
            } catch (IOException e) {
                if (listening.isClosed()) {
                    return;
                }
            }
        }
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    Request post() throws InterruptedException {
        return RecordingInbound.next(posts);
    }

    /** Whether somebody posts, within a moment. */
    boolean hasPost() throws InterruptedException {
        return posts.poll(20, TimeUnit.MILLISECONDS) != null;
    }

    Request askedFor(StreamType type) throws InterruptedException {
        return RecordingInbound.next(type == StreamType.APPENDS ? appends : messages);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Request request : all) {
            request.close();
        }
    }
}
