package dev.coracle.raft;

import dev.coracle.raft.Message.AppendReply;
import dev.coracle.raft.Message.VoteRequest;
import dev.coracle.raft.Message.VoteResponse;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A hash of everything that happened, in its order: of all fields of messages, entries and Readys, down to the bytes.
 * Two runs of the same seed have the same hash, on whatever JVM, or something in them depends on more than the seed.
 */
final class TraceHash {
    private long hash = 1;

    long value() {
        return hash;
    }

    void add(long value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15L;
        hash ^= hash >>> 29;
    }

    void add(boolean value) {
        add(value ? 1 : 0);
    }

    void add(byte @Nullable [] bytes) {
        if (bytes == null) {
            add(-1);
            return;
        }
        add(bytes.length);
        for (byte b : bytes) {
            add(b);
        }
    }

    void add(Entry entry) {
        add(entry.term());
        add(entry.index());
        add(entry.type().ordinal());
        add(entry.data());
        add(entry.context());
    }

    void addEntries(List<Entry> entries) {
        add(entries.size());
        for (int i = 0; i < entries.size(); i++) {
            add(entries.get(i));
        }
    }

    void addMessages(List<Message> messages) {
        add(messages.size());
        for (int i = 0; i < messages.size(); i++) {
            add(messages.get(i));
        }
    }

    void add(Snapshot snapshot) {
        add(snapshot.index());
        if (!snapshot.isEmpty()) {
            add(snapshot.term());
            add(snapshot.metadata().confState());
            add(snapshot.data().array());
        }
    }

    void add(ConfState state) {
        addIds(state.voters());
        addIds(state.learners());
        addIds(state.votersOutgoing());
        addIds(state.learnersNext());
        add(state.autoLeave());
    }

    private void addIds(List<Long> ids) {
        add(ids.size());
        for (int i = 0; i < ids.size(); i++) {
            add(ids.get(i).longValue());
        }
    }

    void add(HardState state) {
        add(state.term());
        add(state.vote());
        add(state.commit());
    }

    void add(Message message) {
        add(message.type().ordinal());
        add(message.from());
        add(message.to());
        add(message.term());
        add(message.logTerm());
        add(message.index());
        add(message.commit());
        add(message.reject());
        add(message.rejectHint());
        add(message.vote());
        add(message.context().array());
        addEntries(message.entries());
        add(message.snapshot());
        addMessages(message.responses());
        if (message instanceof AppendReply reply) {
            add(reply.requestSnapshot());
        } else if (message instanceof VoteRequest request) {
            add(request.leaderTransfer());
            add(request.commitTerm());
            add(request.priority());
        } else if (message instanceof VoteResponse response) {
            add(response.commitTerm());
        }
    }

    void add(Ready ready) {
        SoftState soft = ready.softState();
        add(soft == null ? -1 : soft.leader());
        add(soft == null ? -1 : soft.role().ordinal());
        add(ready.hardState());
        add(ready.readStates().size());
        for (ReadState read : ready.readStates()) {
            add(read.index());
            add(read.context().array());
        }
        addEntries(ready.entries());
        add(ready.snapshot());
        addEntries(ready.committedEntries());
        addMessages(ready.messages());
        add(ready.mustSync());
    }
}
