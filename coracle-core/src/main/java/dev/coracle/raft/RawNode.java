package dev.coracle.raft;

import java.util.List;

public final class RawNode {
    public static final long NONE = 0;
    public static final long APPEND_THREAD = -1;
    public static final long APPLY_THREAD = -2;

    public RawNode(RaftConfig config) {}
    public void tick() {}
    public StepOutcome step(Message message) { throw new UnsupportedOperationException(); }
    public void campaign() {}
    public Proposal propose(byte[] data) { throw new UnsupportedOperationException(); }
    public Proposal propose(List<Entry> entries) { throw new UnsupportedOperationException(); }
    public Proposal proposeConfChange(ConfChange change) { throw new UnsupportedOperationException(); }
    public Proposal proposeConfChange(ConfChangeV2 change) { throw new UnsupportedOperationException(); }
    public ConfState applyConfChange(ConfChangeV2 change) throws InvalidConfChangeException { throw new UnsupportedOperationException(); }
    public boolean hasReady() { throw new UnsupportedOperationException(); }
    public Ready ready() { throw new UnsupportedOperationException(); }
    public void advance() {}
    public void bootstrap(List<Bootstrap.Peer> peers) {}
    public Status status() { throw new UnsupportedOperationException(); }
    public void reportUnreachable(long id) {}
    public void reportSnapshot(long id, boolean failed) {}
    public StepOutcome transferLeader(long transferee) { throw new UnsupportedOperationException(); }
    public void forgetLeader() {}
    public void readIndex(Bytes context) {}
    public void setElectionTimeout(int ticks) {}
}
