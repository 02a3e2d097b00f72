/**
 * etcd's rafthttp: messages and snapshots between nodes over plain HTTP/1.1, so that our nodes and those of etcd's
 * raftexample can be members of one cluster.
 *
 * <p>Whoever wants messages dials: each node asks each other one for two streams, one of appends and one of everything
 * else, and reads them as endless answers. What cannot go by a stream is posted. Without TLS nobody proves who he is.
 */
@NullMarked
package dev.coracle.transport.http;

import org.jspecify.annotations.NullMarked;
