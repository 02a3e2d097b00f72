/** Changes of the configuration as pure functions: configuration in, configuration and changed members out. */
@NullMarked
package dev.coracle.raft.confchange;

import org.jspecify.annotations.NullMarked;
