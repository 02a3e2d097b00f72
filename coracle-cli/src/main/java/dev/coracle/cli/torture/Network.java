package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace for each member, and a bridge between them that this process is on as well. A link is cut by sending
 * its frames to a hardware address that nobody has: they vanish without a word, in that direction alone, as on a cable that
 * was pulled, and whoever has a connection has it still. Only what members send to each other is ever touched.
 */
final class Network {
    private static final String NOBODY = "02:00:00:00:00:ff";
    private static final String BRIDGE = "torture";
    private static final String HERE = "10.99.0.254/24";

    private final Path folder;
    private final int members;

    /** A network that is not made yet, whose namespaces are files in {@code folder}. */
    Network(Path folder, int members) {
        this.folder = folder;
        this.members = members;
    }

    /** Makes it. This process must be in a network namespace of its own, which takes all of this with it when it ends. */
    void create() throws IOException, ShellException, InterruptedException {
        Shell.run("ip", "link", "set", "lo", "up");
        Shell.run("ip", "link", "add", BRIDGE, "type", "bridge");
        Shell.run("ip", "addr", "add", HERE, "dev", BRIDGE);
        Shell.run("ip", "link", "set", BRIDGE, "up");
        for (int member = 0; member < members; member++) {
            Files.createFile(namespace(member));
            Shell.run("unshare", "--net=" + namespace(member), "true");
            String cable = "member" + (member + 1);
            Shell.run(
                    "ip",
                    "link",
                    "add",
                    cable,
                    "type",
                    "veth",
                    "peer",
                    "name",
                    "eth0",
                    "netns",
                    namespace(member).toString());
            Shell.run("ip", "link", "set", cable, "master", BRIDGE, "up");
            inside(member, "ip", "link", "set", "lo", "up");
            inside(member, "ip", "link", "set", "eth0", "address", hardware(member), "up");
            inside(member, "ip", "addr", "add", address(member) + "/24", "dev", "eth0");
        }
        for (int from = 0; from < members; from++) {
            for (int to = 0; to < members; to++) {
                if (from != to) {
                    join(from, to);
                }
            }
        }
    }

    private Path namespace(int member) {
        return folder.resolve("net-" + (member + 1));
    }

    /** The address of the member at an index. */
    static String address(int member) {
        return "10.99.0." + (member + 1);
    }

    private static String hardware(int member) {
        return "02:00:00:00:00:%02x".formatted(member + 1);
    }

    /** The beginning of a command that runs the rest of it in a member's namespace, in the same process. */
    List<String> prefix(int member) {
        return List.of("nsenter", "--net=" + namespace(member));
    }

    private void inside(int member, String... command) throws ShellException, InterruptedException {
        List<String> whole = new ArrayList<>(prefix(member));
        whole.addAll(List.of(command));
        Shell.run(whole);
    }

    /** What one member sends to another one is lost from now on. */
    void cut(int from, int to) throws ShellException, InterruptedException {
        send(from, to, NOBODY);
    }

    /** What one member sends to another one arrives again. */
    void join(int from, int to) throws ShellException, InterruptedException {
        send(from, to, hardware(to));
    }

    private void send(int from, int to, String hardware) throws ShellException, InterruptedException {
        inside(from, "ip", "neigh", "replace", address(to), "lladdr", hardware, "dev", "eth0", "nud", "permanent");
    }

    /** What a member sends, leaves slowly from now on. */
    void slow(int member) throws ShellException, InterruptedException {
        inside(
                member, "tc", "qdisc", "add", "dev", "eth0", "root", "tbf", "rate", "512kbit", "burst", "16kb",
                "latency", "400ms");
    }

    /** What a member sends, leaves at once again. */
    void hurry(int member) throws ShellException, InterruptedException {
        inside(member, "tc", "qdisc", "del", "dev", "eth0", "root");
    }

    /** Breaks all connections of a member; both ends are told. */
    void reset(int member) throws ShellException, InterruptedException {
        inside(member, "ss", "-K", "-t", "state", "established");
    }

    /** Lets go of the namespaces. */
    void delete() throws IOException, ShellException, InterruptedException {
        for (int member = 0; member < members; member++) {
            if (Files.exists(namespace(member))) {
                Shell.run("umount", namespace(member).toString());
            }
        }
    }
}
