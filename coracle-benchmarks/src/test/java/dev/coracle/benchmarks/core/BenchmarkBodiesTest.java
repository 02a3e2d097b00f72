package dev.coracle.benchmarks.core;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** That the bodies of the benchmarks do what their names say, each run by hand: nothing is measured here. */
class BenchmarkBodiesTest {
    /** A log has the leader's empty entry before the first proposal. */
    private static final int EMPTY_ENTRIES = 1;

    @ParameterizedTest
    @CsvSource({"1,1", "1,64", "3,1", "3,64"})
    void everyCoreAppliesWhatIsProposed(int cores, int entries) {
        ProposeBenchmark benchmark = new ProposeBenchmark();
        benchmark.cores = cores;
        benchmark.entries = entries;
        benchmark.elect();

        assertThat(benchmark.untilApplied()).isEqualTo(EMPTY_ENTRIES + entries);
        assertThat(benchmark.untilApplied()).isEqualTo(EMPTY_ENTRIES + 2L * entries);
        assertThat(benchmark.appliedByAll()).isEqualTo(EMPTY_ENTRIES + 2L * entries);
    }

    @Test
    void aLongRunKeepsItsLogSmall() {
        ProposeBenchmark benchmark = new ProposeBenchmark();
        benchmark.cores = 3;
        benchmark.entries = 64;
        benchmark.elect();

        for (int i = 0; i < 1_000; i++) {
            benchmark.untilApplied();
        }

        assertThat(benchmark.appliedByAll()).isEqualTo(EMPTY_ENTRIES + 64_000);
        assertThat(benchmark.storedEntries()).isBetween(0L, 1L << 14);
    }

    @Test
    void aFollowersTickLeavesNothingToDo() {
        TickBenchmark.Follower follower = new TickBenchmark.Follower();
        follower.start();

        for (int i = 0; i < 1_000; i++) {
            assertThat(new TickBenchmark().follower(follower)).isFalse();
        }
    }

    @ParameterizedTest
    @CsvSource({"3,2", "5,4"})
    void aLeadersTickSendsAHeartbeatToEachFollower(int cores, int heartbeats) {
        TickBenchmark.Leader leader = new TickBenchmark.Leader();
        leader.cores = cores;
        leader.elect();

        for (int i = 0; i < 1_000; i++) {
            assertThat(new TickBenchmark().leader(leader)).isEqualTo(heartbeats);
        }
    }

    /** The members acknowledge in turn, each one more than all before: a majority has what the slowest of it has. */
    @ParameterizedTest
    @CsvSource({"3,8", "5,7", "7,6", "joint,7"})
    void theIndexThatAMajorityHasIsCommitted(String voters, long committed) {
        QuorumBenchmark benchmark = new QuorumBenchmark();
        benchmark.voters = voters;
        benchmark.configure();

        long last = 0;
        for (int i = 0; i < 9; i++) {
            last = benchmark.acknowledgeAndCommit();
        }

        assertThat(last).isEqualTo(committed);
    }

    @ParameterizedTest
    @CsvSource({"0", "255"})
    void eachAnswerAcknowledgesOneAppend(int inFlight) {
        ProgressBenchmark benchmark = new ProgressBenchmark();
        benchmark.inFlight = inFlight;
        benchmark.fill();

        assertThat(benchmark.sendAndAcknowledge()).isEqualTo(64);
        assertThat(benchmark.sendAndAcknowledge()).isEqualTo(128);
        assertThat(benchmark.inFlight()).isEqualTo(inFlight);
    }
}
