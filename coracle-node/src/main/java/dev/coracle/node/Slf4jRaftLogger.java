package dev.coracle.node;

import dev.coracle.raft.RaftLogger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands the core's log lines to SLF4J, under the name of the core's package, what is INFO to the core as DEBUG. The core
 * says things in etcd's words and at etcd's levels, by which every write that a pipelined disk confirms after the next
 * one was handed out is worth an INFO; thousands of those a second would bury what a person must see, and take more of
 * the loop's time than consensus does.
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
