/**
 * The messages of raftify's gRPC service {@code raft_service.RaftService}, one record each with its codec. Raft's own
 * messages go through the same service in raft-rs's dialect ({@link dev.coracle.codec.RaftRsCodec}).
 */
@NullMarked
package dev.coracle.codec.raftify;

import org.jspecify.annotations.NullMarked;
