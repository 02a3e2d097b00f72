package dev.coracle.cli;

import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.wal.WalDump;
import dev.coracle.wal.WalLocation;
import dev.coracle.wal.WalRepair;
import dev.coracle.wal.WalVerdict;
import dev.coracle.wal.WalVerify;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code wal}: for whoever has to know whether a log is sound, and what to do when it is not. */
@Command(
        name = "wal",
        description = "Looks at the write-ahead logs of nodes of this project, of etcd and of its raftexample.",
        mixinStandardHelpOptions = true,
        versionProvider = CoracleCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND")
final class WalCommand implements Runnable {
    private final Disk disk = new FileDisk();

    /** Asks the one who sits there, and has the answer; null if nobody does. */
    private final UnaryOperator<@Nullable String> ask;

    @Spec
    private CommandSpec spec;

    WalCommand() {
        this(WalCommand::askHere);
    }

    WalCommand(UnaryOperator<@Nullable String> ask) {
        this.ask = ask;
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    @Command(
            name = "dump",
            description = {
                "Prints a log as etcd 3.4's read-only reader sees it.",
                "",
                "Lines: the snapshot (with SNAPDIR; the newest that can be read), metadata, hard state, error, number of"
                        + " entries; then index, term, type and data in hex of each entry.",
            },
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {
                "0:etcd finds no error",
                "1:etcd finds an error, which is printed",
                "2:no log, or wrong arguments"
            })
    int dump(
            @Parameters(paramLabel = "WALDIR", description = "The directory of the segments.") Path log,
            @Parameters(paramLabel = "SNAPDIR", arity = "0..1", description = "The directory of the snapshots.")
                    Path snapshots)
            throws IOException {
        return WalDump.print(disk, log, snapshots, System.out, this::note).exitStatus();
    }

    @Command(
            name = "verify",
            description = {
                "Tells whether a node would start with a log: by the rules of opening, which are stricter than etcd's."
                        + " Only reads, takes no lock; the node may be running.",
            },
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {
                "0:sound, at most with a torn tail, which nobody was promised",
                "1:damaged (the log, or a snapshot), or unreadable",
                "2:no log in that directory, or wrong arguments",
            })
    int verify(
            @Parameters(paramLabel = "DIR", description = "A data directory or a log.") Path directory,
            @Parameters(
                            paramLabel = "SNAPDIR",
                            arity = "0..1",
                            description = "Its snapshots; default: where they usually are.")
                    Path snapshots) {
        WalVerify.Report report = WalVerify.verify(disk, directory, snapshots);
        report.lines().forEach(out()::println);
        return report.verdict().exitStatus();
    }

    @Command(
            name = "repair",
            description = {
                "Says what to do about a damaged log, and does it with --wipe.",
                "",
                "Nothing can make up for entries that are lost: files are restored from a backup, or the node gives up"
                        + " what it has and joins its cluster again as a new member.",
            },
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {
                "0:there is nothing to repair, or everything was moved aside",
                "1:damaged; nothing was changed, or not all that should have been",
                "2:no log in that directory, or wrong arguments",
            })
    int repair(
            @Parameters(paramLabel = "DIR", description = "A data directory or a log.") Path directory,
            @Option(names = "--wipe", description = "Moves everything to DIR.wiped-N; nothing is deleted.")
                    boolean wipe,
            @Option(names = "--yes", description = "Does not ask; needed where nobody can answer.") boolean yes,
            @Option(names = "--force", description = "Also if the log is sound, or cannot be read.") boolean force) {
        WalVerify.Report report = WalVerify.verify(disk, directory, null);
        report.lines().forEach(out()::println);
        if (report.verdict() == WalVerdict.NO_LOG) {
            return report.verdict().exitStatus();
        }
        if (!wipe) {
            explain(directory, report);
            return report.verdict().exitStatus();
        }
        if (report.usable() && !force) {
            throw new CommandFailedException("nothing was changed: a node can start with this log, or it could not be"
                    + " read. Look at the lines above; --force moves it aside all the same");
        }
        confirm(directory, yes);
        return wipe(directory);
    }

    private void explain(Path directory, WalVerify.Report report) {
        if (report.verdict() == WalVerdict.SOUND) {
            out().println("nothing to repair: start the node");
        } else if (report.usable()) {
            out().println("nothing to wipe: as far as this could see, the node starts without what is damaged. Restore"
                    + " the file, or let the node take its next snapshot");
        } else {
            out().println("""

                    The node must not start with this log: what it has promised may be in the part that is lost.
                    There are two ways out.

                    1. Restore the damaged file (named above) from a copy of this node's own directory that is exact
                       and current: from a mirror, or from a disk that still reads. An older backup is NOT one: it
                       forgets votes and entries that others count on. Then: ./coracle wal verify DIR

                    2. Give this node up, and let it join again as a new member:
                       a. Make sure that the other members are a majority and have a leader.
                       b. Remove this node from the cluster, through one of the others.
                       c. ./coracle wal repair --wipe DIR    (moves everything aside, deletes nothing)
                       d. Start the node so that it joins: it gets a new id, and everything from the leader.

                    If too few members are left for a majority, stop: do not wipe anything. Copy all directories
                    first.""".replace("DIR", directory.toString()));
        }
    }

    private void confirm(Path directory, boolean yes) {
        if (yes) {
            return;
        }
        String name = String.valueOf(directory.toAbsolutePath().normalize().getFileName());
        String answer = ask.apply("This node loses its identity and all its data (moved aside, not deleted). Type the"
                + " directory's name, " + name + ", to go on: ");
        if (answer == null) {
            throw new CommandFailedException("nothing was changed: nobody answered. Say --yes if you are sure");
        }
        if (!answer.strip().equals(name)) {
            throw new CommandFailedException("nothing was changed: \"" + answer.strip() + "\" is not " + name);
        }
    }

    private int wipe(Path directory) {
        try {
            Optional<WalLocation> location = WalLocation.find(disk, directory, null);
            if (location.isEmpty()) {
                throw new CommandFailedException("nothing was changed: the log is gone");
            }
            Path target = WalRepair.wipe(disk, location.get());
            out().println("moved everything to " + target + ". Now let the node join its cluster again; delete that"
                    + " directory once it has");
            return WalVerdict.SOUND.exitStatus();
        } catch (StorageException | IOException e) {
            throw new CommandFailedException(String.valueOf(e.getMessage()));
        }
    }

    private PrintWriter out() {
        return spec.commandLine().getOut();
    }

    private void note(String text) {
        spec.commandLine().getErr().println("coracle: " + text);
    }

    /** Who pipes the name of the directory in has thought about it as well; nothing but that is an answer. */
    private static @Nullable String askHere(@Nullable String question) {
        System.err.print(question);
        System.err.flush();
        try {
            return new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())).readLine();
        } catch (IOException e) {
            return null;
        }
    }
}
