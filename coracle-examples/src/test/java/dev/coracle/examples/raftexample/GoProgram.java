package dev.coracle.examples.raftexample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/**
 * Go's {@code raftexample}, built from Debian's packages {@code golang-1.19-go} and {@code golang-etcd-server-dev} (etcd
 * 3.4.23). Nothing is installed: where they are not there, a test is skipped, and says so where nobody can miss it.
 */
final class GoProgram {
    private static final Path GO = Path.of("/usr/lib/go-1.19/bin/go");
    private static final Path SOURCES = Path.of("/usr/share/gocode");
    private static final String PACKAGE = "go.etcd.io/etcd/contrib/raftexample";

    private GoProgram() {}

    /** The program, built at the first call of a build; its cache stays in {@code target} as well. */
    static synchronized Path binary() throws IOException, InterruptedException {
        if (!Files.isExecutable(GO) || !Files.isDirectory(SOURCES.resolve("src").resolve(PACKAGE))) {
            String skipped = "SKIPPED, NOT TESTED: mixed clusters with Go's raftexample. They need " + GO + " and "
                    + SOURCES.resolve("src").resolve(PACKAGE)
                    + " (apt-get install golang-1.19-go golang-etcd-server-dev)";
            System.err.println(skipped);
            Assumptions.abort(skipped);
        }
        Path directory = Files.createDirectories(Path.of("target", "go").toAbsolutePath());
        Path binary = directory.resolve("raftexample");
        Path log = directory.resolve("build.log");
        ProcessBuilder builder = new ProcessBuilder(GO.toString(), "build", "-o", binary.toString(), PACKAGE)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("GO111MODULE", "off");
        builder.environment().put("GOPATH", SOURCES.toString());
        builder.environment().put("GOCACHE", directory.resolve("cache").toString());
        Process build = builder.start();
        try {
            if (!build.waitFor(5, TimeUnit.MINUTES) || build.exitValue() != 0) {
                throw new AssertionError(PACKAGE + " could not be built:\n" + Files.readString(log));
            }
        } finally {
            build.destroyForcibly();
        }
        return binary;
    }
}
