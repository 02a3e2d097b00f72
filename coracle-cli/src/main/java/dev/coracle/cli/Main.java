package dev.coracle.cli;

import dev.coracle.cli.torture.TortureCommand;
import dev.coracle.examples.demo.Demo;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import picocli.CommandLine;

/** The entry of the command line. */
public final class Main {
    private Main() {}

    /**
     * Runs one command and ends the process with its status: 0 for success, 1 for a command that failed, 2 for arguments
     * that it does not take, and what the command's help says beyond that.
     *
     * @param arguments the command's name, its options and operands
     */
    public static void main(String[] arguments) {
        try {
            Logging.configure(System.getenv("CORACLE_LOG"));
        } catch (IllegalArgumentException e) {
            System.err.println("coracle: " + e.getMessage());
            System.exit(CommandLine.ExitCode.USAGE);
        }
        int status = run(writer(System.out), writer(System.err), arguments);
        // Commands that leave threads behind are done as well once they have returned.
        Logging.stop();
        System.exit(status);
    }

    /** Runs one command in this process and returns its exit status. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return commandLine(new CoracleCommand())
                // These start processes of this program, so they are told where this begins.
                .addSubcommand(new Demo(Main.class.getName()))
                .addSubcommand(new TortureCommand(Main.class.getName()))
                .setOut(out)
                .setErr(err)
                .execute(arguments);
    }

    /** A command whose failures are reported as those of this program are. */
    static CommandLine commandLine(Object command) {
        return new CommandLine(command).setExecutionExceptionHandler(Main::onFailure);
    }

    private static int onFailure(Exception failure, CommandLine command, CommandLine.ParseResult ignored) {
        PrintWriter err = command.getErr();
        if (failure instanceof CommandFailedException) {
            err.println("coracle: " + failure.getMessage());
        } else {
            err.println("coracle: " + command.getCommandName() + " failed unexpectedly");
            failure.printStackTrace(err);
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, Charset.defaultCharset());
    }
}
