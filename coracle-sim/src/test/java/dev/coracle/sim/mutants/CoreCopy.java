package dev.coracle.sim.mutants;

import dev.coracle.contracts.mutants.ProjectCopy;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The core, the node and what surrounds them in the tests once more, some of it compiled anew from changed sources. */
final class CoreCopy extends ProjectCopy {
    static final Path CORE_TESTS = testClasses("core");
    static final Path NODE_TESTS = testClasses("node");
    static final Path SIM_TESTS = testClasses("sim");

    private static final List<Path> FOLDERS = Stream.concat(
                    mainClasses("core", "codec", "node", "sim").stream(), Stream.of(CORE_TESTS, NODE_TESTS, SIM_TESTS))
            .toList();

    static {
        registerAsParallelCapable();
    }

    /** @param changed bytes by the binary names of the classes that they replace */
    CoreCopy(Map<String, byte[]> changed) {
        super(FOLDERS, changed);
    }

    /** Compiles sources, by their files below dev/coracle, against everything as it is. */
    static Map<String, byte[]> compile(Map<String, String> sources) {
        return compile(FOLDERS, sources);
    }
}
