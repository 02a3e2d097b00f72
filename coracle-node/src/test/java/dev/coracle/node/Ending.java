package dev.coracle.node;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Collects how requests end. */
final class Ending implements Reply<@Nullable Object> {
    final List<@Nullable Object> results = new ArrayList<>();
    final List<Failure> failures = new ArrayList<>();

    @Override
    public void done(@Nullable Object result) {
        results.add(result);
    }

    @Override
    public void failed(Failure failure) {
        failures.add(failure);
    }

    Request.Proposal proposal(long deadlineNanos) {
        return new Request.Proposal(new byte[10], null, deadlineNanos, this);
    }

    Request.Proposal at(long term, long index) {
        Request.Proposal proposal = proposal(0);
        proposal.placeAt(term, index);
        return proposal;
    }
}
