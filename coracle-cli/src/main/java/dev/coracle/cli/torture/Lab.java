package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where members live: their file systems and their network, as far as this machine lets us make them, and so which faults
 * there can be. Everything is tried before it is said to work.
 */
final class Lab {
    private static final int RESET_MILLIS = 2_000;

    private final Path folder;
    private final boolean lying;
    private final Map<Fault, Means> means = new EnumMap<>(Fault.class);
    private final List<Volume> volumes = new ArrayList<>();
    private @Nullable Network network;

    /** Whether there can be a fault, and how it is made; or why not. */
    record Means(boolean isThere, String text) {}

    private Lab(Path folder, boolean lying) {
        this.folder = folder;
        this.lying = lying;
    }

    /**
     * Makes what can be made.
     *
     * @param folder where images and namespaces go
     * @param confined why this process has no namespaces of its own; null if it has, so that mounts and networks it makes
     *     are nobody else's, and end with it
     * @param lying whether syncs will be lies
     */
    static Lab build(Path folder, int members, @Nullable String confined, boolean lying)
            throws IOException, InterruptedException {
        Lab lab = new Lab(folder, lying);
        for (Fault fault : List.of(Fault.KILL, Fault.KILL_ALL)) {
            lab.means.put(fault, new Means(true, "SIGKILL"));
        }
        lab.means.put(Fault.PAUSE, new Means(true, "SIGSTOP, SIGCONT"));
        lab.tryStrace();
        lab.makeVolumes(members, confined);
        lab.makeNetwork(members, confined);
        return lab;
    }

    /** For each fault, whether there can be one. */
    Map<Fault, Means> means() {
        return means;
    }

    /** The faults that there can be. */
    Set<Fault> faults() {
        Set<Fault> there = EnumSet.noneOf(Fault.class);
        means.forEach((fault, how) -> {
            if (how.isThere) {
                there.add(fault);
            }
        });
        return there;
    }

    /** The file system of a member. */
    Volume volume(int member) {
        return volumes.get(member);
    }

    /** Their network; null if they are on loopback, all together. */
    @Nullable
    Network network() {
        return network;
    }

    private void tryStrace() throws IOException, InterruptedException {
        Process victim;
        try {
            victim = new ProcessBuilder("sleep", "60").start();
        } catch (IOException e) {
            means.put(Fault.EIO, new Means(false, String.valueOf(e.getMessage())));
            return;
        }
        try {
            Strace.attach(victim.pid(), "error=EIO:when=1", folder.resolve("strace"))
                    .detach();
            means.put(Fault.EIO, new Means(true, "strace -e inject=fdatasync,fsync:error=EIO:when=1"));
        } catch (IOException | ShellException e) {
            means.put(Fault.EIO, new Means(false, String.valueOf(e.getMessage())));
        } finally {
            victim.destroyForcibly();
        }
    }

    private void makeVolumes(int members, @Nullable String confined) throws IOException, InterruptedException {
        String refusal = confined != null ? confined : makeVolumes(members, Volume.Kind.EXT4);
        if (refusal == null) {
            setFull(tryToFill("each member's own ext4"));
            Means power = tryPower();
            means.put(Fault.POWER, power);
            means.put(Fault.POWER_ALL, power);
            return;
        }
        means.put(Fault.POWER, new Means(false, refusal));
        means.put(Fault.POWER_ALL, new Means(false, refusal));
        String second = confined != null ? confined : makeVolumes(members, Volume.Kind.TMPFS);
        if (second == null) {
            setFull(tryToFill("each member's own tmpfs"));
        } else {
            setFull(new Means(false, second));
            if (makeVolumes(members, Volume.Kind.FOLDER) != null) {
                throw new IOException(folder + ": no folders can be made there");
            }
        }
    }

    private void setFull(Means full) {
        means.put(Fault.FULL_DISK, full);
        means.put(Fault.KILL_FULL, full);
    }

    /** Makes all volumes, or none and says why. */
    private @Nullable String makeVolumes(int members, Volume.Kind kind) throws IOException, InterruptedException {
        for (int i = 0; i < members; i++) {
            Volume volume =
                    new Volume(kind, folder, "disk-" + kind.name().toLowerCase(Locale.ROOT) + "-" + (i + 1), lying);
            try {
                volume.create();
                volumes.add(volume);
            } catch (ShellException e) {
                unmount();
                return e.getMessage();
            }
        }
        return null;
    }

    private Means tryToFill(String text) throws IOException, InterruptedException {
        Volume volume = volumes.get(0);
        String refusal = null;
        try {
            volume.fill();
        } catch (ShellException e) {
            refusal = e.getMessage();
        }
        try {
            volume.free();
        } catch (ShellException e) {
            refusal = e.getMessage();
        }
        return refusal == null ? new Means(true, text + ", filled by fallocate") : new Means(false, refusal);
    }

    private Means tryPower() throws IOException, InterruptedException {
        Volume volume = volumes.get(0);
        Path file = volume.root().resolve("unsynced");
        try {
            Files.write(file, new byte[] {1});
            Volume.cutPower(List.of(volume));
            volume.unmount();
            volume.mount();
            if (Files.exists(file)) {
                Files.delete(file);
                return new Means(false, "FS_IOC_SHUTDOWN keeps what was not synced");
            }
            return new Means(true, "FS_IOC_SHUTDOWN of each member's loop-mounted ext4, SIGKILL, mounted again");
        } catch (ShellException e) {
            return new Means(false, String.valueOf(e.getMessage()));
        }
    }

    private void makeNetwork(int members, @Nullable String confined) throws IOException, InterruptedException {
        String refusal = confined;
        if (confined == null) {
            Network made = new Network(folder, members);
            try {
                made.create();
                network = made;
            } catch (ShellException e) {
                refusal = String.valueOf(e.getMessage());
            }
        }
        Network net = network;
        for (Fault fault : Fault.values()) {
            if (fault.isOfLinks()) {
                means.put(
                        fault,
                        net == null
                                ? new Means(false, String.valueOf(refusal))
                                : switch (fault) {
                                    case RESET -> tryReset();
                                    case SLOW_LINK -> trySlow(net);
                                    default ->
                                        new Means(
                                                true, "network namespaces; frames go to a hardware address of nobody");
                                });
            }
        }
    }

    private static Means trySlow(Network net) throws InterruptedException {
        try {
            net.slow(0);
            net.hurry(0);
            return new Means(true, "tc qdisc tbf");
        } catch (ShellException e) {
            return new Means(false, String.valueOf(e.getMessage()));
        }
    }

    /** Kernels without that say nothing, they just do not do it. */
    private static Means tryReset() throws IOException, InterruptedException {
        InetAddress loopback = InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
        try (ServerSocket server = new ServerSocket(0, 1, loopback);
                Socket socket = new Socket(loopback, server.getLocalPort());
                InputStream in = socket.getInputStream()) {
            Shell.run("ss", "-K", "-t", "state", "established", "dport", "=", ":" + server.getLocalPort());
            socket.setSoTimeout(RESET_MILLIS);
            int read = in.read();
            return new Means(false, "ss -K did not break a connection: read " + read);
        } catch (SocketTimeoutException e) {
            return new Means(false, "ss -K did not break a connection; the kernel needs CONFIG_INET_DIAG_DESTROY");
        } catch (SocketException e) {
            return new Means(true, "ss -K");
        } catch (ShellException e) {
            return new Means(false, String.valueOf(e.getMessage()));
        }
    }

    private void unmount() throws InterruptedException {
        for (Volume volume : volumes) {
            try {
                volume.unmount();
            } catch (ShellException e) {
                // It ends with this process's namespace.
            }
        }
        volumes.clear();
    }

    /** Takes down what was made; nobody may use it any more. */
    void close() throws IOException, InterruptedException {
        unmount();
        if (network != null) {
            try {
                network.delete();
            } catch (ShellException e) {
                // It ends with this process's namespace.
            }
        }
    }
}
