/** Benchmarks whose numbers are ratios to what the disk alone does in the same run. */
@NullMarked
package dev.coracle.benchmarks;

import org.jspecify.annotations.NullMarked;
