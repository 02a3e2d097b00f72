package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** Waits for what processes do, of which nothing tells: asks them again and again. */
final class Waiting {
    private static final int POLL_MILLIS = 50;

    private Waiting() {}

    /** What has to come true. */
    @FunctionalInterface
    interface Condition {
        boolean holds() throws IOException, ShellException, InterruptedException;
    }

    /** Asks a member something. */
    @FunctionalInterface
    interface Question {
        boolean isTrueOf(Member member) throws InterruptedException;
    }

    /** Tells whether something is true of all members; asks none after the first of which it is not. */
    static boolean all(List<Member> members, Question question) throws InterruptedException {
        for (Member member : members) {
            if (!question.isTrueOf(member)) {
                return false;
            }
        }
        return true;
    }

    /** Waits until something holds, but not longer than so long; tells whether it holds. */
    static boolean until(Duration timeout, Condition condition)
            throws IOException, ShellException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!condition.holds()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }
}
