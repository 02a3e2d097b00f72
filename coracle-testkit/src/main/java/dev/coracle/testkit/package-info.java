/**
 * Whole clusters in one thread: the framework, its nodes and their logs as in production, over simulated time, disks and
 * networks, under every fault that a seed decides. The same seed gives the same run.
 */
@NullMarked
package dev.coracle.testkit;

import org.jspecify.annotations.NullMarked;
