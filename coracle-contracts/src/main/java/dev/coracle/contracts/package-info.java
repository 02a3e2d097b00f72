/**
 * What the node's seams promise, as abstract tests. Each implementation of a seam extends the test of that seam, in its
 * own tests; so can one of yours.
 */
@NullMarked
package dev.coracle.contracts;

import org.jspecify.annotations.NullMarked;
