package dev.coracle.sim.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Runs the scripts of etcd's raft library where they are at hand, and the project's own, each as a test. */
class ConformanceTest {
    @TestFactory
    Stream<DynamicTest> answersAsEtcdDoes() throws IOException {
        String shared = System.getProperty("coracle.shared", "");
        Path folder = Path.of(shared).resolve("conformance");
        if (shared.isEmpty() || !Files.isDirectory(folder)) {
            System.out.println("ConformanceTest: skipped, no folder " + folder.toAbsolutePath());
            Assumptions.abort("no folder " + folder.toAbsolutePath());
        }
        return scriptsIn(folder);
    }

    @TestFactory
    Stream<DynamicTest> answersAsTheProjectsOwnScriptsExpect() throws IOException, URISyntaxException {
        URL folder = ConformanceTest.class.getResource("/scripts");
        assertThat(folder).isNotNull();
        return scriptsIn(Path.of(folder.toURI()));
    }

    private static Stream<DynamicTest> scriptsIn(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(path -> path.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        }
        assertThat(files).as("scripts in %s", folder).isNotEmpty();
        return files.stream()
                .map(file -> DynamicTest.dynamicTest(folder.relativize(file).toString(), () -> requirePass(file)));
    }

    private static void requirePass(Path file) {
        ByteArrayOutputStream report = new ByteArrayOutputStream();
        int status = Conformance.run(List.of(file), new PrintStream(report, false, StandardCharsets.UTF_8));
        if (status != Conformance.ALL_PASSED) {
            fail(report.toString(StandardCharsets.UTF_8));
        }
    }
}
