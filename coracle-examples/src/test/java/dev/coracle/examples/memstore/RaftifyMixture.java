package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.examples.Await;
import dev.coracle.examples.Folders;
import dev.coracle.examples.Ports;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of processes, some of raftify and some of ours, in one folder, with what a test does to it. Keys count up;
 * what was written is known, so that the maps can be compared with it and not only with each other.
 */
final class RaftifyMixture implements AutoCloseable {
    /** Whose program runs. */
    enum Kind {
        JAVA,
        RUST
    }

    /** So many go ten times as fast through a node of raftify as one; at 400 it began to break off calls. */
    private static final int AT_ONCE = 100;

    /** How many writes a node is told to make by one line. */
    private static final int MOST_AT_ONE_WORD = 1_000;

    /** The most bytes of an append message; raftify sends each entry alone if nobody says so. */
    private static final String BATCH_BYTES = "65536";

    /** So that a leader on a busy machine stays one: two seconds at least. */
    private static final String ELECTION_TICKS = "40";

    /**
     * Where nothing waits for a disk, if there is such a place: raftify syncs for each entry. What {@code kill -9} leaves
     * behind is the same.
     */
    private static final Path FAST = Path.of("/dev/shm");

    private final Path program;
    private final Path folder;
    private final Map<Long, String> addresses = new TreeMap<>();
    private final Map<Long, String> directories = new TreeMap<>();
    private final Map<Long, RaftifyNode> nodes = new TreeMap<>();
    private final List<RaftifyNode> all = new ArrayList<>();
    private final Map<Long, String> written = new TreeMap<>();
    private final String[] common;
    private boolean passed;

    /**
     * @param slow where the nodes keep what they keep if there is no faster place
     * @param common arguments that each node is started with
     */
    RaftifyMixture(Path program, Path slow, String... common) throws IOException {
        this.program = program;
        this.common = common;
        folder = Files.isWritable(FAST) ? Files.createTempDirectory(FAST, "raftify") : slow;
    }

    // ---- nodes

    /** Starts members of a list with ids from 1, on disk; roles are those of the list, {@code voter} and so on. */
    void startListed(Kind[] kinds, String... roles) throws Exception {
        List<String> free = Ports.addresses(kinds.length);
        for (int i = 0; i < kinds.length; i++) {
            addresses.put(i + 1L, free.get(i));
        }
        String list = list(roles);
        for (int i = 0; i < kinds.length; i++) {
            start(i + 1L, kinds[i], "--peers", list);
        }
        for (RaftifyNode node : nodes.values()) {
            node.awaitReady();
        }
        awaitLeader();
    }

    private String list(String... roles) {
        List<String> parts = new ArrayList<>();
        addresses.forEach((id, address) ->
                parts.add(id + "=" + address + (id <= roles.length ? "=" + roles[(int) (id - 1)] : "")));
        return String.join(",", parts);
    }

    private RaftifyNode start(long id, Kind kind, String... more) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--id", "" + id));
        arguments.addAll(List.of(more));
        RaftifyNode node =
                start(kind, addresses.get(id), directories.computeIfAbsent(id, each -> kind + "-" + each), arguments);
        nodes.put(id, node);
        return node;
    }

    private RaftifyNode start(Kind kind, String address, @Nullable String directory, List<String> more)
            throws IOException {
        List<String> arguments = new ArrayList<>(more);
        arguments.addAll(List.of("--batch", BATCH_BYTES, "--election-ticks", ELECTION_TICKS));
        if (directory != null) {
            arguments.addAll(List.of("--dir", directory));
        }
        arguments.addAll(List.of(common));
        String[] array = arguments.toArray(String[]::new);
        RaftifyNode node = kind == Kind.RUST
                ? RaftifyNode.start(program, folder, address, array)
                : RaftifyNode.startOurs(folder, address, array);
        all.add(node);
        return node;
    }

    /** Starts a member of the list again on its directory, as a voter, or as the role that it has in the list. */
    void restart(long id, String... roles) throws Exception {
        boolean rust = nodes.get(id).isRust();
        start(id, rust ? Kind.RUST : Kind.JAVA, "--peers", list(roles)).awaitReady();
    }

    /** Has a new node join by a ticket from a member, and gives its id. */
    long join(Kind kind, long by, boolean onDisk) throws Exception {
        return first(kind, onDisk, "--join", addresses.get(by));
    }

    /** Starts the first node of a cluster, in memory or on disk. */
    void create(Kind kind, boolean onDisk) throws Exception {
        first(kind, onDisk);
        awaitLeader();
    }

    private long first(Kind kind, boolean onDisk, String... more) throws Exception {
        String address = Ports.addresses(1).get(0);
        String directory = onDisk ? kind + "-at-" + address.replace(':', '-') : null;
        RaftifyNode node = start(kind, address, directory, List.of(more));
        long id = node.awaitReady();
        nodes.put(id, node);
        addresses.put(id, address);
        if (directory != null) {
            directories.put(id, directory);
        }
        return id;
    }

    RaftifyNode node(long id) {
        return nodes.get(id);
    }

    String address(long id) {
        return addresses.get(id);
    }

    /** Ends a process at once, as {@code kill -9} does. */
    void kill(long id) {
        nodes.get(id).close();
    }

    /** Has a member removed by another one, ends its process and forgets it. */
    void remove(long id, long by) throws Exception {
        if (nodes.get(by).isRust()) {
            nodes.get(by).ok("change remove " + id + " " + addresses.get(id));
        } else {
            nodes.get(by).ok("remove " + id);
        }
        kill(id);
        nodes.remove(id);
        addresses.remove(id);
        directories.remove(id);
    }

    private Collection<RaftifyNode> running() {
        return nodes.values().stream().filter(RaftifyNode::isRunning).toList();
    }

    // ---- leaders

    /** Waits until all that run follow one that runs, and gives its id. */
    long awaitLeader() throws Exception {
        long[] leader = new long[1];
        Await.until("a leader that all follow", () -> {
            List<String> said = new ArrayList<>();
            for (RaftifyNode node : running()) {
                said.add(node.ok("leader"));
            }
            leader[0] = Long.parseLong(said.get(0));
            RaftifyNode leading = nodes.get(leader[0]);
            return said.stream().distinct().count() == 1 && leading != null && leading.isRunning();
        });
        return leader[0];
    }

    void moveLeadershipTo(long id) throws Exception {
        Await.until("member " + id + " to lead", () -> {
            long leader = awaitLeader();
            if (leader != id) {
                // A target that is behind is not made to lead at once, and a node of raftify does not say so.
                nodes.get(leader).answer("transfer " + id);
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
                Await.until(
                        "it to lead, or the time for that to pass",
                        () -> awaitLeader() == id || System.nanoTime() - deadline >= 0);
            }
            return awaitLeader() == id;
        });
    }

    // ---- writes

    /** Writes keys from {@code from} on through a member; what fails while the leader changes is written again. */
    void write(long through, long from, int count, String value) throws Exception {
        long to = from + count;
        for (long first = from; first < to; first += MOST_AT_ONE_WORD) {
            String range = first + " " + Math.min(to, first + MOST_AT_ONE_WORD);
            Await.until(
                    "the writes " + range + " through member " + through,
                    () -> nodes.get(through)
                            .answer("fill " + range + " " + value + " " + AT_ONCE)
                            .startsWith("ok"));
        }
        for (long key = from; key < to; key++) {
            written.put(key, value);
        }
    }

    /** Writes every key once more, through one member after the other. */
    void writeEverythingAgain() throws Exception {
        long most = written.keySet().stream().mapToLong(key -> key).max().orElse(0) + 1;
        List<Long> through = List.copyOf(nodes.keySet());
        long share = most / through.size() + 1;
        for (int i = 0; i < through.size(); i++) {
            long from = i * share;
            write(through.get(i), from, (int) (Math.min(most, from + share) - from), "again");
        }
    }

    /** Has a node of raftify cut its log, which is safe only as long as nobody writes. */
    void cutLog(long id) throws Exception {
        nodes.get(id).ok("call " + addresses.get(id) + " CreateSnapshot");
    }

    // ---- what came of it

    /** Waits until all that run have what was written, and compares the maps key by key. */
    void compareMaps() throws Exception {
        String expected = LedMemstore.digest(expected());
        Await.until("all to have the same " + written.size() + " values", () -> {
            for (RaftifyNode node : running()) {
                if (!node.ok("digest").equals(expected)) {
                    return false;
                }
            }
            return true;
        });
        List<String> lines = new ArrayList<>();
        written.forEach((key, value) -> lines.add(key + "=" + value));
        for (RaftifyNode node : running()) {
            Path file = Files.createTempFile(folder, "map", ".txt");
            node.ok("dump " + file);
            assertThat(Files.readAllLines(file)).as("the map of %s", node).isEqualTo(lines);
        }
    }

    private TextMap expected() {
        TextMap map = TextMap.EMPTY;
        for (Map.Entry<Long, String> each : written.entrySet()) {
            map = map.put(each.getKey(), each.getValue());
        }
        return map;
    }

    /** Says that nobody needs to see what the nodes said. */
    void pass() {
        passed = true;
    }

    @Override
    public void close() throws IOException {
        if (!passed) {
            all.forEach(node -> System.out.println(node + ":\n" + node.log()));
        }
        all.forEach(RaftifyNode::close);
        if (folder.startsWith(FAST)) {
            Folders.delete(folder);
        }
    }
}
