package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.RandomCluster.Happening;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Schedules of {@link RandomCluster} by their seeds. {@code -Dcoracle.seed=N} runs one of them, and
 * {@code -Dcoracle.trace=true} prints what happens in it.
 *
 * <p>{@code -Dcoracle.hashes.write=FILE} writes down the hash of each schedule, and {@code -Dcoracle.hashes.compare=FILE}
 * compares with what was written, perhaps on another JVM.
 */
class RandomClusterTest {
    private static final int SEEDS = 2_000;

    @Test
    void staysSafeUnderAnyTroubleAndAgreesAfterIt() throws IOException {
        Long only = Long.getLong("coracle.seed");
        if (only != null) {
            Consumer<String> trace = Boolean.getBoolean("coracle.trace") ? System.out::println : null;
            new RandomCluster(only, true, trace).run();
            return;
        }
        System.out.printf("RandomClusterTest: seeds 1 to %d%n", SEEDS);
        Map<Happening, Long> happened = new EnumMap<>(Happening.class);
        List<String> hashes = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            RandomCluster cluster = new RandomCluster(seed, true, null);
            hashes.add(seed + " " + Long.toHexString(cluster.run()));
            for (Happening what : Happening.values()) {
                happened.merge(what, cluster.happenings(what), Long::sum);
            }
        }
        System.out.println("RandomClusterTest: " + happened);
        compareHashes(hashes);
        assertThat(happened.remove(Happening.WEDGED))
                .as("schedules without an agreement at the end")
                .isLessThan(SEEDS / 100);
        happened.forEach((what, times) ->
                assertThat(times).as("%s, in all schedules", what).isGreaterThan(SEEDS / 20));
    }

    private static void compareHashes(List<String> hashes) throws IOException {
        String written = System.getProperty("coracle.hashes.write");
        if (written != null) {
            Files.write(Path.of(written), hashes);
        }
        String compared = System.getProperty("coracle.hashes.compare");
        if (compared != null) {
            List<String> before = Files.readAllLines(Path.of(compared));
            assertThat(hashes).as("seeds and their hashes, and in %s", compared).isEqualTo(before);
        }
    }

    @Test
    void theSameSeedGivesTheSameHashAndAnotherSeedAnother() {
        List<Long> hashes = new ArrayList<>();
        for (long seed = 1; seed <= 60; seed++) {
            long hash = RandomCluster.run(seed);
            assertThat(RandomCluster.run(seed)).as("hash of seed %d", seed).isEqualTo(hash);
            hashes.add(hash);
        }
        assertThat(hashes).doesNotHaveDuplicates();
    }

    /**
     * With asynchronous storage the core, as etcd's, sends requests for votes before the candidate's own vote is durable,
     * unless it is told to hold them back. Then the others alone may elect a server which has nothing on disk: it counts
     * itself for entries that it may lose, and after a crash wins the same term again. Schedules that did not show that
     * would miss worse.
     */
    @Test
    void candidatesThatDoNotWaitForTheirOwnVoteAreFound() {
        String violation = null;
        long seed = 0;
        while (violation == null && seed < SEEDS) {
            seed++;
            violation = violationOf(new RandomCluster(seed, false, null));
        }
        System.out.printf("RandomClusterTest: seed %d is the first: %s%n", seed, violation);
        assertThat(violation).containsAnyOf("election safety: ", "match: ");
    }

    private static @Nullable String violationOf(RandomCluster cluster) {
        try {
            cluster.run();
            return null;
        } catch (AssertionError broken) {
            return broken.getMessage();
        }
    }
}
