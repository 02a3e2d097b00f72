package dev.coracle.examples.raftexample;

import dev.coracle.examples.Signals;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Check;
import dev.coracle.wal.WalLocation;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The program: a member with a key-value API, until it is removed, fails or is told to stop. */
@Command(
        name = "raftexample",
        description = "A member of etcd's raftexample cluster: the Go program's flags, files, protocol and API.",
        mixinStandardHelpOptions = true)
public final class Raftexample implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Mixin
    private RaftexampleOptions options = new RaftexampleOptions();

    /** Filled by picocli. */
    public Raftexample() {}

    /** Runs the program by itself. */
    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Raftexample()).execute(arguments));
    }

    @Override
    public Integer call() {
        try {
            check();
            return run();
        } catch (IllegalArgumentException e) {
            throw new CommandLine.ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        } catch (StorageException | IOException | Check.BrokenInvariantException e) {
            return failed(e);
        }
    }

    private void check() throws IOException {
        if (options.id < 1 || options.id > options.peers.size()) {
            throw new IllegalArgumentException("--id: " + options.id
                    + " must be from 1 to the number of URLs in --cluster, " + options.peers.size());
        }
        if (options.timeout.isNegative() || options.timeout.isZero()) {
            throw new IllegalArgumentException("--timeout: " + options.timeout + " must be more than 0");
        }
        Path log = RaftexampleNode.logDirectory(options);
        if (options.requireData && WalLocation.find(new FileDisk(), log, null).isEmpty()) {
            throw new IllegalArgumentException("--require-data: there is no log in " + log);
        }
    }

    /** Until somebody stops it, or something does: a removal and a signal end it with status 0, a failure with 1. */
    private int run() throws StorageException, IOException {
        RaftexampleNode node = new RaftexampleNode(options);
        try {
            CompletableFuture<@Nullable Throwable> ended = node.ended();
            KeyValueApi api = new KeyValueApi(node, options);
            Signals.onStop(() -> ended.complete(null));
            Throwable failure = ended.join();
            node.close();
            api.close();
            return failure == null ? 0 : failed(failure);
        } finally {
            node.close();
        }
    }

    private int failed(Throwable failure) {
        spec.commandLine().getErr().println("raftexample: " + failure.getMessage());
        return 1;
    }
}
