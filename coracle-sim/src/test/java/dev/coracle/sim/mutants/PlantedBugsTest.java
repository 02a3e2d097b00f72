package dev.coracle.sim.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    private static final List<Finder> FINDERS = finders();
    private static final Map<Mutant, Future<Map<String, String>>> HUNTS = new LinkedHashMap<>();

    private static ExecutorService threads;

    private static List<Finder> finders() {
        List<Finder> finders = new ArrayList<>(
                List.of(Scripts.own(), Seeds.randomClusters(300), new SmallWorlds(20_000, 60_000), Behaviours.all()));
        Path shared = Path.of(System.getProperty("coracle.shared", "")).resolve("conformance");
        if (Files.isDirectory(shared)) {
            finders.add(new Scripts(Document.ETCD_SCRIPTS, shared));
        }
        return finders;
    }

    @BeforeAll
    static void start() {
        threads = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "planted bugs");
            thread.setDaemon(true);
            return thread;
        });
        for (Mutant mutant : Mutants.ALL) {
            HUNTS.put(mutant, threads.submit(() -> hunt(mutant)));
        }
    }

    private static Map<String, String> hunt(Mutant mutant) throws Exception {
        try {
            return Hunt.after(mutant, FINDERS);
        } catch (Exception | Error failure) {
            throw failure;
        } catch (Throwable failure) {
            throw new IllegalStateException(failure);
        }
    }

    @Test
    void withoutABugNothingIsFound() throws Throwable {
        Set<String> files = new TreeSet<>();
        Mutants.ALL.forEach(mutant -> files.add(mutant.file()));
        assertThat(Hunt.withoutABug(files, FINDERS)).isEmpty();
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
            assertThat(Document.counting(found)).as("%s: survives", mutant.name()).isNotEmpty();
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
        String text = Document.of(FINDERS, found);
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
