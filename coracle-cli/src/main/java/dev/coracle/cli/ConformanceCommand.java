package dev.coracle.cli;

import dev.coracle.sim.script.Conformance;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** The command {@code conformance}: runs the scripts that describe etcd's raft. */
@Command(
        name = "conformance",
        description =
                "Runs scripts in the format of etcd's raft and compares what the core does with what they expect.",
        mixinStandardHelpOptions = true,
        versionProvider = CoracleCommand.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            Conformance.ALL_PASSED + ":every script passed",
            Conformance.SOME_FAILED + ":a script failed",
            Conformance.NOTHING_TO_RUN + ":a path could not be read, or there was no script",
        })
final class ConformanceCommand implements Callable<Integer> {
    @Parameters(paramLabel = "PATH", arity = "1..*", description = "A script, or a folder whose *.txt are scripts.")
    private List<Path> paths;

    @Override
    public Integer call() {
        return Conformance.run(paths, System.out);
    }
}
