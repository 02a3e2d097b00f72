package dev.coracle.raft;

import dev.coracle.raft.RaftLogger.Level;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Writes the core's log lines. Texts are etcd's, since the conformance scripts compare them. A text is built when the
 * line is written and only if it is wanted; it must show the state of that moment.
 */
final class Log {
    private final RaftLogger logger;

    Log(RaftLogger logger) {
        this.logger = logger;
    }

    boolean isDebug() {
        return logger.enabled(Level.DEBUG);
    }

    void debug(String format, @Nullable Object... args) {
        log(Level.DEBUG, format, args);
    }

    void info(String format, @Nullable Object... args) {
        log(Level.INFO, format, args);
    }

    void warn(String format, @Nullable Object... args) {
        log(Level.WARN, format, args);
    }

    void error(String format, @Nullable Object... args) {
        log(Level.ERROR, format, args);
    }

    /** Logs the text of a broken invariant and returns the exception for the caller to throw. */
    Check.BrokenInvariantException fatal(String format, @Nullable Object... args) {
        Check.BrokenInvariantException broken = Check.fail(format, args);
        logger.log(Level.FATAL, String.valueOf(broken.getMessage()));
        return broken;
    }

    private void log(Level level, String format, @Nullable Object... args) {
        if (logger.enabled(level)) {
            logger.log(level, String.format(Locale.ROOT, format, args));
        }
    }
}
