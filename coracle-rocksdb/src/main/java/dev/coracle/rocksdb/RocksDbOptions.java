package dev.coracle.rocksdb;

/**
 * How a log is kept in RocksDB. Beside these, RocksDB needs memory for the indexes of the files that it has open, at most
 * {@value Database#MAX_OPEN_FILES}.
 *
 * @param maxBatchBytes the most that is written between two syncs, in bytes; what is longer is synced in several parts
 * @param writeBufferBytes how much is kept in memory until it is written in order, in bytes; there may be two of these
 * @param blockCacheBytes how much of what was read is kept, in bytes
 * @param lowSpaceBytes {@link RocksDbLogStore#hasSpace} is false while less is free on the disk, in bytes
 */
public record RocksDbOptions(int maxBatchBytes, long writeBufferBytes, long blockCacheBytes, long lowSpaceBytes) {
    private static final int SMALLEST_BATCH = 1024;
    private static final long SMALLEST_BUFFER = 64 << 10;

    /** Batches of 16 MiB, write buffers of 32 MiB, a cache of 8 MiB, low below 256 MiB. */
    public static final RocksDbOptions DEFAULTS = new RocksDbOptions(16 << 20, 32 << 20, 8 << 20, 256 << 20);

    /** Checks the numbers. */
    public RocksDbOptions {
        require("maxBatchBytes", maxBatchBytes, SMALLEST_BATCH);
        require("writeBufferBytes", writeBufferBytes, SMALLEST_BUFFER);
        require("blockCacheBytes", blockCacheBytes, 0);
        require("lowSpaceBytes", lowSpaceBytes, 0);
    }

    private static void require(String field, long value, long least) {
        if (value < least) {
            throw new IllegalArgumentException(field + " " + value + " must be at least " + least);
        }
    }

    /** The same with another limit for batches. */
    public RocksDbOptions withMaxBatchBytes(int value) {
        return new RocksDbOptions(value, writeBufferBytes, blockCacheBytes, lowSpaceBytes);
    }

    /** The same with other write buffers. */
    public RocksDbOptions withWriteBufferBytes(long value) {
        return new RocksDbOptions(maxBatchBytes, value, blockCacheBytes, lowSpaceBytes);
    }

    /** The same with another cache. */
    public RocksDbOptions withBlockCacheBytes(long value) {
        return new RocksDbOptions(maxBatchBytes, writeBufferBytes, value, lowSpaceBytes);
    }

    /** The same with another watermark. */
    public RocksDbOptions withLowSpaceBytes(long value) {
        return new RocksDbOptions(maxBatchBytes, writeBufferBytes, blockCacheBytes, value);
    }
}
