package dev.coracle.examples.memstore;

import dev.coracle.Codec;
import dev.coracle.Consistency;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.codec.Dialect;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A member of ours in a process of its own, so that it can be killed, led by the same lines on its standard input as the
 * Rust program beside it: each is answered by one line, which begins with {@code ok} or {@code error}. With the end of the
 * input the process ends.
 */
final class LedMemstore {
    private static final Duration TIMEOUT = Duration.ofSeconds(20);

    /** So that who missed many entries gets a snapshot. */
    private static final int SNAPSHOT_ENTRIES = 2_000;

    private static final int CATCH_UP_ENTRIES = 500;

    private final Raft<Insert, @Nullable Void, HashStore> raft;

    private LedMemstore(Raft<Insert, @Nullable Void, HashStore> raft) {
        this.raft = raft;
    }

    public static void main(String[] arguments) throws Exception {
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i + 1 < arguments.length; i += 2) {
            options.put(arguments[i], arguments[i + 1]);
        }
        try (Raft<Insert, @Nullable Void, HashStore> raft = builder(options).start()) {
            PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
            out.println("ready " + Long.toUnsignedString(raft.id()));
            var unused = raft.stopped().thenAccept(why -> {
                out.println("ended " + why.kind() + " " + why.text());
                Runtime.getRuntime().halt(0);
            });
            LedMemstore led = new LedMemstore(raft);
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(led.answer(line.split(" ", -1)));
            }
        }
    }

    private static RaftBuilder<Insert, @Nullable Void, HashStore> builder(Map<String, String> options)
            throws IOException {
        RaftBuilder<Insert, @Nullable Void, HashStore> builder = Raft.builder(
                        new HashStore(), Insert.CODEC, Codec.nothing())
                .raftAddress(options.get("--addr"))
                .tickInterval(Duration.ofMillis(50))
                .electionTicks(Integer.parseInt(options.getOrDefault("--election-ticks", "10")))
                .heartbeatTicks(2)
                .snapshotEntries(SNAPSHOT_ENTRIES)
                .catchUpEntries(CATCH_UP_ENTRIES)
                .requestTimeout(TIMEOUT);
        String directory = options.get("--dir");
        if (directory == null) {
            builder.inMemory();
        } else {
            builder.dataDirectory(Path.of(directory));
        }
        String join = options.get("--join");
        if (join == null) {
            builder.dialect(Dialect.RAFT_RS);
        } else {
            builder.join(join);
        }
        String peers = options.get("--peers");
        if (peers != null) {
            builder.members(members(peers));
        }
        String tls = options.get("--tls");
        if (tls != null) {
            File authority = new File(tls, "ca.pem");
            File certificate = new File(tls, "cert.pem");
            File key = new File(tls, "key.pem");
            builder.tls(
                    TlsServerCredentials.newBuilder()
                            .keyManager(certificate, key)
                            .trustManager(authority)
                            .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                            .build(),
                    TlsChannelCredentials.newBuilder()
                            .keyManager(certificate, key)
                            .trustManager(authority)
                            .build());
        }
        return builder;
    }

    private static List<Member> members(String peers) {
        List<Member> members = new ArrayList<>();
        for (String each : peers.split(",", -1)) {
            String[] parts = each.split("=", -1);
            Member.Role role =
                    parts.length < 3 ? Member.Role.VOTER : Member.Role.valueOf(parts[2].toUpperCase(Locale.ROOT));
            members.add(new Member(Long.parseLong(parts[0]), parts[1], role));
        }
        return members;
    }

    private String answer(String[] words) {
        try {
            return "ok " + perform(words);
        } catch (Exception e) {
            return "error " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }

    private String perform(String[] words) throws Exception {
        switch (words[0]) {
            case "put" ->
                raft.propose(new Insert(Long.parseLong(words[1]), words[2])).join();
            case "fill" ->
                fill(Long.parseLong(words[1]), Long.parseLong(words[2]), words[3], Integer.parseInt(words[4]));
            case "get" -> {
                long key = Long.parseLong(words[1]);
                return String.valueOf(raft.read(store -> store.get(key)).join());
            }
            case "digest" -> {
                return digest(map());
            }
            case "dump" -> dump(map(), Path.of(words[1]));
            case "leader" -> {
                return Long.toUnsignedString(raft.leader().map(Member::id).orElse(0L));
            }
            case "snapshot" -> raft.snapshot().join();
            case "first-index" -> {
                return Long.toString(raft.status().firstIndex());
            }
            case "transfer" -> raft.transferLeadership(Long.parseLong(words[1])).join();
            case "remove" -> raft.remove(Long.parseLong(words[1])).join();
            case "voters" -> {
                return raft.status().configuration().voters().toString();
            }
            default -> throw new IllegalArgumentException("unknown command " + String.join(" ", words));
        }
        return "";
    }

    /** Puts for all keys of a range, so many at a time. */
    private void fill(long from, long to, String value, int atOnce) throws InterruptedException {
        Semaphore room = new Semaphore(atOnce);
        AtomicInteger failures = new AtomicInteger();
        AtomicReference<Throwable> one = new AtomicReference<>();
        for (long key = from; key < to; key++) {
            room.acquire();
            var unused = raft.propose(new Insert(key, value)).whenComplete((nothing, failure) -> {
                if (failure != null) {
                    failures.incrementAndGet();
                    one.set(failure);
                }
                room.release();
            });
        }
        room.acquire(atOnce);
        if (failures.get() > 0) {
            throw new IllegalStateException(failures + " failed, one with " + one.get());
        }
    }

    private TextMap map() {
        return raft.read(Consistency.STALE, HashStore::pin, TIMEOUT).join();
    }

    /** What a node of raftify would say of this state. */
    static String digest(TextMap map) throws IOException {
        long[] sum = new long[1];
        map.forEach((key, value) -> {
            for (byte each : (Long.toUnsignedString(key) + "=" + value + ";").getBytes(StandardCharsets.UTF_8)) {
                sum[0] = 31 * sum[0] + (each & 0xff);
            }
        });
        return map.size() + " " + Long.toUnsignedString(sum[0]);
    }

    private static void dump(TextMap map, Path file) throws IOException {
        StringBuilder lines = new StringBuilder();
        map.forEach((key, value) -> lines.append(Long.toUnsignedString(key))
                .append('=')
                .append(value)
                .append('\n'));
        Files.writeString(file, lines);
    }
}
