/** A log in RocksDB, for whoever runs that already and wants one kind of files. */
@NullMarked
package dev.coracle.rocksdb;

import org.jspecify.annotations.NullMarked;
