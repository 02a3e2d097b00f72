package dev.coracle.node;

import dev.coracle.raft.RaftLogger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the core's log lines to SLF4J, under the name of the core's package, information a level lower than it calls
 * itself: the core tells each of its steps, many for each write, which is too much for the log of a node at work.
 */
final class Slf4jRaftLogger implements RaftLogger {
    private final Logger logger = LoggerFactory.getLogger("dev.coracle.raft");

    @Override
    public boolean enabled(Level level) {
        return switch (level) {
            case DEBUG -> logger.isTraceEnabled();
            case INFO -> logger.isDebugEnabled();
            case WARN -> logger.isWarnEnabled();
            case ERROR, FATAL -> logger.isErrorEnabled();
        };
    }

    @Override
    public void log(Level level, String text) {
        switch (level) {
            case DEBUG -> logger.trace(text);
            case INFO -> logger.debug(text);
            case WARN -> logger.warn(text);
            case ERROR, FATAL -> logger.error(text);
        }
    }
}
