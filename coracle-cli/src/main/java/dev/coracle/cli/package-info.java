/** The command line: one class a command, {@link dev.coracle.cli.Main} in front of them. */
@NullMarked
package dev.coracle.cli;

import org.jspecify.annotations.NullMarked;
