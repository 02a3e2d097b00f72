package dev.coracle.sim.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Plants every bug and sends every finder after it. {@code -Dcoracle.write.docs=true} writes what they found to
 * docs/internals/planted-bugs.md.
 */
@Tag("long")
class PlantedBugsTest {
    /** A bug that makes a finder run for ever fails after this long; its thread is lost. */
    private static final long LIMIT_MINUTES = 4;

    private static final Map<Mutant, Future<Map<String, String>>> HUNTS = new LinkedHashMap<>();

    private static ExecutorService threads;

    @BeforeAll
    static void start() {
        threads = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "planted bugs");
            thread.setDaemon(true);
            return thread;
        });
        for (Mutants.Group group : Mutants.GROUPS) {
            for (Mutant mutant : group.mutants()) {
                HUNTS.put(mutant, threads.submit(() -> hunt(mutant, Finders.of(group))));
            }
        }
    }

    private static Map<String, String> hunt(Mutant mutant, List<Finder> finders) throws Exception {
        try {
            return Hunt.after(mutant, finders);
        } catch (Exception | Error failure) {
            throw failure;
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Else it would say nothing that something is found with a bug. */
    @Test
    void withoutABugNothingIsFound() throws Throwable {
        Map<List<Finder>, Set<String>> files = new LinkedHashMap<>();
        for (Mutants.Group group : Mutants.GROUPS) {
            Set<String> ofThese = files.computeIfAbsent(Finders.of(group), finders -> new TreeSet<>());
            group.mutants().forEach(mutant -> ofThese.add(mutant.file()));
        }
        for (Map.Entry<List<Finder>, Set<String>> each : files.entrySet()) {
            assertThat(Hunt.withoutABug(each.getValue(), each.getKey())).isEmpty();
        }
    }

    @TestFactory
    Stream<DynamicTest> isFound() {
        return HUNTS.entrySet().stream()
                .map(hunt -> DynamicTest.dynamicTest(
                        hunt.getKey().name(), () -> requireFound(hunt.getKey(), hunt.getValue())));
    }

    private static void requireFound(Mutant mutant, Future<Map<String, String>> hunt) throws Throwable {
        try {
            Map<String, String> found = hunt.get(LIMIT_MINUTES, TimeUnit.MINUTES);
            System.out.println(mutant.name() + ": " + found);
            assertThat(Document.counting(found))
                    .as("%s: survives", mutant.name())
                    .isNotEmpty();
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    @AfterAll
    static void report() throws Exception {
        threads.shutdownNow();
        Map<Mutant, Map<String, String>> found = new LinkedHashMap<>();
        for (Map.Entry<Mutant, Future<Map<String, String>>> hunt : HUNTS.entrySet()) {
            if (!hunt.getValue().isDone()) {
                return;
            }
            found.put(hunt.getKey(), hunt.getValue().get());
        }
        String text = Document.of(found);
        System.out.println(text);
        if (Boolean.getBoolean("coracle.write.docs")) {
            write(text);
        }
    }

    private static void write(String text) throws IOException {
        Files.writeString(Document.FILE, text);
        System.out.println("written: " + Document.FILE);
    }
}
