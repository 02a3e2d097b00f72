package dev.coracle.transport.grpc;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** A line to a node that passes on so many bytes, then nothing more, and that can be broken. */
final class BreakableLine implements AutoCloseable {
    private final HostPort target;
    private final ServerSocket listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final AtomicLong passed = new AtomicLong();
    private final List<Socket> open = new ArrayList<>();
    private long limit;

    /** @param limit how many bytes pass towards the node before the line is broken for the first time */
    BreakableLine(String target, long limit) throws IOException {
        this.target = HostPort.parse(target, "target");
        this.limit = limit;
        begin(this::accept);
    }

    String address() {
        return "127.0.0.1:" + listening.getLocalPort();
    }

    /** How many bytes have passed towards the node. */
    long passed() {
        return passed.get();
    }

    /** Breaks all connections; those that follow pass on everything. */
    synchronized void breakOff() throws IOException {
        limit = Long.MAX_VALUE;
        notifyAll();
        for (Socket socket : open) {
            socket.close();
        }
        open.clear();
    }

    @Override
    public void close() throws IOException {
        listening.close();
        breakOff();
    }

    private interface Task {
        void run() throws IOException, InterruptedException;
    }

    private static void begin(Task task) {
        Thread thread = new Thread(
                () -> {
                    try {
                        task.run();
                    } catch (IOException | InterruptedException e) {
                        // The line is broken.
                    }
                },
                "line");
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket near = listening.accept();
            Socket far = new Socket(InetAddress.getByName(target.host()), target.port());
            synchronized (this) {
                open.add(near);
                open.add(far);
            }
            begin(() -> forward(near.getInputStream(), far.getOutputStream(), true));
            begin(() -> forward(far.getInputStream(), near.getOutputStream(), false));
        }
    }

    private void forward(InputStream from, OutputStream to, boolean limited) throws IOException, InterruptedException {
        byte[] block = new byte[4096];
        for (int count = from.read(block); count >= 0; count = from.read(block)) {
            if (limited) {
                awaitRoom(count);
                passed.addAndGet(count);
            }
            to.write(block, 0, count);
            to.flush();
        }
        to.close();
    }

    private synchronized void awaitRoom(int count) throws InterruptedException {
        while (passed.get() + count > limit) {
            wait();
        }
    }
}
