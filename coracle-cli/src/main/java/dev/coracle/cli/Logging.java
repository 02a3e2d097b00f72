package dev.coracle.cli;

import ch.qos.logback.classic.AsyncAppender;
import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.jul.LevelChangePropagator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Logging of the command line: to the standard error, so that a command's output can be piped, and written by a thread
 * of its own, so that a slow terminal does not hold up a consensus loop.
 *
 * <p>The queue to that thread is bounded. When it is nearly full it drops what is below WARN; a WARN or an ERROR is never
 * dropped, its caller waits.
 */
final class Logging {
    private static final int QUEUE_EVENTS = 8192;
    private static final int FLUSH_MILLIS = 5000;
    private static final String PLAIN = "%d{HH:mm:ss.SSS} %-5level [%thread] %logger{24} - %msg%n";
    private static final String COLOURED =
            "%d{HH:mm:ss.SSS} %highlight(%-5level) [%thread] %cyan(%logger{24}) - %msg%n";

    private Logging() {}

    /**
     * Sets the levels and starts the writer.
     *
     * @param levels the value of CORACLE_LOG, null when it is not set
     * @throws IllegalArgumentException if the value has an unknown level; nothing is changed then
     */
    static void configure(@Nullable String levels) {
        Map<String, Level> byLogger = parse(levels);
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();

        // gRPC logs through java.util.logging, which asks its own levels before it hands a record on: they follow ours.
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        LevelChangePropagator levelsOfTheJdk = new LevelChangePropagator();
        levelsOfTheJdk.setContext(context);
        levelsOfTheJdk.start();
        context.addListener(levelsOfTheJdk);

        PatternLayoutEncoder encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setCharset(StandardCharsets.UTF_8);
        encoder.setPattern(isColoured() ? COLOURED : PLAIN);
        encoder.start();

        ConsoleAppender<ILoggingEvent> console = new ConsoleAppender<>();
        console.setContext(context);
        console.setTarget("System.err");
        console.setEncoder(encoder);
        console.start();

        AsyncAppender queue = new AsyncAppender();
        queue.setContext(context);
        queue.setQueueSize(QUEUE_EVENTS);
        queue.setDiscardingThreshold(QUEUE_EVENTS / 8);
        queue.setMaxFlushTime(FLUSH_MILLIS);
        queue.addAppender(console);
        queue.start();

        context.start(); // It does nothing but allow stop() to stop again.

        context.getLogger(Logger.ROOT_LOGGER_NAME).addAppender(queue);
        byLogger.forEach((name, level) -> context.getLogger(name).setLevel(level));
    }

    /** Writes out what is queued and ends the writer. */
    static void stop() {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).stop();
    }

    /**
     * The levels by logger that {@code text} asks for, on top of the defaults: INFO for Coracle, WARN for all else. A level
     * alone is Coracle's; {@code root=LEVEL} is everybody's. Later items win over earlier ones.
     */
    static Map<String, Level> parse(@Nullable String text) {
        Map<String, Level> levels = new LinkedHashMap<>();
        levels.put(Logger.ROOT_LOGGER_NAME, Level.WARN);
        levels.put("dev.coracle", Level.INFO);
        if (text == null || text.isBlank()) {
            return levels;
        }
        for (String item : text.split(",", -1)) {
            int equals = item.indexOf('=');
            String name = equals < 0 ? "dev.coracle" : item.substring(0, equals).strip();
            levels.put(name.equalsIgnoreCase("root") ? Logger.ROOT_LOGGER_NAME : name, level(item, equals));
        }
        return levels;
    }

    private static Level level(String item, int equals) {
        // Logback's own parser takes what it does not know for DEBUG.
        Level level = Level.toLevel(item.substring(equals + 1).strip(), null);
        if (level == null || equals == 0) {
            throw new IllegalArgumentException("CORACLE_LOG has \"" + item
                    + "\": each item, separated by commas, is LEVEL or LOGGER=LEVEL,"
                    + " LEVEL one of off, error, warn, info, debug, trace, all");
        }
        return level;
    }

    /** Whether the standard error takes colours. No JDK can tell, so the launcher says it. */
    private static boolean isColoured() {
        return Boolean.getBoolean("coracle.colour");
    }
}
