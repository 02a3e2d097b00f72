package dev.coracle.examples.raftexample;

import dev.coracle.examples.Signals;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.file.Files;
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
        if (options.id < 1 || options.id > options.peers.size()) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--id " + options.id + " must be from 1 to the number of URLs in --cluster, "
                            + options.peers.size());
        }
        if (options.requireData && !Files.exists(RaftexampleNode.logDirectory(options.directory, options.id))) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "--require-data: there is no " + RaftexampleNode.logDirectory(options.directory, options.id));
        }
        try {
            return run();
        } catch (StorageException | IOException e) {
            return failed(e);
        }
    }

    private int run() throws StorageException, IOException {
        RaftexampleNode node = new RaftexampleNode(options);
        try {
            KeyValueApi api = new KeyValueApi(node, options);
            CompletableFuture<@Nullable Throwable> ended = node.ended();
            Signals.onStop(() -> ended.complete(null));
            Throwable failure = ended.join();
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
