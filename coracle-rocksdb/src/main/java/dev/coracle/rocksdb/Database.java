package dev.coracle.rocksdb;

import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.rocksdb.BlockBasedTableConfig;
import org.rocksdb.CompressionType;
import org.rocksdb.InfoLogLevel;
import org.rocksdb.LRUCache;
import org.rocksdb.Options;
import org.rocksdb.Range;
import org.rocksdb.ReadOptions;
import org.rocksdb.RocksDB;
import org.rocksdb.RocksDBException;
import org.rocksdb.RocksIterator;
import org.rocksdb.SizeApproximationFlag;
import org.rocksdb.Slice;
import org.rocksdb.Status;
import org.rocksdb.WALRecoveryMode;
import org.rocksdb.WriteBatch;
import org.rocksdb.WriteOptions;

/**
 * A database and what belongs to it outside of Java's memory. Any thread may use it; nobody uses it any more once it is
 * closed, since that would end the process.
 */
final class Database implements AutoCloseable {
    static final int MAX_OPEN_FILES = 256;

    /** How RocksDB says that a database was created whole. */
    private static final String CURRENT = "CURRENT";

    private static final String BUILDING = ".tmp";
    private static final byte[] FORMAT = "coracle log 1".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NO_FORMAT = {};
    private static final long INFO_LOG_BYTES = 1 << 20;
    private static final int INFO_LOGS = 2;
    private static final long MANIFEST_BYTES = 4 << 20;

    static final String REJOIN =
            "or remove this node from its cluster and let it join again with an empty" + " directory";

    private final Path directory;
    private final LRUCache cache;
    private final Options options;
    private final RocksDB db;
    private final WriteOptions synced = new WriteOptions().setSync(true);
    private final WriteOptions unsynced = new WriteOptions();

    /** Shared by who uses the database, exclusive for its end. */
    private final ReadWriteLock use = new ReentrantReadWriteLock();

    private boolean closed;

    private Database(Path directory, RocksDbOptions settings, boolean create) throws RocksDBException {
        this.directory = directory;
        this.cache = new LRUCache(settings.blockCacheBytes());
        this.options = options(settings, cache).setCreateIfMissing(create).setErrorIfExists(create);
        boolean done = false;
        try {
            this.db = RocksDB.open(options, directory.toString());
            done = true;
        } finally {
            if (!done) {
                closeRest();
            }
        }
    }

    private void closeRest() {
        synced.close();
        unsynced.close();
        options.close();
        cache.close();
    }

    private static Options options(RocksDbOptions settings, LRUCache cache) {
        return new Options()
                // What was synced is there again, or opening fails. Only the last record may be cut short.
                .setWalRecoveryMode(WALRecoveryMode.TolerateCorruptedTailRecords)
                .setParanoidChecks(true)
                // What opening finds may be in the system's cache only, and is written again, and synced, before it
                // counts.
                .setAvoidFlushDuringRecovery(false)
                .setWriteBufferSize(settings.writeBufferBytes())
                .setMaxWriteBufferNumber(2)
                .setTableFormatConfig(new BlockBasedTableConfig().setBlockCache(cache))
                .setCompressionType(CompressionType.NO_COMPRESSION)
                .setMaxOpenFiles(MAX_OPEN_FILES)
                .setMaxBackgroundJobs(2)
                .setMaxManifestFileSize(MANIFEST_BYTES)
                .setInfoLogLevel(InfoLogLevel.WARN_LEVEL)
                .setMaxLogFileSize(INFO_LOG_BYTES)
                .setKeepLogFileNum(INFO_LOGS)
                .setStatsDumpPeriodSec(0);
    }

    /** Opens a database, or creates it if its directory is empty or missing. */
    static Database open(Path directory, RocksDbOptions settings) throws StorageException {
        load();
        try {
            Disk disk = new FileDisk();
            if (!disk.exists(directory.resolve(CURRENT))) {
                create(disk, directory, settings);
            }
        } catch (IOException e) {
            throw failed("create", directory, e);
        }
        Database database;
        try {
            database = new Database(directory, settings, false);
        } catch (RocksDBException e) {
            throw failed("open", directory, e);
        }
        boolean done = false;
        try {
            byte[] format = database.get(Keys.FORMAT).orElse(NO_FORMAT);
            if (!Arrays.equals(format, FORMAT)) {
                throw new StorageException(directory + " is no log that this version reads: expected the format "
                        + text(FORMAT) + ", found " + text(format)
                        + ". Give the log a directory of its own, or start the version that wrote it");
            }
            done = true;
            return database;
        } finally {
            if (!done) {
                database.close();
            }
        }
    }

    private static void load() throws StorageException {
        try {
            RocksDB.loadLibrary();
        } catch (UnsatisfiedLinkError | RuntimeException e) {
            throw new StorageException(
                    "the native code of RocksDB cannot be loaded: " + e
                            + ". It is copied to java.io.tmpdir, or to where"
                            + " the environment variable ROCKSDB_SHAREDLIB_DIR says; that must be writable, and nothing"
                            + " there forbidden to be executed",
                    e);
        }
    }

    /** Makes a database in a directory beside, and gives that its name: it is there whole or not at all. */
    private static void create(Disk disk, Path directory, RocksDbOptions settings)
            throws IOException, StorageException {
        if (disk.exists(directory) && !disk.list(directory).isEmpty()) {
            throw new StorageException(
                    directory + " holds files and no RocksDB database. Give the log a directory of its"
                            + " own, or restore the database");
        }
        Path parent = directory.toAbsolutePath().getParent();
        Path building = directory.resolveSibling(directory.getFileName() + BUILDING);
        deleteAll(disk, building);
        disk.createDirectories(building);
        try (Database database = new Database(building, settings, true);
                WriteBatch batch = new WriteBatch()) {
            batch.put(Keys.FORMAT, FORMAT);
            database.write(batch, true);
        } catch (RocksDBException e) {
            throw failed("create", building, e);
        }
        deleteAll(disk, directory);
        disk.rename(building, directory);
        if (parent != null) {
            disk.syncDirectory(parent);
        }
    }

    private static void deleteAll(Disk disk, Path directory) throws IOException {
        if (disk.exists(directory)) {
            for (String name : disk.list(directory)) {
                disk.delete(directory.resolve(name));
            }
            disk.delete(directory);
        }
    }

    /** What is done with the database while it is open. */
    private interface Action<T> {
        T on(RocksDB db) throws RocksDBException, StorageException;
    }

    private <T> T use(String what, Action<T> action) throws StorageException {
        Lock shared = use.readLock();
        shared.lock();
        try {
            if (closed) {
                throw new StorageException(directory + " was closed");
            }
            return action.on(db);
        } catch (RocksDBException e) {
            throw failed(what, e);
        } finally {
            shared.unlock();
        }
    }

    Optional<byte[]> get(byte[] key) throws StorageException {
        return use("read", open -> Optional.ofNullable(open.get(key)));
    }

    /** Writes a batch as a whole; durable if {@code sync}, else not lost by the end of the process alone. */
    void write(WriteBatch batch, boolean sync) throws StorageException {
        var unused = use("write to", open -> {
            open.write(sync ? synced : unsynced, batch);
            return batch;
        });
    }

    /** A key with its value. */
    record Pair(byte[] key, byte[] value) {}

    /** All from one key to before another, in their order. For few. */
    List<Pair> all(byte[] from, byte[] to) throws StorageException {
        return iterate(from, to, iterator -> {
            List<Pair> all = new ArrayList<>();
            for (iterator.seekToFirst(); iterator.isValid(); iterator.next()) {
                all.add(new Pair(iterator.key(), iterator.value()));
            }
            return all;
        });
    }

    /** The last key from one to before another. */
    Optional<byte[]> last(byte[] from, byte[] to) throws StorageException {
        return iterate(from, to, iterator -> {
            iterator.seekToLast();
            return iterator.isValid() ? Optional.of(iterator.key()) : Optional.empty();
        });
    }

    /** What is done with an iterator. */
    interface Visit<T> {
        T with(RocksIterator iterator) throws RocksDBException, StorageException;
    }

    /** Iterates over what is there now from one key to before another, which does not displace what is cached. */
    <T> T iterate(byte[] from, byte[] to, Visit<T> visit) throws StorageException {
        return use("read", open -> {
            try (Slice lower = new Slice(from);
                    Slice upper = new Slice(to);
                    ReadOptions bounds = new ReadOptions()
                            .setIterateLowerBound(lower)
                            .setIterateUpperBound(upper)
                            .setFillCache(false);
                    RocksIterator iterator = open.newIterator(bounds)) {
                T result = visit.with(iterator);
                iterator.status();
                return result;
            }
        });
    }

    /** About how many bytes are there from one key to before another; looks at nothing that is not in memory. */
    long approximateBytes(byte[] from, byte[] to) throws StorageException {
        return use("measure", open -> {
            try (Slice lower = new Slice(from);
                    Slice upper = new Slice(to)) {
                return open.getApproximateSizes(
                                List.of(new Range(lower, upper)),
                                SizeApproximationFlag.INCLUDE_FILES,
                                SizeApproximationFlag.INCLUDE_MEMTABLES)[0];
            }
        });
    }

    @Override
    public void close() {
        Lock alone = use.writeLock();
        alone.lock();
        try {
            if (!closed) {
                closed = true;
                db.close();
                closeRest();
            }
        } finally {
            alone.unlock();
        }
    }

    private static String text(byte[] format) {
        return '"' + new String(format, StandardCharsets.US_ASCII) + '"';
    }

    private static StorageException failed(String what, Path directory, IOException cause) {
        return new StorageException(
                "cannot " + what + " " + directory + ": " + cause
                        + ". See what the system says about the disk and the permissions, then start again",
                cause);
    }

    private static StorageException failed(String what, Path directory, RocksDBException cause) {
        Status status = cause.getStatus();
        String text = String.valueOf(cause.getMessage());
        String message = "cannot " + what + " " + directory + ": " + text
                + ". Nothing is tried again. See what the system says about the disk and the permissions, then start"
                + " again";
        if (text.contains("/LOCK: ")) {
            message = directory + " is in use by another process, or by this one: " + text
                    + ". Stop that one, or give the log a directory of its own";
        } else if (status != null && status.getCode() == Status.Code.Corruption) {
            message = damaged(directory, text);
        } else if (status != null && status.getSubCode() == Status.SubCode.NoSpace) {
            message = directory + " is on a full disk: " + text
                    + ". What was acknowledged is safe. Free space, then start again";
        }
        return new StorageException(message, cause);
    }

    /** What is said of something that RocksDB refused. */
    StorageException failed(String what, RocksDBException cause) {
        return failed(what, directory, cause);
    }

    /** What is said of a database that is not as it was written. */
    StorageException damaged(String what) {
        return new StorageException(damaged(directory, what));
    }

    private static String damaged(Path directory, String what) {
        return directory + " is damaged: " + what + ". Restore the directory from a copy; " + REJOIN;
    }
}
