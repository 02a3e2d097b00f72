package dev.coracle;

/**
 * Prints commands for people: in log lines at level debug, and in tools. Without one only the size of a command is
 * ever printed.
 *
 * @param <C> the commands
 */
@FunctionalInterface
public interface EntryFormatter<C> {
    /** A command on one line. May be called by any thread. */
    String format(C command);
}
