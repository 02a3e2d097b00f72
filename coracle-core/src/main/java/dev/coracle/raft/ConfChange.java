package dev.coracle.raft;

import java.util.List;

/** A change of one member, the older form of {@link ConfChangeV2}: what etcd's raftexample proposes. */
public record ConfChange(long id, ConfChangeType type, long nodeId, Bytes context) {
    /** A change without id and context. */
    public ConfChange(ConfChangeType type, long nodeId) {
        this(0, type, nodeId, Bytes.EMPTY);
    }

    /** The same change in the newer form. */
    public ConfChangeV2 asV2() {
        return new ConfChangeV2(ConfChangeTransition.AUTO, List.of(new ConfChangeSingle(type, nodeId)), context);
    }
}
