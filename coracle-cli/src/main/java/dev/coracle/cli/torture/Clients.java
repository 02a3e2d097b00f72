package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Recorder.OnceWrite;
import dev.coracle.examples.demo.Web;
import dev.coracle.testkit.history.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Clients that write and read through all members at once, one request at a time each, and never send a write again. They
 * share a few keys for some seconds and then take others, so that what has to be judged together stays small; every fifth
 * write is the only one that its key ever gets.
 */
final class Clients {
    private static final int COUNT = 6;
    private static final int SHARED_KEYS = 5;
    private static final Duration EPOCH = Duration.ofSeconds(10);
    private static final long FIRST_ONCE_KEY = 1_000_000_000;
    private static final int RECENT = 200;
    private static final int MEAN_PAUSE_MILLIS = 8;
    private static final int AFTER_REFUSAL_MILLIS = 40;
    /** Most do not wait longer than an election takes, mostly; some wait as long as a member tries, and so hear of it. */
    private static final Duration PATIENCE = Duration.ofMillis(1_500);

    private static final int PATIENT_CLIENTS = 2;

    private final List<Member> members;
    private final Recorder recorder;
    private final Web impatient = new Web(PATIENCE);
    private final Web patient = new Web(Web.PATIENT);
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicInteger values = new AtomicInteger();
    private final AtomicLong nextOnceKey = new AtomicLong(FIRST_ONCE_KEY);
    private final long beginNanos = System.nanoTime();
    private volatile boolean isOver;
    private volatile @Nullable Throwable failure;

    /** Clients that do nothing yet. */
    Clients(List<Member> members, Recorder recorder) {
        this.members = members;
        this.recorder = recorder;
    }

    /** Begins. */
    void start(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 1; i <= COUNT; i++) {
            Client client = new Client("client " + i, i <= PATIENT_CLIENTS ? patient : impatient, random.split());
            Thread thread = new Thread(client::run, "torture-client-" + i);
            thread.setDaemon(true);
            threads.add(thread);
            thread.start();
        }
    }

    /** Ends, once each has its answer or has stopped waiting for it. */
    void stop() throws InterruptedException {
        isOver = true;
        for (Thread thread : threads) {
            thread.join(2 * Web.PATIENT.toMillis());
        }
        if (failure != null) {
            throw new IllegalStateException("a client failed", failure);
        }
    }

    /** A write of a fresh key through a member. */
    Outcome writeOnce(String client, Member member) throws InterruptedException {
        return writeOnce(client, patient, member);
    }

    private Outcome writeOnce(String client, Web web, Member member) throws InterruptedException {
        long key = nextOnceKey.getAndIncrement();
        String value = "v" + values.incrementAndGet();
        Outcome outcome = write(client, web, member, key, value);
        recorder.addOnceWrite(new OnceWrite(key, value, outcome));
        return outcome;
    }

    /** A write. */
    private Outcome write(String client, Web web, Member member, long key, String value) throws InterruptedException {
        int operation = recorder.write(client, key, value);
        return recorder.written(operation, web.put(member.process(), "/store/" + key + "/" + value));
    }

    /** A linearizable read. */
    Web.Answer read(String client, Member member, long key) throws InterruptedException {
        return read(client, patient, member, key);
    }

    private Web.Answer read(String client, Web web, Member member, long key) throws InterruptedException {
        int operation = recorder.read(client, key);
        Web.Answer answer = web.get(member.process(), "/store/" + key);
        recorder.wasRead(operation, answer);
        return answer;
    }

    private Outcome readStale(String client, Web web, Member member, long key) throws InterruptedException {
        int life = member.lives();
        int operation = recorder.readStale(client, member.name() + ", life " + life, key);
        Web.Answer answer = web.get(member.process(), "/store/" + key + "?consistency=stale");
        if (member.lives() == life) {
            return recorder.wasRead(operation, answer);
        }
        // Which of the two lives answered is not known.
        recorder.unknown(operation);
        return Outcome.UNKNOWN;
    }

    private final class Client {
        private final String name;
        private final Web web;
        private final SplittableRandom random;

        Client(String name, Web web, SplittableRandom random) {
            this.name = name;
            this.web = web;
            this.random = random;
        }

        void run() {
            try {
                while (!isOver) {
                    Outcome outcome = act(members.get(random.nextInt(members.size())));
                    // What is refused at once would be most of the history otherwise.
                    Thread.sleep((outcome == Outcome.FAILED ? AFTER_REFUSAL_MILLIS : 0)
                            + random.nextInt(2 * MEAN_PAUSE_MILLIS));
                }
            } catch (InterruptedException e) {
                // Nobody interrupts them but a JVM that ends.
            } catch (RuntimeException | Error e) {
                failure = e;
            }
        }

        private Outcome act(Member member) throws InterruptedException {
            long epoch = (System.nanoTime() - beginNanos) / EPOCH.toNanos();
            long shared = epoch * SHARED_KEYS + random.nextInt(SHARED_KEYS);
            int kind = random.nextInt(10);
            if (kind < 4) {
                return write(name, web, member, shared, "v" + values.incrementAndGet());
            } else if (kind < 7) {
                return Recorder.outcome(read(name, web, member, shared));
            } else if (kind == 7) {
                return readStale(name, web, member, shared);
            } else if (kind == 8) {
                return writeOnce(name, web, member);
            }
            OnceWrite recent = recorder.onceWrite(random.nextInt(RECENT));
            return Recorder.outcome(read(name, web, member, recent == null ? shared : recent.key()));
        }
    }
}
