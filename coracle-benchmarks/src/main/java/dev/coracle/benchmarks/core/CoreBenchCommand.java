package dev.coracle.benchmarks.core;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.NoBenchmarksException;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.Options;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command {@code bench core}: the core's JMH benchmarks, each in JVMs of its own, as one small table. */
@Command(
        name = "core",
        description = {
            "Measures the consensus core alone, in memory and on one thread: time and allocation.",
            "",
            "Each line is measured by JMH in JVMs of its own. The first time is what passed; the second is how long the"
                    + " benchmark's thread had a processor, which other load on the machine does not change much.",
        },
        mixinStandardHelpOptions = true)
public final class CoreBenchCommand implements Callable<Integer> {
    private static final String PACKAGE = CoreBenchCommand.class.getPackageName();

    /**
     * How long a line takes.
     *
     * @param jvms one after the other
     * @param warmUps the iterations of each that do not count
     * @param iterations those that count
     * @param millis the length of each iteration
     */
    private record Effort(int jvms, int warmUps, int iterations, int millis) {
        int seconds() {
            return jvms * (warmUps + iterations) * millis / 1_000;
        }
    }

    private static final Effort FULL = new Effort(2, 5, 5, 1_000);
    private static final Effort QUICK = new Effort(1, 3, 3, 400);

    @Spec
    private CommandSpec spec;

    @Option(names = "--quick", description = "Measures a few seconds for each line, for a first impression.")
    private boolean quick;

    @Option(
            names = "--only",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Measures only the benchmarks with this text in their names.")
    private String only;

    /** Made by picocli, which sets the options. */
    public CoreBenchCommand() {}

    @Override
    public Integer call() throws RunnerException {
        Effort effort = quick ? QUICK : FULL;
        PrintWriter out = spec.commandLine().getOut();
        out.printf(
                "%d cores, %s %s, %s %s; about %d s for each line%n%n",
                Runtime.getRuntime().availableProcessors(),
                System.getProperty("java.vm.name"),
                System.getProperty("java.vm.version"),
                System.getProperty("os.name"),
                System.getProperty("os.arch"),
                effort.seconds());
        ResultTable table = new ResultTable(out);
        try {
            new Runner(options(effort), table).run();
        } catch (NoBenchmarksException none) {
            throw new ParameterException(
                    spec.commandLine(), "--only: no benchmark has '" + only + "' in its name", none);
        }
        return 0;
    }

    private Options options(Effort effort) {
        return new OptionsBuilder()
                .include("^" + Pattern.quote(PACKAGE) + "\\..*" + pattern(only))
                .mode(Mode.AverageTime)
                .timeUnit(TimeUnit.NANOSECONDS)
                .forks(effort.jvms())
                .warmupIterations(effort.warmUps())
                .warmupTime(TimeValue.milliseconds(effort.millis()))
                .measurementIterations(effort.iterations())
                .measurementTime(TimeValue.milliseconds(effort.millis()))
                .addProfiler(GCProfiler.class)
                .addProfiler(ProcessorTime.class)
                .shouldFailOnError(true)
                .verbosity(VerboseMode.SILENT)
                .build();
    }

    /** Finds a text as the table prints it, where classes' names go without the end that all of them have. */
    private static String pattern(String printed) {
        return Stream.of(printed.split("\\.", -1)).map(Pattern::quote).collect(Collectors.joining("(Benchmark)?\\."));
    }
}
