package dev.coracle.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Check;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class PendingProposalsTest {
    private final List<Request.OfLog<?>> lost = new ArrayList<>();
    private final PendingProposals pending = new PendingProposals(lost::add);
    private final Ending ending = new Ending();

    @Test
    void findsTheRequestOfAnAppliedEntry() {
        Request.Proposal first = add(1, 5);
        Request.Proposal second = add(1, 7);
        assertThat(pending.take(1, 4)).isNull();
        assertThat((Object) pending.take(1, 5)).isSameAs(first);
        assertThat(pending.take(1, 6)).isNull();
        assertThat((Object) pending.take(1, 7)).isSameAs(second);
        assertThat(pending.size()).isZero();
        assertThat(lost).isEmpty();
    }

    @Test
    void anEntryOfAnotherTermMeansThatTheRequestIsLost() {
        Request.Proposal proposal = add(1, 5);
        assertThat(pending.take(2, 5)).isNull();
        assertThat(lost).containsExactly(proposal);
        assertThat(pending.size()).isZero();
    }

    @Test
    void ofTwoRequestsForOnePlaceTheAppliedEntryDecides() {
        Request.Proposal old5 = add(1, 5);
        Request.Proposal old6 = add(1, 6);
        Request.Proposal old7 = add(1, 7);
        Request.Proposal new6 = add(3, 6);
        assertThat((Object) pending.take(1, 5)).isSameAs(old5);
        assertThat(lost).as("the old entries may still win").isEmpty();
        assertThat((Object) pending.take(3, 6)).isSameAs(new6);
        assertThat(lost).containsExactly(old6);
        assertThat((Object) pending.take(1, 7)).isSameAs(old7);
        assertThat(pending.size()).isZero();
    }

    @Test
    void anOvertakenRequestWinsIfItsEntryIsTheOneThatIsApplied() {
        Request.Proposal old6 = add(1, 6);
        Request.Proposal new6 = add(3, 6);
        assertThat((Object) pending.take(1, 6)).isSameAs(old6);
        assertThat(lost).containsExactly(new6);
    }

    @Test
    void aSnapshotShowsEveryRequestThatItSkips() {
        Request.Proposal old8 = add(1, 8);
        Request.Proposal new7 = add(2, 7);
        Request.Proposal new8 = add(2, 8);
        Request.Proposal new9 = add(2, 9);
        List<Request.OfLog<?>> skipped = new ArrayList<>();
        pending.skipTo(8, skipped::add);
        assertThat(skipped).containsExactlyInAnyOrder(old8, new7, new8);
        assertThat((Object) pending.take(2, 9)).isSameAs(new9);
        assertThat(lost).isEmpty();
    }

    @Test
    void aRequestMustNotBePassedOver() {
        add(1, 5);
        assertThatThrownBy(() -> pending.take(1, 6))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("index 6 is applied, 5 was not");
    }

    private Request.Proposal add(long term, long index) {
        Request.Proposal proposal = ending.at(term, index);
        pending.add(proposal);
        return proposal;
    }
}
