package dev.coracle.cli.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.cli.torture.Plan.Step;
import dev.coracle.cli.torture.Recorder.OnceWrite;
import dev.coracle.cli.torture.Shell.ShellException;
import dev.coracle.examples.ThisProgram;
import dev.coracle.examples.demo.MemstoreProcess;
import dev.coracle.examples.demo.Web;
import dev.coracle.testkit.history.CheckResult;
import dev.coracle.testkit.history.HistoryPicture;
import dev.coracle.testkit.history.KeyValueMap;
import dev.coracle.testkit.history.LinearizabilityChecker;
import dev.coracle.testkit.history.Outcome;
import dev.coracle.testkit.history.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A run: members are started, tortured, left in peace, and judged. */
final class Torture {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration CALM_TIMEOUT = Duration.ofMinutes(2);
    private static final int READ_ATTEMPTS = 10;
    private static final int SHOWN = 5;
    private static final int PORT_ATTEMPTS = 5;
    private static final int RAFT_PORT = 60_061;
    private static final int WEB_PORT = 8_001;
    private static final Duration PROGRESS = Duration.ofSeconds(10);
    /** Small files and few entries to catch up, so that all code is reached. */
    private static final List<String> OPTIONS =
            List.of("--segment-bytes", "262144", "--snapshot-entries", "1000", "--catch-up-entries", "100");
    /** Still fewer, so that members fall behind within seconds. */
    private static final List<String> UPGRADE_OPTIONS = List.of(
            "--segment-bytes",
            "262144",
            "--snapshot-entries",
            "300",
            "--catch-up-entries",
            String.valueOf(Upgrade.CATCH_UP_ENTRIES));

    private final Options options;
    private final Consumer<String> out;
    private final Web web = new Web(Web.PATIENT);
    /** Also read by the shutdown hook. */
    private final List<Member> members = new CopyOnWriteArrayList<>();

    private final List<Check> checks = new ArrayList<>();

    /**
     * What a run is asked for.
     *
     * @param time how long members are tortured
     * @param nodes how many there are, 3 to 5
     * @param faults what may be done to them; empty for all that there can be
     * @param isLying whether syncs are lies
     * @param older the jar of an older version, with which all begin and from which they are upgraded; null for none
     * @param withOlderMembers whether members of this version are told of those that are older, until there is none
     * @param folder where everything goes
     * @param mainClass what runs {@code memstore} as its first argument
     * @param confined why this process has no namespaces of its own, null if it has
     */
    record Options(
            Duration time,
            int nodes,
            long seed,
            Set<Fault> faults,
            boolean isLying,
            @Nullable Path older,
            boolean withOlderMembers,
            Path folder,
            String mainClass,
            @Nullable String confined) {}

    /** Something that had to hold, whether it did, and what was found. */
    record Check(String what, boolean held, String found) {}

    /** What was asked for cannot be had on this machine. */
    static final class NotHereException extends Exception {
        private static final long serialVersionUID = 1L;

        NotHereException(String message) {
            super(message);
        }
    }

    /** A run that has not begun. */
    Torture(Options options, Consumer<String> out) {
        this.options = options;
        this.out = out;
    }

    /** Kills what runs; for the end of a process that has no time for more. */
    void kill() {
        members.forEach(member -> member.process().kill());
    }

    /**
     * Runs, and returns what was checked.
     *
     * @throws NotHereException if a fault that was asked for by name cannot be had here
     */
    List<Check> run() throws IOException, ShellException, InterruptedException, NotHereException {
        // In an upgrade somebody joins.
        int most = options.older == null ? options.nodes : options.nodes + 1;
        Lab lab = Lab.build(options.folder, most, options.confined, options.isLying);
        try {
            Set<Fault> faults = options.older == null ? choose(lab) : Set.of();
            startMembers(lab);
            torture(lab, faults);
        } finally {
            // What was interrupted still has to be cleaned up; a second interruption ends that, too.
            boolean wasInterrupted = Thread.interrupted();
            members.forEach(Member::kill);
            lab.close();
            if (wasInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
        return checks;
    }

    private Set<Fault> choose(Lab lab) throws NotHereException {
        say("  %-10s %-4s %s", "fault", "here", "how, or why not");
        for (Fault fault : Fault.values()) {
            Lab.Means means = Objects.requireNonNull(lab.means().get(fault), fault.name());
            say("  %-10s %-4s %s", fault, means.isThere() ? "yes" : "no", means.text());
            if (options.faults.contains(fault) && !means.isThere()) {
                throw new NotHereException("there is no " + fault + " here: " + means.text());
            }
        }
        if (options.isLying && !lab.faults().contains(Fault.EIO)) {
            throw new NotHereException("a disk that lies needs strace: "
                    + Objects.requireNonNull(lab.means().get(Fault.EIO)).text());
        }
        return options.faults.isEmpty() ? lab.faults() : options.faults;
    }

    // ---- the members

    private void startMembers(Lab lab) throws IOException, ShellException, InterruptedException {
        say("Starting %d members in %s", options.nodes, options.folder);
        Path cluster = options.folder.resolve("cluster.toml");
        for (int i = 0; i < options.nodes; i++) {
            members.add(member(lab, i, "--cluster-config", cluster.toString()));
        }
        for (int attempt = 1; !startAll(lab, cluster); attempt++) {
            if (attempt == PORT_ATTEMPTS) {
                throw new IOException("the members did not start; their logs are in " + options.folder);
            }
            members.forEach(Member::kill);
        }
        for (Member member : members) {
            say(
                    "  %s   raft %s   web %s",
                    member.name(),
                    member.process().raftAddress(),
                    member.process().url());
        }
    }

    private Member member(Lab lab, int index, String... origin) {
        return new Member(
                index,
                process(lab, index, options.older == null),
                lab.volume(index),
                memberOptions(false, origin),
                options.folder,
                options.isLying);
    }

    private List<String> memberOptions(boolean withOlderMembers, String... origin) {
        List<String> all = new ArrayList<>(options.older == null ? OPTIONS : UPGRADE_OPTIONS);
        if (withOlderMembers) {
            all.add("--older-members");
        }
        all.addAll(List.of(origin));
        return all;
    }

    private MemstoreProcess process(Lab lab, int index, boolean isNewer) {
        List<String> launch = new ArrayList<>();
        if (lab.network() != null) {
            launch.addAll(lab.network().prefix(index));
        }
        launch.addAll(
                isNewer
                        ? ThisProgram.command(ThisProgram.SMALL, options.mainClass)
                        // A jar names those that it needs.
                        : ThisProgram.command(ThisProgram.SMALL, String.valueOf(options.older), options.mainClass));
        return new MemstoreProcess(
                index + 1,
                lab.volume(index).root().resolve("data"),
                options.folder.resolve("member-" + (index + 1) + ".log"),
                launch);
    }

    private static void choosePorts(Lab lab, Member member) throws IOException {
        if (lab.network() != null) {
            String host = Network.address(member.index());
            member.process().listenAt(host + ":" + RAFT_PORT, host + ":" + WEB_PORT);
        } else {
            member.process().pickPorts();
        }
    }

    /** False if one did not start because another program has taken its port. */
    private boolean startAll(Lab lab, Path cluster) throws IOException, ShellException, InterruptedException {
        StringBuilder text = new StringBuilder();
        for (Member member : members) {
            choosePorts(lab, member);
            String[] address = member.process().raftAddress().split(":", -1);
            text.append("[[raft.peers]]\nip = \"")
                    .append(address[0])
                    .append("\"\nport = ")
                    .append(address[1]);
            text.append("\nnode_id = ").append(member.index() + 1).append("\nrole = \"voter\"\n");
        }
        Files.writeString(cluster, text);
        for (Member member : members) {
            member.start();
        }
        boolean started = Waiting.until(
                START_TIMEOUT,
                () -> members.stream().anyMatch(Member::hasEndedByItself) || Waiting.all(members, this::servesReads));
        if (started && members.stream().noneMatch(Member::hasEndedByItself)) {
            return true;
        }
        for (Member member : members) {
            if (!member.process().isAlive() && !member.process().lostItsAddress()) {
                throw new IOException(
                        member.name() + " did not start:\n" + member.process().tail());
            }
        }
        return false;
    }

    private boolean servesReads(Member member) throws InterruptedException {
        return web.get(member.process(), "/digest").isOk();
    }

    // ---- the run

    private void torture(Lab lab, Set<Fault> faults) throws IOException, ShellException, InterruptedException {
        if (options.isLying) {
            say("From now on no sync of a member does anything");
            for (Member member : members) {
                member.volume().sync();
                member.lie();
            }
        }
        say("Torturing them for %s, seed %d", text(options.time), options.seed);
        Recorder recorder = new Recorder(System::nanoTime);
        Clients clients = new Clients(members, recorder);
        Nemesis nemesis = new Nemesis(lab, members, options.folder, text -> say("%s", text));
        clients.start(options.seed);
        if (options.older != null) {
            upgrade(lab, nemesis, new Progress(recorder));
        } else {
            List<Step> plan = options.isLying
                    ? Plan.powerCuts(options.time)
                    : Plan.of(options.seed, options.nodes, faults, options.time);
            nemesis.run(plan, options.time, new Progress(recorder));
        }

        say("No more faults: everybody has %s to come back", text(CALM_TIMEOUT));
        clients.stop();
        long calm = System.nanoTime();
        Set<String> states = new LinkedHashSet<>();
        boolean areBack = Waiting.until(CALM_TIMEOUT, () -> {
            nemesis.watch();
            return Waiting.all(members, this::servesReads);
        });
        check("all members are back and serve", areBack, text(since(calm)));
        boolean write = Waiting.until(
                CALM_TIMEOUT,
                () -> Waiting.all(members, member -> clients.writeOnce("last writer", member) == Outcome.OK));
        check("all members take a write", write, text(since(calm)));
        boolean areEqual = Waiting.until(CALM_TIMEOUT, () -> {
            states.clear();
            for (Member member : members) {
                states.add(state(member));
            }
            return states.size() == 1 && !states.contains("none");
        });
        check(
                "the members' states are equal",
                areEqual,
                areEqual ? states.iterator().next() : states.toString());
        readBack(clients, recorder);
        judge(recorder, nemesis);
        report(recorder, nemesis);
    }

    private void upgrade(Lab lab, Nemesis nemesis, Runnable progress)
            throws IOException, ShellException, InterruptedException {
        boolean[] withOlderMembers = {options.withOlderMembers};
        Upgrade upgrade = new Upgrade(
                members,
                nemesis,
                new Upgrade.Programs() {
                    @Override
                    public void give(Member member, boolean isNewer) {
                        // Data directories are there: no start asks for their origin any more.
                        member.replace(
                                process(lab, member.index(), isNewer), memberOptions(isNewer && withOlderMembers[0]));
                    }

                    @Override
                    public Member joiner(int index, boolean isNewer, Member through) throws IOException {
                        Member joiner = member(lab, index);
                        choosePorts(lab, joiner);
                        joiner.replace(
                                process(lab, index, isNewer),
                                memberOptions(
                                        isNewer && withOlderMembers[0],
                                        "--peer-addr",
                                        through.process().raftAddress()));
                        return joiner;
                    }
                },
                progress,
                text -> say("%s", text));
        List<Plan.Move> moves = new ArrayList<>(Plan.upgrade(options.seed, options.nodes));
        upgrade.run(moves, options.time);
        if (options.withOlderMembers) {
            say("Nobody is older now: all are started again without that option");
            withOlderMembers[0] = false;
            List<Plan.Move> restarts = Plan.restarts(options.seed, members.size());
            upgrade.run(restarts, Duration.ZERO);
            moves.addAll(restarts);
        }
        check(
                "every step of the upgrade was done",
                upgrade.failures().isEmpty(),
                upgrade.failures().isEmpty()
                        ? "all " + moves.size()
                        : upgrade.failures().size() + " of " + moves.size() + " not: "
                                + String.join("; ", upgrade.failures()));
        check(
                "snapshots of the other version were taken",
                upgrade.snapshotsToNewer() > 0 && upgrade.snapshotsToOlder() > 0,
                upgrade.snapshotsToNewer() + " by the newer one, " + upgrade.snapshotsToOlder() + " by the older one");
    }

    /** What a member holds, in words; "none" without an answer. */
    private String state(Member member) throws InterruptedException {
        JsonNode digest = web.json(member.process(), "/digest");
        return digest.isMissingNode()
                ? "none"
                : digest.path("entries").asText() + " entries, SHA-256 "
                        + digest.path("sha256").asText();
    }

    /** Reads every key that was ever asked for; what was written once shows by itself whether it is there. */
    private void readBack(Clients clients, Recorder recorder) throws InterruptedException {
        Map<Long, Web.Answer> found = new TreeMap<>();
        int unread = 0;
        for (long key : recorder.keys()) {
            Web.Answer answer = new Web.Answer(Web.Answer.LOST, "");
            for (int attempt = 0; attempt < READ_ATTEMPTS && !answer.isOk() && answer.status() != 404; attempt++) {
                Member member = members.get((int) ((key + attempt) % members.size()));
                answer = clients.read("last reader", member, key);
            }
            found.put(key, answer);
            if (!answer.isOk() && answer.status() != 404) {
                unread++;
            }
        }
        check("all keys can be read", unread == 0, found.size() - unread + " of " + found.size());
        ReadBack back = ReadBack.of(recorder.onceWrites(), found);
        check(
                "acknowledged writes read back",
                back.acknowledged() > 0 && back.lost().isEmpty(),
                back.lost().isEmpty()
                        ? "all " + back.acknowledged()
                        : back.lost().size() + " of " + back.acknowledged() + " lost" + some(back.lost()));
        check(
                "refused writes are not there",
                back.done().isEmpty(),
                back.done().isEmpty()
                        ? "none of " + back.refused()
                        : back.done().size() + " of " + back.refused() + " done" + some(back.done()));
    }

    private static String some(List<OnceWrite> writes) {
        List<OnceWrite> first = writes.subList(0, Math.min(SHOWN, writes.size()));
        return ", among them "
                + String.join(
                        ", ", first.stream().map(write -> "key " + write.key()).toList());
    }

    private void judge(Recorder recorder, Nemesis nemesis) throws IOException {
        CheckResult<KeyValueMap.Input<Long, String>, @Nullable Object> result =
                LinearizabilityChecker.check(new KeyValueMap<>(), recorder.history());
        boolean isRight = result.verdict() == Verdict.LINEARIZABLE;
        String found = result.toString();
        if (result.wrongPart().isPresent()) {
            say("");
            say("%s", found);
            Path picture = options.folder.resolve("history.html");
            Files.writeString(picture, HistoryPicture.html(result.wrongPart().orElseThrow()));
            found = "they are not; drawn in " + picture;
        }
        check("the clients' histories are linearizable", isRight, found);
        check(
                "no member ended by itself",
                nemesis.endsByThemselves().isEmpty(),
                nemesis.endsByThemselves().isEmpty()
                        ? "none"
                        : nemesis.endsByThemselves().size() + " times");
        if (nemesis.injectedErrors() > 0) {
            check(
                    "members whose sync failed ended for that",
                    nemesis.survivorsOfErrors().isEmpty(),
                    nemesis.survivorsOfErrors().isEmpty()
                            ? "all " + nemesis.injectedErrors()
                            : String.join("; ", nemesis.survivorsOfErrors()));
        }
    }

    private void check(String what, boolean held, String found) {
        checks.add(new Check(what, held, found));
    }

    private void report(Recorder recorder, Nemesis nemesis) {
        say("");
        nemesis.done().forEach((fault, times) -> say("  %-44s %,8d", "fault " + fault, times));
        int starts = members.stream().mapToInt(Member::lives).sum() - members.size();
        say("  %-44s %,8d", "members started again", starts);
        say("  %-44s %,8d", "starts refused by a full disk", nemesis.refusals());
        say("  %-44s %,8d", "syncs that failed", nemesis.injectedErrors());
        say("  %-44s %,8d", "writes acknowledged", recorder.acknowledged());
        say("  %-44s %,8d", "operations done", recorder.count(Outcome.OK));
        say("  %-44s %,8d", "operations that certainly were not", recorder.count(Outcome.FAILED));
        say("  %-44s %,8d", "operations of which nothing is known", recorder.count(Outcome.UNKNOWN));
        recorder.reasons().forEach((reason, times) -> say("    %-120s %,8d", reason, times));
        say("  %-44s %8s", "longest without an acknowledged write", text(Duration.ofNanos(recorder.longestGapNanos())));
        for (Check check : checks) {
            say("  %-44s %s   %s", check.what, check.held ? "ok" : "FAILED", check.found);
        }
        say("");
    }

    /** Tells how far the clients are. */
    private final class Progress implements Runnable {
        private final Recorder recorder;
        private final long beginNanos = System.nanoTime();
        private long nextNanos = beginNanos + PROGRESS.toNanos();

        Progress(Recorder recorder) {
            this.recorder = recorder;
        }

        @Override
        public void run() {
            if (System.nanoTime() - nextNanos >= 0) {
                nextNanos += PROGRESS.toNanos();
                say(
                        "%6.1f s  %,d writes acknowledged, %,d operations done, %,d of which nothing is known",
                        since(beginNanos).toMillis() / 1e3,
                        recorder.acknowledged(),
                        recorder.count(Outcome.OK),
                        recorder.count(Outcome.UNKNOWN));
            }
        }
    }

    private static Duration since(long beginNanos) {
        return Duration.ofNanos(System.nanoTime() - beginNanos);
    }

    private static String text(Duration duration) {
        return String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1e3);
    }

    private void say(String format, Object... values) {
        out.accept(String.format(Locale.ROOT, format, values));
    }
}
