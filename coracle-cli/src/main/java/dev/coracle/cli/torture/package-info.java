/** Real processes under real faults, and whether their clients saw one map. */
@NullMarked
package dev.coracle.cli.torture;

import org.jspecify.annotations.NullMarked;
