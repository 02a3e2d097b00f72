/** What the example programs share. */
@NullMarked
package dev.coracle.examples;

import org.jspecify.annotations.NullMarked;
