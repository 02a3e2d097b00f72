package dev.coracle.examples.raftexample;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Random;

/** Ports that can be named before they are bound. */
final class Ports {
    private static final Random RANDOM = new Random();

    private Ports() {}

    /** A free one below those that the system gives to outgoing connections, of which one could take it meanwhile. */
    static int free() throws IOException {
        while (true) {
            int port = 10_000 + RANDOM.nextInt(20_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
                return free.getLocalPort();
            } catch (BindException taken) {
                // The next one.
            }
        }
    }
}
