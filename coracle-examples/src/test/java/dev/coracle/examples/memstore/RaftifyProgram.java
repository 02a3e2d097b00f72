package dev.coracle.examples.memstore;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The small Rust program on the crate raftify that the tests run, built by cargo into this module's target folder. */
final class RaftifyProgram {
    private static final Path SOURCE = Path.of("src/test/rust/raftify-memstore").toAbsolutePath();
    private static final Path TARGET = Path.of("target/rust").toAbsolutePath();
    private static final long BUILD_MINUTES = 20;

    private RaftifyProgram() {}

    /**
     * The program, built if it was not before; null where that cannot be done, which is said on the standard output.
     */
    static @Nullable Path build() throws IOException, InterruptedException {
        String cargo = find("cargo");
        if (cargo == null) {
            return missing("there is no cargo, neither on the PATH nor in ~/.cargo/bin");
        }
        if (find("protoc") == null) {
            return missing("there is no protoc, which raftify's build needs (Debian: protobuf-compiler)");
        }
        Files.createDirectories(TARGET);
        Path output = TARGET.resolve("build.log");
        ProcessBuilder builder = new ProcessBuilder(cargo, "build", "--locked")
                .directory(SOURCE.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("CARGO_TARGET_DIR", TARGET.toString());
        Process process = builder.start();
        try {
            if (!process.waitFor(BUILD_MINUTES, TimeUnit.MINUTES)) {
                return missing("cargo was not done within " + BUILD_MINUTES + " minutes, see " + output);
            }
        } finally {
            process.destroyForcibly();
        }
        if (process.exitValue() != 0) {
            List<String> lines = Files.readAllLines(output);
            return missing("cargo failed with " + process.exitValue() + ":\n"
                    + String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size())));
        }
        return TARGET.resolve("debug/raftify-memstore");
    }

    private static @Nullable Path missing(String why) {
        System.out.println("NOT TESTED WITH RUST NODES: " + why);
        return null;
    }

    private static @Nullable String find(String program) {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            Path path = Path.of(folder, program);
            if (Files.isExecutable(path)) {
                return path.toString();
            }
        }
        Path own = Path.of(System.getProperty("user.home"), ".cargo/bin", program);
        return Files.isExecutable(own) ? own.toString() : null;
    }
}
