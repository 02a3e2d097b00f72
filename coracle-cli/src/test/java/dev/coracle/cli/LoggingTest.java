package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import ch.qos.logback.classic.Level;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

class LoggingTest {
    private final PrintStream standardError = System.err;
    private final ByteArrayOutputStream written = new ByteArrayOutputStream();

    @AfterEach
    void restore() {
        Logging.stop();
        System.setErr(standardError);
    }

    @Test
    void coracleSpeaksAtInfoAndOthersAtWarnByDefault() {
        assertThat(Logging.parse(null)).containsOnly(entry("ROOT", Level.WARN), entry("dev.coracle", Level.INFO));
        assertThat(Logging.parse(" ")).isEqualTo(Logging.parse(null));
    }

    @Test
    void aLevelAloneIsThatOfCoracle() {
        assertThat(Logging.parse("debug")).containsOnly(entry("ROOT", Level.WARN), entry("dev.coracle", Level.DEBUG));
    }

    @Test
    void levelsAreSetByLogger() {
        assertThat(Logging.parse("dev.coracle.node=debug, io.grpc=INFO,root=error"))
                .containsOnly(
                        entry("ROOT", Level.ERROR),
                        entry("dev.coracle", Level.INFO),
                        entry("dev.coracle.node", Level.DEBUG),
                        entry("io.grpc", Level.INFO));
    }

    @ParameterizedTest
    @ValueSource(strings = {"loud", "=debug", "io.grpc=", "debug,", "io.grpc=loud", "a=b=debug"})
    void whatIsNotALevelIsRefusedByName(String text) {
        assertThatThrownBy(() -> Logging.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("CORACLE_LOG has \"")
                .hasMessageContaining("off, error, warn, info, debug, trace, all");
    }

    @Test
    void eventsReachTheStandardErrorByTheirLevels() {
        configure("io.grpc=debug");
        LoggerFactory.getLogger("dev.coracle.node").info("one");
        LoggerFactory.getLogger("dev.coracle.node").debug("two");
        LoggerFactory.getLogger("elsewhere").info("three");
        java.util.logging.Logger.getLogger("io.grpc.netty").fine("four");
        java.util.logging.Logger.getLogger("elsewhere").info("five");
        Logging.stop();
        assertThat(written.toString(StandardCharsets.UTF_8))
                .contains("one", "four")
                .doesNotContain("two", "three", "five")
                .doesNotContain("\u001b");
    }

    @Test
    void noWarningIsDroppedWhenTheQueueIsFull() {
        configure(null);
        Logger logger = LoggerFactory.getLogger("dev.coracle.node");
        // The lock of the stream that the writer needs: it stands still until all is logged.
        synchronized (written) {
            for (int i = 0; i < 20_000; i++) {
                logger.info("information {}", i);
            }
            for (int i = 0; i < 100; i++) {
                logger.warn("warning {}", i);
            }
        }
        Logging.stop();
        String text = written.toString(StandardCharsets.UTF_8);
        assertThat(text.lines().filter(line -> line.contains("warning"))).hasSize(100);
        assertThat(text.lines().filter(line -> line.contains("information")).count())
                .isBetween(1L, 8192L);
    }

    private void configure(@Nullable String levels) {
        System.setErr(new PrintStream(written, true, StandardCharsets.UTF_8));
        Logging.configure(levels);
    }
}
