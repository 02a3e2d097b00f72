package dev.coracle.transport.http;

import static dev.coracle.transport.http.Outcomes.ignore;

import dev.coracle.raft.Message;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Who posts, and how his messages are handed in. */
final class Sender {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    static final String NOT_PROCESSED = "error processing raft message";

    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

    private final TransportContext context;
    private final Peers peers;
    private final ServerConnection connection;
    private final @Nullable String claimed;
    private final @Nullable String urls;

    Sender(TransportContext context, Peers peers, HttpHeaders headers, ServerConnection connection) {
        this.context = context;
        this.peers = peers;
        this.connection = connection;
        claimed = headers.get(Protocol.SERVER_FROM);
        urls = headers.get(Protocol.PEER_URLS);
    }

    /** What is wrong with a message of his, or {@code null}. */
    @Nullable
    String fault(Message message) {
        long from = message.from();
        Long sender = claimed == null ? Long.valueOf(from) : Protocol.parseHex(claimed);
        if (sender == null) {
            return Protocol.SERVER_FROM + ": not a hexadecimal number";
        }
        String fault = context.fault(message, sender);
        if (fault == null && peers.isRemoved(from)) {
            fault = Protocol.REMOVED_MEMBER;
        }
        if (fault == null) {
            fault = context.config.admission.refusal(from, connection.connection());
        }
        if (fault == null) {
            peers.addStranger(from, urls);
        } else {
            context.config.listener.receiveFailed(from);
        }
        return fault;
    }

    /**
     * Offers a message until there is room, or until the sender has lost patience, and answers.
     *
     * @param onTaken called before the answer
     */
    void handIn(Message message, Consumer<Message> onTaken) {
        handIn(message, onTaken, context.config.silenceTimeout.toNanos() / RETRY_NANOS);
    }

    private void handIn(Message message, Consumer<Message> onTaken, long retriesLeft) {
        if (!connection.isOpen()) {
            return;
        }
        try {
            if (context.offer(message)) {
                onTaken.accept(message);
                connection.answer(context.replies.done());
            } else if (retriesLeft > 0 && !context.isClosed()) {
                ignore(context.later(() -> handIn(message, onTaken, retriesLeft - 1), RETRY_NANOS));
            } else {
                connection.refuse(HttpResponseStatus.SERVICE_UNAVAILABLE, "the node's queue is full");
            }
        } catch (RuntimeException e) {
            LOG.error("the node failed on a message from {}", TransportContext.name(message.from()), e);
            connection.fail(NOT_PROCESSED);
        }
    }
}
