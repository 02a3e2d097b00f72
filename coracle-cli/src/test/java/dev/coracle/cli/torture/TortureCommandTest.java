package dev.coracle.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class TortureCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @ParameterizedTest
    @CsvSource({
        "--minutes=0, --minutes: 0 must be greater than 0",
        "--minutes=-1, --minutes: -1 must be greater than 0",
        "--minutes=1e9, at most 10000",
        "--nodes=2, --nodes: 2 must be from 3 to 5",
        "--nodes=6, --nodes: 6 must be from 3 to 5",
        "--faults=FLOOD, FLOOD",
        "--lying-disk --faults=KILL, cannot be given with --lying-disk",
        "--older-members, --older-members: needs --upgrade-from",
        "--upgrade-from=no-such.jar, --upgrade-from: no-such.jar is no file",
        "--upgrade-from=pom.xml --faults=KILL, cannot be given with --upgrade-from",
        "--upgrade-from=pom.xml --lying-disk, --upgrade-from: cannot be given with --lying-disk",
    })
    void wrongArgumentsAreNamedBeforeAnythingIsStarted(String arguments, String complaint) {
        assertThat(run(arguments.split(" ", -1))).isEqualTo(2);
        assertThat(err.toString()).contains(complaint);
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void aFolderThatIsNotEmptyIsLeftAlone(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("mine"), "x");
        // Confined, so that nothing is started for it.
        assertThat(run("--confined=by a test", "--dir=" + folder)).isEqualTo(2);
        assertThat(err.toString()).contains("--dir: " + folder + " is not empty");
        assertThat(file).hasContent("x");
    }

    @Test
    void theHelpNamesTheFaults() {
        assertThat(run("--help")).isZero();
        assertThat(out.toString()).contains("KILL", "PAUSE", "POWER_ALL", "--lying-disk");
    }

    @Test
    void aFaultThatCannotBeHadHereIsNotLeftOutInSilence(@TempDir Path folder) throws IOException {
        Path kept = folder.resolve("kept");
        assertThat(run("--confined=by a test", "--dir=" + kept, "--faults=CUT")).isEqualTo(3);
        assertThat(out.toString()).contains("CUT        no   by a test", "there is no CUT here: by a test");
    }

    private int run(String... arguments) {
        return new CommandLine(new TortureCommand("no.such.Main"))
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
    }
}
