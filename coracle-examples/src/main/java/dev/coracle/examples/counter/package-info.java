/** The smallest state machine: what the README shows. */
@NullMarked
package dev.coracle.examples.counter;

import org.jspecify.annotations.NullMarked;
