package dev.coracle.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class WalBenchCommandTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --seconds=0          | --seconds: 0 must be from 1 to 3600
            --warm-up=-1         | --warm-up: -1 must be from 0 to 3600
            --segment-bytes=9    | --segment-bytes: 9 must be from 1000000 to 1000000000
            --json=/missing/file | --json: /missing/file must be a file that can be written
            """)
    void anOptionBeyondItsRangeIsRefusedByNameValueAndRule(String argument, String message) {
        assertThat(run(argument)).isEqualTo(2);
        assertThat(err.toString()).startsWith(message);
        assertThat(out.toString()).isEmpty();
    }

    /** The numbers mean nothing here but those that do not depend on time. */
    @Test
    void measuresEachAndLeavesNothingButTheReportBehind() throws IOException {
        Path report = directory.resolve("report.json");

        assertThat(run("--seconds=1", "--warm-up=0", "--segment-bytes=2000000", "--json=" + report))
                .as(err.toString())
                .isZero();

        try (Stream<Path> left = Files.list(directory)) {
            assertThat(left).containsExactly(report);
        }
        JsonNode json = new ObjectMapper().readTree(report.toFile());
        JsonNode appends = json.path("appends");
        assertThat(numbers(appends, "entries")).containsExactly(1L, 16L, 256L);
        for (JsonNode row : appends) {
            // Data, the head of an entry and of its record.
            assertThat(row.path("bytes").asLong() / row.path("entries").asLong())
                    .isBetween(128L, 180L);
            assertThat(row.path("ratio").asDouble()).isPositive();
            assertThat(row.path("ownNanos").asDouble()).isPositive();
            assertThat(row.path("allocatedBytes").asDouble()).isBetween(0.0, 10_000.0);
        }
        JsonNode replays = json.path("replays");
        assertThat(numbers(replays, "entryBytes")).containsExactly(128L, 16_384L);
        for (JsonNode row : replays) {
            long payload = row.path("records").asLong() * row.path("entryBytes").asLong();
            assertThat(row.path("logBytes").asLong()).isBetween(payload, 2 * payload);
            assertThat(row.path("nanosPerRecord").asDouble()).isPositive();
            assertThat(row.path("ratio").asDouble()).isPositive();
        }
        assertThat(out.toString().lines().filter(line -> line.contains(">= 90 %")))
                .hasSize(3);
        assertThat(out.toString().lines().filter(line -> line.contains("<= 100")))
                .hasSize(1);
    }

    private static List<Long> numbers(JsonNode rows, String field) {
        return Stream.iterate(0, i -> i < rows.size(), i -> i + 1)
                .map(i -> rows.path(i).path(field).asLong())
                .toList();
    }

    private int run(String... arguments) {
        List<String> all = Stream.concat(Stream.of("wal", "--data-dir=" + directory), Stream.of(arguments))
                .toList();
        return new CommandLine(new BenchCommand())
                .setOut(new PrintWriter(out, true))
                .setErr(new PrintWriter(err, true))
                .execute(all.toArray(String[]::new));
    }
}
