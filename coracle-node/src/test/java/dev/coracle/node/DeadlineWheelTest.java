package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
    private static final long SLICE = 10;

    private final DeadlineWheel wheel = new DeadlineWheel(SLICE);
    private final Ending ending = new Ending();

    @Test
    void showsARequestOnceItsDeadlineHasPassedAndNotBefore() {
        Request<?> request = ending.proposal(105);
        wheel.add(request);
        assertThat(expired(100)).isEmpty();
        assertThat(expired(104)).isEmpty();
        assertThat(expired(110)).containsExactly(request);
        assertThat(expired(120)).isEmpty();
    }

    @Test
    void aRemovedRequestIsNotShown() {
        Request<?> request = ending.proposal(5);
        wheel.add(request);
        assertThat(wheel.remove(request)).isTrue();
        assertThat(wheel.remove(request)).isFalse();
        assertThat(expired(1_000)).isEmpty();
    }

    @Test
    void aDeadlineThatHasPassedAlreadyIsSeenInTheNextSlice() {
        expired(1_000);
        Request<?> request = ending.proposal(1_000);
        wheel.add(request);
        assertThat(expired(1_010)).containsExactly(request);
    }

    @Test
    void deadlinesOfOtherRoundsStayInTheirBucket() {
        Request<?> near = ending.proposal(50);
        Request<?> far = ending.proposal(50 + 1024 * SLICE);
        wheel.add(near);
        wheel.add(far);
        assertThat(expired(60)).containsExactly(near);
        assertThat(expired(40 + 1024 * SLICE)).isEmpty();
        assertThat(expired(60 + 1024 * SLICE)).containsExactly(far);
    }

    @Test
    void noDeadlineIsMissedOrShownEarlyWhateverTheOrder() {
        long seed = 20260101;
        System.out.println("seed " + seed);
        Random random = new Random(seed);
        long now = -50_000;
        Set<Request<?>> open = new HashSet<>();
        for (int i = 0; i < 20_000; i++) {
            Request<?> added = ending.proposal(now + 1 + random.nextInt(30_000));
            wheel.add(added);
            open.add(added);
            if (random.nextInt(3) == 0) {
                Request<?> removed = open.iterator().next();
                assertThat(wheel.remove(removed)).isTrue();
                open.remove(removed);
            }
            now += random.nextInt(40) == 0 ? random.nextInt(20_000) : random.nextInt(15);
            for (Request<?> request : expired(now)) {
                assertThat(request.deadlineNanos).isLessThanOrEqualTo(now);
                assertThat(open.remove(request)).isTrue();
            }
            if (i % 100 == 0) {
                long late = now - SLICE;
                assertThat(open).noneMatch(request -> request.deadlineNanos < late);
            }
        }
        List<Request<?>> rest = new ArrayList<>();
        wheel.forEach(rest::add);
        assertThat(rest).containsExactlyInAnyOrderElementsOf(open);
    }

    private List<Request<?>> expired(long nowNanos) {
        List<Request<?>> shown = new ArrayList<>();
        wheel.expire(nowNanos, request -> {
            shown.add(request);
            wheel.remove(request);
        });
        return shown;
    }
}
