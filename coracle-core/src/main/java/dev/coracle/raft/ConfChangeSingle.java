package dev.coracle.raft;

/** One change of one member. A node id of 0 cancels it. */
public record ConfChangeSingle(ConfChangeType type, long nodeId) {}
