package dev.coracle.cli.torture;

import dev.coracle.cli.torture.Shell.ShellException;
import dev.coracle.cli.torture.Torture.Check;
import dev.coracle.cli.torture.Torture.NotHereException;
import dev.coracle.examples.Folders;
import dev.coracle.examples.Signals;
import dev.coracle.examples.ThisProgram;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/**
 * The command {@code torture}: real processes under real faults. What needs mounts and networks is done by a second
 * process of this program in namespaces of its own, so that the system takes everything back when that one ends, however
 * it ends.
 */
@Command(
        name = "torture",
        header = "Hurts real processes in every way that this machine allows, and checks what their clients saw.",
        description = {
            "",
            "Starts members of the memstore, kills them, makes them stand still, cuts their links and their power, fills"
                    + " their disks and fails their syncs, while clients write and read through all of them. Then everybody"
                    + " must come back, agree, and have every acknowledged write, and the clients' histories must be"
                    + " linearizable.",
            "",
            "The seed decides what is done when and to whom; what comes of it does not repeat itself. Faults that need"
                    + " root, or a program that is not here, are named and left out.",
            ""
        },
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:every check held",
            "1:one did not, or the members could not be started",
            "2:wrong arguments",
            "3:a fault or a disk that was asked for cannot be had on this machine",
            "130:interrupted",
        })
public final class TortureCommand implements Callable<Integer> {
    private static final int NOT_HERE = 3;
    private static final int INTERRUPTED = 130;
    private static final long MAX_MINUTES = 10_000;
    private static final String INSIDE = "--inside";
    private static final String CONFINED = "--confined";

    private final String mainClass;

    @Option(
            names = "--minutes",
            paramLabel = "M",
            description = "How long, in minutes; 0.5 is half of one. Default: 1; with --lying-disk 0.25.")
    private @Nullable BigDecimal minutes;

    @Option(names = "--nodes", paramLabel = "N", description = "How many members, 3 to 5. Default: the seed decides.")
    private @Nullable Integer nodes;

    @Option(names = "--seed", paramLabel = "S", description = "Decides about the plan. Default: chance.")
    private @Nullable Long seed;

    @Option(
            names = "--faults",
            paramLabel = "FAULT",
            split = ",",
            description = "These alone: ${COMPLETION-CANDIDATES}. Default: all that there can be here.")
    private @Nullable List<Fault> faults;

    @Option(
            names = "--dir",
            paramLabel = "DIR",
            description = "An empty folder for disks and logs, which is kept; default: a fresh temporary one.")
    private @Nullable Path folder;

    @Option(
            names = "--lying-disk",
            description =
                    "No sync does anything, and all members lose their power at once every six seconds: this must fail,"
                            + " or the checks are worth nothing.")
    private boolean isLying;

    @Option(
            names = "--upgrade-from",
            paramLabel = "JAR",
            description =
                    "Instead of faults: the members begin with the command line's jar of an older version, and are"
                            + " replaced by this one, one after the other, and one of them back and forth.")
    private @Nullable Path older;

    @Option(
            names = "--older-members",
            description =
                    "With --upgrade-from: the older version is one before client sessions, and members of this one are"
                            + " told so until all are upgraded.")
    private boolean withOlderMembers;

    @Option(names = INSIDE, hidden = true, description = "This process is in namespaces of its own.")
    private boolean isInside;

    @Option(names = CONFINED, hidden = true, description = "Why there are no namespaces.")
    private @Nullable String confined;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("unused") // The parser ends when it is set.
    private boolean help;

    @Spec
    private CommandSpec spec;

    /**
     * A command that has no arguments yet.
     *
     * @param mainClass a class on this process's class path whose {@code main} takes commands as its first argument
     */
    public TortureCommand(String mainClass) {
        this.mainClass = mainClass;
    }

    @Override
    public Integer call() throws IOException {
        require(nodes == null || (nodes >= 3 && nodes <= 5), "--nodes: " + nodes + " must be from 3 to 5");
        require(
                minutes == null || (minutes.signum() > 0 && minutes.compareTo(BigDecimal.valueOf(MAX_MINUTES)) <= 0),
                "--minutes: " + minutes + " must be greater than 0 and at most " + MAX_MINUTES);
        require(!isLying || faults == null, "--faults: cannot be given with --lying-disk, which brings its own");
        require(older == null || !isLying, "--upgrade-from: cannot be given with --lying-disk");
        require(older == null || faults == null, "--faults: cannot be given with --upgrade-from, which brings its own");
        require(!withOlderMembers || older != null, "--older-members: needs --upgrade-from");
        require(older == null || Files.isRegularFile(older), "--upgrade-from: " + older + " is no file");
        if (seed == null) {
            seed = ThreadLocalRandom.current().nextLong(1_000_000);
        }
        try {
            if (isInside || confined != null) {
                return torture();
            }
            List<String> unshare = unshare();
            try {
                List<String> trial = new ArrayList<>(unshare);
                trial.add("true");
                Shell.run(trial);
            } catch (ShellException e) {
                confined = "no namespaces of our own: " + e.getMessage();
                return torture();
            }
            return again(unshare);
        } catch (InterruptedException e) {
            return INTERRUPTED;
        }
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }

    // ---- the process outside

    /** Namespaces for mounts, networks and processes; all members end with the first process in there. */
    private static List<String> unshare() throws InterruptedException {
        List<String> command = new ArrayList<>(
                List.of("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"));
        String user;
        try {
            user = Shell.run("id", "-u");
        } catch (ShellException e) {
            user = "";
        }
        if (!user.equals("0")) {
            command.add("--map-root-user");
        }
        return command;
    }

    /** Runs the same command inside. It ends when its standard input does, so also when this process is killed. */
    private int again(List<String> unshare) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(unshare);
        command.addAll(ThisProgram.command(List.of(), mainClass));
        command.addAll(List.of("torture", INSIDE, "--seed", String.valueOf(seed)));
        if (minutes != null) {
            command.addAll(List.of("--minutes", minutes.toPlainString()));
        }
        if (nodes != null) {
            command.addAll(List.of("--nodes", String.valueOf(nodes)));
        }
        if (faults != null) {
            command.addAll(List.of(
                    "--faults",
                    String.join(",", faults.stream().map(Fault::name).toList())));
        }
        if (folder != null) {
            command.addAll(List.of("--dir", folder.toString()));
        }
        if (isLying) {
            command.add("--lying-disk");
        }
        if (older != null) {
            command.addAll(List.of("--upgrade-from", older.toString()));
        }
        if (withOlderMembers) {
            command.add("--older-members");
        }
        Process inside = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.INHERIT)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        Signals.onStop(() -> {
            try {
                inside.getOutputStream().close();
            } catch (IOException e) {
                inside.destroy();
            }
        });
        return inside.waitFor();
    }

    // ---- the process that does it

    private int torture() throws IOException, InterruptedException {
        long chosen = seed == null ? 0 : seed;
        Path where = folder();
        Torture torture = new Torture(
                new Torture.Options(
                        time(),
                        nodes == null ? (int) Math.floorMod(chosen, 3L) + 3 : nodes,
                        chosen,
                        faults(),
                        isLying,
                        older == null ? null : older.toRealPath(),
                        withOlderMembers,
                        where,
                        mainClass,
                        confined),
                this::print);
        Thread main = Thread.currentThread();
        Signals.onStop(main::interrupt);
        if (isInside) {
            endWithInput(System.in, main);
        }
        // For a JVM whose signals cannot be handled, and for whatever else calls exit.
        Runtime.getRuntime().addShutdownHook(new Thread(torture::kill, "torture-kill"));
        int status = INTERRUPTED;
        try {
            List<Check> checks = torture.run();
            long failed = checks.stream().filter(check -> !check.held()).count();
            print("again: ./coracle torture --seed " + chosen + options());
            status = failed == 0 ? CommandLine.ExitCode.OK : CommandLine.ExitCode.SOFTWARE;
            keep(where, status);
            print(checks.size() - failed + " passed, " + failed + " failed");
            return status;
        } catch (InterruptedException e) {
            print("torture: interrupted; everything it started has ended");
            keep(where, status);
            return status;
        } catch (NotHereException e) {
            print("torture: " + e.getMessage());
            keep(where, NOT_HERE);
            return NOT_HERE;
        } catch (ShellException | IOException e) {
            spec.commandLine().getErr().println("torture: " + e.getMessage());
            keep(where, CommandLine.ExitCode.SOFTWARE);
            print("0 passed, 1 failed");
            return CommandLine.ExitCode.SOFTWARE;
        }
    }

    private static void endWithInput(InputStream in, Thread main) {
        Thread watch = new Thread(
                () -> {
                    try {
                        in.transferTo(OutputStream.nullOutputStream());
                    } catch (IOException e) {
                        // As its end.
                    }
                    main.interrupt();
                },
                "parent-watch");
        watch.setDaemon(true);
        watch.start();
    }

    private Duration time() {
        BigDecimal chosen = minutes != null ? minutes : new BigDecimal(isLying ? "0.25" : "1");
        return Duration.ofMillis(chosen.multiply(BigDecimal.valueOf(60_000)).longValue());
    }

    private Set<Fault> faults() {
        if (isLying) {
            return EnumSet.of(Fault.POWER_ALL);
        }
        return faults == null ? Set.of() : EnumSet.copyOf(faults);
    }

    /** What decides about the plan besides the seed. */
    private String options() {
        return (nodes == null ? "" : " --nodes " + nodes)
                + (minutes == null ? "" : " --minutes " + minutes.toPlainString())
                + (faults == null
                        ? ""
                        : " --faults "
                                + String.join(
                                        ",", faults.stream().map(Fault::name).toList()))
                + (isLying ? " --lying-disk" : "")
                + (older == null ? "" : " --upgrade-from " + older)
                + (withOlderMembers ? " --older-members" : "");
    }

    private Path folder() throws IOException {
        if (folder == null) {
            return Files.createTempDirectory("coracle-torture-").toRealPath();
        }
        Files.createDirectories(folder);
        try (Stream<Path> files = Files.list(folder)) {
            require(files.findAny().isEmpty(), "--dir: " + folder + " is not empty, must be empty or new");
        }
        return folder.toRealPath();
    }

    private void keep(Path where, int status) throws IOException {
        if (status == CommandLine.ExitCode.SOFTWARE || folder != null) {
            print("Disks and logs are kept in " + where);
        } else {
            Folders.delete(where);
        }
    }

    private void print(String text) {
        spec.commandLine().getOut().println(text);
    }
}
