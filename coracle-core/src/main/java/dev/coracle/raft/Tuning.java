package dev.coracle.raft;

/** The switches that may be thrown while a server runs. They begin as the configuration says. */
final class Tuning {
    long priority;
    boolean checkQuorum;
    boolean groupCommit;
    boolean skipBroadcastCommit;
    boolean batchAppend;
    long maxUnpersistedApply;

    Tuning(RaftConfig config) {
        priority = config.priority;
        checkQuorum = config.checkQuorum;
        groupCommit = config.groupCommit;
        skipBroadcastCommit = config.skipBroadcastCommit;
        batchAppend = config.batchAppend;
        maxUnpersistedApply = config.maxUnpersistedApply;
    }
}
