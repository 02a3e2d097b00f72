package dev.coracle.testkit.mutants;

import dev.coracle.contracts.mutants.Mutant;
import java.util.List;

/** The bugs that are planted below the simulated clusters, from the vote to the last rename of a snapshot. */
final class HarnessBugs {
    private static final String DURABLE = "durable before said";
    private static final String KEPT = "nothing forgotten";
    private static final String ONCE = "done once, told truly";
    private static final String READS = "reads see what was acknowledged";
    private static final String SAME = "all apply the same";
    private static final String WHO = "ids and directories";
    private static final String ENDS = "everything ends";

    /** Each is found; harness-bugs.md says after how many seeds. */
    static final List<Mutant> ALL = List.of(
            new Mutant(
                    "writes are answered before they are synced",
                    DURABLE,
                    "node/StorageWriter.java",
                    "if (mustSync) {\n            sync();",
                    "if (mustSync && unsyncedBytes > 4_096) {\n            sync();"),
            new Mutant(
                    "an append is acknowledged before it is stable",
                    DURABLE,
                    "raft/Outbox.java",
                    "case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);",
                    "case VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);"
                            + " case APPEND_REPLY -> (message.to() == self ? afterAppend : immediate).add(message);"),
            new Mutant(
                    "a vote leaves before it is durable",
                    DURABLE,
                    "raft/Outbox.java",
                    "case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);",
                    "case APPEND_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);"
                            + " case VOTE_REPLY -> (message.to() == self ? afterAppend : immediate).add(message);"),
            new Mutant(
                    "a leader counts its own append before it is stable",
                    DURABLE,
                    "raft/Leader.java",
                    "server.send(Message.AppendReply.accepted(server.id, server.id, server.term(), last));",
                    "server.step(Message.AppendReply.accepted(server.id, server.id, server.term(), last));"),
            new Mutant(
                    "a sync that failed is tried again",
                    DURABLE,
                    "wal/WalLogStore.java",
                    "file.sync();\n        long nanos",
                    "try {\n            file.sync();\n        } catch (IOException e) {\n            file.sync();\n"
                            + "        }\n        long nanos"),
            new Mutant(
                    "the directory is not synced when a segment gets its name",
                    DURABLE,
                    "wal/WalLogStore.java",
                    "disk.rename(spare.path(), path);\n        disk.syncDirectory(directory);",
                    "disk.rename(spare.path(), path);"),
            new Mutant(
                    "what a process left in the cache counts as durable",
                    DURABLE,
                    "wal/WalLogStore.java",
                    "rewrite(last.file(), own != null && own.segment().equals(last.name()) ? own.offset() : 0, records.end());",
                    ""),
            new Mutant(
                    "a hard state with another vote is not worth a sync",
                    DURABLE,
                    "wal/WalLogStore.java",
                    "|| hardState.vote() != state.vote()\n",
                    "\n"),
            new Mutant(
                    "the vote is forgotten on restart",
                    KEPT,
                    "raft/Server.java",
                    "vote = state.vote();",
                    "vote = RawNode.NONE;"),
            new Mutant(
                    "the hard state is dropped when a segment is cut",
                    KEPT,
                    "wal/WalLogStore.java",
                    "if (!state.isEmpty()) {",
                    "if (state.term() < 0) {"),
            new Mutant(
                    "one segment too many is released",
                    KEPT,
                    "wal/WalLogStore.java",
                    "int count = Math.min(keepFrom, segments.size() - 2);",
                    "int count = Math.min(keepFrom + 1, segments.size() - 1);"),
            new Mutant(
                    "a torn tail is not cut",
                    KEPT,
                    "wal/WalLogStore.java",
                    "if (tail != null) {\n            cutTail",
                    "if (tail != null && tail.bytes() < 0) {\n            cutTail"),
            new Mutant(
                    "damage below the last known sync is cut as a torn tail",
                    KEPT,
                    "wal/ChainReader.java",
                    "if (mark == null || markFound != MarkFound.NOT_YET || markedSegment < 0) {",
                    "if (mark != null || markFound != MarkFound.NOT_YET || markedSegment < 0) {"),
            new Mutant(
                    "checksums of the log are not compared",
                    KEPT,
                    "wal/SegmentReader.java",
                    "if (running.value() != checksum) {",
                    "if (running.value() != checksum && dataLength < 0) {"),
            new Mutant(
                    "a snapshot is not synced before it gets its name",
                    KEPT,
                    "wal/FileSnapshotStore.java",
                    "target.sync();\n            target.close();",
                    "target.close();"),
            new Mutant(
                    "the directory is not synced when a snapshot gets its name",
                    KEPT,
                    "wal/FileSnapshotStore.java",
                    "renamed = true;\n            disk.syncDirectory(directory);",
                    "renamed = true;"),
            new Mutant(
                    "the newest snapshots are purged",
                    KEPT,
                    "wal/FileSnapshotStore.java",
                    "ids.subList(keep, ids.size())",
                    "ids.subList(0, ids.size() - keep)"),
            new Mutant(
                    "the log is released before the snapshot's record is written",
                    KEPT,
                    "node/Loop.java",
                    "writes.add(new WriteWork.Record(snapshot));",
                    "onRecorded(snapshot);"),
            new Mutant(
                    "the file that says who the node is is not synced",
                    KEPT,
                    "ClusterFile.java",
                    "                file.sync();\n",
                    ""),
            new Mutant(
                    "an entry that timed out in the log was certainly not done",
                    ONCE,
                    "node/OpenRequests.java",
                    "expiredCount++;\n        boolean inLog = request instanceof Request.OfLog<?> ofLog && ofLog.index() > 0;",
                    "expiredCount++;\n        boolean inLog = false;"),
            new Mutant(
                    "an entry in the log of a node that stops was certainly not done",
                    ONCE,
                    "node/OpenRequests.java",
                    "wheel.forEach(request -> {\n            boolean inLog = request instanceof Request.OfLog<?> ofLog && ofLog.index() > 0;",
                    "wheel.forEach(request -> {\n            boolean inLog = false;"),
            new Mutant(
                    "a request is completed by another leader's entry",
                    ONCE,
                    "node/PendingProposals.java",
                    "if (request.term() == term) {",
                    "if (request.term() <= term) {"),
            new Mutant(
                    "a command is tried again whose fate is unknown",
                    ONCE,
                    "Attempt.java",
                    "case UNKNOWN, TIMED_OUT -> task.isRepeatable() && !engine.hasStopped();",
                    "case UNKNOWN, TIMED_OUT -> !engine.hasStopped();"),
            new Mutant(
                    "a leader answers reads without confirming that it leads",
                    READS,
                    "node/LinearizableReads.java",
                    "(read.leased && lease.isPossible() ? turnLeaseReads : turnReads).add(read);",
                    "if (standing.leader() == id) {\n"
                            + "            applier.add(new ApplyWork.Reads(List.of(read)));\n"
                            + "        } else {\n"
                            + "            turnReads.add(read);\n"
                            + "        }"),
            new Mutant(
                    "a read does not wait until its index is applied",
                    READS,
                    "node/LinearizableReads.java",
                    "boolean reached = confirmed.index() <= applier.lastIndex();",
                    "boolean reached = true;"),
            new Mutant(
                    "a snapshot is taken under the index before",
                    SAME,
                    "node/Applier.java",
                    "new SnapshotMetadata(appliedIndex, appliedTerm, configuration);",
                    "new SnapshotMetadata(Math.max(1, appliedIndex - 1), appliedTerm, configuration);"),
            new Mutant(
                    "a snapshot is restored under the index before",
                    SAME,
                    "node/Applier.java",
                    "appliedIndex = metadata.index();",
                    "appliedIndex = metadata.index() - 1;"),
            new Mutant(
                    "a restored snapshot's configuration is forgotten",
                    SAME,
                    "node/Applier.java",
                    "        configuration = metadata.confState();\n",
                    ""),
            new Mutant(
                    "a snapshot's members are those of the time at which it is written",
                    SAME,
                    "Replica.java",
                    "rules.writeHead(head, out);",
                    "rules.writeHead(new SnapshotHead(membership.tables(), head.sessions(), head.hash()), out);"),
            new Mutant(
                    "a snapshot's members are not restored",
                    SAME,
                    "Replica.java",
                    "changed(metadata.index(), head.tables(), metadata.confState());",
                    "changed(metadata.index(), membership.tables(), metadata.confState());"),
            new Mutant(
                    "the sums of a snapshot are not compared",
                    SAME,
                    "wal/SnapshotFileReader.java",
                    "if (stated != actual || stated == 0) {",
                    "if (stated == 0) {"),
            new Mutant(
                    "a snapshot forgets the sessions",
                    ONCE,
                    "Replica.java",
                    "sessions.restore(head.sessions());",
                    "sessions.restore(Sessions.none());"),
            new Mutant(
                    "a command of a session is applied each time that it comes",
                    ONCE,
                    "Sessions.java",
                    "if (answer != null) {",
                    "if (answer != null && answer.size < -1) {"),
            new Mutant(
                    "a node with an emptied directory asks nobody whether its id is new",
                    WHO,
                    "IdentityCheck.java",
                    "needed = others.isEmpty() ? 0 : others.size() / 2 + 1;",
                    "needed = 0;"),
            new Mutant(
                    "a node answers for a directory that it does not know",
                    WHO,
                    "Engine.java",
                    "String refusal = Identity.refusal(other.id(), knownIncarnation(tables, other.id()), other.incarnation());",
                    "String refusal = null;"),
            new Mutant(
                    "requests outlive their deadlines",
                    ENDS,
                    "node/OpenRequests.java",
                    "        wheel.expire(nowNanos, this::expire);\n",
                    ""),
            new Mutant(
                    "an entry that a snapshot has swallowed is lost",
                    ONCE,
                    "node/OpenRequests.java",
                    "Failure.Kind.UNKNOWN,\n                        standing.leader(),\n                        \"a snapshot replaced",
                    "Failure.Kind.LOST,\n                        standing.leader(),\n                        \"a snapshot replaced"),
            new Mutant(
                    "a request whose connection broke was not sent",
                    ONCE,
                    "Wire.java",
                    "if (!call.mayHaveArrived()) {",
                    "if (call.kind() == CallException.Kind.UNREACHABLE) {"),
            new Mutant(
                    "answers to the questions of an earlier run count",
                    READS,
                    "node/PendingReads.java",
                    "run = ((long) random.next(1 << 30) << 32) ^ random.next(1 << 30);",
                    "run = 0;"),
            new Mutant(
                    "a lease does not end with time, as in a process that is stopped and goes on",
                    READS,
                    "node/Lease.java",
                    "? 0 : endNanos - clock.nanoTime();",
                    "? 0 : lengthNanos;"),
            new Mutant(
                    "a lease is kept while leadership is handed over",
                    READS,
                    "node/Lease.java",
                    "        held = false;\n        endedTerm = leaderTerm;\n",
                    ""),
            new Mutant(
                    "an id is given away twice",
                    WHO,
                    "Tables.java",
                    "return new Tables(members, removed, nextId + 1);",
                    "return new Tables(members, removed, nextId);"),
            new Mutant(
                    "the id of a removed member is given to the next",
                    WHO,
                    "Tables.java",
                    "        long next = nextId;\n",
                    "        long next = 1;\n"));

    /** No world of the first two hundred seeds shows them; whether a later one does is tried on request only. */
    static final List<Mutant> ELUSIVE = List.of(
            new Mutant(
                    "a request whose place was overtaken is lost at once",
                    ONCE,
                    "node/PendingProposals.java",
                    "overtaken.add(current.removeLast());",
                    "lost.accept(current.removeLast());"),
            new Mutant(
                    "who was removed is forgotten with the next change",
                    WHO,
                    "Tables.java",
                    "        gone.addAll(removed);\n",
                    ""));

    private HarnessBugs() {}
}
