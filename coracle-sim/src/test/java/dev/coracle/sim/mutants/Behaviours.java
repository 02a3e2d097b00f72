package dev.coracle.sim.mutants;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.platform.engine.CancellationToken;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.engine.support.descriptor.ClassSource;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherExecutionRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the project's own tests up to the first that fails; those of the other finders, and those that take long, are
 * left out.
 *
 * @param folders where the test classes are
 * @param classes their full names
 */
record Behaviours(String name, List<Path> folders, Pattern classes) implements Finder {
    private static final Pattern OTHER_FINDERS = Pattern.compile(".*\\.(RandomCluster|SmallWorld|TraceHash)\\w*");

    static Behaviours ofTheCore(Pattern classes) {
        return new Behaviours("behaviours", List.of(CoreCopy.CORE_TESTS), classes);
    }

    /** The tests of the node's parts, and of whole nodes without chance faults. */
    static Behaviours ofTheNode() {
        return new Behaviours(
                "node's tests",
                List.of(CoreCopy.NODE_TESTS, CoreCopy.SIM_TESTS),
                Pattern.compile("dev\\.coracle\\.(node\\.(Pending|StorageWriter)\\w*|sim\\.(Node|HangingDisk)Test)"));
    }

    @Override
    public Optional<String> search(CoreCopy core) throws Exception {
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(testClasses().stream()
                        .map(name -> DiscoverySelectors.selectClass(load(core, name)))
                        .toList())
                .filters(TagFilter.excludeTags("long"))
                .build();
        FirstFailure first = new FirstFailure();
        LauncherFactory.create()
                .execute(LauncherExecutionRequestBuilder.request(request)
                        .listeners(first)
                        .cancellationToken(first.stop)
                        .build());
        if (first.started == 0) {
            throw new IllegalStateException("no test was run");
        }
        if (first.thrown != null) {
            Hunt.requireOfTheCore(first.thrown);
        }
        return Optional.ofNullable(first.test);
    }

    private static Class<?> load(CoreCopy core, String name) {
        try {
            return core.loadClass(name);
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> testClasses() {
        return folders.stream().flatMap(folder -> testClasses(folder).stream()).toList();
    }

    private List<String> testClasses(Path folder) {
        try (Stream<Path> walk = Files.walk(folder)) {
            return walk.map(path -> folder.relativize(path).toString())
                    .filter(path -> path.endsWith("Test.class") && !path.contains("$"))
                    .map(path -> path.replace(".class", "").replace('/', '.').replace('\\', '.'))
                    .filter(name -> classes.matcher(name).matches())
                    .filter(name -> !OTHER_FINDERS.matcher(name).matches())
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static final class FirstFailure implements TestExecutionListener {
        final CancellationToken stop = CancellationToken.create();
        String test;
        Throwable thrown;
        int started;

        @Override
        public void executionStarted(TestIdentifier identifier) {
            if (identifier.isTest()) {
                started++;
            }
        }

        @Override
        public void executionFinished(TestIdentifier identifier, TestExecutionResult result) {
            if (test == null && result.getStatus() == TestExecutionResult.Status.FAILED) {
                test = "`" + sourceOf(identifier) + "`, test " + started;
                thrown = result.getThrowable().orElse(null);
                stop.cancel();
            }
        }

        private static String sourceOf(TestIdentifier identifier) {
            Object source = identifier.getSource().orElse(null);
            if (source instanceof MethodSource method) {
                return simple(method.getClassName()) + "." + method.getMethodName();
            }
            return source instanceof ClassSource type ? simple(type.getClassName()) : identifier.getDisplayName();
        }

        private static String simple(String className) {
            return className.substring(className.lastIndexOf('.') + 1);
        }
    }
}
