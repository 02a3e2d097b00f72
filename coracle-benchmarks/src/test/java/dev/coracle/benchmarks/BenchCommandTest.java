package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class BenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --nodes=0            | --nodes: 0 must be from 1 to 9
            --nodes=10           | --nodes: 10 must be from 1 to 9
            --size=0             | --size: 0 must be from 1 to 1048576
            --size=1048577       | --size: 1048577 must be from 1 to 1048576
            --in-flight=0        | --in-flight: 0 must be from 1 to 65536
            --in-flight=1,65537  | --in-flight: 65537 must be from 1 to 65536
            --seconds=0          | --seconds: 0 must be from 1 to 3600
            --warm-up=-1         | --warm-up: -1 must be from 0 to 3600
            --via=nobody         | Invalid value for option '--via': 'nobody' must be leader or any
            """)
    void anOptionBeyondItsRangeIsRefusedByNameValueAndRule(String argument, String message) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString()).startsWith(message);
        assertThat(out.toString()).isEmpty();
        assertThat(leftBehind()).isEmpty();
    }

    @Test
    void moreProposalsThanANodeTakesAtOnceAreRefusedBeforeTheRun() {
        assertThat(run("--in-flight=64", "--size=1048576")).isEqualTo(2);
        assertThat(err.toString()).startsWith("--in-flight: 64 must be at most 63 for proposals of 1048576 bytes");
    }

    @Test
    void aReportThatCannotBeWrittenIsRefusedBeforeTheRun() {
        assertThat(run("--json=" + directory.resolve("missing").resolve("report.json")))
                .isEqualTo(2);
        assertThat(err.toString()).startsWith("--json: ").contains("must be a file that can be written");
    }

    @Test
    void measuresAndLeavesNothingButTheReportBehind() throws IOException {
        int status = run("--nodes=3", "--in-flight=1,16", "--seconds=1", "--warm-up=0", "--json=" + report());

        assertThat(status).as(err.toString()).isZero();
        assertThat(leftBehind()).containsExactly("report.json");
        assertThat(out.toString()).startsWith("3 nodes in one process over loopback, proposals of 128 bytes");
        JsonNode json = new ObjectMapper().readTree(report().toFile());
        assertThat(json.path("machine").path("cores").asInt()).isPositive();
        assertThat(json.path("machine").path("fileSystem").asText()).isNotEmpty();
        assertThat(json.path("measurements")).hasSize(2);
        for (JsonNode measurement : json.path("measurements")) {
            long proposals = measurement.path("proposals").asLong();
            assertThat(proposals).isPositive();
            assertThat(measurement.path("failed").asLong()).isZero();
            assertThat(measurement.path("p50Micros").asDouble())
                    .isPositive()
                    .isLessThanOrEqualTo(measurement.path("p99Micros").asDouble());
            assertThat(measurement.path("bytesPerThousand").asDouble()).isPositive();
            assertThat(measurement.path("rawSyncsPerSecond").asDouble()).isPositive();
        }
        // Nothing is acknowledged that is not on two disks, and one proposal after the other shares no sync.
        assertThat(json.path("measurements").path(0).path("syncsPerThousand").asDouble())
                .isGreaterThan(1_900);
    }

    @Test
    void anyMemberCanBeAsked() throws IOException {
        int status = run("--in-flight=8", "--seconds=1", "--warm-up=0", "--via=any", "--json=" + report());

        assertThat(status).as(err.toString()).isZero();
        JsonNode measurement = new ObjectMapper()
                .readTree(report().toFile())
                .path("measurements")
                .path(0);
        assertThat(measurement.path("proposals").asLong()).isPositive();
        assertThat(measurement.path("failed").asLong()).isZero();
    }

    private Path report() {
        return directory.resolve("report.json");
    }

    private int run(String... arguments) {
        CommandLine command = new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true));
        List<String> all = Stream.concat(Stream.of("--data-dir=" + directory), Stream.of(arguments))
                .toList();
        return command.execute(all.toArray(String[]::new));
    }

    private List<String> leftBehind() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
