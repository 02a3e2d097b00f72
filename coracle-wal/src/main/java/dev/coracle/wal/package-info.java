/**
 * The write-ahead log and the snapshots of a node, in etcd's files.
 *
 * <p>{@link dev.coracle.wal.WalLogStore} is the log: segments of checksummed records, each checksum covering all data
 * since the log was created. {@link dev.coracle.wal.FileSnapshotStore} is the directory of snapshots beside it, and
 * {@link dev.coracle.wal.WalReader} looks at a log that nobody is using. Go's etcd reads what is written here, and what
 * it wrote is read here, more strictly than etcd does: see {@link dev.coracle.wal.WalLogStore} for what is refused.
 */
@NullMarked
package dev.coracle.wal;

import org.jspecify.annotations.NullMarked;
