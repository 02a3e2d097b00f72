package dev.coracle.raft;

/**
 * The answer to a read request (thesis §6.4): a read of the state after {@code index} has been applied is linearizable.
 *
 * @param index the commit index that was confirmed
 * @param context the bytes that came with the request
 */
public record ReadState(long index, Bytes context) {}
