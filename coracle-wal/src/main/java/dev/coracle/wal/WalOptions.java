package dev.coracle.wal;

import dev.coracle.node.Clock;
import dev.coracle.node.StorageObserver;
import dev.coracle.raft.Bytes;
import org.jspecify.annotations.Nullable;

/**
 * How a log is written. The defaults are etcd's where etcd has one.
 *
 * @param group the only group whose log this is
 * @param segmentBytes a segment is closed after the sync that found it this long or longer; also the size in which
 *     segments are prepared, in bytes
 * @param maxBatchBytes the most that is written between two syncs, in bytes, and so also the largest record. Damage
 *     followed by sound records further on than this is corruption and not a torn tail, so whoever opens the log must
 *     not say less than who wrote it.
 * @param lowSpaceBytes {@link WalLogStore#hasSpace} is false while less is free on the disk, in bytes
 * @param metadata what stands at the head of each segment. Null for nothing at creation, and for whatever is there at
 *     opening; otherwise a log with other metadata is refused.
 * @param observer hears of syncs and segments
 * @param clock what the durations are measured by that the observer is told
 */
public record WalOptions(
        long group,
        long segmentBytes,
        int maxBatchBytes,
        long lowSpaceBytes,
        @Nullable Bytes metadata,
        StorageObserver observer,
        Clock clock) {
    private static final int SMALLEST = 1024;

    /** Group 0, segments of 64,000,000 bytes, batches of 16 MiB, low below 128 MiB, no metadata, no observer. */
    public static final WalOptions DEFAULTS =
            new WalOptions(0, 64_000_000, 16 << 20, 128L << 20, null, StorageObserver.NONE, () -> 0);

    /** Checks the numbers. */
    public WalOptions {
        if (segmentBytes < SMALLEST) {
            throw new IllegalArgumentException("segmentBytes " + segmentBytes + " must be at least " + SMALLEST);
        }
        if (maxBatchBytes < SMALLEST) {
            throw new IllegalArgumentException("maxBatchBytes " + maxBatchBytes + " must be at least " + SMALLEST);
        }
        if (lowSpaceBytes < 0) {
            throw new IllegalArgumentException("lowSpaceBytes " + lowSpaceBytes + " must not be negative");
        }
        if (metadata != null && metadata.length() > SMALLEST / 2) {
            throw new IllegalArgumentException(
                    "metadata of " + metadata.length() + " bytes must be at most " + SMALLEST / 2);
        }
    }

    /** The same for another group. */
    public WalOptions withGroup(long value) {
        return new WalOptions(value, segmentBytes, maxBatchBytes, lowSpaceBytes, metadata, observer, clock);
    }

    /** The same with segments of another size. */
    public WalOptions withSegmentBytes(long value) {
        return new WalOptions(group, value, maxBatchBytes, lowSpaceBytes, metadata, observer, clock);
    }

    /** The same with another limit for batches. */
    public WalOptions withMaxBatchBytes(int value) {
        return new WalOptions(group, segmentBytes, value, lowSpaceBytes, metadata, observer, clock);
    }

    /** The same with another watermark. */
    public WalOptions withLowSpaceBytes(long value) {
        return new WalOptions(group, segmentBytes, maxBatchBytes, value, metadata, observer, clock);
    }

    /** The same with other metadata. */
    public WalOptions withMetadata(@Nullable Bytes value) {
        return new WalOptions(group, segmentBytes, maxBatchBytes, lowSpaceBytes, value, observer, clock);
    }

    /** The same with somebody who hears what the log does, with durations by {@code time}. */
    public WalOptions withObserver(StorageObserver value, Clock time) {
        return new WalOptions(group, segmentBytes, maxBatchBytes, lowSpaceBytes, metadata, value, time);
    }
}
