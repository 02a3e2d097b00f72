package dev.coracle.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.coracle.testkit.Fault;
import dev.coracle.testkit.SeedReport;
import dev.coracle.testkit.Shrunk;
import dev.coracle.testkit.Simulation;
import dev.coracle.testkit.Violation;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code simulate}: clusters under every fault, a world for each seed. */
@Command(
        name = "simulate",
        description = {
            "Runs whole clusters in simulated time, disks and networks, under faults that a seed decides, and checks"
                    + " what their clients saw. The same seed gives the same run.",
            "A seed that fails is told with the command that runs it again.",
        },
        mixinStandardHelpOptions = true,
        versionProvider = CoracleCommand.Version.class,
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:every seed passed", "1:a seed failed"})
final class SimulateCommand implements Callable<Integer> {
    private static final long PROGRESS_NANOS = Duration.ofSeconds(5).toNanos();

    @Option(names = "--seed", paramLabel = "S", description = "The first seed. Default: ${DEFAULT-VALUE}.")
    private long first = 1;

    @Option(names = "--seeds", paramLabel = "N", description = "How many. Default: 20, or as many as --minutes allow.")
    private Long count;

    @Option(names = "--minutes", paramLabel = "M", description = "Begins no further seed after so many minutes.")
    private Integer minutes;

    @Option(
            names = "--nodes",
            paramLabel = "K",
            description = "How many members at first, 1 to 9. Default: the seed decides.")
    private int nodes;

    @Option(
            names = "--faults",
            paramLabel = "FAULT",
            split = ",",
            description = "These alone, of which each seed has some: ${COMPLETION-CANDIDATES}.")
    private List<Fault> faults;

    @Option(
            names = "--only-faults",
            paramLabel = "NUMBERS",
            description = "Of a seed's faults only these, such as 3,7-9. Default: ${DEFAULT-VALUE}.")
    private String onlyFaults = "all";

    @Option(
            names = "--only-operations",
            paramLabel = "NUMBERS",
            description = "Of a seed's operations only these. Default: ${DEFAULT-VALUE}.")
    private String onlyOperations = "all";

    @Option(
            names = "--shrink",
            paramLabel = "N",
            description = "How often the first seed that fails is run again to find fewer faults and operations that"
                    + " make it fail; 0 for not at all. Default: ${DEFAULT-VALUE}.")
    private int shrinkRuns = 200;

    @Option(names = "--trace", description = "Prints what happens to hosts and members.")
    private boolean trace;

    @Spec
    private CommandSpec spec;

    private final Totals totals = new Totals();
    private long failed;

    @Override
    public Integer call() {
        require(count == null || count > 0, "--seeds: " + count + " must be greater than 0");
        require(minutes == null || minutes > 0, "--minutes: " + minutes + " must be greater than 0");
        require(nodes >= 0 && nodes <= 9, "--nodes: " + nodes + " must be from 1 to 9");
        if (System.getenv("CORACLE_LOG") == null) {
            // Nodes that fail, and say why, are what simulations are made of.
            ((Logger) LoggerFactory.getLogger("dev.coracle")).setLevel(Level.OFF);
        }
        PrintWriter out = spec.commandLine().getOut();
        Simulation<?, ?, ?> simulation = Simulation.ofStore().hosts(nodes);
        if (faults != null) {
            simulation = simulation.faults(EnumSet.copyOf(faults));
        }
        try {
            simulation = simulation.only(onlyFaults, onlyOperations);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), "--only-" + e.getMessage());
        }
        if (trace) {
            simulation = simulation.diary(out::println);
        }
        run(simulation, out);
        totals.print(out);
        out.println(totals.seeds + " passed, " + failed + " failed");
        return failed == 0 ? 0 : 1;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    private void run(Simulation<?, ?, ?> simulation, PrintWriter out) {
        long begin = System.nanoTime();
        long limit = count != null ? count : minutes == null ? 20 : Long.MAX_VALUE;
        long endNanos =
                minutes == null ? Long.MAX_VALUE : Duration.ofMinutes(minutes).toNanos();
        long told = begin;
        for (long i = 0; i < limit && System.nanoTime() - begin < endNanos; i++) {
            long seed = first + i;
            try {
                totals.add(simulation.run(seed));
            } catch (Violation broken) {
                failed++;
                tell(simulation, seed, broken, out);
            }
            if (System.nanoTime() - told > PROGRESS_NANOS) {
                told = System.nanoTime();
                out.printf("%,d seeds, %,d failed, %,d events%n", i + 1, failed, totals.events);
            }
        }
        totals.realNanos = System.nanoTime() - begin;
    }

    private void tell(Simulation<?, ?, ?> simulation, long seed, Violation broken, PrintWriter out) {
        out.println(broken.getMessage());
        broken.picture().ifPresent(html -> {
            Path file = Path.of("coracle-history-" + seed + ".html").toAbsolutePath();
            try {
                Files.writeString(file, html);
                out.println("picture of the history: " + file);
            } catch (IOException e) {
                out.println("the picture of the history cannot be written: " + e);
            }
        });
        out.println(again(seed, onlyFaults, onlyOperations));
        if (shrinkRuns > 1 && failed == 1) {
            Shrunk shrunk = simulation.diary(line -> {}).shrink(seed, shrinkRuns);
            out.println("smaller, after " + shrunk.runs() + " runs: " + shrunk.faultCount() + " faults and "
                    + shrunk.operationCount() + " operations: "
                    + shrunk.violation().getMessage());
            out.println(again(seed, shrunk.faults(), shrunk.operations()));
        }
    }

    private String again(long seed, String faultNumbers, String operationNumbers) {
        return "again: ./coracle simulate --seed " + seed + " --seeds 1 --trace" + options()
                + (faultNumbers.equals("all") ? "" : " --only-faults \"" + faultNumbers + "\"")
                + (operationNumbers.equals("all") ? "" : " --only-operations \"" + operationNumbers + "\"");
    }

    /** What decides about a seed's world besides the seed. */
    private String options() {
        String options = nodes == 0 ? "" : " --nodes " + nodes;
        return faults == null
                ? options
                : options + " --faults "
                        + String.join(",", faults.stream().map(Fault::name).toList());
    }

    /** What happened in all worlds together. */
    private static final class Totals {
        private long seeds;
        private Duration time = Duration.ZERO;
        private long events;
        private long elections;
        private long operations;
        private long done;
        private long applied;
        private long restored;
        private long framesLost;
        private long realNanos;
        private final Map<Fault, Integer> faults = new EnumMap<>(Fault.class);

        void add(SeedReport report) {
            seeds++;
            time = time.plus(report.time());
            events += report.events();
            elections += report.elections();
            operations += report.operations();
            done += report.done();
            applied += report.applied();
            restored += report.restored();
            framesLost += report.framesLost();
            report.faults().forEach((fault, times) -> faults.merge(fault, times, Integer::sum));
        }

        void print(PrintWriter out) {
            line(out, "seeds", seeds);
            out.printf("%-24s %,14.2f%n", "simulated hours", time.toMillis() / 3_600_000.0);
            line(out, "events", events);
            line(out, "events a second", (long) (events / Math.max(1e-9, realNanos / 1e9)));
            line(out, "elections", elections);
            line(out, "operations checked", operations);
            line(out, "  seen to be done", done);
            line(out, "commands applied", applied);
            line(out, "snapshots restored", restored);
            line(out, "frames lost", framesLost);
            faults.forEach((fault, times) -> line(out, "fault " + fault, times));
        }

        private static void line(PrintWriter out, String name, long value) {
            out.printf("%-24s %,14d%n", name, value);
        }
    }
}
