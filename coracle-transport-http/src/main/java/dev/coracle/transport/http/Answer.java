package dev.coracle.transport.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/** What a peer answered, as far as it is of interest: the status, and the beginning of a text. */
final class Answer {
    private static final int MOST_TEXT_BYTES = 256;

    private static final int NO_CONTENT = 204;
    private static final int FORBIDDEN = 403;
    private static final int NOT_FOUND = 404;
    private static final int GONE = 410;
    private static final int PRECONDITION_FAILED = 412;

    final int status;
    private final StringBuilder text = new StringBuilder();

    Answer(HttpResponse head) {
        status = head.status().code();
    }

    void add(ByteBuf bytes) {
        int length = Math.min(bytes.readableBytes(), MOST_TEXT_BYTES - text.length());
        text.append(bytes.toString(bytes.readerIndex(), length, StandardCharsets.ISO_8859_1));
    }

    boolean isDone() {
        return status == NO_CONTENT;
    }

    Refusal refusal() {
        return switch (status) {
            case FORBIDDEN, GONE -> Refusal.REMOVED;
            case NOT_FOUND -> text().equals(Protocol.UNKNOWN_SENDER) ? Refusal.UNKNOWN_SENDER : Refusal.OTHER;
            case PRECONDITION_FAILED ->
                switch (text()) {
                    case Protocol.INCOMPATIBLE_VERSION -> Refusal.VERSION;
                    case Protocol.CLUSTER_MISMATCH -> Refusal.CLUSTER;
                    case Protocol.RECEIVER_MISMATCH -> Refusal.RECEIVER;
                    default -> Refusal.OTHER;
                };
            default -> Refusal.OTHER;
        };
    }

    /** The text on one line; whoever sent it may have put anything into it. */
    String text() {
        StringBuilder line = new StringBuilder();
        text.toString().strip().chars().map(c -> c < ' ' || c > '~' ? '?' : c).forEach(c -> line.append((char) c));
        return line.toString();
    }

    @Override
    public String toString() {
        return text().isEmpty() ? "answered " + status : "answered " + status + ", " + text();
    }
}
