/**
 * Codecs of the core's types, by dialect. {@link dev.coracle.codec.EtcdCodec} writes what etcd's raftpb writes,
 * {@link dev.coracle.codec.RaftRsCodec} what raft-rs's eraftpb writes; {@link dev.coracle.codec.Bincode} is the
 * encoding of what raftify puts into contexts.
 *
 * <p>All codecs are stateless and may be used by any number of threads. Bytes of others are never trusted: whatever is
 * wrong with them ends in a {@link dev.coracle.codec.CodecException}, and no length that they state is believed before
 * it was compared with the bytes that are there.
 */
@NullMarked
package dev.coracle.codec;

import org.jspecify.annotations.NullMarked;
