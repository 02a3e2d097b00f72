package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that docs/internals/wal.md names as witnesses exist, and each line of its contract names one. */
final class WalDocumentTest {
    private static final Path ROOT = Path.of(System.getProperty("coracle.root"));
    private static final Pattern NAMED = Pattern.compile("`([A-Z]\\w*(?:Test|Contract))\\.(\\w+)`");

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        List<Path> sources;
        try (Stream<Path> files = Files.find(
                ROOT, 12, (path, attributes) -> path.toString().contains("/src/") && attributes.isRegularFile())) {
            sources = files.filter(path -> path.getFileName().toString().matches(".*(Test|Contract)\\.java"))
                    .toList();
        }
        Set<String> missing = new LinkedHashSet<>();
        int count = 0;
        for (String line : document()) {
            Matcher matcher = NAMED.matcher(line);
            while (matcher.find()) {
                count++;
                String file = matcher.group(1) + ".java";
                String method = " " + matcher.group(2) + "(";
                boolean found = false;
                for (Path source : sources) {
                    found |= source.endsWith(file) && Files.readString(source).contains("void" + method);
                }
                if (!found) {
                    missing.add(matcher.group());
                }
            }
        }
        assertThat(missing).isEmpty();
        assertThat(count).isGreaterThan(40);
    }

    @Test
    void everyPromiseAndEveryFaultNamesATest() throws IOException {
        for (String section : List.of("## The contract", "## What each error does")) {
            List<String> rows = document().stream()
                    .dropWhile(line -> !line.equals(section))
                    .skip(1)
                    .takeWhile(line -> !line.startsWith("## "))
                    .filter(line -> line.startsWith("| ") && !line.startsWith("| ---"))
                    .skip(1)
                    .toList();
            assertThat(rows)
                    .as(section)
                    .hasSizeGreaterThan(8)
                    .allSatisfy(row -> assertThat(row).containsPattern(NAMED));
        }
    }

    private static List<String> document() throws IOException {
        return Files.readAllLines(ROOT.resolve("docs/internals/wal.md"));
    }
}
