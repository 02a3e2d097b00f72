package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Keeps {@code docs/internals/core-tests.md} true. */
class CoreTestsMapTest {
    private static final Path ROOT = Path.of(System.getProperty("coracle.root", ".."));
    private static final Path SHARED = Path.of(System.getProperty("coracle.shared", "../../shared"));
    private static final Pattern QUOTED = Pattern.compile("`([^`]+)`");
    private static final Pattern COUNT = Pattern.compile("\\((\\d+)\\)");
    private static final List<String> PACKAGES = List.of("", "quorum.", "tracker.", "confchange.");

    /** A row of a table: what others have, and what is here. */
    private record Row(String section, List<String> theirs, String here) {
        List<String> references() {
            List<String> references = new ArrayList<>();
            Matcher quoted = QUOTED.matcher(here);
            while (quoted.find()) {
                String reference = quoted.group(1);
                if (reference.endsWith(".txt") || reference.matches("(coracle-[a-z-]+/)?[A-Z]\\w*Test(\\.\\w+)?")) {
                    references.add(reference);
                }
            }
            return references;
        }
    }

    private static List<Row> rows() throws IOException {
        List<Row> rows = new ArrayList<>();
        String section = "";
        for (String line : Files.readAllLines(ROOT.resolve("docs/internals/core-tests.md"), UTF_8)) {
            if (line.startsWith("#")) {
                section = line;
            }
            String[] cells = line.split("\\|");
            if (cells.length == 3 && !cells[1].isBlank() && !cells[1].contains("---") && !cells[2].equals(" here ")) {
                rows.add(new Row(section, List.of(cells[1].trim().split(", ")), cells[2].trim()));
            }
        }
        assertThat(rows).hasSizeGreaterThan(150);
        return rows;
    }

    @Test
    void everyTestAndScriptThatIsNamedExists() throws IOException, ClassNotFoundException {
        for (Row row : rows()) {
            for (String reference : row.references()) {
                assertThat(exists(reference))
                        .as("%s: %s", row.theirs(), reference)
                        .isTrue();
            }
        }
    }

    @Test
    void whatLooksLikeATestIsOneOrIsToldWhyThereIsNone() throws IOException {
        for (Row row : rows()) {
            long quoted = QUOTED.matcher(row.here()).results().count();
            long references = row.references().size();
            // The type that a sentence is about may be quoted besides.
            assertThat(references).as("%s", row).isGreaterThanOrEqualTo(quoted - 1);
            assertThat(references > 0 || row.here().contains(" ")).as("%s", row).isTrue();
        }
    }

    @Test
    void everyTestOfEtcdsIsInOneRowOfItsSection() throws IOException {
        Map<String, List<String>> theirs = new LinkedHashMap<>();
        for (Row row : rows()) {
            theirs.computeIfAbsent(row.section(), section -> new ArrayList<>()).addAll(row.theirs());
        }
        int all = 0;
        for (Map.Entry<String, List<String>> section : theirs.entrySet()) {
            int expected = COUNT.matcher(section.getKey())
                    .results()
                    .mapToInt(count -> Integer.parseInt(count.group(1)))
                    .sum();
            if (expected > 0) {
                Set<String> names = new HashSet<>(section.getValue());
                assertThat(section.getValue()).as("%s", section.getKey()).hasSize(expected);
                assertThat(names).as("%s", section.getKey()).hasSize(expected);
                all += expected;
            }
        }

        assertThat(all).isEqualTo(258);
    }

    private static boolean exists(String reference) throws IOException, ClassNotFoundException {
        if (reference.startsWith("scripts/")) {
            return Files.isRegularFile(
                    ROOT.resolve("coracle-sim/src/test/resources").resolve(reference));
        }
        if (reference.endsWith(".txt")) {
            // Without the scripts at hand there is only the name to go by.
            return !Files.isDirectory(SHARED)
                    || Files.isRegularFile(SHARED.resolve("conformance").resolve(reference));
        }
        int slash = reference.indexOf('/');
        return slash < 0
                ? isTestHere(reference)
                : isTestElsewhere(reference.substring(0, slash), reference.substring(slash + 1));
    }

    private static boolean isTestHere(String reference) {
        String[] parts = reference.split("\\.");
        for (String inPackage : PACKAGES) {
            try {
                Class<?> type = Class.forName("dev.coracle.raft." + inPackage + parts[0]);
                return parts.length == 1
                        || Arrays.stream(type.getDeclaredMethods())
                                .anyMatch(method ->
                                        method.getName().equals(parts[1]) && method.getAnnotations().length > 0);
            } catch (ClassNotFoundException elsewhere) {
                // The next package.
            }
        }
        return false;
    }

    /** Other modules are not on this one's class path: their sources tell. */
    private static boolean isTestElsewhere(String module, String reference) throws IOException {
        String[] parts = reference.split("\\.");
        try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/test/java"))) {
            List<Path> found =
                    files.filter(file -> file.endsWith(parts[0] + ".java")).toList();
            return found.size() == 1
                    && (parts.length == 1
                            || Files.readString(found.get(0), UTF_8).contains("void " + parts[1] + "("));
        }
    }
}
