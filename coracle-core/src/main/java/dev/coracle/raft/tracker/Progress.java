package dev.coracle.raft.tracker;

import dev.coracle.raft.Check;

/**
 * What a leader knows of one member's log, and how it may send to it.
 *
 * <p>A member is probed until it has accepted an append, then replicated to; a rejection or a lost message leads back
 * to probing, and a member that needs compacted entries waits in the snapshot state. The methods named {@code becomeX}
 * and the answers to appends are the only transitions.
 */
public final class Progress {
    /**
     * The highest index at which the member's log is known to equal the leader's: {@code matchIndex} of Figure 2. Never
     * falls, and {@code 0 <= match < next}.
     */
    private long match;

    /**
     * The index of the next entry to send: {@code nextIndex} of Figure 2. In the snapshot state it lies just behind the
     * snapshot; while replicating, {@code (match, next)} is what is in flight.
     */
    private long next;

    /**
     * The highest commit index in flight to the member. It may be above {@code next - 1}, for a leader sends its commit
     * index as it is; falls when messages may have been lost, so that it is sent again.
     */
    private long sentCommit;

    private ProgressState state = ProgressState.PROBE;

    /** The index of the snapshot under way; 0 unless in the snapshot state, or if it has failed. */
    private long pendingSnapshot;

    /** The least index of a snapshot that the member asked for; 0 if it did not, or is being sent one. */
    private long requestedSnapshot;

    /** The member's commit index, as far as it has told; 0 if it has not. Never falls. */
    private long committed;

    /** Whether the member was heard of since the last check of the quorum. */
    private boolean recentlyActive;

    /**
     * Whether to wait for an answer before the next append. Probing: an append with entries is out. Replicating: the
     * window was full after the last append. The window itself is not asked, for after a heartbeat's answer one more
     * append must get out even if it is full: else, had all in it been lost, nothing would ever be sent again.
     */
    private boolean paused;

    /** The appends with entries under way; empty unless replicating. */
    private final Inflights inflights;

    /** A member of whose log nothing is known, to be probed with the entry before {@code next}. */
    public Progress(long next, Inflights inflights) {
        Check.that(next > 0, "next %d of a new member must be positive", next);
        this.next = next;
        this.inflights = inflights;
    }

    /** The highest index at which the member's log is known to equal the leader's; 0 if none. */
    public long match() {
        return match;
    }

    /** The index of the next entry to send. */
    public long next() {
        return next;
    }

    /** How the leader replicates to the member. */
    public ProgressState state() {
        return state;
    }

    /** The index of the snapshot under way; 0 if none, or if it has failed. */
    public long pendingSnapshot() {
        return pendingSnapshot;
    }

    /** The highest commit index in flight to the member. */
    public long sentCommit() {
        return sentCommit;
    }

    /** The least index of a snapshot that the member asked for; 0 if it did not, or is being sent one. */
    public long requestedSnapshot() {
        return requestedSnapshot;
    }

    /** The member's commit index, as far as it has told; 0 if it has not. */
    public long committed() {
        return committed;
    }

    /** The member has told its commit index. */
    public void updateCommitted(long index) {
        committed = Math.max(committed, index);
    }

    /** Tells whether the member was heard of since {@link #setRecentlyActive} was last told otherwise. */
    public boolean recentlyActive() {
        return recentlyActive;
    }

    /** The appends under way. */
    public Inflights inflights() {
        return inflights;
    }

    /** Tells whether nothing may be sent to the member now. */
    public boolean isPaused() {
        return switch (state) {
            case PROBE, REPLICATE -> paused;
            case SNAPSHOT -> true;
        };
    }

    /** Sets or lifts the pause of appends that {@link #isPaused} shows outside the snapshot state. */
    public void setPaused(boolean paused) {
        this.paused = paused;
    }

    /** Notes that the member was heard of, or begins a new period of listening. */
    public void setRecentlyActive(boolean recentlyActive) {
        this.recentlyActive = recentlyActive;
    }

    /** Probes from behind what is known to match, and from behind the snapshot if one was under way. */
    public void becomeProbe() {
        // Only in the snapshot state is there a pending snapshot, and only if it was not reported as failed.
        next = Math.max(match, pendingSnapshot) + 1;
        enter(ProgressState.PROBE);
        lowerSentCommit();
    }

    /** Replicates from behind what is known to match. */
    public void becomeReplicate() {
        next = match + 1;
        enter(ProgressState.REPLICATE);
    }

    /** The member wants a snapshot that covers everything up to {@code index}, whatever its log holds. */
    public void requestSnapshot(long index) {
        if (state == ProgressState.SNAPSHOT) {
            // One is under way. Should it not do, the member will ask again.
            return;
        }
        if (state == ProgressState.REPLICATE) {
            // It refuses what was sent ahead.
            becomeProbe();
        }
        requestedSnapshot = index;
        paused = false;
    }

    /** Tells whether the next append may carry entries. */
    public boolean mayCarryEntries() {
        return !inflights.isClosed() && (state != ProgressState.REPLICATE || !inflights.isFull());
    }

    /** Waits for the member to take the snapshot that covers everything up to {@code index}. */
    public void becomeSnapshot(long index) {
        enter(ProgressState.SNAPSHOT);
        pendingSnapshot = index;
        next = Math.max(match, index) + 1;
        sentCommit = index;
    }

    private void enter(ProgressState newState) {
        state = newState;
        paused = false;
        pendingSnapshot = 0;
        requestedSnapshot = 0;
        inflights.reset();
    }

    /** Notes that the snapshot did not arrive. To be called before {@link #becomeProbe}, which would build on it. */
    public void clearPendingSnapshot() {
        pendingSnapshot = 0;
    }

    /**
     * Notes an append of {@code count} entries, possibly none, from {@link #next} on. Not allowed in the snapshot
     * state.
     */
    public void sentEntries(int count, long payloadBytes) {
        switch (state) {
            case PROBE -> paused |= count > 0;
            case REPLICATE -> {
                if (count > 0) {
                    // Optimistic: the next append goes out before the answer to this one is in.
                    next += count;
                    inflights.add(next - 1, payloadBytes);
                }
                paused = inflights.isFull();
            }
            case SNAPSHOT -> throw Check.fail("append from %d sent while a snapshot is under way", next);
        }
    }

    /** Notes that a message with this commit index was sent. */
    public void sentCommit(long commit) {
        sentCommit = commit;
    }

    /**
     * Tells whether an append would tell the member of a higher commit index than what is in flight does. Beyond its
     * own log a member cannot commit, so what was sent up to there is enough.
     */
    public boolean canBumpCommit(long commit) {
        return commit > sentCommit && sentCommit < next - 1;
    }

    /**
     * The member has accepted everything up to {@code index}.
     *
     * @return whether that is news
     */
    public boolean maybeUpdate(long index) {
        if (index <= match) {
            return false;
        }
        match = index;
        next = Math.max(next, index + 1);
        paused = false;
        return true;
    }

    /**
     * The member has rejected the append that follows {@code rejected}. Answers may be late or doubled, so the
     * rejection counts only if it can be one of what was sent last.
     *
     * @param hint where the member's log may agree
     * @return whether it counted; then the next append is to be sent from {@link #next}
     */
    public boolean maybeDecreaseTo(long rejected, long hint) {
        if (state == ProgressState.REPLICATE) {
            if (rejected <= match) {
                return false;
            }
            next = match + 1;
        } else {
            // A probe is sent from next and nothing follows it, so next tells which rejection is genuine.
            if (next - 1 != rejected) {
                return false;
            }
            next = Math.max(Math.min(rejected, hint + 1), match + 1);
            paused = false;
        }
        lowerSentCommit();
        return true;
    }

    /** The member may not have got what was sent from {@link #next} on, the commit index with it included. */
    private void lowerSentCommit() {
        sentCommit = Math.min(sentCommit, next - 1);
    }

    /** As etcd prints it. Whether the member is a learner is the configuration's to know. */
    public String describe(boolean learner) {
        StringBuilder text = new StringBuilder();
        text.append(state.etcdName())
                .append(" match=")
                .append(match)
                .append(" next=")
                .append(next);
        if (learner) {
            text.append(" learner");
        }
        if (isPaused()) {
            text.append(" paused");
        }
        if (pendingSnapshot > 0) {
            text.append(" pendingSnap=").append(pendingSnapshot);
        }
        if (!recentlyActive) {
            text.append(" inactive");
        }
        if (inflights.count() > 0) {
            text.append(" inflight=").append(inflights.count());
            if (inflights.isFull()) {
                text.append("[full]");
            }
        }
        return text.toString();
    }
}
