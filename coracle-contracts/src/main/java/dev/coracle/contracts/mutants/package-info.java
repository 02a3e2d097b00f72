/** Plants bugs in copies of the project's classes, to see whether its tests find them. */
@NullMarked
package dev.coracle.contracts.mutants;

import org.jspecify.annotations.NullMarked;
