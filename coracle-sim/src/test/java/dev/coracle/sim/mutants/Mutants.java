package dev.coracle.sim.mutants;

import dev.coracle.contracts.mutants.Mutant;
import java.util.List;

/**
 * The bugs that are planted. Each is one that somebody could make, or has made in another core; the rules are the Raft
 * paper's (§), the thesis's, and those of ../shared/spec/core.md: a trap is a number of its section 7, and unproven is
 * what its section 8 says that etcd's scripts do not prove.
 */
final class Mutants {
    /** What bugs of a group harm, which decides who is sent after them. */
    enum Scope {
        /** What the core promises at all times: votes, logs, commits, reads, members. */
        SAFETY,
        /** That the core gets on, and what it sends when. */
        PROGRESS,
        /** The node around the core. */
        NODE
    }

    /** Bugs of one kind. */
    record Group(String title, Scope scope, List<Mutant> mutants) {}

    /** A bug that nobody finds, and why nobody could. */
    record Survivor(Mutant mutant, String reason) {}

    private static final List<Mutant> DURABILITY = List.of(
            core(
                    "a vote leaves before it is durable",
                    "§5.2, trap 1",
                    "Outbox.java",
                    "case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);",
                    "case APPEND_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);"
                            + " case VOTE_REPLY -> (message.to() == self ? afterAppend : immediate).add(message);"),
            core(
                    "a candidate asks for votes before its own is durable",
                    "thesis §3.8",
                    "Outbox.java",
                    "case VOTE -> (votesWait ? afterAppend : immediate).add(message);",
                    "case VOTE -> immediate.add(message);"),
            core(
                    "a candidate counts its own vote before it is durable",
                    "trap 1",
                    "Server.java",
                    "send(Message.VoteResponse.of(preVote, id, id, electionTerm, false));",
                    "step(Message.VoteResponse.of(preVote, id, id, electionTerm, false));"),
            core(
                    "the vote is forgotten on restart",
                    "§5.2",
                    "Server.java",
                    "vote = state.vote();",
                    "vote = RawNode.NONE;"),
            core(
                    "an append is acknowledged before it is stable",
                    "§5.3, trap 1",
                    "Outbox.java",
                    "case APPEND_REPLY, VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);",
                    "case VOTE_REPLY, PRE_VOTE_REPLY -> afterAppend.add(message);"
                            + " case APPEND_REPLY -> (message.to() == self ? afterAppend : immediate).add(message);"),
            core(
                    "a leader counts its own append before it is stable",
                    "thesis §10.2.1, trap 1",
                    "Leader.java",
                    "server.send(Message.AppendReply.accepted(server.id, server.id, server.term(), last));",
                    "server.step(Message.AppendReply.accepted(server.id, server.id, server.term(), last));"),
            core(
                    "a rewritten entry is marked stable",
                    "trap 3",
                    "Unstable.java",
                    "if (ours != term) {",
                    "if (ours != term && ours == 0) {"),
            core(
                    "storage's answer from a lower term marks entries stable",
                    "trap 3",
                    "Server.java",
                    "\"%x [term: %d] ignored entry appends from a %s message with lower term [term: %d]\",\n"
                            + "                            id, term, message.type().etcdName(), message.term());",
                    "\"%x [term: %d] ignored entry appends from a %s message with lower term [term: %d]\",\n"
                            + "                            id, term, message.type().etcdName(), message.term());"
                            + " raftLog.unstable().stableTo(message.logTerm(), message.index());"),
            core(
                    "storage is asked to answer only for writes with entries",
                    "trap 3",
                    "RawNode.java",
                    "unstable.size() > 0 || !snapshot.isEmpty() ? storedReply",
                    "!entries.isEmpty() || !snapshot.isEmpty() ? storedReply"),
            core(
                    "entries that replace those under way are not stored",
                    "trap 6",
                    "Unstable.java",
                    "offsetInProgress = Math.min(offsetInProgress, from);",
                    "offsetInProgress = Math.max(offsetInProgress, from);"),
            core(
                    "a new vote needs no sync",
                    "trap 5",
                    "RawNode.java",
                    "server.vote() != shownHardState.vote() || ",
                    ""),
            core(
                    "entries that are not stored are applied",
                    "trap 10, unproven",
                    "RaftLog.java",
                    "return committed - stored <= maxUnpersistedApply ? committed : stored + maxUnpersistedApply;",
                    "return committed;"));

    private static final List<Mutant> VOTES = List.of(
            core(
                    "two votes in a term",
                    "§5.2",
                    "Server.java",
                    "(vote == RawNode.NONE && leader == RawNode.NONE)",
                    "(leader == RawNode.NONE)"),
            core(
                    "a vote in a term that has a leader",
                    "trap 37, unproven",
                    "Server.java",
                    "(vote == RawNode.NONE && leader == RawNode.NONE)",
                    "(vote == RawNode.NONE)"),
            core("a candidate does not note its own vote", "§5.2", "Server.java", "vote = id;", ""),
            core(
                    "stepping down within a term forgets the vote",
                    "§5.2",
                    "Server.java",
                    "if (term != newTerm) {",
                    "if (newTerm >= term) {"),
            core(
                    "a new term keeps the vote of the old one",
                    "§5.2",
                    "Server.java",
                    "            vote = RawNode.NONE;",
                    ""),
            core(
                    "a vote for a log that is behind",
                    "§5.4.1",
                    "Server.java",
                    "if (!free || !isUpToDate(message)) {",
                    "if (!free) {"),
            core(
                    "logs are compared by length alone",
                    "§5.4.1",
                    "EntryId.java",
                    "return term != other.term ? term > other.term : index >= other.index;",
                    "return index >= other.index;"),
            core(
                    "the last answer of a voter counts, not the first",
                    "unproven",
                    "Candidate.java",
                    "if (vote(from) == 0) {",
                    "granted = granted.without(from); rejected = rejected.without(from); {"),
            core(
                    "granted pre-votes are counted as votes",
                    "trap 30",
                    "Candidate.java",
                    "case PRE_VOTE_REPLY -> preVote ? onVoteReply((Message.VoteResponse) message) : StepOutcome.OK;",
                    "case PRE_VOTE_REPLY -> onVoteReply((Message.VoteResponse) message);"),
            core(
                    "late votes are counted as pre-votes",
                    "trap 30",
                    "Candidate.java",
                    "case VOTE_REPLY -> preVote ? StepOutcome.OK : onVoteReply((Message.VoteResponse) message);",
                    "case VOTE_REPLY -> onVoteReply((Message.VoteResponse) message);"),
            core(
                    "learners do not vote",
                    "trap 36",
                    "Server.java",
                    "if (!free || !isUpToDate(message)) {",
                    "if (!free || configuration.isLearner(id) || !isUpToDate(message)) {"),
            core(
                    "a granted vote leaves the election timer running",
                    "trap 37, unproven",
                    "Server.java",
                    "            electionTimer.restart();\n            vote = message.from();",
                    "            vote = message.from();"),
            core(
                    "a granted pre-vote restarts the election timer",
                    "trap 37",
                    "Server.java",
                    "        if (!preVote) {\n            electionTimer.restart();",
                    "        electionTimer.restart();\n        if (!preVote) {"));

    private static final List<Mutant> ELECTIONS = List.of(
            core(
                    "pre-votes are granted within the leader's lease",
                    "thesis §4.2.3",
                    "Server.java",
                    "if (!inLease || message.leaderTransfer()) {",
                    "if (!inLease || message.leaderTransfer() || message.type() == MessageType.PRE_VOTE) {"),
            core(
                    "votes are granted within the leader's lease",
                    "thesis §6.4.1",
                    "Server.java",
                    "if (!inLease || message.leaderTransfer()) {",
                    "if (!inLease || message.leaderTransfer() || message.type() == MessageType.VOTE) {"),
            core(
                    "the lease holds against the leader's own successor",
                    "thesis §3.10, trap 33",
                    "Server.java",
                    "if (!inLease || message.leaderTransfer()) {",
                    "if (!inLease) {"),
            core(
                    "the lease holds without a leader",
                    "trap 33",
                    "Server.java",
                    "tuning.checkQuorum && leader != RawNode.NONE && ",
                    "tuning.checkQuorum && "),
            core(
                    "the lease lasts for the random timeout",
                    "trap 33, unproven",
                    "ElectionTimer.java",
                    "return elapsedTicks >= electionTicks;",
                    "return elapsedTicks >= limitTicks;"),
            core(
                    "all election timeouts are the same",
                    "§5.2, trap 38",
                    "ElectionTimer.java",
                    "limitTicks = minTicks + random.next(maxTicks - minTicks);",
                    "limitTicks = minTicks;"),
            core(
                    "a campaign over changes that are committed and not applied",
                    "trap 35, unproven",
                    "Server.java",
                    "if (raftLog.anyConfChange(raftLog.applied() + 1, raftLog.committed() + 1)) {",
                    "if (raftLog.applied() > raftLog.committed()) {"),
            core(
                    "a campaign over changes that are handed out and not applied",
                    "trap 35, unproven",
                    "Server.java",
                    "if (raftLog.anyConfChange(raftLog.applied() + 1, raftLog.committed() + 1)) {",
                    "if (raftLog.anyConfChange(raftLog.applying() + 1, raftLog.committed() + 1)) {"),
            core(
                    "a server that may not lead campaigns when told to",
                    "trap 34",
                    "Server.java",
                    "if (!isPromotable()) {",
                    "if (id == RawNode.NONE) {"),
            core(
                    "a server campaigns while a snapshot is pending",
                    "trap 35",
                    "Server.java",
                    " && !raftLog.hasPendingSnapshot();",
                    ";"),
            core(
                    "a learner campaigns",
                    "thesis §4.2.1",
                    "Server.java",
                    "configuration.isMember(id) && !configuration.learners().contains(id) &&",
                    "configuration.isMember(id) &&"),
            core(
                    "a pre-candidate restarts its election timer",
                    "trap 32, unproven",
                    "Server.java",
                    "take(new Candidate(this, true));",
                    "electionTimer.restart(); take(new Candidate(this, true));"),
            core(
                    "a second pre-election keeps the answers to the first",
                    "trap 32, unproven",
                    "Server.java",
                    "take(new Candidate(this, true));",
                    "take(role.name() == RoleName.PRE_CANDIDATE ? role : new Candidate(this, true));"),
            core(
                    "a pre-candidate keeps its leader",
                    "trap 32",
                    "Server.java",
                    "        setLeader(RawNode.NONE);\n        take(new Candidate(this, true));",
                    "        take(new Candidate(this, true));"),
            core(
                    "a granted pre-vote carries the voter's term",
                    "trap 29",
                    "Server.java",
                    "send(Message.VoteResponse.of(preVote, id, message.from(), message.term(), false));",
                    "send(Message.VoteResponse.of(preVote, id, message.from(), term, false));"),
            core(
                    "a granted pre-vote raises the term",
                    "trap 29",
                    "Server.java",
                    "if (!message.reject()) {",
                    "if (message.type() == MessageType.VOTE) {"),
            core(
                    "a pre-vote raises the voter's term",
                    "thesis §9.6",
                    "Server.java",
                    "if (message.type() == MessageType.PRE_VOTE) {",
                    "if (message.type() == MessageType.PRE_VOTE_REPLY) {"),
            core(
                    "a pre-vote of a lower term is not answered",
                    "trap 31",
                    "Server.java",
                    "send(Message.VoteResponse.of(true, id, message.from(), term, true));",
                    ""),
            core(
                    "the answer to a pre-vote of a lower term carries that term",
                    "trap 29, unproven",
                    "Server.java",
                    "send(Message.VoteResponse.of(true, id, message.from(), term, true));",
                    "send(Message.VoteResponse.of(true, id, message.from(), message.term(), true));"),
            core(
                    "a leader of a lower term is not told of the higher one",
                    "trap 31",
                    "Server.java",
                    "if (tuning.checkQuorum || config.preVote) {",
                    "if (tuning.checkQuorum && config.preVote) {"),
            core(
                    "whoever has the higher term is taken for its leader",
                    "§5.1",
                    "Server.java",
                    "fromLeader ? message.from() : RawNode.NONE",
                    "message.from()"),
            core(
                    "a leader begins its term without an entry",
                    "§5.4.2, §8",
                    "Server.java",
                    "leading.appendEmptyEntry();",
                    ""));

    private static final List<Mutant> LOGS = List.of(
            core(
                    "a rejection advances Match",
                    "§5.3",
                    "Replicator.java",
                    "onRejection(message, progress);",
                    "progress.maybeUpdate(message.index()); onRejection(message, progress);"),
            core(
                    "an append is taken though the entry before it differs",
                    "§5.3",
                    "RaftLog.java",
                    "if (!matches(prevTerm, prevIndex)) {",
                    "if (prevIndex > lastIndex()) {"),
            core(
                    "a late append cuts off what came after it",
                    "§5.3",
                    "RaftLog.java",
                    "if (!matches(entry.term(), entry.index())) {",
                    "if (entry.index() > committed) {"),
            core(
                    "entries that conflict are not replaced",
                    "§5.3",
                    "RaftLog.java",
                    "if (!matches(entry.term(), entry.index())) {",
                    "if (entry.index() > lastIndex()) {"),
            core(
                    "an append below the commit index is not acknowledged",
                    "unproven",
                    "Follower.java",
                    "if (message.index() < raftLog.committed()) {",
                    "if (message.index() < 0) {"),
            core(
                    "an append below the commit index is acknowledged where it begins",
                    "unproven",
                    "Follower.java",
                    "        if (message.index() < raftLog.committed()) {\n"
                            + "            acknowledge(message.from(), raftLog.committed());",
                    "        if (message.index() < raftLog.committed()) {\n"
                            + "            acknowledge(message.from(), message.index());"),
            core(
                    "entries that do not follow each other are taken",
                    "§5.3",
                    "Follower.java",
                    "if (entries.get(i).index() != previous + 1 + i) {",
                    "if (entries.get(i).index() <= previous) {"),
            core(
                    "entries of storage and unstable ones are joined with a gap",
                    "trap 9",
                    "RaftLog.java",
                    "if (high <= border || stored.size() < cut - low) {",
                    "if (high <= border) {"));

    private static final List<Mutant> REPLICATION = List.of(
            core(
                    "a rejection lowers Next to Match",
                    "trap 14",
                    "tracker/Progress.java",
                    "next = Math.max(Math.min(rejected, hint + 1), match + 1);",
                    "next = Math.max(Math.min(rejected, hint + 1), 1);"),
            core(
                    "a probe accepts any rejection above Match",
                    "trap 15, unproven",
                    "tracker/Progress.java",
                    "if (next - 1 != rejected) {",
                    "if (rejected <= match) {"),
            core(
                    "a stale rejection interrupts replication",
                    "trap 15",
                    "tracker/Progress.java",
                    "if (rejected <= match) {",
                    "if (rejected < match) {"),
            core(
                    "the leader ignores the term of the follower's hint",
                    "trap 13",
                    "Replicator.java",
                    "if (message.logTerm() > 0) {",
                    "if (message.logTerm() > server.term()) {"),
            core(
                    "the follower hints without looking at terms",
                    "trap 13",
                    "RaftLog.java",
                    "if (ours <= term) {",
                    "if (ours >= 0) {"),
            core(
                    "a full window lets nothing through",
                    "trap 16",
                    "Replicator.java",
                    "if (progress.isPaused()) {",
                    "if (progress.isPaused() || progress.inflights().isFull()) {"),
            core(
                    "a heartbeat's answer lifts no pause",
                    "trap 17",
                    "Replicator.java",
                    "        progress.setRecentlyActive(true);\n        progress.setPaused(false);",
                    "        progress.setRecentlyActive(true);"),
            core(
                    "a heartbeat's answer does not probe who has all",
                    "trap 17",
                    "Replicator.java",
                    "if (progress.match() < raftLog.lastIndex() || progress.state() == ProgressState.PROBE) {",
                    "if (progress.match() < raftLog.lastIndex()) {"),
            core(
                    "an answer at Match does not end probing",
                    "trap 18",
                    "Replicator.java",
                    "boolean confirmsProbe = progress.match() == index && progress.state() == ProgressState.PROBE;",
                    "boolean confirmsProbe = false;"),
            core(
                    "an answer at Match ends waiting for a snapshot",
                    "trap 18",
                    "Replicator.java",
                    "boolean confirmsProbe = progress.match() == index && progress.state() == ProgressState.PROBE;",
                    "boolean confirmsProbe = progress.match() == index;"),
            core(
                    "an unreachable member is replicated to as before",
                    "core.md 1.9",
                    "Replicator.java",
                    "if (progress.state() == ProgressState.REPLICATE) {\n            progress.becomeProbe();",
                    "if (progress.state() == ProgressState.PROBE) {\n            progress.becomeProbe();"),
            core(
                    "the window counts appends that were acknowledged",
                    "core.md 1.12",
                    "tracker/Inflights.java",
                    "while (count > 0 && indexes[start] <= index) {",
                    "while (count > 0 && indexes[start] < index) {"),
            core(
                    "the window takes bytes up to and beyond its limit",
                    "trap 27",
                    "tracker/Inflights.java",
                    "bytes >= maxBytes",
                    "bytes > maxBytes"),
            core(
                    "the first proposal must fit the limit as well",
                    "core.md 1.13",
                    "Leader.java",
                    "if (uncommittedSize > 0 && size > 0 &&",
                    "if (size > 0 &&"),
            core(
                    "the size of what waits sinks below zero",
                    "trap 28",
                    "Leader.java",
                    "Math.max(uncommittedSize - size, 0)",
                    "uncommittedSize - size"));

    private static final List<Mutant> COMMIT = List.of(
            core(
                    "an older term's entry is committed by counting",
                    "§5.4.2, trap 25, unproven",
                    "RaftLog.java",
                    "index > committed && matches(term, index)",
                    "index > committed"),
            core(
                    "half of the voters are a quorum",
                    "§5.2",
                    "quorum/Majority.java",
                    "return size / 2 + 1;",
                    "return (size + 1) / 2;"),
            core(
                    "a vote is lost with the quorum still possible",
                    "core.md 8.11",
                    "quorum/Majority.java",
                    "return yes + missing >= quorum(size)",
                    "return yes + missing > quorum(size)"),
            core(
                    "a follower commits beyond what it was shown to share",
                    "§5.3",
                    "RaftLog.java",
                    "commitTo(Math.min(leaderCommit, last));",
                    "commitTo(Math.min(leaderCommit, lastIndex()));"),
            core(
                    "a heartbeat carries a commit index beyond Match",
                    "trap 22",
                    "Replicator.java",
                    "long commit = Math.min(progress.match(), raftLog.committed());",
                    "long commit = raftLog.committed();"),
            core(
                    "entries are applied beyond the commit index",
                    "§5.3",
                    "RaftLog.java",
                    "        if (allowUnstable) {\n            return committed;",
                    "        if (allowUnstable) {\n            return lastIndex();"),
            core(
                    "entries are applied before the snapshot that is behind them",
                    "core.md 1.10",
                    "RaftLog.java",
                    "&& unstable.snapshot() == null\n                && applying",
                    "&& applying"),
            core(
                    "more is handed out than may be outstanding",
                    "trap 11",
                    "RaftLog.java",
                    "applyingPaused = applyingSize >= maxApplyingSize || index < maxAppliable(allowUnstable);",
                    "applyingPaused = applyingSize >= maxApplyingSize && index < maxAppliable(allowUnstable);"),
            core(
                    "a member is told of commit indexes that it cannot use",
                    "trap 21",
                    "tracker/Progress.java",
                    "commit > sentCommit && sentCommit < next - 1",
                    "commit > sentCommit"),
            core(
                    "a commit index that may be lost is not sent again",
                    "trap 21, unproven",
                    "tracker/Progress.java",
                    "        enter(ProgressState.PROBE);\n        lowerSentCommit();",
                    "        enter(ProgressState.PROBE);"),
            core(
                    "a heartbeat's commit index is not noted as sent",
                    "trap 21, unproven",
                    "Replicator.java",
                    "progress.sentCommit(commit);",
                    ""));

    private static final List<Mutant> READS = List.of(
            core(
                    "a read is answered before the first commit of the term",
                    "§8",
                    "Leader.java",
                    "if (server.hasCommittedInTerm()) {",
                    "if (server.term() > 0) {"),
            core(
                    "any heartbeat's answer confirms all reads",
                    "thesis §6.4, trap 41",
                    "ReadIndexQueue.java",
                    "        acknowledge(id, position);",
                    "        acknowledge(id, newest());"),
            core(
                    "a read is confirmed by nobody but the leader",
                    "thesis §6.4",
                    "Leader.java",
                    "boolean alone = configuration.isSingleton() && configuration.isVoter(server.id);",
                    "boolean alone = configuration.isVoter(server.id);"),
            core(
                    "a removed leader answers reads for the last voter",
                    "trap 42",
                    "Leader.java",
                    "configuration.isSingleton() && configuration.isVoter(server.id)",
                    "configuration.isSingleton()"),
            core(
                    "reads do not hear of a smaller quorum",
                    "trap 43",
                    "Leader.java",
                    "        releaseReads();\n        if (transferee",
                    "        if (transferee"),
            core(
                    "early reads are answered in the wrong order",
                    "trap 44",
                    "Leader.java",
                    "startRead(earlyReads.remove());",
                    "startRead(earlyReads.removeLast());"),
            core(
                    "the leader's own activity ends with a quorum check",
                    "trap 39, unproven",
                    "Leader.java",
                    "if (tracker.idAt(i) != server.id) {",
                    "if (tracker.idAt(i) != RawNode.NONE) {"),
            core(
                    "a new leader does not count itself as active",
                    "trap 39, unproven",
                    "Leader.java",
                    "own.setRecentlyActive(true);",
                    ""),
            core(
                    "a quorum check counts members of any time ago",
                    "trap 39",
                    "Leader.java",
                    "tracker.at(i).setRecentlyActive(false);",
                    ""));

    private static final List<Mutant> TRANSFER = List.of(
            core(
                    "a transfer has what is left of an election timeout",
                    "trap 48, unproven",
                    "Leader.java",
                    "        server.electionTimer.restart();\n        transferee = wanted;",
                    "        transferee = wanted;"),
            core(
                    "a second request extends a transfer",
                    "trap 48",
                    "Leader.java",
                    "if (transferee == wanted) {",
                    "if (transferee == wanted && wanted == server.id) {"),
            core(
                    "a transfer never ends",
                    "thesis §3.10, trap 48",
                    "Leader.java",
                    "if (isInOffice() && transferee != RawNode.NONE) {",
                    "if (!isInOffice() && transferee != RawNode.NONE) {"),
            core(
                    "proposals are taken during a transfer",
                    "thesis §3.10, trap 46",
                    "Leader.java",
                    "return Proposal.of(ProposalOutcome.DROPPED_TRANSFERRING);",
                    ""),
            core(
                    "a transfer to a member that was demoted goes on",
                    "trap 47",
                    "Leader.java",
                    "!configuration.isVoter(transferee)",
                    "!configuration.isMember(transferee)"),
            core(
                    "leadership is handed to one whose log is behind",
                    "thesis §3.10",
                    "Leader.java",
                    "if (progress.match() == server.raftLog.lastIndex()) {\n            sendTimeoutNow(wanted);",
                    "if (progress.match() <= server.raftLog.lastIndex()) {\n            sendTimeoutNow(wanted);"),
            core(
                    "MsgTimeoutNow asks for pre-votes",
                    "trap 34, unproven",
                    "Follower.java",
                    "server.startElection(Server.Campaign.TRANSFER);",
                    "server.startElection(server.config.preVote ? Server.Campaign.PRE_ELECTION :"
                            + " Server.Campaign.TRANSFER);"));

    private static final List<Mutant> MEMBERSHIP = List.of(
            core(
                    "a learner counts for commits",
                    "thesis §4.2.1",
                    "tracker/Configuration.java",
                    "return Joint.committedIndex(voters, outgoing, acked);",
                    "return Joint.committedIndex(voters.union(learners), outgoing, acked);"),
            core(
                    "a learner counts for elections",
                    "thesis §4.2.1",
                    "tracker/Configuration.java",
                    "return Joint.voteResult(voters, outgoing, votes);",
                    "return Joint.voteResult(voters.union(learners), outgoing, votes);"),
            core(
                    "the new voters of a joint configuration commit alone",
                    "thesis §4.3",
                    "quorum/Joint.java",
                    "Math.min(Majority.committedIndex(incoming, acked), Majority.committedIndex(outgoing, acked))",
                    "Majority.committedIndex(incoming, acked)"),
            core(
                    "the new voters of a joint configuration elect alone",
                    "thesis §4.3",
                    "quorum/Joint.java",
                    "if (one == other) {",
                    "if (one == VoteResult.WON) {"),
            core(
                    "a leader leaves a joint configuration without an entry",
                    "thesis §4.3",
                    "Leader.java",
                    "Entry leave = new Entry(0, 0, EntryType.CONF_CHANGE_V2, null);",
                    "Entry leave = Entry.normal(null);"
                            + " try { server.apply(ConfChangeV2.LEAVE_JOINT); } catch (InvalidConfChangeException e) {}"),
            core(
                    "a leader leaves a joint configuration before the change to it is applied",
                    "trap 50, unproven",
                    "Leader.java",
                    "return server.raftLog.applied() >= pendingConfIndex;",
                    "return server.raftLog.applied() >= 0;"),
            core(
                    "a change is proposed while another is pending",
                    "thesis §4.1, trap 49",
                    "Leader.java",
                    "if (pendingConfIndex > applied) {",
                    "if (applied < 0) {"),
            core(
                    "a new leader knows of no pending change",
                    "trap 49, unproven",
                    "Leader.java",
                    "pendingConfIndex = last;",
                    ""),
            core(
                    "an accepted change is not noted as pending",
                    "trap 49, unproven",
                    "Leader.java",
                    "pendingConfIndex = index;",
                    ""),
            core(
                    "a pending change is noted at the first entry of its proposal",
                    "trap 49, unproven",
                    "Leader.java",
                    "checkConfChange(entry, first + i)",
                    "checkConfChange(entry, first)"),
            core(
                    "a dropped proposal leaves its change pending",
                    "core.md 1.17",
                    "Leader.java",
                    "            pendingConfIndex = pendingBefore;\n"
                            + "            return Proposal.of(ProposalOutcome.DROPPED_BACKLOG);",
                    "            return Proposal.of(ProposalOutcome.DROPPED_BACKLOG);"),
            core(
                    "a joint configuration takes any change",
                    "thesis §4.3",
                    "Leader.java",
                    "} else if (configuration.isJoint() && !leaves) {",
                    "} else if (configuration.isJoint() && leaves && applied < 0) {"),
            core(
                    "two voters are changed without a joint configuration",
                    "thesis §4.1",
                    "confchange/Changer.java",
                    "differences(configuration.voters(), draft.voters) <= 1",
                    "differences(configuration.voters(), draft.voters) <= 2"),
            core(
                    "voters that are to be learners are forgotten",
                    "trap 54",
                    "confchange/Changer.java",
                    "learners = learners.union(learnersNext);",
                    ""),
            core(
                    "an outgoing voter becomes a learner at once",
                    "trap 54",
                    "confchange/Changer.java",
                    "            if (outgoing.contains(id)) {\n                learnersNext",
                    "            if (outgoing.isEmpty() && voters.contains(id)) {\n                learnersNext"),
            core(
                    "outgoing voters get no entries",
                    "thesis §4.3",
                    "confchange/Changer.java",
                    "if (!outgoing.contains(id)) {",
                    "if (!voters.contains(id)) {"),
            core(
                    "a smaller quorum commits nothing by itself",
                    "trap 52, unproven",
                    "Leader.java",
                    "if (!recount()) {",
                    "if (configuration.isMember(server.id)) {"),
            core("a new member waits for the next proposal", "trap 52", "Leader.java", "replicator.probeAll();", ""),
            core(
                    "a removed leader stays",
                    "trap 51",
                    "Leader.java",
                    "if (server.config.stepDownOnRemoval) {",
                    "if (server.config.stepDownOnRemoval && configuration.isMember(server.id)) {"),
            core(
                    "a demoted leader stays",
                    "trap 51, unproven",
                    "Leader.java",
                    "!configuration.isMember(server.id) || configuration.learners().contains(server.id);",
                    "!configuration.isMember(server.id);"),
            core(
                    "a removed leader takes proposals",
                    "trap 51",
                    "Leader.java",
                    "return Proposal.of(ProposalOutcome.DROPPED_NOT_MEMBER);",
                    ""),
            core(
                    "answers of strangers are taken",
                    "trap 53",
                    "RawNode.java",
                    "&& !server.configuration().isMember(message.from())",
                    "&& message.from() == NONE"),
            core(
                    "a new member counts as inactive",
                    "trap 23",
                    "tracker/ProgressTracker.java",
                    "add(change.id(), Math.max(lastIndex, 1), true);",
                    "add(change.id(), Math.max(lastIndex, 1), false);"));

    private static final List<Mutant> SNAPSHOTS = List.of(
            core(
                    "a snapshot from the past replaces the log",
                    "§7, trap 57",
                    "Server.java",
                    "if (snapshot.index() <= raftLog.committed() && !wanted) {",
                    "if (snapshot.index() <= 0) {"),
            core(
                    "a snapshot that the log matches does not move the commit index",
                    "trap 57, unproven",
                    "Server.java",
                    "raftLog.commitTo(snapshot.index());",
                    ""),
            core(
                    "a snapshot that the log matches replaces it",
                    "§7, trap 57, unproven",
                    "Server.java",
                    "if (!wanted && raftLog.matches(snapshot.term(), snapshot.index())) {",
                    "if (!wanted && raftLog.matches(snapshot.term(), -1)) {"),
            core(
                    "a snapshot of a cluster that does not know the server is restored",
                    "trap 56",
                    "Server.java",
                    "if (!members.contains(id)) {",
                    "if (members.voters().isEmpty()) {"),
            core(
                    "a snapshot that was stored in a lower term is not noted",
                    "trap 4, unproven",
                    "Server.java",
                    "                    snapshotStored(message.snapshot());",
                    ""),
            core(
                    "snapshots are sent to members that are silent",
                    "trap 23, unproven",
                    "Replicator.java",
                    "if (!progress.recentlyActive()) {",
                    "if (progress.match() < 0) {"),
            core(
                    "probing behind a snapshot begins at Match",
                    "unproven",
                    "tracker/Progress.java",
                    "next = Math.max(match, pendingSnapshot) + 1;",
                    "next = match + 1;"),
            core(
                    "any progress ends waiting for a snapshot",
                    "trap 19",
                    "Replicator.java",
                    "if (progress.match() + 1 >= raftLog.firstIndex()) {",
                    "if (progress.match() + 1 > 0) {"),
            core(
                    "only the snapshot itself ends waiting for it",
                    "trap 19",
                    "Replicator.java",
                    "if (progress.match() + 1 >= raftLog.firstIndex()) {",
                    "if (progress.match() >= progress.pendingSnapshot()) {"),
            core(
                    "whoever has the snapshot is probed, not replicated to",
                    "trap 19",
                    "Replicator.java",
                    "                    progress.becomeProbe();\n                    progress.becomeReplicate();",
                    "                    progress.becomeProbe();"),
            core(
                    "probing after a failed snapshot begins behind it",
                    "trap 20",
                    "Replicator.java",
                    "progress.clearPendingSnapshot();",
                    ""),
            core(
                    "probing after a snapshot does not wait for its answer",
                    "core.md 1.18",
                    "Replicator.java",
                    "progress.setPaused(true);",
                    ""));

    private static final List<Mutant> RAFT_RS = List.of(
            core(
                    "a vote for a candidate of a lower priority",
                    "core.md 2.2",
                    "Server.java",
                    " || tuning.priority <= message.priority()",
                    " || message.index() == raftLog.lastIndex()"),
            core(
                    "a higher priority outweighs a longer log",
                    "core.md 2.2",
                    "Server.java",
                    "(message.index() > raftLog.lastIndex() || tuning.priority <= message.priority())",
                    "tuning.priority <= message.priority()"),
            core(
                    "one group commits what two must have",
                    "core.md 2.2",
                    "quorum/Majority.java",
                    "return Math.min(committed, secondIndex);",
                    "return committed;"),
            core(
                    "voters without a group are left out of a group commit",
                    "core.md 2.2",
                    "quorum/Majority.java",
                    "return allGrouped ? committed : lowest;",
                    "return committed;"),
            core(
                    "a commit index in a vote is believed without its term",
                    "core.md 2.2",
                    "Server.java",
                    "!raftLog.maybeCommit(commitTerm, index)",
                    "!raftLog.maybeCommit(raftLog.termOrZero(index), index)"),
            core(
                    "a leader takes its commit index from others",
                    "core.md 2.2",
                    "Server.java",
                    "!config.shareCommit || role instanceof Leader ||",
                    "!config.shareCommit ||"),
            core(
                    "a candidate that hears of a committed change goes on",
                    "core.md 2.2",
                    "Server.java",
                    "if (role instanceof Candidate && raftLog.anyConfChange(before + 1, index + 1)) {",
                    "if (role instanceof Candidate && before > index) {"),
            core(
                    "the commit index of a read is believed without its term",
                    "core.md 2.2",
                    "Follower.java",
                    "server.raftLog.maybeCommit(message.term(), message.index());",
                    "server.raftLog.commitTo(Math.min(message.index(), server.raftLog.lastIndex()));"),
            core(
                    "a follower that waits for a snapshot takes appends",
                    "core.md 2.2",
                    "Follower.java",
                    "        if (requestedSnapshot != 0) {\n"
                            + "            sendSnapshotRequest();\n"
                            + "            return StepOutcome.OK;",
                    "        if (requestedSnapshot < 0) {\n"
                            + "            sendSnapshotRequest();\n"
                            + "            return StepOutcome.OK;"),
            core(
                    "a snapshot behind the log is taken for the one that was asked for",
                    "core.md 2.2",
                    "Server.java",
                    "requested > 0 && snapshot.index() >= Math.max(requested, raftLog.lastIndex());",
                    "requested > 0;"),
            core(
                    "a request for a snapshot acknowledges entries that differ",
                    "core.md 2.2",
                    "Replicator.java",
                    "&& raftLog.matches(message.logTerm(), message.rejectHint())",
                    "&& raftLog.lastIndex() >= message.rejectHint()"),
            core(
                    "an append joins one that it does not follow",
                    "core.md 2.2",
                    "Outbox.java",
                    "&& queued.index() + queued.entries().size() == next.index();",
                    ";"),
            core(
                    "joined appends have no limit",
                    "core.md 2.2",
                    "Outbox.java",
                    "Entries.encodedSize(next.entries()) <= maxSize;",
                    "Entries.encodedSize(next.entries()) > 0;"),
            core(
                    "the commit of a configuration change waits for the next message",
                    "core.md 2.1",
                    "Leader.java",
                    " || pendingConfIndex > server.raftLog.applied();",
                    ";"),
            core(
                    "a follower applies what it has not stored",
                    "core.md 2.1",
                    "Server.java",
                    "newRole instanceof Leader ? tuning.maxUnpersistedApply : 0",
                    "tuning.maxUnpersistedApply"),
            core(
                    "more is applied before it is stored than the limit says",
                    "core.md 2.1",
                    "RaftLog.java",
                    "committed - stored <= maxUnpersistedApply ? committed : stored + maxUnpersistedApply",
                    "maxUnpersistedApply > 0 ? committed : Math.min(committed, stored)"),
            core(
                    "entries that were fetched for an earlier leadership are sent",
                    "core.md 2.2",
                    "RawNode.java",
                    "fetch.term() != server.term()",
                    "fetch.term() > server.term()"),
            core(
                    "a window that was opened stays shut",
                    "core.md 2.2",
                    "Replicator.java",
                    "            progress.setPaused(false);\n        }\n        sendRest(to);",
                    "        }\n        sendRest(to);"),
            core(
                    "entries of earlier terms count among the uncommitted bytes",
                    "core.md 2.4",
                    "Leader.java",
                    "entries.get(i).index() > lastIndexAtElection",
                    "entries.get(i).index() > 0"),
            core(
                    "the range of election timeouts is not the configured one",
                    "core.md 2.1",
                    "ElectionTimer.java",
                    "limitTicks = minTicks + random.next(maxTicks - minTicks);",
                    "limitTicks = electionTicks + random.next(electionTicks);"));

    private static final List<Mutant> DRIVER = List.of(
            node(
                    "a node lets its candidate ask for votes before its own is durable",
                    "thesis §3.8",
                    "RaftNode.java",
                    ".votesWaitForStorage(true)",
                    ".votesWaitForStorage(false)"),
            node(
                    "answers leave before the sync",
                    "thesis §10.2.1",
                    "StorageWriter.java",
                    "if (mustSync) {",
                    "if (mustSync && bytes < 0) {"),
            node(
                    "answers without entries leave before the sync",
                    "thesis §10.2.1, trap 5",
                    "StorageWriter.java",
                    "!message.responses().isEmpty() ||",
                    "!message.entries().isEmpty() ||"),
            node(
                    "a snapshot is stored after the state that commits it",
                    "wal.md",
                    "StorageWriter.java",
                    "        // The snapshot first: a hard state that commits its index must not be found without it.\n",
                    "        log.append(group, message.hardState(), List.of());\n"),
            node(
                    "a read is served before its index is applied",
                    "thesis §6.4",
                    "LinearizableReads.java",
                    "boolean reached = confirmed.index() <= applier.lastIndex();",
                    "boolean reached = confirmed.index() >= 0;"),
            node(
                    "the answer to an earlier question serves a read",
                    "thesis §6.4",
                    "PendingReads.java",
                    "if (batch.context().equals(context)) {",
                    "if (batch.context().length() == context.length()) {"),
            node(
                    "a run takes the answers to the questions of an earlier one",
                    "thesis §6.4",
                    "PendingReads.java",
                    "run = ((long) random.next(1 << 30) << 32) ^ random.next(1 << 30);",
                    "run = random.next(1);"),
            node(
                    "a leader whose disk hangs leads on",
                    "wal.md",
                    "Handover.java",
                    "if (!standing.leads() || !writes.diskHangs()) {",
                    "if (!standing.leads() || writes.count() >= 0) {"),
            node(
                    "a leader whose disk hangs tries to hand leadership over and no more",
                    "wal.md",
                    "Handover.java",
                    "            abdicate();\n        } else {",
                    "        } else {"),
            node(
                    "a node campaigns whose disk hangs",
                    "wal.md",
                    "Loop.java",
                    "if (standing.leads() || !writes.diskHangs()) {",
                    "if (standing.leads() || ticks.now() > 0) {"),
            node(
                    "heartbeats wait behind appends for a disk that hangs",
                    "wal.md",
                    "Loop.java",
                    "message instanceof Message.Append && !writes.hasRoomForEntries()",
                    "!writes.hasRoom()"));

    static final List<Group> GROUPS = List.of(
            new Group("Durability", Scope.SAFETY, DURABILITY),
            new Group("Votes", Scope.SAFETY, VOTES),
            new Group("Elections", Scope.PROGRESS, ELECTIONS),
            new Group("Logs", Scope.SAFETY, LOGS),
            new Group("Replication", Scope.PROGRESS, REPLICATION),
            new Group("Commit and apply", Scope.SAFETY, COMMIT),
            new Group("Reads and the quorum check", Scope.SAFETY, READS),
            new Group("Leadership transfer", Scope.PROGRESS, TRANSFER),
            new Group("Membership", Scope.SAFETY, MEMBERSHIP),
            new Group("Snapshots", Scope.PROGRESS, SNAPSHOTS),
            new Group("What only raft-rs has", Scope.PROGRESS, RAFT_RS),
            new Group("The node around the core", Scope.NODE, DRIVER));

    /** Not planted: see the reasons. */
    static final List<Survivor> SURVIVORS = List.of();

    static final List<Mutant> ALL =
            GROUPS.stream().flatMap(group -> group.mutants().stream()).toList();

    private Mutants() {}

    static Mutant named(String name) {
        return ALL.stream()
                .filter(mutant -> mutant.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no planted bug: " + name));
    }

    private static Mutant core(String name, String rule, String file, String oldText, String newText) {
        return new Mutant(name, rule, "raft/" + file, oldText, newText);
    }

    private static Mutant node(String name, String rule, String file, String oldText, String newText) {
        return new Mutant(name, rule, "node/" + file, oldText, newText);
    }
}
