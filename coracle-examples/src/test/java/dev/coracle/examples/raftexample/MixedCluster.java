package dev.coracle.examples.raftexample;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.examples.Await;
import dev.coracle.raft.Message;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Processes of both programs that form one cluster, what was written to them, and how to wait for what they do. */
final class MixedCluster implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int WRITERS = 48;
    private static final int MOST_IN_BACKGROUND = 1_300;
    private static final byte[] NOTHING = new byte[0];

    private final List<Member> members = new ArrayList<>();
    private final Path directory;
    private final Path logs;

    /** What was last written to each key, by this test. */
    private final Map<String, String> written = new ConcurrentHashMap<>();

    private final AtomicLong values = new AtomicLong();
    private long lost;

    MixedCluster(Path directory, Path logs, int size) throws IOException {
        this.directory = directory;
        this.logs = logs;
        if (Files.exists(logs)) {
            try (Stream<Path> old = Files.walk(logs)) {
                for (Path file : old.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
        for (int i = 0; i < size; i++) {
            newMember();
        }
    }

    /** One more, which nobody knows yet. */
    Member newMember() throws IOException {
        long id = members.size() + 1;
        Member member = new Member(id, directory.resolve("" + id), logs);
        members.add(member);
        return member;
    }

    Member member(long id) {
        return members.get((int) id - 1);
    }

    List<Member> running() {
        return members.stream().filter(Member::isRunning).toList();
    }

    List<String> urls() {
        return members.stream().map(Member::peerUrl).toList();
    }

    void start(long id, Member.Kind kind) throws Exception {
        member(id).start(kind, urls(), false);
    }

    // ---- waiting

    void await(String what, Await.Condition condition) throws Exception {
        Await.until(PATIENCE, what, condition);
    }

    /** The member that was elected last, if it still runs. */
    @Nullable
    Member leader() throws IOException {
        Member leader = null;
        long term = 0;
        for (Member member : members) {
            long led = member.lastTermAsLeader();
            if (led > term) {
                term = led;
                leader = member;
            }
        }
        return leader != null && leader.isRunning() ? leader : null;
    }

    Member awaitLeader() throws Exception {
        await("a leader among " + running(), () -> leader() != null);
        return Objects.requireNonNull(leader());
    }

    /**
     * Makes a member the leader, with etcd's message for that: a leader that gets it brings the member up to date and
     * tells it to campaign at once. Neither program has an API for it.
     */
    void moveLeadershipTo(long id) throws Exception {
        Member target = member(id);
        long[] asked = {0, 0};
        await("leadership of " + target, () -> {
            Member leader = leader();
            if (leader == target) {
                return true;
            }
            long now = System.nanoTime();
            if (leader != null
                    && (asked[0] == 0 || now - asked[1] > Duration.ofSeconds(2).toNanos())) {
                asked[0]++;
                asked[1] = now;
                post(target, leader, new Message.TransferLeader(id, leader.id, leader.lastTermAsLeader()));
            }
            return false;
        });
    }

    private static void post(Member from, Member to, Message message) {
        try {
            KeyValueClient.once(
                    to.peerPort,
                    "POST",
                    "/raft",
                    EtcdCodec.INSTANCE.messages().encode(message),
                    "X-Etcd-Cluster-Id: 1000",
                    "X-Server-From: " + Long.toHexString(from.id),
                    "X-Server-Version: 3.4.23",
                    "X-Min-Cluster-Version: 3.0.0");
        } catch (IOException e) {
            // It is asked again.
        }
    }

    // ---- membership

    /** Adds a member through another one: the change first, then the process. */
    Member add(Member through, Member.Kind kind) throws Exception {
        Member added = newMember();
        assertThat(KeyValueClient.once(
                                through.apiPort,
                                "POST",
                                "/" + added.id,
                                added.peerUrl().getBytes(StandardCharsets.UTF_8))
                        .status())
                .isEqualTo(204);
        if (kind == Member.Kind.GO) {
            added.writeEmptyLog();
        }
        added.start(kind, urls(), true);
        awaitCaughtUp(added, through);
        return added;
    }

    /** Removes a member through another one, and waits for it to end as a removed one does. */
    void remove(Member through, Member removed) throws Exception {
        assertThat(KeyValueClient.once(through.apiPort, "DELETE", "/" + removed.id, NOTHING)
                        .status())
                .isEqualTo(204);
        await(removed + " to end because it was removed", () -> removed.status() != null);
        assertThat(removed.status()).as("status of " + removed).isZero();
        assertThat(removed.output()).contains("I've been removed from the cluster! Shutting down.");
    }

    // ---- writing and reading

    /** Writes once through a member, and waits until that shows at the reader. */
    void writeOne(Member through, Member reader) throws Exception {
        String key = "/marker-" + through.id;
        String value = nextValue();
        long[] asked = {0};
        await("a write through " + through + " to be seen at " + reader, () -> {
            // Go's program answers before it has done anything; what it loses is written again.
            if (asked[0]++ % 50 == 0 && put(through, key, value)) {
                written.put(key, value);
            }
            return value.equals(reader.get(key));
        });
    }

    private String nextValue() {
        return "value-" + values.incrementAndGet();
    }

    private static boolean put(Member member, String key, String value) {
        try {
            return KeyValueClient.once(member.apiPort, "PUT", key, value.getBytes(StandardCharsets.UTF_8))
                            .status()
                    == 204;
        } catch (IOException e) {
            return false;
        }
    }

    /** Writes the keys {@code first} to {@code end} through a member, by many clients at once, and waits until all is there. */
    void write(Member through, Member reader, int first, int end) throws Exception {
        Map<String, String> batch = new TreeMap<>();
        for (int i = first; i < end; i++) {
            batch.put("/key-" + i, nextValue());
        }
        await(through + " to serve", through::serves);
        await(reader + " to serve", reader::serves);
        long began = System.nanoTime();
        Map<String, String> missing = batch;
        for (int attempt = 0; !missing.isEmpty(); attempt++) {
            assertThat(attempt).as("attempts to write through " + through).isLessThan(5);
            if (attempt > 0) {
                lost += missing.size();
            }
            putAll(through, missing);
            // Behind it there is nothing left of them on the way.
            writeOne(through, reader);
            missing = missingAt(reader, missing);
        }
        written.putAll(batch);
        System.out.printf(
                "%,d writes through %s, read at %s: %,d ms%n",
                batch.size(), through, reader, (System.nanoTime() - began) / 1_000_000);
    }

    /** The same some thousand times, each key twice: so that to write each once more takes half as many. */
    void writeMany(Member through, Member reader, int count) throws Exception {
        for (int i = 0; i < 2; i++) {
            write(through, reader, 0, count / 2);
        }
    }

    private static void putAll(Member through, Map<String, String> batch) throws Exception {
        inParallel(batch.entrySet(), through.apiPort, (client, entry) -> {
            byte[] body = entry.getValue().getBytes(StandardCharsets.UTF_8);
            KeyValueClient.Answer answer = client.call("PUT", entry.getKey(), body);
            if (answer.status() != 204) {
                throw new AssertionError("PUT through " + through + ": " + answer);
            }
        });
    }

    private static Map<String, String> missingAt(Member reader, Map<String, String> expected) throws Exception {
        Map<String, String> missing = new ConcurrentHashMap<>();
        inParallel(expected.entrySet(), reader.apiPort, (client, entry) -> {
            KeyValueClient.Answer answer = client.call("GET", entry.getKey(), NOTHING);
            if (answer.status() != 200 || !answer.body().equals(entry.getValue())) {
                missing.put(entry.getKey(), entry.getValue());
            }
        });
        return missing;
    }

    private interface Call<T> {
        void make(KeyValueClient client, T item) throws Exception;
    }

    private static <T> void inParallel(Collection<T> items, int port, Call<T> call) throws Exception {
        ConcurrentLinkedQueue<T> queue = new ConcurrentLinkedQueue<>(items);
        ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < Math.min(WRITERS, items.size()); i++) {
            Thread thread = new Thread(() -> {
                try (KeyValueClient client = new KeyValueClient(port)) {
                    for (T item = queue.poll(); item != null && failures.isEmpty(); item = queue.poll()) {
                        call.make(client, item);
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        if (!failures.isEmpty()) {
            throw new AssertionError("a client failed", failures.peek());
        }
    }

    /** Writes each key that was ever written once more. */
    void writeEverythingAgain(Member through, Member reader) throws Exception {
        Map<String, String> again = new TreeMap<>();
        written.keySet().forEach(key -> again.put(key, nextValue()));
        await(through + " to serve", through::serves);
        await(reader + " to serve", reader::serves);
        putAll(through, again);
        written.putAll(again);
        writeOne(through, reader);
        again.keySet().removeIf(key -> key.startsWith("/marker-"));
        assertThat(missingAt(reader, again)).isEmpty();
    }

    /** Waits until a member has a write that was made after everything else, even if its API is closed. */
    void awaitCaughtUp(Member member, Member through) throws Exception {
        String key = "/caught-up";
        String value = nextValue();
        long[] asked = {0};
        await(member + " to have all that was written", () -> {
            if (asked[0]++ % 50 == 0 && put(through, key, value)) {
                written.put(key, value);
            }
            return value.equals(written.get(key)) && member.hasInLog(key, value);
        });
    }

    /** Waits until each has everything, ends all, and compares the maps in their directories. */
    void compareMaps(Member through) throws Exception {
        List<Member> compared = running();
        for (Member member : compared) {
            awaitCaughtUp(member, through);
        }
        for (Member member : compared) {
            member.terminate();
            if (member.isJava()) {
                assertThat(member.status()).as("status of " + member).isZero();
            }
        }
        for (Member member : compared) {
            assertThat(member.mapOnDisk()).as("the map of " + member).containsExactlyInAnyOrderEntriesOf(written);
        }
        System.out.printf(
                "%,d keys are equal on %s; %,d writes that a Go node took were lost and made again%n",
                written.size(), compared, lost);
    }

    /**
     * Writes through a member, one after the other, until it is closed; some hundreds a second and not more in all than
     * {@link #MOST_IN_BACKGROUND}, so that a cluster stays below the 10,000 entries of a snapshot, with which a Go node
     * of 3.4 cannot be started again for long.
     */
    final class BackgroundWriter implements AutoCloseable {
        private final Member through;
        private final Thread thread;
        private final AtomicLong count = new AtomicLong();
        private final AtomicLong most = new AtomicLong(MOST_IN_BACKGROUND);
        private volatile boolean stopped;
        private volatile @Nullable Throwable failure;

        BackgroundWriter(Member through) {
            this.through = through;
            thread = new Thread(this::run);
            thread.start();
        }

        private void run() {
            try {
                while (!stopped) {
                    String key = "/background-" + count.get() % 500;
                    String value = nextValue();
                    // Whatever becomes of a write, the next of this key is another one.
                    while (!stopped && !put(through, key, value)) {
                        Thread.onSpinWait();
                    }
                    written.put(key, value);
                    count.incrementAndGet();
                    do {
                        LockSupport.parkNanos(Duration.ofMillis(3).toNanos());
                    } while (!stopped && count.get() >= most.get());
                }
            } catch (Throwable e) {
                failure = e;
            }
        }

        void awaitProgress() throws Exception {
            long before = count.get();
            most.addAndGet(25);
            await("writes through " + through + " to go on", () -> count.get() > before + 20);
        }

        @Override
        public void close() {
            stopped = true;
            try {
                thread.join();
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            if (failure != null) {
                throw new AssertionError("the writer through " + through + " failed", failure);
            }
        }
    }

    // ---- the end

    /** What all processes printed, the end of it. */
    void printOutputs() throws IOException {
        for (Member member : members) {
            for (Path output : member.outputs()) {
                List<String> lines = Files.readAllLines(output, StandardCharsets.ISO_8859_1).stream()
                        .filter(line -> !line.startsWith("{\"level\":\"debug\"") && !line.contains("ignored a Msg"))
                        .toList();
                System.err.println("---- the end of " + output + ", without Go's attempts to connect");
                lines.subList(Math.max(0, lines.size() - 60), lines.size()).forEach(System.err::println);
            }
        }
    }

    @Override
    public void close() {
        for (Member member : members) {
            try {
                member.kill();
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
        }
    }

    private static IllegalStateException interrupted(InterruptedException cause) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("nobody interrupts a test", cause);
    }
}
