package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MainTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final ByteArrayOutputStream report = new ByteArrayOutputStream();

    @Test
    void helpGoesToTheStandardOutput() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).startsWith("Usage: coracle").contains("--version", "CORACLE_LOG");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void versionNamesTheProgram() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).startsWith("coracle ");
    }

    @Test
    void anUnknownCommandIsAUsageError() {
        assertThat(run("zzz")).isEqualTo(2);
        assertThat(err.toString()).contains("'zzz'").contains("Usage: coracle");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void anUnknownOptionIsAUsageError() {
        assertThat(run("--paddle")).isEqualTo(2);
        assertThat(err.toString()).contains("'--paddle'");
    }

    @Test
    void noCommandIsAUsageError() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString()).startsWith("Missing command").contains("Usage: coracle");
    }

    @Test
    void conformanceNeedsAPath() {
        assertThat(run("conformance")).isEqualTo(2);
        assertThat(err.toString()).contains("Missing required parameter", "PATH");
    }

    @Test
    void conformanceRefusesAFolderWithoutScripts(@TempDir Path folder) {
        assertThat(run("conformance", folder.toString())).isEqualTo(2);
        assertThat(report.toString(StandardCharsets.UTF_8)).contains("no script to run");
    }

    @Test
    void conformanceTellsByItsStatusWhetherScriptsPass(@TempDir Path folder) throws IOException {
        Path script = folder.resolve("majority.txt");
        Files.writeString(script, "committed cfg=(1) idx=(7)\n----\n     idx\n>      7    (id=1)\n7\n");
        assertThat(run("conformance", script.toString())).isZero();
        Files.writeString(script, "committed cfg=(1) idx=(7)\n----\n8\n");
        assertThat(run("conformance", folder.toString())).isEqualTo(1);
        assertThat(report.toString(StandardCharsets.UTF_8)).contains("1 passed, 0 failed", "0 passed, 1 failed");
    }

    private int run(String... arguments) {
        PrintStream standardOutput = System.out;
        System.setOut(new PrintStream(report, true, StandardCharsets.UTF_8));
        try {
            return Main.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
        } finally {
            System.setOut(standardOutput);
        }
    }
}
