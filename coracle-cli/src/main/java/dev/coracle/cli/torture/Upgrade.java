package dev.coracle.cli.torture;

import com.fasterxml.jackson.databind.JsonNode;
import dev.coracle.cli.torture.Plan.Move;
import dev.coracle.cli.torture.Shell.ShellException;
import dev.coracle.examples.demo.Web;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A rolling upgrade under load: all members run an older version in the beginning, and this one in the end. The next step
 * is taken when the one before is done: the member serves, so it has all that was committed when it was asked.
 */
final class Upgrade {
    /** How many entries behind a snapshot members keep for those that are behind. */
    static final int CATCH_UP_ENTRIES = 50;

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final Duration TRANSFER_PATIENCE = Duration.ofSeconds(15);
    private static final Pattern SNAPSHOT = Pattern.compile("index: ([0-9]+)");

    private final List<Member> members;
    private final Nemesis nemesis;
    private final Programs programs;
    private final Runnable progress;
    private final Consumer<String> out;
    private final Web web = new Web(Web.PATIENT);
    private final long beginNanos = System.nanoTime();
    private final List<String> failures = new ArrayList<>();
    private int snapshotsToNewer;
    private int snapshotsToOlder;

    /** What runs members, in both versions. */
    interface Programs {
        /** The member, which is down, has this program from its next start on. */
        void give(Member member, boolean isNewer);

        /** A member that is not there yet, and joins through another one when it is started. */
        Member joiner(int index, boolean isNewer, Member through) throws IOException;
    }

    /**
     * An upgrade that has not begun.
     *
     * @param members all that run, in the older version; gets the one that joins
     * @param nemesis watches that none ends by itself
     * @param progress called now and then
     * @param out told what is done
     */
    Upgrade(List<Member> members, Nemesis nemesis, Programs programs, Runnable progress, Consumer<String> out) {
        this.members = members;
        this.nemesis = nemesis;
        this.programs = programs;
        this.progress = progress;
        this.out = out;
    }

    /** The steps that were not done, and what was waited for in vain. */
    List<String> failures() {
        return failures;
    }

    /** How many members of this version have come back to where only a snapshot of the older one could bring them. */
    int snapshotsToNewer() {
        return snapshotsToNewer;
    }

    /** How many members of the older version have come back to where only a snapshot of this one could bring them. */
    int snapshotsToOlder() {
        return snapshotsToOlder;
    }

    /**
     * Does the steps. They begin spread over the time, unless those before took longer.
     *
     * @param moves the steps; one that fails is followed by the others all the same
     */
    void run(List<Move> moves, Duration time) throws IOException, ShellException, InterruptedException {
        if (!await(PATIENCE, () -> Waiting.all(members, member -> snapshotIndex(member) > 0))) {
            failures.add("not all members have taken a snapshot in the beginning");
        }
        for (int i = 0; i < moves.size(); i++) {
            Duration begin = time.multipliedBy(i).dividedBy(moves.size());
            await(begin.minus(elapsed()), () -> false);
            make(moves.get(i));
        }
        await(time.minus(elapsed()), () -> false);
    }

    private void make(Move move) throws IOException, ShellException, InterruptedException {
        if (move.isJoiner()) {
            // Through one that it need not be told of: whoever is there hands it on to the leader.
            Member joiner = programs.joiner(move.member(), move.isNewer(), members.get(0));
            say(joiner.name() + " joins in " + version(move));
            joiner.start();
            members.add(joiner);
            awaitService(joiner, move);
            return;
        }
        Member member = members.get(move.member());
        if (move.isLeader() && !makeLeader(member)) {
            failures.add(member.name() + " did not become the leader before its upgrade");
        }
        long last = move.fallsBehind() ? lastIndex(member) : 0;
        say(String.format(
                Locale.ROOT,
                "%s %s%s and comes back in %s%s",
                member.name(),
                move.isKilled() ? "is killed" : "is stopped",
                move.isLeader() ? " as the leader" : "",
                version(move),
                move.fallsBehind() ? ", once it needs a snapshot" : ""));
        if (move.isKilled()) {
            member.kill();
        } else {
            member.stop();
        }
        boolean needsSnapshot = false;
        if (move.fallsBehind()) {
            // What a member may have got after it was asked is less than this at the rate of these clients.
            long needed = last + 2L * CATCH_UP_ENTRIES;
            needsSnapshot = last > 0
                    && await(
                            PATIENCE,
                            () -> Waiting.all(
                                    members,
                                    other -> other == member || snapshotIndex(other) > needed + CATCH_UP_ENTRIES));
            if (!needsSnapshot) {
                failures.add(member.name() + " did not fall behind");
            }
        }
        programs.give(member, move.isNewer());
        member.start();
        if (awaitService(member, move) && needsSnapshot) {
            if (move.isNewer()) {
                snapshotsToNewer++;
            } else {
                snapshotsToOlder++;
            }
        }
    }

    private static String version(Move move) {
        return move.isNewer() ? "this version" : "the older version";
    }

    private boolean awaitService(Member member, Move move) throws IOException, ShellException, InterruptedException {
        long begin = System.nanoTime();
        boolean serves =
                await(PATIENCE, () -> web.get(member.process(), "/digest").isOk());
        if (!serves) {
            failures.add(member.name() + " does not serve in " + version(move));
        }
        say(String.format(
                Locale.ROOT,
                "%s %s after %.1f s",
                member.name(),
                serves ? "serves" : "does not serve",
                (System.nanoTime() - begin) / 1e9));
        return serves;
    }

    private boolean makeLeader(Member member) throws IOException, ShellException, InterruptedException {
        return await(TRANSFER_PATIENCE, () -> {
            OptionalLong leader = web.leader(member.process());
            if (leader.isPresent() && leader.getAsLong() == member.index() + 1) {
                return true;
            }
            web.post(member.process(), "/transfer_leader/" + (member.index() + 1));
            return false;
        });
    }

    /** The end of a member's log; 0 if it does not tell. */
    private long lastIndex(Member member) throws IOException, ShellException, InterruptedException {
        long[] last = new long[1];
        await(PATIENCE, () -> {
            last[0] = web.json(member.process(), "/debug")
                    .at("/storage/last_index")
                    .asLong();
            return last[0] > 0;
        });
        return last[0];
    }

    /** The index of a member's newest snapshot; -1 without an answer. */
    private long snapshotIndex(Member member) throws InterruptedException {
        JsonNode debug = web.json(member.process(), "/debug");
        Matcher index = SNAPSHOT.matcher(debug.at("/storage/snapshot").asText());
        return index.matches() ? Long.parseLong(index.group(1)) : -1;
    }

    private boolean await(Duration timeout, Waiting.Condition condition)
            throws IOException, ShellException, InterruptedException {
        return Waiting.until(timeout, () -> {
            nemesis.watch();
            progress.run();
            return condition.holds();
        });
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - beginNanos);
    }

    private void say(String text) {
        out.accept(String.format(Locale.ROOT, "%6.1f s  %s", elapsed().toMillis() / 1e3, text));
    }
}
