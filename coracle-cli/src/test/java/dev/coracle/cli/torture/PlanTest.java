package dev.coracle.cli.torture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.coracle.cli.torture.Plan.Move;
import dev.coracle.cli.torture.Plan.Step;
import java.time.Duration;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlanTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Set<Fault> ALL = EnumSet.allOf(Fault.class);

    @Test
    void theSeedDecides() {
        assertThat(Plan.of(7, 3, ALL, MINUTE)).isEqualTo(Plan.of(7, 3, ALL, MINUTE));
        assertThat(Plan.of(7, 3, ALL, MINUTE)).isNotEqualTo(Plan.of(8, 3, ALL, MINUTE));
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void stepsAreInOrderAndWithinTheirBounds(int members) {
        for (long seed = 0; seed < 50; seed++) {
            List<Step> steps = Plan.of(seed, members, ALL, MINUTE);
            int before = 0;
            for (Step step : steps) {
                assertThat(step.atMillis()).as("seed %d, %s", seed, step).isBetween(before, 59_999);
                assertThat(step.holdMillis()).isBetween(step.fault().minHoldMillis, step.fault().maxHoldMillis);
                assertThat(step.member()).isBetween(0, members - 1);
                assertThat(step.others()).isBetween(1, members - 1);
                before = step.atMillis();
            }
        }
    }

    @Test
    void aMinuteHasNearlyAllFaultsAndNoneTwiceAsOftenAsAnother() {
        for (long seed = 0; seed < 50; seed++) {
            Map<Fault, Integer> times = new EnumMap<>(Fault.class);
            Plan.of(seed, 3, ALL, MINUTE).forEach(step -> times.merge(step.fault(), 1, Integer::sum));
            assertThat(times.size()).as("seed %d", seed).isGreaterThanOrEqualTo(ALL.size() - 1);
            assertThat(times.values()).as("seed %d", seed).allMatch(count -> count <= 3);
        }
    }

    @Test
    void onlyTheFaultsThatAreAskedForCome() {
        assertThat(Plan.of(1, 3, EnumSet.of(Fault.CUT, Fault.PAUSE), MINUTE))
                .extracting(Step::fault)
                .isNotEmpty()
                .containsOnly(Fault.CUT, Fault.PAUSE);
        assertThat(Plan.of(1, 3, Set.of(), MINUTE)).isEmpty();
        // It takes no time itself; the plan must still end.
        assertThat(Plan.of(1, 3, EnumSet.of(Fault.RESET), MINUTE)).hasSizeBetween(20, 2_000);
    }

    @Test
    void aPauseIsLongerThanAnElectionTakes() {
        // Ten ticks of 100 ms without a leader, twenty at most, are an election timeout.
        assertThat(Fault.PAUSE.minHoldMillis).isGreaterThan(2_000);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 4, 5})
    void anUpgradeEndsWithAllInTheNewerVersionAndGoesBackOnlyWhileOneIsOlder(int members) {
        for (long seed = 0; seed < 200; seed++) {
            Set<Integer> older =
                    new TreeSet<>(IntStream.range(0, members).boxed().toList());
            int back = 0;
            int joined = 0;
            for (Move move : Plan.upgrade(seed, members)) {
                Set<Integer> others = new TreeSet<>(older);
                others.remove(move.member());
                if (move.isJoiner()) {
                    joined++;
                    assertThat(older).as("seed %d, %s", seed, move).isNotEmpty().hasSizeLessThan(members);
                } else if (!move.isNewer() && !move.fallsBehind()) {
                    back++;
                    assertThat(older).doesNotContain(move.member());
                    assertThat(others).as("seed %d, %s", seed, move).isNotEmpty();
                }
                if (move.fallsBehind()) {
                    // So that its snapshot comes from the other version, whoever leads.
                    int all = members + joined;
                    assertThat(others).as("seed %d, %s", seed, move).hasSize(move.isNewer() ? all - 1 : 0);
                }
                if (move.isNewer()) {
                    older.remove(move.member());
                } else {
                    older.add(move.member());
                }
            }
            assertThat(older).as("seed %d", seed).isEmpty();
            assertThat(List.of(back, joined)).as("seed %d", seed).containsExactly(1, 1);
        }
    }

    @Test
    void anUpgradeHasEverythingOnceWhateverTheSeed() {
        for (long seed = 0; seed < 200; seed++) {
            List<Move> moves = Plan.upgrade(seed, 3);
            assertThat(moves).as("seed %d", seed).isEqualTo(Plan.upgrade(seed, 3));
            assertThat(moves.stream().filter(Move::isLeader))
                    .as("seed %d", seed)
                    .hasSize(1);
            assertThat(moves.stream().filter(Move::fallsBehind).map(Move::isNewer))
                    .as("seed %d", seed)
                    .containsExactly(true, false);
        }
    }

    @Test
    void powerCutsOfAllLeaveTimeBetween() {
        assertThat(Plan.powerCuts(Duration.ofSeconds(15)))
                .extracting(Step::fault, Step::atMillis)
                .containsExactly(tuple(Fault.POWER_ALL, 6_000), tuple(Fault.POWER_ALL, 12_000));
    }
}
