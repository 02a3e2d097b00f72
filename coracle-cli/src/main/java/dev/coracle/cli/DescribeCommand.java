package dev.coracle.cli;

import dev.coracle.Inspector;
import dev.coracle.examples.memstore.MemstoreInspector;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code describe}: what nodes have on disk, with the commands of memstore decoded. */
@Command(
        name = "describe",
        description = {
            "Prints what a node has on disk: of this project, of etcd or of its raftexample; running or not.",
            "",
            "It only reads, takes no lock, and shows how it was when it looked: the log of a running node may seem to"
                    + " have a torn tail. Commands of memstore are decoded; those of another application are printed by"
                    + " its own command line, with the same library (dev.coracle.Inspector).",
        },
        mixinStandardHelpOptions = true,
        versionProvider = CoracleCommand.Version.class,
        synopsisSubcommandLabel = "COMMAND")
final class DescribeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    @Command(
            name = "logs",
            description = "Prints the entries: index, type, data, term.",
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {
                "0:all entries were printed",
                "1:the log is damaged or cannot be read; what stands before was printed",
                "2:no log in that directory, or wrong arguments",
            })
    int logs(
            @Parameters(paramLabel = "DIR", description = "A data directory or a log.") Path directory,
            @Option(names = "--raw", description = "Prints data in hex, as they are stored.") boolean raw,
            @Option(names = "--json", description = "Prints a JSON object a line.") boolean json,
            @Option(names = "--from", paramLabel = "I", defaultValue = "1", description = "The first index wanted.")
                    long from,
            @Option(names = "--to", paramLabel = "I", description = "The last index wanted.") Long to) {
        PrintWriter err = spec.commandLine().getErr();
        return MemstoreInspector.create()
                .logs(
                        directory,
                        new Inspector.Format(raw, json),
                        from,
                        to == null ? Long.MAX_VALUE : to,
                        spec.commandLine().getOut(),
                        note -> err.println("coracle: " + note));
    }

    @Command(
            name = "metadata",
            description = "Prints the hard state, the members, the newest snapshot and the last index.",
            mixinStandardHelpOptions = true,
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {
                "0:the log is sound as far as this sees",
                "1:the log is damaged or cannot be read",
                "2:no log in that directory, or wrong arguments",
            })
    int metadata(
            @Parameters(paramLabel = "DIR", description = "A data directory or a log.") Path directory,
            @Option(names = "--raw", description = "Prints ids without addresses.") boolean raw,
            @Option(names = "--json", description = "Prints a JSON object.") boolean json) {
        PrintWriter err = spec.commandLine().getErr();
        return MemstoreInspector.create()
                .metadata(
                        directory,
                        new Inspector.Format(raw, json),
                        spec.commandLine().getOut(),
                        note -> err.println("coracle: " + note));
    }
}
