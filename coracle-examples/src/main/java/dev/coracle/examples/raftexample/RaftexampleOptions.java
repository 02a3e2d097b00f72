package dev.coracle.examples.raftexample;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;

/** The flags: the Go program's, and ours where it is unsafe. */
final class RaftexampleOptions {
    /** When a write is acknowledged. */
    enum Ack {
        APPLIED,
        PROPOSED
    }

    /** What a read sees. */
    enum Read {
        LINEARIZABLE,
        LOCAL
    }

    @Option(
            names = {"--cluster", "-cluster"},
            split = ",",
            paramLabel = "URL",
            defaultValue = "http://127.0.0.1:9021",
            description = "the members' peer URLs; the first belongs to node 1, and so on. Default ${DEFAULT-VALUE}")
    List<String> peers = List.of();

    @Option(
            names = {"--id", "-id"},
            defaultValue = "1",
            description = "this node's number. Default ${DEFAULT-VALUE}")
    long id;

    @Option(
            names = {"--port", "-port"},
            defaultValue = "9121",
            description = "the port of the key-value API. Default ${DEFAULT-VALUE}")
    int port;

    @Option(
            names = {"--join", "-join"},
            arity = "0..1",
            fallbackValue = "true",
            paramLabel = "BOOL",
            description = "wait to be added to a cluster that exists")
    boolean join;

    @Option(
            names = "--ack",
            paramLabel = "WHEN",
            defaultValue = "applied",
            converter = AckConverter.class,
            description =
                    "when a write is answered: applied, or proposed as the Go program does. Default ${DEFAULT-VALUE}")
    Ack ack = Ack.APPLIED;

    @Option(
            names = "--read",
            paramLabel = "WHAT",
            defaultValue = "linearizable",
            converter = ReadConverter.class,
            description = "what a read sees: linearizable, or local as in the Go program. Default ${DEFAULT-VALUE}")
    Read read = Read.LINEARIZABLE;

    @Option(
            names = "--unchecked",
            description = "take what harms Go nodes, as the Go program does: keys and values that are no UTF-8, and"
                    + " addresses that are no URLs")
    boolean unchecked;

    @Option(names = "--require-data", description = "refuse to start without a log of before")
    boolean requireData;

    @Option(
            names = "--timeout",
            defaultValue = "PT5S",
            description = "how long a request waits at most. Default ${DEFAULT-VALUE}")
    Duration timeout = Duration.ofSeconds(5);

    @Option(
            names = "--directory",
            defaultValue = ".",
            description = "where the data directories are. Default: here, as the Go program has them")
    Path directory = Path.of(".");

    static final class AckConverter implements ITypeConverter<Ack> {
        @Override
        public Ack convert(String value) {
            return Ack.valueOf(value.toUpperCase(Locale.ROOT));
        }
    }

    static final class ReadConverter implements ITypeConverter<Read> {
        @Override
        public Read convert(String value) {
            return Read.valueOf(value.toUpperCase(Locale.ROOT));
        }
    }
}
