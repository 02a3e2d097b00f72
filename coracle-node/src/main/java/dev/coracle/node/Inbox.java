package dev.coracle.node;

import dev.coracle.raft.Entry;
import dev.coracle.raft.Message;
import dev.coracle.raft.RawNode;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jctools.queues.MpscArrayQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where messages from the network wait for the loop. Bounded by number and bytes; full, it asks the transport to pause.
 * What makes no sense is refused here, so that nothing from outside can break an invariant of the core.
 */
final class Inbox implements Transport.Inbound {
    private static final Logger LOGGER = LoggerFactory.getLogger(RaftNode.class);
    /** What a message counts besides its entries. */
    private static final int OVERHEAD_BYTES = 128;
    /** From how many nodes notes are kept until the loop's next turn. */
    private static final int MOST_NOTES = 64;

    private final long group;
    private final long id;
    private final long maxBytes;
    private final Lifecycle lifecycle;
    private final MpscArrayQueue<Message> messages;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();

    /**
     * Reports on peers, the last one of a kind a peer: they must not get lost when the queue is full, since the leader
     * sends nothing to a peer while it waits for the end of a snapshot. Sorted, so that a run can be repeated.
     */
    private final ConcurrentSkipListMap<Long, Message> unreachable = new ConcurrentSkipListMap<>();

    private final ConcurrentSkipListMap<Long, Message> snapshotStatus = new ConcurrentSkipListMap<>();
    /** The last note of each peer: an older one is of no interest. */
    private final ConcurrentSkipListMap<Long, byte[]> notes = new ConcurrentSkipListMap<>();

    private volatile Runnable wakeUp = () -> {};
    private volatile Runnable help = () -> {};

    Inbox(NodeConfig config, Lifecycle lifecycle) {
        this.group = config.group;
        this.id = config.id;
        this.maxBytes = config.maxInboundBytes;
        this.lifecycle = lifecycle;
        this.messages = new MpscArrayQueue<>(config.inboundCapacity);
    }

    void onWork(Runnable newWakeUp, Runnable newHelp) {
        wakeUp = newWakeUp;
        help = newHelp;
    }

    @Override
    public boolean offer(long messageGroup, Message message) {
        boolean taken = take(messageGroup, message);
        help.run();
        return taken;
    }

    @Override
    public int offer(long messageGroup, List<Message> offered) {
        int count = 0;
        while (count < offered.size() && take(messageGroup, offered.get(count))) {
            count++;
        }
        help.run();
        return count;
    }

    private boolean take(long messageGroup, Message message) {
        String fault = fault(messageGroup, message);
        if (fault != null) {
            refused.incrementAndGet();
            LOGGER.warn("node {} refuses {} from {}: {}", id, message.type(), message.from(), fault);
            return true;
        }
        if (lifecycle.hasStopped()) {
            return true;
        }
        int size = size(message);
        // A single message always fits into an empty inbox, however large it is.
        if (bytes.get() != 0 && bytes.get() + size > maxBytes) {
            return false;
        }
        bytes.addAndGet(size);
        if (!messages.offer(message)) {
            bytes.addAndGet(-size);
            return false;
        }
        return true;
    }

    @Override
    public void unreachable(long messageGroup, long peer) {
        if (messageGroup == group) {
            unreachable.put(peer, new Message.Unreachable(peer));
            wakeUp.run();
        }
    }

    @Override
    public void snapshotStatus(long messageGroup, long peer, boolean failed) {
        if (messageGroup == group) {
            snapshotStatus.put(peer, new Message.SnapshotStatus(peer, failed));
            wakeUp.run();
        }
    }

    @Override
    public void offerNote(long messageGroup, long from, byte[] note) {
        boolean sound = messageGroup == group && from != id && note.length <= HeartbeatNotes.MOST_BYTES;
        // Whoever may talk to this node may be no member, and there may be any number of those.
        if (sound && (notes.size() < MOST_NOTES || notes.containsKey(from))) {
            notes.put(from, note);
            wakeUp.run();
        }
    }

    /** The next note with its sender, or null. Called by the loop. */
    Map.@Nullable Entry<Long, byte[]> pollNote() {
        return notes.pollFirstEntry();
    }

    /** The next message, or null. Called by the loop. */
    @Nullable
    Message poll() {
        Message message = messages.poll();
        if (message != null) {
            bytes.addAndGet(-size(message));
        }
        return message;
    }

    /** The next report on a peer, or null. Called by the loop. */
    @Nullable
    Message pollReport() {
        Map.Entry<Long, Message> report = snapshotStatus.pollFirstEntry();
        if (report == null) {
            report = unreachable.pollFirstEntry();
        }
        return report == null ? null : report.getValue();
    }

    /** The number of messages that were refused. */
    long refused() {
        return refused.get();
    }

    private @Nullable String fault(long messageGroup, Message message) {
        if (messageGroup != group) {
            return "it is for group " + messageGroup + ", this is group " + group;
        }
        if (message.type().isLocal()) {
            return "the type is local to a node";
        }
        if (message.to() != id) {
            return "it is for node " + Long.toUnsignedString(message.to());
        }
        long from = message.from();
        if (from == RawNode.NONE || from == RawNode.APPEND_THREAD || from == RawNode.APPLY_THREAD || from == id) {
            return "no other node has the id of its sender";
        }
        // Without a term a message would be taken as valid in any, which only a request that may be forwarded is.
        if (message.term() == 0 && !(message instanceof Message.Propose) && !(message instanceof Message.ReadIndex)) {
            return "term: 0 is no server's";
        }
        if (message instanceof Message.Propose propose && propose.entries().isEmpty()) {
            return "it proposes nothing";
        }
        if (message instanceof Message.Append append) {
            return faultOfEntries(append);
        }
        if (message instanceof Message.InstallSnapshot install
                && install.snapshot().isEmpty()) {
            return "the snapshot is empty";
        }
        return null;
    }

    private static @Nullable String faultOfEntries(Message.Append append) {
        long index = append.index();
        long term = append.logTerm();
        if (index < 0) {
            return "index: " + index + " must not be negative";
        }
        List<Entry> entries = append.entries();
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.index() != index + 1) {
                return "index: entry " + entry.index() + " must follow " + index;
            }
            if (entry.term() < term || entry.term() > append.term()) {
                return "term: entry " + entry.index() + " has " + entry.term() + ", which must be between " + term
                        + " and " + append.term();
            }
            index = entry.index();
            term = entry.term();
        }
        return null;
    }

    private static int size(Message message) {
        long size = (long) OVERHEAD_BYTES + message.snapshot().data().length();
        List<Entry> entries = message.entries();
        for (int i = 0; i < entries.size(); i++) {
            size += entries.get(i).encodedSize();
        }
        return (int) Math.min(size, Integer.MAX_VALUE);
    }
}
