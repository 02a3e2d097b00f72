package dev.coracle.examples.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.examples.Folders;
import dev.coracle.examples.Signals;
import dev.coracle.examples.ThisProgram;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code demo}: starts three memstore processes, kills the one that leads in the middle of a thousand writes,
 * and checks that nothing that was acknowledged is lost.
 */
@Command(
        name = "demo",
        header = "Starts three memstores, kills the one that leads, and checks that nothing is lost.",
        description = {
            "",
            "Three processes are started. The leader is killed in the middle of 1,000 writes and started again; then it is"
                    + " checked that no acknowledged write is lost and that the three are equal. The cluster stays up to"
                    + " be played with, until Ctrl+C, which ends all three.",
            ""
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:every check held",
            "1:one did not, or the cluster could not be started",
            "2:wrong arguments",
            "130:interrupted before the checks were done",
        })
public final class Demo implements Callable<Integer> {
    private static final int KEYS = 1_000;
    private static final int INTERRUPTED = 130;
    private static final int PORT_ATTEMPTS = 5;
    private static final int POLL_MILLIS = 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    private final String mainClass;
    private final Web web = new Web(Web.PATIENT);
    /** Also read by the shutdown hook's thread. */
    private final List<MemstoreProcess> members = new CopyOnWriteArrayList<>();

    private final List<Row> table = new ArrayList<>();

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description = "An empty folder for the data and the logs, which is kept; default: a fresh temporary one.")
    private @Nullable Path dataDirectory;

    @Option(names = "--exit", description = "Ends the cluster after the checks.")
    private boolean exits;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("unused") // The parser ends when it is set.
    private boolean help;

    @Spec
    private CommandSpec spec;

    /** Who was killed, by which id it was known, and when. */
    private record Kill(MemstoreProcess victim, long id, long atNanos) {}

    /** A line of the table: what was looked at, what was found, whether it had to hold and does, how long it took. */
    private record Row(
            String what,
            String found,
            @Nullable Boolean held,
            @Nullable Duration took) {}

    /** Something that is asked again and again. */
    @FunctionalInterface
    private interface Condition {
        boolean holds() throws InterruptedException, DemoFailedException;
    }

    /**
     * A command that has no arguments yet.
     *
     * @param mainClass a class on this process's class path whose {@code main} takes {@code memstore} as its first argument
     */
    public Demo(String mainClass) {
        this.mainClass = mainClass;
    }

    @Override
    public Integer call() {
        try {
            return demonstrate(folder());
        } catch (IOException e) {
            spec.commandLine().getErr().println("demo: " + e);
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private int demonstrate(Path folder) throws IOException {
        Signals.onStop(Thread.currentThread()::interrupt);
        // For a JVM whose signals cannot be handled, and for whatever else calls exit.
        Runtime.getRuntime().addShutdownHook(new Thread(() -> members.forEach(MemstoreProcess::kill), "demo-kill"));
        int status = INTERRUPTED;
        try {
            status = run(folder) ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
            if (!exits) {
                offer();
                new CountDownLatch(1).await();
            }
        } catch (InterruptedException e) {
            // Told to end: the status is what was known by then.
        } catch (IOException | DemoFailedException e) {
            status = CommandLine.ExitCode.SOFTWARE;
            print(String.valueOf(e.getMessage()));
            for (MemstoreProcess member : members) {
                print("The end of " + member.log() + ":\n" + member.tail().indent(2));
            }
        } finally {
            end();
        }
        if (status == CommandLine.ExitCode.SOFTWARE || dataDirectory != null) {
            print("Data and logs are kept in " + folder);
        } else {
            Folders.delete(folder);
        }
        return status;
    }

    private Path folder() throws IOException {
        if (dataDirectory == null) {
            return Files.createTempDirectory("coracle-demo-");
        }
        Files.createDirectories(dataDirectory);
        try (Stream<Path> files = Files.list(dataDirectory)) {
            if (files.findAny().isPresent()) {
                throw new ParameterException(
                        spec.commandLine(), "--data-dir: " + dataDirectory + " is not empty, must be empty or new");
            }
        }
        return dataDirectory;
    }

    private boolean run(Path folder) throws IOException, InterruptedException, DemoFailedException {
        long begin = System.nanoTime();
        print("Starting three members in " + folder);
        startMembers(folder);
        Duration startup = since(begin);
        MemstoreProcess leader = leader(members);
        for (MemstoreProcess member : members) {
            print(
                    "  member %d   raft %s   web %s%s",
                    member.number(), member.raftAddress(), member.url(), member == leader ? "   leads" : "");
        }

        try (Writers writers = new Writers(web, members, KEYS)) {
            table.addAll(writeAndKill(writers));
            table.addAll(verify(writers));
        }
        table.add(0, new Row("three members started", "", null, startup));
        printTable(since(begin));
        return table.stream().noneMatch(row -> Boolean.FALSE.equals(row.held));
    }

    /** Starts the first, which makes the cluster, and then the others, which join it at the same time. */
    private void startMembers(Path folder) throws IOException, InterruptedException, DemoFailedException {
        for (int number = 1; number <= 3; number++) {
            members.add(new MemstoreProcess(
                    number,
                    folder.resolve("member-" + number),
                    folder.resolve("member-" + number + ".log"),
                    ThisProgram.command(ThisProgram.SMALL, mainClass)));
        }
        startAll(members.subList(0, 1));
        startAll(members.subList(1, 3));
        await(
                "all three know three members",
                () -> all(member -> web.json(member, "/peers").size() == 3));
    }

    private void startAll(List<MemstoreProcess> processes)
            throws IOException, InterruptedException, DemoFailedException {
        for (MemstoreProcess process : processes) {
            process.pickPorts();
            start(process);
        }
        for (MemstoreProcess process : processes) {
            int attempt = 1;
            while (!isReady(process)) {
                if (!process.lostItsAddress() || attempt++ == PORT_ATTEMPTS) {
                    throw new DemoFailedException("Member " + process.number() + " did not start.");
                }
                process.pickPorts();
                start(process);
            }
        }
    }

    private void start(MemstoreProcess process) throws IOException {
        MemstoreProcess first = members.get(0);
        process.start(process == first ? List.of() : List.of("--peer-addr", first.raftAddress()));
    }

    /** Waits until a process answers and knows a leader; false if it ends instead. */
    private boolean isReady(MemstoreProcess process) throws InterruptedException, DemoFailedException {
        await(
                "member " + process.number() + " starts",
                () -> !process.isAlive() || web.leader(process).isPresent());
        return process.isAlive();
    }

    /** Writes all keys; when the half is acknowledged, kills the leader and watches how the others go on. */
    private List<Row> writeAndKill(Writers writers) throws InterruptedException, DemoFailedException {
        print("Writing %,d keys through all three", KEYS);
        long begin = System.nanoTime();
        CompletableFuture<Kill> kill = new CompletableFuture<>();
        writers.start(() -> {
            MemstoreProcess leader = leader(members);
            long id = id(leader);
            leader.kill();
            kill.complete(new Kill(leader, id, System.nanoTime()));
        });
        await("half of the writes are acknowledged", kill::isDone);
        Kill killed = kill.join();
        print(
                "  %,d are acknowledged: member %d, which leads, is killed (SIGKILL)",
                writers.acknowledged().size(), killed.victim.number());

        List<MemstoreProcess> survivors =
                members.stream().filter(member -> member != killed.victim).toList();
        await(
                "the others have a new leader",
                () -> any(survivors, member -> {
                    OptionalLong leader = web.leader(member);
                    return leader.isPresent() && leader.getAsLong() != killed.id;
                }));
        Duration leaderless = since(killed.atNanos);
        print("  member %d leads after %s", leader(survivors).number(), text(leaderless));

        boolean all = writers.await(TIMEOUT.toSeconds());
        Duration writing = since(begin);
        print(
                "  %,d are acknowledged: %d, %d and %d by members 1, 2 and 3; %d had to be sent again",
                writers.acknowledged().size(),
                writers.acknowledgedBy(0),
                writers.acknowledgedBy(1),
                writers.acknowledgedBy(2),
                writers.repeated());

        print("Starting member %d again", killed.victim.number());
        long restarted = System.nanoTime();
        catchUp(killed.victim, survivors);
        Duration caughtUp = since(restarted);
        print("  it has caught up after %s", text(caughtUp));
        return List.of(
                new Row("writes acknowledged", count(writers.acknowledged().size()), all, writing),
                new Row("writes sent again", String.valueOf(writers.repeated()), null, null),
                new Row("without a leader", "", null, leaderless),
                new Row("killed member back and caught up", "", true, caughtUp));
    }

    private void catchUp(MemstoreProcess victim, List<MemstoreProcess> survivors)
            throws InterruptedException, DemoFailedException {
        long target = web.json(leader(survivors), "/debug")
                .path("raft_log")
                .path("committed")
                .asLong();
        try {
            start(victim);
        } catch (IOException e) {
            throw new DemoFailedException("Member " + victim.number() + " cannot be started again: " + e);
        }
        await("member " + victim.number() + " catches up to index " + target, () -> {
            if (!victim.isAlive()) {
                throw new DemoFailedException("Member " + victim.number() + " did not start again");
            }
            return web.json(victim, "/debug").path("raft_log").path("applied").asLong(-1) >= target;
        });
    }

    /** Compares the states of the three, and reads back every acknowledged key. */
    private List<Row> verify(Writers writers) throws InterruptedException {
        print("Comparing the three, and reading back what was acknowledged");
        Set<String> states = new LinkedHashSet<>();
        for (MemstoreProcess member : members) {
            JsonNode digest = web.json(member, "/digest");
            String hash = digest.path("sha256").asText("no answer");
            String state = digest.path("entries").asText("?") + " entries, SHA-256 " + hash;
            states.add(state);
            print("  member %d   %s", member.number(), state);
        }
        boolean equal = states.size() == 1 && states.iterator().next().startsWith(KEYS + " entries");

        long begin = System.nanoTime();
        List<Integer> lost = new ArrayList<>();
        for (int key : writers.acknowledged()) {
            // From all in turn: each must give, or get, what any of them has acknowledged.
            Web.Answer answer = web.get(members.get(key % members.size()), "/store/" + key);
            if (!answer.isOk() || !answer.text().equals(Writers.value(key))) {
                lost.add(key);
            }
        }
        if (!lost.isEmpty()) {
            print("  lost: keys " + lost);
        }
        return List.of(
                new Row("states of the three", equal ? "equal" : "differ", equal, null),
                new Row(
                        "acknowledged writes read back",
                        count(writers.acknowledged().size() - lost.size()),
                        lost.isEmpty(),
                        since(begin)));
    }

    private void printTable(Duration total) {
        print("");
        for (Row row : table) {
            print(
                    "  %-34s %-18s %9s   %s",
                    row.what,
                    row.found,
                    row.took == null ? "" : text(row.took),
                    row.held == null ? "" : row.held ? "ok" : "FAILED");
        }
        print("  %-34s %-18s %9s", "altogether", "", text(total));
        print("");
    }

    private void offer() {
        print("The cluster stays up until Ctrl+C. To try in another terminal:");
        print("  curl -X PUT %s/store/1/hello", members.get(0).url());
        print("  curl %s/store/1", members.get(1).url());
        print("  curl %s/leader", members.get(2).url());
        print("  curl %s/peers", members.get(0).url());
        print("  curl -X POST %s/campaign", members.get(1).url());
    }

    /** The process of the member that leads; asks {@code candidates}, and waits while none of them knows. */
    private MemstoreProcess leader(List<MemstoreProcess> candidates) throws InterruptedException, DemoFailedException {
        AtomicReference<@Nullable MemstoreProcess> found = new AtomicReference<>();
        await("one of the members leads", () -> {
            for (MemstoreProcess candidate : candidates) {
                OptionalLong leader = web.leader(candidate);
                // It must say so itself: what others know may be out of date.
                if (leader.isPresent() && leader.getAsLong() == id(candidate)) {
                    found.set(candidate);
                    return true;
                }
            }
            return false;
        });
        return Objects.requireNonNull(found.get());
    }

    private long id(MemstoreProcess member) throws InterruptedException {
        return web.json(member, "/debug").path("node_id").asLong();
    }

    /** Asks a member something. */
    @FunctionalInterface
    private interface Question {
        boolean isTrueOf(MemstoreProcess member) throws InterruptedException;
    }

    private boolean all(Question question) throws InterruptedException {
        return !any(members, member -> !question.isTrueOf(member));
    }

    private static boolean any(List<MemstoreProcess> asked, Question question) throws InterruptedException {
        for (MemstoreProcess member : asked) {
            if (question.isTrueOf(member)) {
                return true;
            }
        }
        return false;
    }

    private void await(String what, Condition condition) throws InterruptedException, DemoFailedException {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - deadline > 0) {
                throw new DemoFailedException("This did not happen within " + TIMEOUT.toSeconds() + " s: " + what);
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Leaves no process behind. */
    private void end() {
        // A signal that came before asked for just this; one that comes now makes the waits below short.
        Thread.interrupted();
        members.forEach(MemstoreProcess::stop);
        members.forEach(MemstoreProcess::awaitEnd);
    }

    private static Duration since(long beginNanos) {
        return Duration.ofNanos(System.nanoTime() - beginNanos);
    }

    private static String text(Duration duration) {
        long millis = duration.toMillis();
        return millis < 1_000 ? millis + " ms" : String.format(Locale.ROOT, "%.1f s", millis / 1e3);
    }

    private static String count(int found) {
        return String.format(Locale.ROOT, "%,d of %,d", found, KEYS);
    }

    private void print(String text) {
        spec.commandLine().getOut().println(text);
    }

    private void print(String format, Object... values) {
        print(String.format(Locale.ROOT, format, values));
    }
}
