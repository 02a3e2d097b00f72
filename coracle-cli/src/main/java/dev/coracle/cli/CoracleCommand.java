package dev.coracle.cli;

import dev.coracle.benchmarks.BenchCommand;
import dev.coracle.examples.memstore.Memstore;
import dev.coracle.examples.raftexample.Raftexample;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code coracle}: it does nothing itself, its commands do. */
@Command(
        name = "coracle",
        description =
                "Raft for Java: a pure consensus core, a durable node, and a framework for replicated state machines.",
        mixinStandardHelpOptions = true,
        versionProvider = CoracleCommand.Version.class,
        subcommands = {
            Memstore.class,
            Raftexample.class,
            ConformanceCommand.class,
            SimulateCommand.class,
            BenchCommand.class,
            WalCommand.class,
            DescribeCommand.class
        },
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Environment:",
            "  CORACLE_LOG   what is logged to the standard error: a level (debug), or",
            "                levels of loggers (dev.coracle.node=debug,io.grpc=info)",
        })
final class CoracleCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Missing command");
    }

    /** Says the version of the build, which the jar's manifest knows. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = CoracleCommand.class.getPackage().getImplementationVersion();
            return new String[] {"coracle " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
