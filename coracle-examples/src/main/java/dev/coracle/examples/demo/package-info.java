/** Three memstore processes, one of which is killed while it leads. */
@NullMarked
package dev.coracle.examples.demo;

import org.jspecify.annotations.NullMarked;
