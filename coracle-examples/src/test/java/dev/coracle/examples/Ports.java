package dev.coracle.examples;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Ports that can be named before they are bound. */
public final class Ports {
    private static final Random RANDOM = new Random();

    private Ports() {}

    /** A free one below those that the system gives to outgoing connections, of which one could take it meanwhile. */
    public static int free() throws IOException {
        while (true) {
            int port = 10_000 + RANDOM.nextInt(20_000);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getByName("127.0.0.1"))) {
                return free.getLocalPort();
            } catch (BindException taken) {
                // The next one.
            }
        }
    }

    /** So many different addresses with such ports. */
    public static List<String> addresses(int count) throws IOException {
        Set<String> addresses = new LinkedHashSet<>();
        while (addresses.size() < count) {
            addresses.add("127.0.0.1:" + free());
        }
        return new ArrayList<>(addresses);
    }
}
