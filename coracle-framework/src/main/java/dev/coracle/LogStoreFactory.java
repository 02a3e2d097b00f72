package dev.coracle;

import dev.coracle.node.LogStore;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import java.nio.file.Path;

/**
 * Opens another kind of log than etcd's files, see {@link RaftBuilder#logStore}. What it opens must keep all promises of
 * {@link LogStore}, of which a majority of the cluster's members relies on each: the tests in the module
 * {@code coracle-contracts} tell whether it does.
 */
@FunctionalInterface
public interface LogStoreFactory {
    /**
     * Opens the log of a member, or creates it. Called once in a member's life, after what it holds was locked.
     *
     * @param directory where it is, for the log alone; missing at first. A log that is there has files in it.
     * @param snapshots the member's snapshots, among which the log recovers the newest
     * @return the log, of group 0; the member closes it
     * @throws StorageException if it cannot be opened, or if anything that may have been promised is not there
     */
    LogStore open(Path directory, SnapshotStore snapshots) throws StorageException;
}
