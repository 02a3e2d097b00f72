package dev.coracle.examples.raftexample;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.GobKeyValue;
import dev.coracle.examples.Ports;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalContents;
import dev.coracle.wal.WalLocation;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A member of a cluster: an id, two ports and the directories of one process at a time, which is now our program and now
 * Go's. What the processes print is kept, a file a process.
 */
final class Member {
    /** Whose program runs. */
    enum Kind {
        JAVA,
        GO
    }

    private static final Pattern BECAME_LEADER = Pattern.compile("\\b([0-9a-f]+) became leader at term (\\d+)");

    final long id;
    final int peerPort;
    final int apiPort;

    /** Where the process runs, and with it its data directories. */
    private final Path directory;

    private final Path logs;
    private final List<Path> outputs = new ArrayList<>();
    private @Nullable Kind kind;
    private @Nullable Process process;

    Member(long id, Path directory, Path logs) throws IOException {
        this.id = id;
        this.directory = Files.createDirectories(directory);
        this.logs = Files.createDirectories(logs);
        peerPort = Ports.free();
        apiPort = Ports.free();
    }

    String peerUrl() {
        return "http://127.0.0.1:" + peerPort;
    }

    boolean isRunning() {
        return process != null && process.isAlive();
    }

    boolean isJava() {
        return kind == Kind.JAVA;
    }

    @Override
    public String toString() {
        return (kind == null ? "member " : kind + " member ") + id;
    }

    /** Starts a process and does not wait for anything. */
    void start(Kind program, Collection<String> clusterUrls, boolean join) throws IOException, InterruptedException {
        if (isRunning()) {
            throw new IllegalStateException(this + " runs already");
        }
        List<String> command = new ArrayList<>();
        if (program == Kind.GO) {
            command.add(GoProgram.binary().toString());
        } else {
            command.addAll(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-Dlogback.configurationFile=raftexample-member.xml",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Raftexample.class.getName(),
                    "--timeout",
                    "PT20S"));
        }
        command.addAll(List.of("--id", "" + id, "--cluster", String.join(",", clusterUrls), "--port", "" + apiPort));
        if (join) {
            command.add("--join");
        }
        Path output = logs.resolve(String.format("member-%d-%02d-%s.log", id, outputs.size() + 1, program));
        outputs.add(output);
        kind = program;
        process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    /**
     * Gives an empty directory the log that Go's program needs to join with: etcd 3.4 panics without one, and without
     * {@code --join} it bootstraps a cluster of its own.
     */
    void writeEmptyLog() throws StorageException {
        FileDisk disk = new FileDisk();
        FileSnapshotStore snapshots = FileSnapshotStore.open(disk, snapshotDirectory(), 0);
        WalLogStore.open(disk, logDirectory(), snapshots, WalOptions.DEFAULTS).close();
    }

    /** Ends the process at once, as {@code kill -9} does. */
    void kill() throws InterruptedException {
        if (process != null) {
            process.destroyForcibly().waitFor();
        }
    }

    /** Asks the process to end; ours closes its files in good order, Go's dies of it. */
    void terminate() throws InterruptedException {
        if (process != null) {
            process.destroy();
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                throw new AssertionError(this + " did not end within 30 s of SIGTERM");
            }
        }
    }

    /** The status that the process ended with by itself; null while it runs. */
    @Nullable
    Integer status() {
        return process == null || process.isAlive() ? null : Integer.valueOf(process.exitValue());
    }

    /** What the present process has printed so far. */
    String output() throws IOException {
        return outputs.isEmpty() ? "" : Files.readString(outputs.get(outputs.size() - 1), StandardCharsets.ISO_8859_1);
    }

    /** The files of what all its processes have printed. */
    List<Path> outputs() {
        return List.copyOf(outputs);
    }

    /** The last term in which the present process became the leader; 0 if there is none. */
    long lastTermAsLeader() throws IOException {
        long term = 0;
        Matcher elected = BECAME_LEADER.matcher(output());
        while (elected.find()) {
            if (elected.group(1).equals(Long.toHexString(id))) {
                term = Long.parseLong(elected.group(2));
            }
        }
        return term;
    }

    /** Whether it answers requests at all, which Go's does not before it has replayed its log. */
    boolean serves() {
        try {
            KeyValueClient.once(apiPort, "HEAD", "/", new byte[0]);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The value of a key, null if it has none or cannot be asked now. */
    @Nullable
    String get(String key) {
        try {
            KeyValueClient.Answer answer = KeyValueClient.once(apiPort, "GET", key, new byte[0]);
            return answer.status() == 200 ? answer.body() : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** Whether an entry with this key and value is among the last of its log on disk; the process may be running. */
    boolean hasInLog(String key, String value) {
        boolean[] found = new boolean[1];
        try (WalContents log = WalContents.read(new FileDisk(), location())) {
            long from = Math.max(log.firstIndex(), log.lastIndex() - 500);
            log.entries(from, log.lastIndex(), entry -> {
                GobKeyValue each = keyValue(entry);
                found[0] |= each != null
                        && text(each.key()).equals(key)
                        && text(each.value()).equals(value);
            });
        } catch (IOException | StorageException e) {
            return false; // It is being written.
        }
        return found[0];
    }

    /**
     * The map as the directories have it: the snapshot, and all entries behind it. Of a member that does not run. It is
     * the only way to see that of a Go node that was restarted with a snapshot: its API is never opened again, because
     * it waits for a log without one.
     */
    Map<String, String> mapOnDisk() throws IOException, StorageException {
        Map<String, String> map = new TreeMap<>();
        FileDisk disk = new FileDisk();
        try (WalContents log = WalContents.read(disk, location())) {
            if (log.snapshot().index() > 0) {
                FileSnapshotStore snapshots = FileSnapshotStore.open(disk, snapshotDirectory(), 0);
                try (SnapshotStore.Source source =
                        snapshots.open(0, log.snapshot().id())) {
                    map.putAll(
                            new ObjectMapper().readValue(source.data(), new TypeReference<Map<String, String>>() {}));
                }
            }
            log.entries(log.snapshot().index() + 1, log.lastIndex(), entry -> {
                GobKeyValue each = keyValue(entry);
                if (each != null) {
                    map.put(text(each.key()), text(each.value()));
                }
            });
        }
        return map;
    }

    private static @Nullable GobKeyValue keyValue(Entry entry) throws IOException {
        byte[] data = entry.data();
        if (entry.type() != EntryType.NORMAL || data == null || data.length == 0) {
            return null;
        }
        try {
            return GobKeyValue.decode(data).keyValue();
        } catch (CodecException e) {
            throw new IOException("entry " + entry.index() + ": " + e.getMessage(), e);
        }
    }

    private static String text(Bytes bytes) {
        return new String(bytes.array(), StandardCharsets.UTF_8);
    }

    /** How many snapshots it has on disk. */
    int snapshotCount() throws IOException {
        if (!Files.isDirectory(snapshotDirectory())) {
            return 0;
        }
        try (var files = Files.list(snapshotDirectory())) {
            return files.filter(file -> file.toString().endsWith(".snap"))
                    .collect(Collectors.toList())
                    .size();
        }
    }

    private WalLocation location() {
        return new WalLocation(logDirectory(), logDirectory(), snapshotDirectory(), true);
    }

    private Path logDirectory() {
        return directory.resolve("raftexample-" + id);
    }

    private Path snapshotDirectory() {
        return directory.resolve("raftexample-" + id + "-snap");
    }
}
