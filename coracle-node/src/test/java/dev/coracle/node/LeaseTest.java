package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** How long a leader may believe that it is the only one. */
class LeaseTest {
    private static final long TICK = 1_000;

    /** Three quarters of nine ticks. */
    private static final long LENGTH = 6_750;

    /** A monotonic clock may stand anywhere, also just before it wraps. */
    private long now = Long.MAX_VALUE - 3_000;

    private Lease lease(boolean checkQuorum) {
        return new Lease(NodeConfig.builder()
                .id(1)
                .tickNanos(TICK)
                .electionTicks(10)
                .checkQuorum(checkQuorum)
                .clock(() -> now)
                .build());
    }

    @Test
    void itLastsForThreeQuartersOfAnElectionTimeoutLessATickFromWhenTheRoundBegan() {
        Lease lease = lease(true);
        assertThat(lease.holds(3)).isFalse();
        long began = lease.now();
        now += 500;
        lease.confirmed(3, began);
        assertThat(lease.holds(3)).isTrue();
        assertThat(lease.holds(4)).as("another term").isFalse();
        now = began + LENGTH - 1;
        assertThat(lease.holds(3)).isTrue();
        now++;
        assertThat(lease.holds(3)).isFalse();
    }

    @Test
    void anOlderRoundThatIsAnsweredLateDoesNotShortenIt() {
        Lease lease = lease(true);
        lease.confirmed(3, now);
        lease.confirmed(3, now - 100);
        now += LENGTH - 1;
        assertThat(lease.holds(3)).isTrue();
    }

    @Test
    void aNewTermBeginsAnew() {
        Lease lease = lease(true);
        lease.confirmed(3, now);
        lease.confirmed(5, now - 100);
        assertThat(lease.holds(3)).isFalse();
        now += LENGTH - 100;
        assertThat(lease.holds(5)).isFalse();
    }

    @Test
    void itIsRenewedInItsSecondHalf() {
        Lease lease = lease(true);
        assertThat(lease.isToBeRenewed(3)).isTrue();
        lease.confirmed(3, now);
        now += LENGTH / 2;
        assertThat(lease.isToBeRenewed(3)).isFalse();
        now++;
        assertThat(lease.isToBeRenewed(3)).isTrue();
    }

    @Test
    void anInterruptionLastsUntilTheNextRound() {
        Lease lease = lease(true);
        lease.confirmed(3, now);
        lease.interrupt();
        assertThat(lease.holds(3)).isFalse();
        lease.confirmed(3, now);
        assertThat(lease.holds(3)).isTrue();
    }

    @Test
    void afterItsEndThereIsNoneInTheTerm() {
        Lease lease = lease(true);
        lease.confirmed(3, now);
        lease.end(3);
        assertThat(lease.holds(3)).isFalse();
        lease.confirmed(3, now);
        assertThat(lease.holds(3)).isFalse();
        assertThat(lease.isToBeRenewed(3)).isFalse();
        lease.confirmed(4, now);
        assertThat(lease.holds(4)).isTrue();
    }

    @Test
    void withoutTheCheckOfTheQuorumOrWithoutAClockThereIsNone() {
        Lease unchecked = lease(false);
        unchecked.confirmed(3, now);
        assertThat(unchecked.isPossible()).isFalse();
        assertThat(unchecked.holds(3)).isFalse();
        Lease timeless = new Lease(NodeConfig.builder().id(1).build());
        timeless.confirmed(3, timeless.now());
        assertThat(timeless.isPossible()).isFalse();
        assertThat(timeless.holds(3)).isFalse();
        assertThat(timeless.isToBeRenewed(3)).isFalse();
    }
}
