package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Plan.Step;
import dev.coracle.cli.torture.Shell.ShellException;
import dev.coracle.examples.demo.Web;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.function.Consumer;

/**
 * Does to members what the plan says, undoes it when its time has come, and watches that none ends without a reason. Two
 * faults at a time, on different members; what strikes all waits until nothing else does, and most steps until their
 * member has come back from the one before. A step whose time has not come when the run ends is left out.
 */
final class Nemesis {
    private static final int MAX_AT_ONCE = 2;
    private static final int TURN_MILLIS = 20;
    private static final int MAX_RESTARTS = 3;
    private static final Duration EIO_PATIENCE = Duration.ofSeconds(10);

    private final Lab lab;
    private final List<Member> members;
    private final Path folder;
    private final Consumer<String> out;
    /** Short: those asked may be paused. */
    private final Web web = new Web(Duration.ofMillis(300));

    private final long beginNanos = System.nanoTime();
    private final List<Active> active = new ArrayList<>();
    private final Map<Fault, Integer> done = new EnumMap<>(Fault.class);
    private final List<String> ends = new ArrayList<>();
    private final List<String> survivors = new ArrayList<>();
    private int injectedErrors;
    private int refusals;
    private int traces;

    /** Undoes a fault. */
    @FunctionalInterface
    private interface Undo {
        void run() throws IOException, ShellException, InterruptedException;
    }

    private record Active(long untilNanos, List<Member> members, Undo undo) {}

    /**
     * A nemesis that has done nothing yet.
     *
     * @param folder where the traces of system calls go
     * @param out told what is done
     */
    Nemesis(Lab lab, List<Member> members, Path folder, Consumer<String> out) {
        this.lab = lab;
        this.members = members;
        this.folder = folder;
        this.out = out;
    }

    /** How often each fault was there. */
    Map<Fault, Integer> done() {
        return done;
    }

    /** Members that ended without having been told to: who, after what, and their last words. */
    List<String> endsByThemselves() {
        return ends;
    }

    /** Members that went on after a sync of theirs had failed. */
    List<String> survivorsOfErrors() {
        return survivors;
    }

    /** How often a member did not start for want of room. */
    int refusals() {
        return refusals;
    }

    /** How many syncs were made to fail. */
    int injectedErrors() {
        return injectedErrors;
    }

    /**
     * Does the steps, and returns when the time is over and everything is undone.
     *
     * @param progress called now and then
     */
    void run(List<Step> steps, Duration time, Runnable progress)
            throws IOException, ShellException, InterruptedException {
        long endNanos = beginNanos + time.toNanos();
        int next = 0;
        while (System.nanoTime() - endNanos < 0) {
            undoWhatIsDue();
            if (next < steps.size() && elapsedMillis() >= steps.get(next).atMillis() && begin(steps.get(next))) {
                next++;
            }
            watch();
            progress.run();
            Thread.sleep(TURN_MILLIS);
        }
        while (!active.isEmpty()) {
            undo(active.remove(0));
        }
    }

    private long elapsedMillis() {
        return (System.nanoTime() - beginNanos) / 1_000_000;
    }

    private void undoWhatIsDue() throws IOException, ShellException, InterruptedException {
        List<Active> due = new ArrayList<>();
        for (Iterator<Active> each = active.iterator(); each.hasNext(); ) {
            Active one = each.next();
            if (System.nanoTime() - one.untilNanos >= 0) {
                each.remove();
                due.add(one);
            }
        }
        for (Active one : due) {
            undo(one);
        }
    }

    private static void undo(Active one) throws IOException, ShellException, InterruptedException {
        one.undo.run();
    }

    /** Records who has ended, and starts them again: what they do then is of interest, too. */
    void watch() throws IOException, ShellException, InterruptedException {
        for (Member member : members) {
            member.look(web);
            if (member.hasEndedByItself()) {
                ends.add(member.name() + " ended by itself, status "
                        + member.process().exitStatus() + ", after "
                        + String.format(Locale.ROOT, "%.1f", elapsedMillis() / 1e3) + " s. Its last words:\n"
                        + member.process().tail().indent(4).stripTrailing());
                say(ends.get(ends.size() - 1));
                long times = ends.stream()
                        .filter(end -> end.startsWith(member.name()))
                        .count();
                member.kill();
                if (times <= MAX_RESTARTS) {
                    member.start();
                }
            }
        }
    }

    private boolean isFree(Member member, boolean hasAnswered) {
        return member.isUp(hasAnswered) && active.stream().noneMatch(one -> one.members.contains(member));
    }

    /** Begins a step; false if it has to wait. */
    private boolean begin(Step step) throws IOException, ShellException, InterruptedException {
        if (step.fault().isOfAll()) {
            if (!members.stream().allMatch(member -> isFree(member, !step.isEarly()))) {
                return false;
            }
            begin(step, members, "all");
            return true;
        }
        if (active.size() >= MAX_AT_ONCE) {
            return false;
        }
        int first = step.onLeader() ? leaderOr(step.member()) : step.member();
        for (int i = 0; i < members.size(); i++) {
            Member member = members.get((first + i) % members.size());
            if (isFree(member, !step.isEarly())) {
                begin(step, List.of(member), member.name());
                return true;
            }
        }
        return false;
    }

    private int leaderOr(int otherwise) throws InterruptedException {
        for (Member member : members) {
            if (isFree(member, true)) {
                // It must say so itself: what others know may be out of date.
                OptionalLong leader = web.leader(member.process());
                if (leader.isPresent() && leader.getAsLong() == member.index() + 1) {
                    return member.index();
                }
            }
        }
        return otherwise;
    }

    private void begin(Step step, List<Member> targets, String whom)
            throws IOException, ShellException, InterruptedException {
        Fault fault = step.fault();
        Member target = targets.get(0);
        int here = target.index();
        int there = (here + step.others()) % members.size();
        String other = switch (fault) {
            case CUT -> " and member " + (there + 1);
            case ONE_WAY -> " to member " + (there + 1);
            default -> "";
        };
        say(String.format(Locale.ROOT, "%-9s %s%s%s", fault, whom, other, lasting(step)));
        Undo undo = switch (fault) {
            case KILL, KILL_ALL -> kill(targets);
            case PAUSE -> {
                target.pause();
                yield target::resume;
            }
            case POWER, POWER_ALL -> cutPower(targets);
            case FULL_DISK -> {
                target.volume().fill();
                yield () -> target.volume().free();
            }
            case KILL_FULL -> {
                target.volume().fill();
                target.kill();
                target.start();
                target.mayEnd();
                yield () -> {
                    target.volume().free();
                    if (!target.process().isAlive()) {
                        refusals++;
                        target.start();
                    } else {
                        target.mustRun();
                    }
                };
            }
            case EIO -> failSyncs(target);
            case CUT -> {
                net().cut(here, there);
                net().cut(there, here);
                yield () -> {
                    net().join(here, there);
                    net().join(there, here);
                };
            }
            case ONE_WAY -> {
                net().cut(here, there);
                yield () -> net().join(here, there);
            }
            case ISOLATE -> {
                forEachOther(here, one -> {
                    net().cut(here, one);
                    net().cut(one, here);
                });
                yield () -> forEachOther(here, one -> {
                    net().join(here, one);
                    net().join(one, here);
                });
            }
            case RESET -> {
                net().reset(here);
                yield () -> {};
            }
            case SLOW_LINK -> {
                net().slow(here);
                yield () -> net().hurry(here);
            }
        };
        done.merge(fault, 1, Integer::sum);
        active.add(new Active(
                System.nanoTime() + Duration.ofMillis(step.holdMillis()).toNanos(), targets, undo));
    }

    private static String lasting(Step step) {
        return step.holdMillis() == 0 ? "" : String.format(Locale.ROOT, ", %.1f s", step.holdMillis() / 1e3);
    }

    private Network net() {
        return Objects.requireNonNull(lab.network(), "a fault of links without a network");
    }

    /** Does something with the other end of a link. */
    @FunctionalInterface
    private interface OnOther {
        void accept(int other) throws ShellException, InterruptedException;
    }

    private void forEachOther(int member, OnOther action) throws ShellException, InterruptedException {
        for (int other = 0; other < members.size(); other++) {
            if (other != member) {
                action.accept(other);
            }
        }
    }

    private static Undo kill(List<Member> targets) {
        targets.forEach(Member::kill);
        return () -> startAll(targets);
    }

    private static void startAll(List<Member> targets) throws IOException, ShellException, InterruptedException {
        for (Member target : targets) {
            target.start();
        }
    }

    private static Undo cutPower(List<Member> targets) throws ShellException, InterruptedException {
        targets.forEach(Member::mayEnd);
        // The disks first: whatever the processes still say, they say it with a disk that takes nothing more.
        Volume.cutPower(targets.stream().map(Member::volume).toList());
        targets.forEach(Member::kill);
        for (Member target : targets) {
            target.volume().unmount();
            target.volume().mount();
        }
        return () -> startAll(targets);
    }

    /** The first sync of each thread fails, and the next would not: that is what Linux does with a page that it lost. */
    private Undo failSyncs(Member target) throws IOException, ShellException, InterruptedException {
        target.mayEnd();
        Strace strace = Strace.attach(target.process().pid(), "error=EIO:when=1", folder.resolve("eio-" + ++traces));
        return () -> {
            boolean hasFailed = strace.injected() > 0;
            if (hasFailed) {
                injectedErrors++;
                long deadline = System.nanoTime() + EIO_PATIENCE.toNanos();
                while (target.process().isAlive() && System.nanoTime() - deadline < 0) {
                    Thread.sleep(TURN_MILLIS);
                }
                if (target.process().isAlive()) {
                    survivors.add(target.name() + " went on after a sync had failed");
                } else if (target.process().exitStatus() == 0) {
                    survivors.add(target.name() + " ended with status 0 after a sync had failed");
                }
            }
            strace.detach();
            target.kill();
            target.start();
        };
    }

    private void say(String text) {
        out.accept(String.format(Locale.ROOT, "%6.1f s  %s", elapsedMillis() / 1e3, text));
    }
}
