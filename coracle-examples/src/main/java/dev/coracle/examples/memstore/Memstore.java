package dev.coracle.examples.memstore;

import static java.util.stream.Collectors.joining;

import dev.coracle.Codec;
import dev.coracle.Member;
import dev.coracle.Raft;
import dev.coracle.RaftBuilder;
import dev.coracle.StartException;
import dev.coracle.StopReason;
import dev.coracle.codec.Dialect;
import dev.coracle.examples.Signals;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/**
 * The command {@code memstore}: one member of a replicated map from numbers to texts. It is raftify's two memstore programs
 * in one.
 *
 * <p>It prints one line to the standard output when it takes requests, and returns when it was told to end by a signal
 * (0), when it has left its cluster or was removed (0), or when it failed (1, with one line to the standard error).
 */
@Command(
        name = "memstore",
        header = "Runs one member of a replicated map from numbers to texts, with a web API.",
        description = {
            "",
            "The first start makes a new cluster of this one member; with --peer-addr it joins the cluster of that"
                    + " member; with --cluster-config it is one of the members that the file lists. Every later start"
                    + " continues from what the data folder holds, whichever of these is given.",
            ""
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:it left the cluster, was removed, or was ended by SIGTERM, SIGINT or SIGHUP",
            "1:it could not start, or failed later; the standard error says why",
            "2:wrong arguments",
        })
public final class Memstore implements Callable<Integer> {
    /** Begins the line that tells why an address cannot be used; other ones may work. */
    public static final String CANNOT_LISTEN = "cannot listen: ";

    private static final Logger LOGGER = LoggerFactory.getLogger(Memstore.class);
    private static final int MAX_REQUESTS = 256;

    @Option(
            names = "--raft-addr",
            required = true,
            paramLabel = "HOST:PORT",
            description = "Where the other members reach this one.")
    private String raftAddress;

    @Option(
            names = "--web-server",
            paramLabel = "HOST:PORT",
            description = "Where the web API listens; default: nowhere.")
    private @Nullable String webAddress;

    @ArgGroup
    private @Nullable Origin origin;

    @Option(
            names = "--data-dir",
            paramLabel = "DIR",
            description =
                    "Where everything is kept, never wiped; default: memstore-data/HOST-PORT, those of --raft-addr.")
    private @Nullable Path dataDirectory;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Settings as in raftify's common_raftnode_config.toml; the same for all members.")
    private @Nullable Path configFile;

    @Option(
            names = "--snapshot-entries",
            paramLabel = "N",
            description = "After how many entries a snapshot is taken; default: 10000.")
    private @Nullable Long snapshotEntries;

    @Option(
            names = "--catch-up-entries",
            paramLabel = "N",
            description = "How many entries before a snapshot are kept for members that are behind; default: 5000.")
    private @Nullable Integer catchUpEntries;

    @Option(
            names = "--older-members",
            description =
                    "Others may run a version before client sessions, or this one may go back to it: snapshots are"
                            + " written as such versions read them. For an upgrade.")
    private boolean olderMembers;

    @Option(
            names = "--segment-bytes",
            paramLabel = "N",
            description = "The size of the log's files; default: 64000000.")
    private @Nullable Integer segmentBytes;

    @Option(
            names = "--dialect",
            paramLabel = "native|raft-rs",
            converter = Dialects.class,
            completionCandidates = DialectNames.class,
            description = "Whose protocol a new cluster speaks: our own, or raftify's, so that nodes of the Rust"
                    + " framework can be members too; default: native. With --peer-addr it is that cluster's.")
    private @Nullable Dialect dialect;

    @Option(names = "--exit-with-parent", hidden = true, description = "Ends when the standard input does.")
    private boolean exitsWithParent;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("unused") // The parser ends when it is set.
    private boolean help;

    @Spec
    private CommandSpec spec;

    /** How an empty folder becomes a member. */
    private static final class Origin {
        @Option(
                names = "--peer-addr",
                paramLabel = "HOST:PORT",
                description = "Joins the cluster of this member; asks it for 30 seconds at most.")
        private @Nullable String peerAddress;

        @Option(
                names = "--cluster-config",
                paramLabel = "FILE",
                description = "Starts as one of the members in a file as raftify's cluster_config.toml.")
        private @Nullable Path clusterFile;
    }

    /** The dialects that the framework runs, by the names that people write. */
    private static final class DialectNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        DialectNames() {
            super(List.of("native", "raft-rs"));
        }
    }

    private static final class Dialects implements ITypeConverter<Dialect> {
        @Override
        public Dialect convert(String text) {
            return switch (text) {
                case "native" -> Dialect.NATIVE;
                case "raft-rs" -> Dialect.RAFT_RS;
                default -> throw new TypeConversionException('"' + text + "\" must be native or raft-rs");
            };
        }
    }

    /** A command that has no arguments yet. */
    public Memstore() {}

    @Override
    public Integer call() {
        try {
            return run();
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        } catch (StartException e) {
            return failed((e.kind() == StartException.Kind.ADDRESS ? CANNOT_LISTEN : "") + e.getMessage(), e);
        } catch (ConfigException | StorageException e) {
            return failed(e.getMessage(), e);
        } catch (IOException e) {
            return failed(CANNOT_LISTEN + "--web-server: " + e.getMessage(), e);
        }
    }

    private int run() throws ConfigException, StartException, StorageException, IOException {
        HostPort raftHost = HostPort.parse("--raft-addr", raftAddress);
        HostPort webHost = webAddress == null ? null : HostPort.parse("--web-server", webAddress);
        MemstoreConfig config = configFile == null ? MemstoreConfig.DEFAULT : MemstoreConfig.read(configFile);
        config.warnings().forEach(LOGGER::warn);
        Path directory = dataDirectory == null ? defaultDirectory(raftHost) : dataDirectory;
        RaftBuilder<Insert, @Nullable Void, HashStore> builder = Raft.builder(
                        new HashStore(), Insert.CODEC, Codec.nothing())
                .raftAddress(raftHost.toString())
                .dataDirectory(directory)
                .tickInterval(config.tickInterval())
                .electionTicks(config.electionTicks())
                .heartbeatTicks(config.heartbeatTicks())
                .olderMembers(olderMembers)
                .formatter(Insert::toString)
                .snapshotFormatter(store -> store.pin().size() + " values");
        if (snapshotEntries != null) {
            builder.snapshotEntries(snapshotEntries);
        }
        if (catchUpEntries != null) {
            builder.catchUpEntries(catchUpEntries);
        }
        if (segmentBytes != null) {
            builder.segmentBytes(segmentBytes);
        }
        if (dialect != null) {
            builder.dialect(dialect);
        }
        chooseOrigin(builder, raftHost);

        AtomicBoolean started = new AtomicBoolean();
        CompletableFuture<Void> told = new CompletableFuture<>();
        Runnable stop = () -> {
            told.complete(null);
            if (!started.get()) {
                // A start may wait long for a cluster that does not answer. Nothing is lost: starts survive crashes
                // too.
                System.exit(CommandLine.ExitCode.OK);
            }
        };
        if (exitsWithParent) {
            whenInputEnds(System.in, stop);
        }
        Signals.onStop(stop);
        // The web comes first: a member that has joined and then finds that address taken would be down for its
        // cluster.
        try (WebApi web = webHost == null ? null : WebApi.start(webHost, MAX_REQUESTS);
                Raft<Insert, @Nullable Void, HashStore> raft = builder.start()) {
            started.set(true);
            String webText = "";
            if (web != null && webHost != null) {
                web.serve(raft);
                webText = ", web http://" + new HostPort(webHost.host(), web.port());
            }
            spec.commandLine()
                    .getOut()
                    .println("memstore ready: id " + Long.toUnsignedString(raft.id()) + ", raft " + raft.raftAddress()
                            + webText + ", data " + directory);
            CompletableFuture.anyOf(told, raft.stopped()).join();
            return raft.stopped().isDone() ? onStopped(raft.stopped().join()) : CommandLine.ExitCode.OK;
        }
    }

    private void chooseOrigin(RaftBuilder<Insert, @Nullable Void, HashStore> builder, HostPort raftHost)
            throws ConfigException {
        if (origin == null) {
            builder.bootstrap();
        } else if (origin.peerAddress != null) {
            builder.join(HostPort.parse("--peer-addr", origin.peerAddress).toString());
        } else if (origin.clusterFile != null) {
            List<Member> members = ClusterFile.read(origin.clusterFile);
            if (members.stream().noneMatch(member -> member.address().equals(raftHost.toString()))) {
                throw new IllegalArgumentException(
                        "--raft-addr: " + raftHost + " is no member of " + origin.clusterFile + ", must be one of "
                                + members.stream().map(Member::address).collect(joining(", ")));
            }
            builder.members(members);
        }
    }

    private Path defaultDirectory(HostPort raftHost) {
        if (raftHost.port() == 0) {
            throw new IllegalArgumentException(
                    "--data-dir: is missing, must be given where --raft-addr leaves the port to the system");
        }
        // Brackets and colons mean something to shells, and to other systems' file names.
        String name = raftHost.host().replace(':', '_') + "-" + raftHost.port();
        return Path.of("memstore-data", name);
    }

    private static void whenInputEnds(InputStream in, Runnable stop) {
        Thread watch = new Thread(
                () -> {
                    try {
                        in.transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        LOGGER.debug("The standard input failed, which ends this process as its end does", e);
                    }
                    stop.run();
                },
                "parent-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private int onStopped(StopReason reason) {
        if (reason.kind() == StopReason.Kind.FAILED) {
            return failed(reason.text(), reason.cause());
        }
        spec.commandLine().getOut().println("memstore stopped: " + reason.text());
        return CommandLine.ExitCode.OK;
    }

    private int failed(@Nullable String text, @Nullable Throwable cause) {
        LOGGER.debug("Failed", cause);
        spec.commandLine().getErr().println("memstore: " + text);
        return CommandLine.ExitCode.SOFTWARE;
    }
}
