package dev.coracle.benchmarks.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.benchmarks.BenchCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

class CoreBenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void printsALineForEachBenchmarkAndNothingOfItsRun() {
        assertThat(run("core", "--quick", "--only=Tick.follower"))
                .as(err.toString())
                .isZero();

        assertThat(out.toString().lines().filter(line -> line.contains("Tick")))
                .singleElement()
                .asString()
                .matches("Tick\\.follower +[0-9.,]+ +[0-9.,]+ +0");
        assertThat(out.toString()).doesNotContain("# ");
    }

    @Test
    void aNameThatNoBenchmarkHasIsAUsageError() {
        assertThat(run("core", "--only=Paddle")).isEqualTo(2);
        assertThat(err.toString()).startsWith("--only: no benchmark has 'Paddle' in its name");
    }

    private int run(String... arguments) {
        return new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
