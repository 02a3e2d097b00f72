package dev.coracle.raft.tracker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check.BrokenInvariantException;
import dev.coracle.raft.quorum.IdSet;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ProgressTrackerTest {
    @Test
    void membersAscendByUnsignedIdAndKeepTheirProgress() {
        ProgressTracker tracker = new ProgressTracker(10, 0);
        tracker.add(-1, 4, false);
        tracker.add(2, 5, true);
        tracker.add(1, 6, false);

        assertThat(ids(tracker)).containsExactly(1L, 2L, -1L);
        assertThat(tracker.at(0)).isSameAs(tracker.get(1));
        assertThat(tracker.at(1)).isSameAs(tracker.get(2));
        assertThat(tracker.at(2)).isSameAs(tracker.get(-1));
        assertThat(tracker.at(1).next()).isEqualTo(5);
        assertThat(tracker.at(1).recentlyActive()).isTrue();
        assertThat(tracker.at(2).next()).isEqualTo(4);
        assertThat(tracker.get(3)).isNull();

        Progress last = tracker.at(2);
        tracker.remove(2);
        assertThat(ids(tracker)).containsExactly(1L, -1L);
        assertThat(tracker.get(2)).isNull();
        assertThat(tracker.get(-1)).isSameAs(last);
    }

    @Test
    void theLimitsAreThoseOfTheWindows() {
        ProgressTracker byCount = new ProgressTracker(1, 0);
        byCount.add(1, 1, true);
        byCount.at(0).inflights().add(1, 1);
        assertThat(byCount.at(0).inflights().isFull()).isTrue();

        ProgressTracker byBytes = new ProgressTracker(9, 7);
        byBytes.add(1, 1, true);
        byBytes.at(0).inflights().add(1, 7);
        assertThat(byBytes.at(0).inflights().isFull()).isTrue();
    }

    @Test
    void whoComesIsProbedFromTheLastIndexAndCountsAsActive() {
        ProgressTracker tracker = new ProgressTracker(10, 0);
        tracker.apply(List.of(new MemberChange(1, true)), 0);
        tracker.apply(List.of(new MemberChange(2, true)), 7);

        assertThat(tracker.at(0).next()).isEqualTo(1);
        assertThat(tracker.at(1).next()).isEqualTo(7);
        assertThat(tracker.at(1).match()).isZero();
        assertThat(tracker.at(1).recentlyActive()).isTrue();
    }

    @Test
    void whoGoesAndComesBackInOneChangeStartsAfresh() {
        ProgressTracker tracker = new ProgressTracker(10, 0);
        tracker.apply(List.of(new MemberChange(1, true)), 5);
        tracker.at(0).maybeUpdate(5);

        tracker.apply(List.of(new MemberChange(1, false), new MemberChange(1, true)), 9);
        assertThat(tracker.size()).isEqualTo(1);
        assertThat(tracker.at(0).match()).isZero();
        assertThat(tracker.at(0).next()).isEqualTo(9);
    }

    @Test
    void aChangeThatDoesNotFitIsRefused() {
        ProgressTracker tracker = new ProgressTracker(10, 0);
        tracker.add(0xab, 1, true);
        assertThatThrownBy(() -> tracker.add(0xab, 1, true))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("member ab is there already");
        assertThatThrownBy(() -> tracker.remove(2))
                .isInstanceOf(BrokenInvariantException.class)
                .hasMessage("member 2 is not there");
    }

    @Test
    void theDescriptionHasALineForEachMember() {
        ProgressTracker tracker = new ProgressTracker(10, 0);
        tracker.add(-1, 3, true);
        tracker.add(10, 2, false);
        Configuration configuration = new Configuration(IdSet.of(10), IdSet.EMPTY, false, IdSet.of(-1), IdSet.EMPTY);
        assertThat(tracker.describe(configuration))
                .isEqualTo("10: StateProbe match=0 next=2 inactive\n"
                        + "18446744073709551615: StateProbe match=0 next=3 learner\n");
    }

    private static List<Long> ids(ProgressTracker tracker) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < tracker.size(); i++) {
            ids.add(tracker.idAt(i));
        }
        return ids;
    }
}
