/**
 * The network of the framework: one gRPC port a node, which carries consensus messages, snapshots and the framework's
 * own requests between nodes of this project, and serves raftify's {@code raft_service.RaftService} beside them.
 *
 * <p>No code is generated: the methods are described by hand, and our codecs are their marshallers.
 */
@NullMarked
package dev.coracle.transport.grpc;

import org.jspecify.annotations.NullMarked;
