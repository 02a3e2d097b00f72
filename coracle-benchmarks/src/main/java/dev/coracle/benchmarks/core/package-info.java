/** Benchmarks of the consensus core alone: no clock, no disk, no network, one thread. */
@NullMarked
package dev.coracle.benchmarks.core;

import org.jspecify.annotations.NullMarked;
