package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import dev.coracle.examples.demo.MemstoreProcess;
import dev.coracle.examples.demo.Web;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A member: a process with a file system, a life after the other. Its methods are for one thread, but for what says so. */
final class Member {
    /** What its process is expected to do. */
    enum State {
        /** To run; if it ends, it is wrong. */
        RUNNING,
        /** To end, sooner or later. */
        MAY_END,
        /** Not to be there. */
        DOWN
    }

    private final int index;
    private final Volume volume;
    private final Path folder;
    private final boolean lying;
    private final AtomicInteger lives = new AtomicInteger();
    private List<String> options;
    /** Another object only where its program is another one. */
    private volatile MemstoreProcess process;

    private volatile State state = State.DOWN;
    private boolean answers;
    private @Nullable Strace liar;

    /**
     * A member that is not started yet.
     *
     * @param options what its process is told at every start
     * @param folder where the traces of its system calls go
     * @param lying whether its syncs are lies, from the second life on, and from {@link #lie} in the first
     */
    Member(int index, MemstoreProcess process, Volume volume, List<String> options, Path folder, boolean lying) {
        this.index = index;
        this.process = process;
        this.volume = volume;
        this.options = options;
        this.folder = folder;
        this.lying = lying;
    }

    /** Its place among the members; may be called by any thread. */
    int index() {
        return index;
    }

    /** Its name for people; may be called by any thread. */
    String name() {
        return "member " + (index + 1);
    }

    /** Its process; requests may be sent to it by any thread. */
    MemstoreProcess process() {
        return process;
    }

    /** Its file system. */
    Volume volume() {
        return volume;
    }

    /** How often it was started; may be called by any thread. Counts before the process begins. */
    int lives() {
        return lives.get();
    }

    /** Whether it has ended without having been told to, or given a reason to. */
    boolean hasEndedByItself() {
        return state == State.RUNNING && !process.isAlive();
    }

    /** Whether its process is expected to be there, and has answered in this life if that is asked for. */
    boolean isUp(boolean hasAnswered) {
        return state == State.RUNNING && (answers || !hasAnswered);
    }

    /** Asks a process that was just started whether it takes requests by now. */
    void look(Web web) throws InterruptedException {
        if (state == State.RUNNING && !answers) {
            answers = web.get(process, "/debug").isOk();
        }
    }

    /** From now on its process may end. */
    void mayEnd() {
        state = State.MAY_END;
    }

    /** From now on its process, which is there, may not end. */
    void mustRun() {
        state = State.RUNNING;
    }

    /** Starts its process, for the first time or again. */
    void start() throws IOException, ShellException, InterruptedException {
        boolean again = lives.getAndIncrement() > 0;
        process.start(options);
        answers = false;
        state = State.RUNNING;
        if (lying && again) {
            lie();
        }
    }

    /** From now on its syncs do nothing. */
    void lie() throws IOException, ShellException, InterruptedException {
        liar = Strace.attach(process.pid(), "retval=0", folder.resolve("lies-" + (index + 1) + "-" + lives));
    }

    /** Ends it at once. */
    void kill() {
        state = State.DOWN;
        process.kill();
        process.awaitEnd();
        if (liar != null) {
            liar.detach();
            liar = null;
        }
    }

    /** Asks it to end, and waits until it has; for a while, then it is killed. */
    void stop() {
        state = State.DOWN;
        process.stop();
        process.awaitEnd();
    }

    /** From the next start on its process is this one, which goes on with the same data at the same addresses. */
    void replace(MemstoreProcess other, List<String> otherOptions) {
        options = otherOptions;
        other.listenAt(process.raftAddress(), process.url().substring("http://".length()));
        process = other;
    }

    /** Makes it stand still. */
    void pause() throws ShellException, InterruptedException {
        signal("STOP");
    }

    /** Lets it go on. */
    void resume() throws ShellException, InterruptedException {
        signal("CONT");
    }

    private void signal(String signal) throws ShellException, InterruptedException {
        // A shell knows it by itself; a program of that name is not everywhere.
        Shell.run("sh", "-c", "kill -" + signal + " " + process.pid());
    }
}
