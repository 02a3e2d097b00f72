package dev.coracle.raft;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything a server wants done: state to store, entries to apply, messages to send.
 *
 * <p>In synchronous mode: store {@code hardState}, {@code entries} and {@code snapshot}, and sync if {@code mustSync}
 * or if there is a snapshot; send {@code messages} only then (a leader's {@link Message.Append}s may leave earlier,
 * thesis §10.2.1); apply the snapshot, then {@code committedEntries}; call {@link RawNode#advance}. In asynchronous
 * mode {@code messages} holds at most one {@link Message.StorageAppend} and one {@link Message.StorageApply} that say
 * the same, and everything may be sent at once.
 *
 * @param softState what changed of leader and role, or null
 * @param hardState the hard state to store, or {@link HardState#EMPTY} if it did not change
 * @param readStates the reads that are confirmed
 * @param entries the entries to store
 * @param snapshot the snapshot to store and apply, or {@link Snapshot#EMPTY}
 * @param committedEntries the entries to apply
 * @param messages the messages to send, in this order
 * @param mustSync whether the hard state and the entries must be synced before the messages are sent
 */
public record Ready(
        @Nullable SoftState softState,
        HardState hardState,
        List<ReadState> readStates,
        List<Entry> entries,
        Snapshot snapshot,
        List<Entry> committedEntries,
        List<Message> messages,
        boolean mustSync) {}
