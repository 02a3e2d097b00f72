/** The arithmetic of majorities: pure functions over sets of voters, without state and without allocation. */
@NullMarked
package dev.coracle.raft.quorum;

import org.jspecify.annotations.NullMarked;
