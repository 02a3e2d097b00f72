package dev.coracle.raft;

import dev.coracle.raft.tracker.Progress;
import dev.coracle.raft.tracker.ProgressState;
import dev.coracle.raft.tracker.ProgressTracker;

/** What must hold of a server between two calls. Run by tests and simulations after every step. */
final class Invariants {
    private Invariants() {}

    static void check(Server server) {
        RaftLog log = server.raftLog;
        Unstable unstable = log.unstable();
        Check.that(log.applied() <= log.applying(), "applied %d > applying %d", log.applied(), log.applying());
        Check.that(log.applying() <= log.committed(), "applying %d > committed %d", log.applying(), log.committed());
        Check.that(log.committed() <= log.lastIndex(), "committed %d > last %d", log.committed(), log.lastIndex());
        Check.that(
                unstable.offset() <= unstable.offsetInProgress()
                        && unstable.offsetInProgress() <= unstable.offset() + unstable.size(),
                "unstable: offset %d, in progress %d, size %d",
                unstable.offset(),
                unstable.offsetInProgress(),
                unstable.size());
        Check.that(
                log.lastId().term() <= server.term(),
                "last entry of term %d in term %d",
                log.lastId().term(),
                server.term());
        Leader leading = server.leading();
        if (leading != null) {
            check(server, leading);
        } else {
            Check.that(server.leader() != server.id, "term %d: follows itself", server.term());
        }
    }

    private static void check(Server server, Leader leading) {
        Check.that(server.leader() == server.id, "leads in term %d and follows %d", server.term(), server.leader());
        long last = server.raftLog.lastIndex();
        ProgressTracker tracker = leading.tracker();
        var members = server.configuration().members();
        Check.that(tracker.size() == members.size(), "%d members, %d tracked", members.size(), tracker.size());
        for (int i = 0; i < tracker.size(); i++) {
            Progress progress = tracker.at(i);
            long id = tracker.idAt(i);
            Check.that(members.contains(id), "tracks %d, no member", id);
            Check.that(
                    progress.match() < progress.next(),
                    "peer %d: match %d, next %d",
                    id,
                    progress.match(),
                    progress.next());
            Check.that(progress.match() <= last, "peer %d: match %d, last %d", id, progress.match(), last);
            Check.that(
                    progress.state() == ProgressState.SNAPSHOT || progress.next() <= last + 1,
                    "peer %d: next %d, last %d",
                    id,
                    progress.next(),
                    last);
        }
    }
}
