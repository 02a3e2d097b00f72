package dev.coracle.benchmarks;

import dev.coracle.Raft;
import dev.coracle.RaftException;
import dev.coracle.StartException;
import dev.coracle.benchmarks.core.CoreBenchCommand;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code bench}: a cluster of durable nodes in this process, a client that keeps it busy, and the disk alone
 * beside it. All it writes is below one new directory, which it deletes at the end, also when it is interrupted.
 */
@Command(
        name = "bench",
        description = {
            "Measures a cluster of durable nodes on this machine, beside what its disk alone does.",
            "",
            "The nodes run in one process, talk over loopback, and acknowledge nothing before a majority has it on disk."
                    + " One client keeps a fixed number of proposals under way. Right before and after each measurement"
                    + " small writes with an fdatasync each are timed on the same file system: rates and latencies are"
                    + " given in those as well, which lets machines be compared.",
        },
        mixinStandardHelpOptions = true,
        subcommands = {CoreBenchCommand.class, WalBenchCommand.class})
public final class BenchCommand implements Callable<Integer> {
    private static final String PREFIX = "coracle-bench-";

    /** The status of a process that SIGINT ended. */
    static final int INTERRUPTED = 130;

    private static final int MOST_NODES = 9;
    private static final int MOST_IN_FLIGHT = 65_536;
    private static final int MOST_BYTES = 1 << 20;
    static final int MOST_SECONDS = 3_600;

    /** What the proposals of a node may be in sum by default, each with some bytes besides. */
    private static final long MOST_PENDING_BYTES = 64 << 20;

    private static final int PENDING_OVERHEAD_BYTES = 192;

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--nodes",
            paramLabel = "NUMBER",
            defaultValue = "3",
            description = "The members of the cluster, 1 to " + MOST_NODES + "; default ${DEFAULT-VALUE}.")
    private int nodes;

    @Option(
            names = "--in-flight",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "1,64,256,1024",
            description = "How many proposals are under way, 1 to " + MOST_IN_FLIGHT
                    + "; each of several is measured for itself; default ${DEFAULT-VALUE}.")
    private int[] inFlight;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            defaultValue = "128",
            description = "The size of a proposal, 1 to " + MOST_BYTES + "; default ${DEFAULT-VALUE}.")
    private int size;

    @Option(
            names = "--seconds",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description = "How long each is measured, 1 to " + MOST_SECONDS + "; default ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            defaultValue = "3",
            description = "How long each runs before that, 0 to " + MOST_SECONDS + "; default ${DEFAULT-VALUE}.")
    private int warmUpSeconds;

    @Option(
            names = "--via",
            paramLabel = "WHOM",
            defaultValue = "leader",
            converter = Via.Converter.class,
            description = "Who is asked: the leader, or any member in turn (leader, any); default ${DEFAULT-VALUE}.")
    private Via via;

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description =
                    "Where the directory of the run is made and deleted, on the file system to be measured; by default"
                            + " where the system keeps temporary files.")
    private @Nullable Path dataDirectory;

    @Option(names = "--json", paramLabel = "FILE", description = "Writes everything that was found out to this file.")
    private @Nullable Path json;

    /** Made by picocli, which sets the options. */
    public BenchCommand() {}

    @Override
    public Integer call() throws IOException, StartException, StorageException {
        validate();
        Session session = new Session(newDirectory(dataDirectory, PREFIX));
        try (session) {
            run(session);
        } catch (IOException | StartException | StorageException | RuntimeException e) {
            if (!session.isInterrupted()) {
                throw e;
            }
        }
        return session.isInterrupted() ? INTERRUPTED : 0;
    }

    /** A directory of one run, where the system keeps temporary files unless it is said where. */
    static Path newDirectory(@Nullable Path parent, String prefix) throws IOException {
        return parent == null
                ? Files.createTempDirectory(prefix)
                : Files.createTempDirectory(Files.createDirectories(parent), prefix);
    }

    private void run(Session session) throws IOException, StartException, StorageException {
        PrintWriter out = spec.commandLine().getOut();
        Report report = new Report(
                Machine.here(session.directory()), nodes, size, via, warmUpSeconds, seconds, new ArrayList<>());
        report.printHead(out);
        session.cluster().start(nodes, session.directory());
        for (int number : inFlight) {
            Measurement measurement = measure(session, number);
            report.measurements().add(measurement);
            Report.print(measurement, out);
        }
        if (json != null) {
            report.writeJson(json);
        }
    }

    private void validate() {
        require(nodes >= 1 && nodes <= MOST_NODES, "--nodes", nodes, "must be from 1 to " + MOST_NODES);
        require(size >= 1 && size <= MOST_BYTES, "--size", size, "must be from 1 to " + MOST_BYTES);
        for (int number : inFlight) {
            require(
                    number >= 1 && number <= MOST_IN_FLIGHT,
                    "--in-flight",
                    number,
                    "must be from 1 to " + MOST_IN_FLIGHT);
            long bytes = (long) number * (size + PENDING_OVERHEAD_BYTES);
            require(
                    bytes <= MOST_PENDING_BYTES,
                    "--in-flight",
                    number,
                    "must be at most " + MOST_PENDING_BYTES / (size + PENDING_OVERHEAD_BYTES) + " for proposals of "
                            + size + " bytes, since a node takes 64 MiB at once");
        }
        validate(spec, seconds, warmUpSeconds, json);
    }

    /** Checks what all benchmarks of a disk have. */
    static void validate(CommandSpec spec, int seconds, int warmUpSeconds, @Nullable Path json) {
        Path target = json == null ? null : json.toAbsolutePath();
        if (target != null && !Files.isWritable(Files.exists(target) ? target : target.resolveSibling("."))) {
            throw new ParameterException(spec.commandLine(), "--json: " + json + " must be a file that can be written");
        }
        require(
                spec,
                seconds >= 1 && seconds <= MOST_SECONDS,
                "--seconds",
                seconds,
                "must be from 1 to " + MOST_SECONDS);
        require(
                spec,
                warmUpSeconds >= 0 && warmUpSeconds <= MOST_SECONDS,
                "--warm-up",
                warmUpSeconds,
                "must be from 0 to " + MOST_SECONDS);
    }

    private void require(boolean holds, String option, int value, String rule) {
        require(spec, holds, option, value, rule);
    }

    static void require(CommandSpec spec, boolean holds, String option, int value, String rule) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), option + ": " + value + " " + rule);
        }
    }

    private Measurement measure(Session session, int number) throws IOException {
        LocalCluster cluster = session.cluster();
        var leader = cluster.leader();
        long term = leader.status().term();
        ClosedLoop loop = new ClosedLoop(number, proposer(cluster, leader), BenchCommand::isFinal);
        loop.run(TimeUnit.SECONDS.toNanos(warmUpSeconds));
        loop.drain();
        AllocationMeter allocation = new AllocationMeter();
        DiskProbe.Syncs rawBefore = DiskProbe.measure(session.directory());
        long syncs = cluster.syncs();
        long bytes = allocation.totalBytes();
        ClosedLoop.Result result = loop.run(TimeUnit.SECONDS.toNanos(seconds));
        bytes = allocation.totalBytes() - bytes;
        syncs = cluster.syncs() - syncs;
        loop.drain();
        DiskProbe.Syncs rawAfter = DiskProbe.measure(session.directory());
        boolean leaderChanged = cluster.leader().status().term() != term;
        return Measurement.of(number, result, syncs, bytes, rawBefore, rawAfter, leaderChanged);
    }

    /** What any client must be ready for is counted; all else means that the numbers would be worth nothing. */
    private static boolean isFinal(Throwable cause) {
        return !(cause instanceof RaftException failure) || failure.kind() == RaftException.Kind.STOPPED;
    }

    private Supplier<CompletableFuture<?>> proposer(
            LocalCluster cluster, Raft<byte[], @Nullable Void, Counter> leader) {
        byte[] command = new byte[size];
        Arrays.fill(command, (byte) 'x');
        if (via == Via.LEADER) {
            return () -> leader.propose(command);
        }
        var members = cluster.members();
        int[] turn = {0};
        return () -> members.get(turn[0]++ % members.size()).propose(command);
    }
}
