package dev.coracle.raft;

import dev.coracle.raft.Storage.CompactedException;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import dev.coracle.raft.tracker.ProgressTracker;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Decides what a leader sends to whom, and what their answers mean for the commit index (§5.3). */
final class Replicator {
    private final Server server;
    private final RaftLog raftLog;
    private final ProgressTracker tracker;

    Replicator(Server server, ProgressTracker tracker) {
        this.server = server;
        this.raftLog = server.raftLog;
        this.tracker = tracker;
    }

    // ---- sending

    /** Sends what each member lacks, and at least the commit index. */
    void broadcastAppend() {
        for (int i = 0; i < tracker.size(); i++) {
            if (tracker.idAt(i) != server.id) {
                maybeSendAppend(tracker.idAt(i), tracker.at(i), true);
            }
        }
    }

    /** Sends what a member lacks, and at least the commit index. */
    void sendAppend(long to) {
        Progress progress = tracker.get(to);
        if (progress != null) {
            maybeSendAppend(to, progress, true);
        }
    }

    /** Sends to every member what it lacks, if anything: a member that was just added is probed by that. */
    void probeAll() {
        for (int i = 0; i < tracker.size(); i++) {
            if (tracker.idAt(i) != server.id) {
                maybeSendAppend(tracker.idAt(i), tracker.at(i), false);
            }
        }
    }

    /** Sends to a member all that it lacks and the windows allow. */
    void sendRest(long to) {
        Progress progress = tracker.get(to);
        if (to == server.id || progress == null) {
            return;
        }
        boolean sent = true;
        while (sent) {
            sent = maybeSendAppend(to, progress, false);
        }
    }

    /** Tells a member of a commit index that it could use and has not been told. */
    void bumpCommit(long to, Progress progress) {
        if (to != server.id && progress.canBumpCommit(raftLog.committed())) {
            maybeSendAppend(to, progress, true);
        }
    }

    private boolean maybeSendAppend(long to, Progress progress, boolean sendIfEmpty) {
        if (progress.isPaused()) {
            return false;
        }
        if (progress.requestedSnapshot() != 0) {
            return maybeSendSnapshot(to, progress);
        }
        long previous = progress.next() - 1;
        long previousTerm = raftLog.term(previous);
        if (previousTerm < 0) {
            return maybeSendSnapshot(to, progress);
        }
        @Nullable List<Entry> entries = List.of();
        // A full window still lets one empty append through at each heartbeat's answer: were all the messages in the
        // window lost, its rejection would be the only way to notice.
        if (progress.next() <= raftLog.lastIndex() && progress.mayCarryEntries()) {
            EntryFetch fetch = new EntryFetch(to, server.term(), !sendIfEmpty);
            try {
                entries = raftLog.entriesFrom(progress.next(), server.config.maxSizePerMessage, fetch);
            } catch (CompactedException compacted) {
                return maybeSendSnapshot(to, progress);
            }
            if (entries == null) {
                // Storage fetches them; onEntriesFetched goes on here.
                return false;
            }
        }
        if (entries.isEmpty() && !sendIfEmpty) {
            return false;
        }
        Message.Append append =
                new Message.Append(server.id, to, server.term(), previousTerm, previous, entries, raftLog.committed());
        if (!server.tuning.batchAppend || !server.outbox().joinAppend(append, server.config.maxSizePerMessage)) {
            server.send(append);
        }
        progress.sentEntries(entries.size(), Entries.payloadSize(entries));
        progress.sentCommit(raftLog.committed());
        return true;
    }

    /** Sends the newest snapshot to a member whose next entry is gone (§7). */
    private boolean maybeSendSnapshot(long to, Progress progress) {
        if (!progress.recentlyActive()) {
            server.log.debug("ignore sending snapshot to %x since it is not recently active", to);
            return false;
        }
        Snapshot snapshot = raftLog.snapshot(progress.requestedSnapshot(), to);
        if (snapshot == null) {
            server.log.debug(
                    "%x failed to send snapshot to %x because snapshot is temporarily unavailable", server.id, to);
            return false;
        }
        if (snapshot.isEmpty()) {
            throw server.log.fatal("need non-empty snapshot");
        }
        if (server.log.isDebug()) {
            server.log.debug(
                    "%x [firstindex: %d, commit: %d] sent snapshot[index: %d, term: %d] to %x [%s]",
                    server.id,
                    raftLog.firstIndex(),
                    raftLog.committed(),
                    snapshot.index(),
                    snapshot.term(),
                    to,
                    describe(to, progress));
        }
        progress.becomeSnapshot(snapshot.index());
        debug("%x paused sending replication messages to %x [%s]", to, progress);
        server.send(new Message.InstallSnapshot(server.id, to, server.term(), snapshot));
        return true;
    }

    /**
     * Sends heartbeats. Their commit index stops at what the member is known to have: beyond it the member may hold other
     * entries, and would commit those.
     */
    void broadcastHeartbeat(Bytes context) {
        for (int i = 0; i < tracker.size(); i++) {
            long to = tracker.idAt(i);
            if (to != server.id) {
                Progress progress = tracker.at(i);
                long commit = Math.min(progress.match(), raftLog.committed());
                server.send(new Message.Heartbeat(server.id, to, server.term(), commit, context));
                progress.sentCommit(commit);
            }
        }
    }

    // ---- answers

    /** Commits what a quorum has by now, if it is of this term (§5.4.2). */
    boolean maybeCommit() {
        return raftLog.maybeCommit(server.term(), quorumIndex());
    }

    /** The highest index that enough members have. */
    long quorumIndex() {
        Configuration configuration = server.configuration();
        return server.tuning.groupCommit
                ? configuration.committedIndex(tracker, server.groups)
                : configuration.committedIndex(tracker);
    }

    /** Returns whether the answer moved the member forward. */
    boolean onAppendReply(Message.AppendReply message, Progress progress) {
        progress.setRecentlyActive(true);
        progress.updateCommitted(message.commit());
        if (message.requestSnapshot() != 0) {
            return onSnapshotRequest(message, progress);
        }
        if (message.reject()) {
            onRejection(message, progress);
            return false;
        }
        long index = message.index();
        // An acknowledgement of what is known still ends probing: the member answered, and its log matches there.
        boolean confirmsProbe = progress.match() == index && progress.state() == ProgressState.PROBE;
        if (!progress.maybeUpdate(index) && !confirmsProbe) {
            return false;
        }
        switch (progress.state()) {
            case PROBE -> progress.becomeReplicate();
            case SNAPSHOT -> {
                // Whichever snapshot brought it there: the log reaches it again.
                if (progress.match() + 1 >= raftLog.firstIndex()) {
                    debug(
                            "%x recovered from needing snapshot, resumed sending replication messages to %x [%s]",
                            message.from(), progress);
                    progress.becomeProbe();
                    progress.becomeReplicate();
                }
            }
            case REPLICATE -> progress.inflights().freeUpTo(index);
        }
        return true;
    }

    /**
     * Looks for the place where the logs agree. The follower skipped what is too new in its log; here what is newer than
     * its hint is skipped as well, so that one round trip is needed for each term, not for each entry. In these logs
     * (terms by index) the follower rejects index 9, hints at (term 3, index 6), and the leader goes on to index 4:
     *
     * <pre>
     *   index     1 2 3 4 5 6 7 8 9
     *   leader    1 3 3 3 5 5 5 5 5
     *   follower  1 1 1 1 2 3 6 6 6
     * </pre>
     *
     * At index 5 and 6 the leader has term 5, at which the follower, with at most 3 there, cannot match.
     */
    private void onRejection(Message.AppendReply message, Progress progress) {
        server.log.debug(
                "%x received MsgAppResp(rejected, hint: (index %d, term %d)) from %x for index %d",
                server.id, message.rejectHint(), message.logTerm(), message.from(), message.index());
        long probe = message.rejectHint();
        if (message.logTerm() > 0) {
            probe = raftLog.findConflictByTerm(message.rejectHint(), message.logTerm())
                    .index();
        }
        if (progress.maybeDecreaseTo(message.index(), probe)) {
            debug("%x decreased progress of %x to [%s]", message.from(), progress);
            if (progress.state() == ProgressState.REPLICATE) {
                progress.becomeProbe();
            }
            sendAppend(message.from());
        }
    }

    /** A follower asks for a snapshot, and takes nothing else until it has one. */
    private boolean onSnapshotRequest(Message.AppendReply message, Progress progress) {
        // What it has is durable and, if its last entry is here, all the same. Its word counts as an acknowledgement:
        // the snapshot must reach that entry, for which it may have to be committed first.
        boolean moved = message.logTerm() > 0
                && raftLog.matches(message.logTerm(), message.rejectHint())
                && progress.maybeUpdate(message.rejectHint());
        progress.requestSnapshot(message.requestSnapshot());
        maybeSendAppend(message.from(), progress, true);
        return moved;
    }

    /** Storage has what it was asked to fetch. */
    RequestOutcome onEntriesFetched(EntryFetch fetch) {
        Progress progress = tracker.get(fetch.to());
        if (progress == null) {
            return RequestOutcome.NOT_MEMBER;
        }
        if (fetch.all()) {
            sendRest(fetch.to());
        } else {
            maybeSendAppend(fetch.to(), progress, true);
        }
        return RequestOutcome.ACCEPTED;
    }

    /** Changes how many appends may be on their way to a member, and uses what that allows. */
    void adjustInflight(long to, Progress progress, int maxMessages) {
        boolean wasFull = progress.inflights().isFull();
        progress.inflights().setMaxMessages(maxMessages);
        if (wasFull && !progress.inflights().isFull() && progress.state() == ProgressState.REPLICATE) {
            progress.setPaused(false);
        }
        sendRest(to);
    }

    void onHeartbeatReply(long from, Progress progress) {
        progress.setRecentlyActive(true);
        progress.setPaused(false);
        if (progress.match() < raftLog.lastIndex() || progress.state() == ProgressState.PROBE) {
            maybeSendAppend(from, progress, true);
        }
    }

    void onUnreachable(long from, Progress progress) {
        // Appends that were sent ahead of their acknowledgement are probably lost.
        if (progress.state() == ProgressState.REPLICATE) {
            progress.becomeProbe();
        }
        debug("%x failed to send message to %x because it is unreachable [%s]", from, progress);
    }

    void onSnapshotStatus(long from, Progress progress, boolean failed) {
        if (progress.state() != ProgressState.SNAPSHOT) {
            return;
        }
        if (failed) {
            // First, so that probing begins behind what the member has, not behind the snapshot.
            progress.clearPendingSnapshot();
            progress.becomeProbe();
            debug("%x snapshot failed, resumed sending replication messages to %x [%s]", from, progress);
        } else {
            progress.becomeProbe();
            debug("%x snapshot succeeded, resumed sending replication messages to %x [%s]", from, progress);
        }
        // Sent: its answer, or after a failure the next heartbeat's, tells when to go on.
        progress.setPaused(true);
    }

    private void debug(String format, long peer, Progress progress) {
        if (server.log.isDebug()) {
            server.log.debug(format, server.id, peer, describe(peer, progress));
        }
    }

    private String describe(long peer, Progress progress) {
        return Leader.describe(server, peer, progress);
    }
}
