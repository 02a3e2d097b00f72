package dev.coracle.raft;

/** How a leader counts the bytes of proposals against {@link RaftConfig.Builder#maxUncommittedSize}. */
public enum UncommittedSizeRule {
    /** Until they are applied, whoever proposed them: etcd's rule. */
    UNTIL_APPLIED,
    /**
     * Until they are handed out to be applied, and only what this leader appended itself, not what it found in its log
     * at its election: raft-rs's rule.
     */
    UNTIL_HANDED_OUT
}
