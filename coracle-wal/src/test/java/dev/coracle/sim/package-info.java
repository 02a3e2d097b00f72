/** The simulated world. */
@NullMarked
package dev.coracle.sim;

import org.jspecify.annotations.NullMarked;
