package dev.coracle.transport.http;

import dev.coracle.codec.Codec;
import dev.coracle.codec.EtcdCodec;
import dev.coracle.node.Transport.Inbound;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.util.concurrent.Future;
import java.util.List;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** What the parts of one transport share. */
final class TransportContext {
    private static final int DISK_THREADS = 2;
    private static final int RESOLVER_THREADS = 2;

    final HttpTransportConfig config;
    final Codec<Message> messages = EtcdCodec.INSTANCE.messages();

    /** The one thread of all connections; what belongs to it needs no locks. */
    final EventLoop loop;

    /** For those who wait for a disk. */
    final ThreadPoolExecutor diskExecutor = Threads.pool("coracle-http-disk", DISK_THREADS);

    /** For those who wait for the names of hosts. */
    final ThreadPoolExecutor resolver = Threads.pool("coracle-http-name", RESOLVER_THREADS);

    final Replies replies;

    /** Whether a message longer than a frame is arriving. The event loop's. */
    boolean longMessage;

    private int incomingSnapshots;
    private final EventLoopGroup group =
            new MultiThreadIoEventLoopGroup(1, Threads.named("coracle-http"), NioIoHandler.newFactory());
    private volatile @Nullable Inbound inbound;
    private volatile boolean closed;

    TransportContext(HttpTransportConfig config) {
        this.config = config;
        loop = group.next();
        replies = new Replies(config.clusterId, Protocol.VERSION, config.clock);
    }

    void start(Inbound newInbound) {
        inbound = newInbound;
    }

    boolean isStarted() {
        return inbound != null;
    }

    void close() {
        closed = true;
    }

    boolean isClosed() {
        return closed;
    }

    /** Hands a message in; false if the node has no room, is not started, or the transport is closed. */
    boolean offer(Message message) {
        Inbound in = inbound;
        return in != null && !closed && in.offer(config.group, message);
    }

    /** Hands messages in that arrived together, and returns how many were taken. */
    int offer(List<Message> batch) {
        Inbound in = inbound;
        return in == null || closed ? 0 : in.offer(config.group, batch);
    }

    void unreachable(long peer) {
        Inbound in = inbound;
        if (in != null && !closed) {
            in.unreachable(config.group, peer);
        }
    }

    void snapshotStatus(long peer, boolean failed) {
        Inbound in = inbound;
        if (in != null && !closed) {
            in.snapshotStatus(config.group, peer, failed);
        }
    }

    /** Takes a place for a snapshot that arrives; false if there is none. On the event loop. */
    boolean beginSnapshot() {
        if (incomingSnapshots == config.maxIncomingSnapshots) {
            return false;
        }
        incomingSnapshots++;
        return true;
    }

    /** Gives the place back. On the event loop. */
    void endSnapshot() {
        incomingSnapshots--;
    }

    /** Runs a task on the event loop, soon. Once the loop has ended the caller runs it: nobody else is left. */
    void run(Runnable task) {
        try {
            loop.execute(task);
        } catch (RejectedExecutionException e) {
            task.run();
        }
    }

    /** Runs a task on the event loop a little later. */
    Future<?> later(Runnable task, long delayNanos) {
        return loop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    /** What is wrong with a message that claims to come from {@code sender}, or {@code null}. */
    @Nullable
    String fault(Message message, long sender) {
        if (message.type().isLocal()) {
            return "Message.type: " + message.type().etcdName() + " never leaves a node";
        }
        if (message.from() != sender || sender == 0 || sender == config.id) {
            return "Message.from: " + Protocol.hex(message.from()) + " is not the sender " + Protocol.hex(sender);
        }
        if (message.to() != config.id) {
            return "Message.to: " + Protocol.hex(message.to()) + " is not this node, " + Protocol.hex(config.id);
        }
        return null;
    }

    /**
     * Whether Go nodes pass a message on in the name of the node that it came from: what a follower sends to its leader
     * may be a proposal of a third one.
     */
    static boolean isPassedOn(MessageType type) {
        return type == MessageType.PROPOSE || type == MessageType.READ_INDEX || type == MessageType.TRANSFER_LEADER;
    }

    /** Ends the threads. What still runs breaks off. */
    void closeThreads(long timeoutMillis) {
        resolver.shutdown();
        diskExecutor.shutdown();
        Waiting.upTo(timeoutMillis, diskExecutor::awaitTermination);
        Future<?> ended = group.shutdownGracefully(0, timeoutMillis, TimeUnit.MILLISECONDS);
        Waiting.upTo(timeoutMillis, ended::await);
    }

    static String name(long peer) {
        return "node " + Long.toUnsignedString(peer);
    }
}
