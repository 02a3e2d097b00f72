package dev.coracle.sim.mutants;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Runs the scripts of a folder, in the order of their names, up to the first that does not pass. */
record Scripts(Path folder) implements Finder {
    private static final int ALL_PASSED = 0;
    private static final int SOME_FAILED = 1;

    static Scripts own() {
        return new Scripts(CoreCopy.root().resolve("coracle-sim/src/test/resources/scripts"));
    }

    @Override
    public String name() {
        return "own scripts";
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Exception {
        List<Path> scripts = scripts();
        for (int i = 0; i < scripts.size(); i++) {
            ByteArrayOutputStream report = new ByteArrayOutputStream();
            Object status = core.call(
                    "sim.script.Conformance", "run", List.of(scripts.get(i)), new PrintStream(report, false, UTF_8));
            if (status.equals(SOME_FAILED)) {
                String script = scripts.get(i).getFileName().toString().replace(".txt", "");
                return Optional.of("`" + script + "`, script " + (i + 1));
            }
            if (!status.equals(ALL_PASSED)) {
                throw new IllegalStateException(report.toString(UTF_8));
            }
        }
        return Optional.empty();
    }

    private List<Path> scripts() {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.filter(path -> path.toString().endsWith(".txt"))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
