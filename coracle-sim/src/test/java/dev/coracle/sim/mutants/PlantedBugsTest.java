package dev.coracle.sim.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.mutants.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Plants every bug and sends the finders after it until one has it. With {@code -Dcoracle.write.docs=true} what they
 * found is written to docs/internals/planted-bugs.md.
 */
@Tag("long")
class PlantedBugsTest {
    /** A bug that makes a finder run for ever fails after this long; its thread is lost. */
    private static final long LIMIT_MINUTES = 5;

    private static final boolean WRITES = Boolean.getBoolean("coracle.write.docs");

    private static final Map<Mutant, Future<Map<String, String>>> HUNTS = new LinkedHashMap<>();
    private static final Map<Mutants.Scope, Future<Map<String, String>>> CONTROLS = new EnumMap<>(Mutants.Scope.class);
    private static final Map<Mutant, Map<String, String>> FOUND = new HashMap<>();

    private static ExecutorService threads;

    @BeforeAll
    static void start() {
        threads = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "planted bugs");
            thread.setDaemon(true);
            return thread;
        });
        for (Mutants.Scope scope : Mutants.Scope.values()) {
            CONTROLS.put(scope, threads.submit(() -> Hunt.withoutABug(filesOf(scope), Finders.of(scope))));
        }
        for (Mutants.Group group : Mutants.GROUPS) {
            for (Mutant mutant : group.mutants()) {
                HUNTS.put(mutant, threads.submit(() -> Hunt.after(mutant, Finders.of(group.scope()), 1)));
            }
        }
    }

    private static Set<String> filesOf(Mutants.Scope scope) {
        Set<String> files = new TreeSet<>();
        for (Mutants.Group group : Mutants.GROUPS) {
            if (group.scope() == scope) {
                group.mutants().forEach(mutant -> files.add(mutant.file()));
            }
        }
        return files;
    }

    @AfterAll
    static void stop() {
        threads.shutdownNow();
    }

    /** Else it would say nothing that something is found with a bug. */
    @ParameterizedTest
    @EnumSource
    void withoutABugNothingIsFound(Mutants.Scope scope) throws Throwable {
        assertThat(resultOf(CONTROLS.get(scope))).isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> isFound() {
        Stream<DynamicTest> bugs =
                Mutants.ALL.stream().map(mutant -> DynamicTest.dynamicTest(mutant.name(), () -> requireFound(mutant)));
        return Stream.concat(bugs, Stream.of(DynamicTest.dynamicTest("so the document says", PlantedBugsTest::report)));
    }

    private static void requireFound(Mutant mutant) throws Throwable {
        Map<String, String> found = resultOf(HUNTS.get(mutant));
        System.out.println(mutant.name() + ": " + found);
        assertThat(found).as("%s: survives", mutant.name()).isNotEmpty();
        FOUND.put(mutant, found);
    }

    private static Map<String, String> resultOf(Future<Map<String, String>> search) throws Throwable {
        try {
            return search.get(LIMIT_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    private static void report() throws IOException {
        assertThat(FOUND).as("what was found").hasSameSizeAs(Mutants.ALL);
        if (WRITES) {
            Files.writeString(Document.FILE, Document.of(FOUND));
            System.out.println("written: " + Document.FILE);
        }
    }
}
