package dev.coracle.testkit.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.coracle.contracts.mutants.Mutant;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
import org.slf4j.LoggerFactory;

/**
 * Plants the bugs of a list below the simulated clusters and runs seeds until one shows each. With {@code -Dcoracle.write.docs=true}
 * what they found is written to docs/internals/harness-bugs.md.
 */
@Tag("long")
class HarnessBugsTest {
    /** How many seeds a bug may survive; those of the list were found within 100. */
    private static final int SEEDS = Integer.getInteger("coracle.harness.seeds", 2_000);

    private static final int CONTROL_SEEDS = 30;

    /** A bug that makes a world run for ever fails after this long; its thread is lost. */
    private static final long LIMIT_MINUTES = 15;

    /** Whether those are hunted instead that were never found. */
    private static final boolean ELUSIVE = Boolean.getBoolean("coracle.harness.elusive");

    private static final List<Mutant> BUGS = ELUSIVE ? HarnessBugs.ELUSIVE : HarnessBugs.ALL;

    private static final boolean WRITES = Boolean.getBoolean("coracle.write.docs");

    private static final Map<Mutant, Future<Optional<HarnessHunt.Found>>> HUNTS = new LinkedHashMap<>();
    private static final Map<Mutant, HarnessHunt.Found> FOUND = new HashMap<>();

    private static ExecutorService threads;
    private static Future<Optional<HarnessHunt.Found>> control;

    @BeforeAll
    static void start() {
        ((Logger) LoggerFactory.getLogger("dev.coracle")).setLevel(Level.OFF);
        threads = Executors.newFixedThreadPool(2, task -> {
            Thread thread = new Thread(task, "harness bugs");
            thread.setDaemon(true);
            return thread;
        });
        Set<String> files = new TreeSet<>();
        BUGS.forEach(mutant -> files.add(mutant.file()));
        control = threads.submit(() -> HarnessHunt.withoutABug(files, CONTROL_SEEDS));
        for (Mutant mutant : BUGS) {
            HUNTS.put(mutant, threads.submit(() -> HarnessHunt.after(mutant, SEEDS)));
        }
    }

    @AfterAll
    static void stop() {
        threads.shutdownNow();
    }

    /** Else it would say nothing that something is found with a bug. */
    @Test
    void withoutABugNothingIsFound() throws Throwable {
        assertThat(resultOf(control)).isEmpty();
    }

    @TestFactory
    Stream<DynamicTest> isFound() {
        Stream<DynamicTest> bugs =
                BUGS.stream().map(mutant -> DynamicTest.dynamicTest(mutant.name(), () -> requireFound(mutant)));
        return Stream.concat(bugs, Stream.of(DynamicTest.dynamicTest("so the document says", HarnessBugsTest::report)));
    }

    private static void requireFound(Mutant mutant) throws Throwable {
        Optional<HarnessHunt.Found> found = resultOf(HUNTS.get(mutant));
        System.out.println(mutant.name() + ": " + found);
        assertThat(found).as("%s: survives %d seeds", mutant.name(), SEEDS).isPresent();
        FOUND.put(mutant, found.orElseThrow());
    }

    private static Optional<HarnessHunt.Found> resultOf(Future<Optional<HarnessHunt.Found>> search) throws Throwable {
        try {
            return search.get(LIMIT_MINUTES, TimeUnit.MINUTES);
        } catch (ExecutionException failed) {
            throw failed.getCause();
        }
    }

    private static void report() throws IOException {
        assertThat(FOUND).as("what was found").hasSameSizeAs(BUGS);
        if (WRITES && !ELUSIVE) {
            Files.writeString(HarnessDocument.FILE, HarnessDocument.of(FOUND));
            System.out.println("written: " + HarnessDocument.FILE);
        }
    }
}
