package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Message.InstallSnapshot;
import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageApply;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * Five servers under everything that may happen to them: messages lost, doubled and out of order, crashes that lose
 * what was not stored, slow disks, changes of the configuration, transfers, compaction, reads. After each step the
 * safety properties of Figure 3 are checked; when the trouble ends, the cluster must come to an agreement. Odd seeds
 * store and apply synchronously, even ones asynchronously.
 */
class RandomClusterTest {
    private static final int SEEDS = 200;
    private static final int STEPS = 2000;
    private static final int SERVERS = 5;

    @Test
    void staysSafeUnderAnyTroubleAndAgreesAfterIt() {
        long first = Long.getLong("coracle.seed", 1);
        System.out.printf("RandomClusterTest seeds %d to %d%n", first, first + SEEDS - 1);
        int applied = 0;
        int reads = 0;
        int snapshots = 0;
        for (long seed = first; seed < first + SEEDS; seed++) {
            Cluster cluster = new Cluster(seed, seed % 2 == 0);
            try {
                cluster.run();
            } catch (RuntimeException | AssertionError broken) {
                throw new AssertionError("seed " + seed + ", step " + cluster.step, broken);
            }
            applied += cluster.committed.size();
            reads += cluster.readsAnswered;
            snapshots += cluster.snapshotsRestored;
        }
        assertThat(applied).as("something happened").isGreaterThan(20 * SEEDS);
        assertThat(reads).isGreaterThan(SEEDS);
        assertThat(snapshots).isGreaterThan(SEEDS / 10);
    }

    /** What is known to be committed at an index, and in which term it was at the latest. */
    private record Committed(Entry entry, long stateHash, long knownInTerm) {}

    private static final class Cluster {
        private final Random random;
        private final boolean async;
        private final boolean preVote;
        private final boolean checkQuorum;
        private final Map<Long, Server> servers = new TreeMap<>();
        private final List<Message> flying = new ArrayList<>();

        /** By index, from 1. */
        private final List<Committed> committed = new ArrayList<>();

        private final Map<Long, Long> leaderOfTerm = new HashMap<>();
        private final Map<Long, Long> commitAtRead = new HashMap<>();
        private boolean inTrouble = true;
        private int proposals;
        private int readsAnswered;
        private int snapshotsRestored;
        private int step;

        Cluster(long seed, boolean async) {
            this.random = new Random(seed);
            this.async = async;
            preVote = random.nextBoolean();
            checkQuorum = random.nextBoolean();
            committed.add(new Committed(new Entry(1, 1, EntryType.NORMAL, null), 0, 1));
            for (long id = 1; id <= SERVERS; id++) {
                servers.put(id, new Server(id, id <= 3 ? firstMember() : new MemoryStorage()));
            }
        }

        /** Behind a snapshot, so that who joins must get the first members by it: they are in no entry. */
        private static MemoryStorage firstMember() {
            MemoryStorage disk = new MemoryStorage();
            disk.applySnapshot(Snapshot.of(new SnapshotMetadata(1, 1, ConfState.ofVoters(1L, 2L, 3L))));
            disk.setHardState(new HardState(1, RawNode.NONE, 1));
            return disk;
        }

        void run() {
            for (step = 0; step < STEPS; step++) {
                Server server = servers.get(1L + random.nextInt(SERVERS));
                act(server);
                checkAll();
                if (step % 100 == 0) {
                    checkLogMatching();
                }
            }
            agree();
            checkLogMatching();
        }

        private void act(Server server) {
            int choice = random.nextInt(100);
            if (server.raw == null) {
                if (choice < 30) {
                    server.start();
                }
            } else if (choice < 30) {
                deliver();
                deliver();
            } else if (choice < 50) {
                server.raw.tick();
            } else if (choice < 85) {
                server.work(random.nextInt(3));
                server.work(random.nextInt(3));
            } else if (choice < 90) {
                server.raw.propose(data());
            } else if (choice < 92) {
                server.read();
            } else if (choice < 94) {
                server.raw.proposeConfChange(change());
            } else if (choice < 96) {
                server.compact();
            } else if (choice < 97) {
                server.raw.transferLeader(1 + random.nextInt(SERVERS));
            } else if (choice < 98) {
                server.crash();
            } else {
                server.trouble();
            }
        }

        private byte[] data() {
            return ByteBuffer.allocate(Long.BYTES).putLong(++proposals).array();
        }

        private ConfChangeV2 change() {
            List<ConfChangeSingle> singles = new ArrayList<>();
            for (int i = random.nextInt(3); i >= 0; i--) {
                ConfChangeType type = ConfChangeType.values()[random.nextInt(ConfChangeType.values().length)];
                singles.add(new ConfChangeSingle(type, 1 + random.nextInt(SERVERS)));
            }
            int kind = random.nextInt(10);
            // Mostly automatic, sometimes joint though it need not be.
            ConfChangeTransition transition = ConfChangeTransition.values()[Math.max(0, kind - 7)];
            return kind == 0 ? ConfChangeV2.LEAVE_JOINT : new ConfChangeV2(transition, singles, Bytes.EMPTY);
        }

        private void deliver() {
            if (flying.isEmpty()) {
                return;
            }
            int position = random.nextInt(flying.size());
            Message message = flying.get(position);
            int fate = random.nextInt(100);
            boolean lost = fate < 5;
            boolean comesAgain = fate >= 95;
            if (!lost) {
                servers.get(message.to()).receive(message);
            }
            if (!comesAgain) {
                flying.set(position, flying.get(flying.size() - 1));
                flying.remove(flying.size() - 1);
            }
            Server sender = servers.get(message.from());
            if (message instanceof InstallSnapshot && sender.raw != null) {
                sender.raw.reportSnapshot(message.to(), lost);
            }
        }

        // ---- Figure 3

        private void checkAll() {
            for (Server server : servers.values()) {
                server.check();
            }
        }

        private void electionSafety(long term, long leader) {
            Long other = leaderOfTerm.putIfAbsent(term, leader);
            if (other == null) {
                leaderCompleteness(servers.get(leader).raw);
            } else {
                assertThat(leader).as("leader of term %d", term).isEqualTo(other);
            }
        }

        /** What was committed in an earlier term is in the log of each later leader. */
        private void leaderCompleteness(RawNode leader) {
            RaftLog log = leader.server.raftLog;
            for (int i = committed.size(); i > 0; i--) {
                Committed known = committed.get(i - 1);
                if (known.knownInTerm() < leader.server.term() && i >= log.firstIndex()) {
                    assertThat(log.term(i))
                            .as("index %d in the log of the leader of term %d", i, leader.server.term())
                            .isEqualTo(known.entry().term());
                }
            }
        }

        /** The entry of an index is applied only after those before it, and is the same everywhere. */
        private void stateMachineSafety(Entry entry, long stateHash, long term) {
            int index = (int) entry.index();
            if (index == committed.size() + 1) {
                committed.add(new Committed(entry, stateHash, term));
            }
            assertThat(index).as("applied out of order").isLessThanOrEqualTo(committed.size());
            assertThat(entry).isEqualTo(committed.get(index - 1).entry());
            assertThat(stateHash).isEqualTo(committed.get(index - 1).stateHash());
        }

        private void checkLogMatching() {
            List<RaftLog> logs = new ArrayList<>();
            for (Server server : servers.values()) {
                if (server.raw != null) {
                    logs.add(server.raw.server.raftLog);
                }
            }
            for (RaftLog one : logs) {
                for (RaftLog other : logs) {
                    logMatching(one, other);
                }
            }
        }

        /** If two logs have an entry of the same index and term, they are the same up to it. */
        private static void logMatching(RaftLog one, RaftLog other) {
            long first = Math.max(one.firstIndex(), other.firstIndex());
            boolean equal = false;
            for (long i = Math.min(one.lastIndex(), other.lastIndex()); i >= first; i--) {
                if (one.term(i) == other.term(i)) {
                    equal = true;
                    assertThat(entry(one, i)).isEqualTo(entry(other, i));
                } else {
                    assertThat(equal)
                            .as("logs differ at %d and agree behind it", i)
                            .isFalse();
                }
            }
        }

        private static Entry entry(RaftLog log, long index) {
            try {
                return log.slice(index, index + 1, 0).get(0);
            } catch (Storage.CompactedException compacted) {
                throw new IllegalStateException(compacted);
            }
        }

        // ---- the end of the trouble

        /** All that are members are up and nothing is lost: a proposal must be applied by each of them. */
        private void agree() {
            inTrouble = false;
            for (Server server : servers.values()) {
                if (server.raw == null) {
                    server.start();
                }
            }
            for (int round = 0; round < 400; round++) {
                for (Server server : servers.values()) {
                    server.raw.tick();
                    server.workThrough();
                }
                for (int i = 0; i < 20 && !flying.isEmpty(); i++) {
                    List<Message> now = new ArrayList<>(flying);
                    flying.clear();
                    for (Message message : now) {
                        servers.get(message.to()).receive(message);
                        if (message instanceof InstallSnapshot) {
                            servers.get(message.from()).raw.reportSnapshot(message.to(), false);
                        }
                    }
                    servers.values().forEach(Server::workThrough);
                }
                checkAll();
                Server leader = newestLeader();
                if (leader != null
                        && round > 100
                        && leader.raw.status().configuration().isJoint()) {
                    leader.raw.proposeConfChange(ConfChangeV2.LEAVE_JOINT);
                }
                if (leader != null && round > 100 && round % 20 == 0) {
                    leader.raw.propose(data());
                    // A snapshot from before a member was added does not know it, and the member refuses it.
                    leader.compact();
                }
                if (leader != null && round > 200 && agreed(leader)) {
                    return;
                }
            }
            throw new AssertionError("no agreement: " + servers.values());
        }

        private @Nullable Server newestLeader() {
            Server newest = null;
            for (Server server : servers.values()) {
                boolean leads = server.raw.status().softState().role() == RoleName.LEADER;
                if (leads && (newest == null || server.raw.server.term() > newest.raw.server.term())) {
                    newest = server;
                }
            }
            return newest;
        }

        private boolean agreed(Server leader) {
            ConfState members = leader.raw.status().configuration();
            for (Server server : servers.values()) {
                if (members.contains(server.id) && server.applied != leader.raw.server.raftLog.lastIndex()) {
                    return false;
                }
            }
            return !members.isJoint();
        }

        /** A server with its disk, which survives, and its state machine, which begins anew from the last snapshot. */
        private final class Server {
            private final long id;
            private final MemoryStorage disk;
            private @Nullable RawNode raw;
            private final Deque<StorageAppend> writing = new ArrayDeque<>();
            private final Deque<StorageApply> applying = new ArrayDeque<>();
            private long applied;
            private long stateHash;
            private ConfState appliedMembers = ConfState.EMPTY;

            /** The core's configuration is at least that of this index: older changes are not its business any more. */
            private long restoredIndex;

            private HardState lastHardState = HardState.EMPTY;

            Server(long id, MemoryStorage disk) {
                this.id = id;
                this.disk = disk;
                start();
            }

            void start() {
                Snapshot snapshot = disk.snapshot();
                applied = snapshot == null ? 0 : snapshot.index();
                stateHash = snapshot == null ? 0 : hash(snapshot);
                appliedMembers = disk.initialState().confState();
                restoredIndex = 0;
                RaftObserver observer = new RaftObserver() {
                    @Override
                    public void onSnapshotRestored(long index, long term) {
                        restoredIndex = index;
                        snapshotsRestored++;
                    }
                };
                raw = new RawNode(RaftConfig.builder()
                        .id(id)
                        .electionTicks(10)
                        .heartbeatTicks(2)
                        .storage(disk)
                        .codec(new TextCodec())
                        .random(random::nextInt)
                        .applied(applied)
                        .asyncStorageWrites(async)
                        .maxSizePerMessage(random.nextInt(3) * 50L)
                        .maxInflightMessages(1 + random.nextInt(4))
                        .preVote(preVote)
                        .checkQuorum(checkQuorum)
                        .stepDownOnRemoval(random.nextBoolean())
                        .observer(observer)
                        .build());
                lastHardState = raw.server.hardState();
                assertThat(lastHardState).isEqualTo(disk.hardState());
            }

            void crash() {
                raw = null;
                writing.clear();
                applying.clear();
            }

            void receive(Message message) {
                if (raw != null) {
                    raw.step(message);
                }
            }

            void read() {
                long request = commitAtRead.size();
                commitAtRead.put(request, (long) committed.size());
                raw.readIndex(Bytes.of(
                        ByteBuffer.allocate(Long.BYTES).putLong(request).array()));
            }

            void trouble() {
                switch (random.nextInt(4)) {
                    case 0 -> raw.campaign();
                    case 1 -> raw.reportUnreachable(1 + random.nextInt(SERVERS));
                    case 2 -> raw.forgetLeader();
                    default -> flying.removeIf(message -> message.to() == id);
                }
            }

            void compact() {
                // Not beyond what a restart would know to be committed, nor what the core knows to be applied.
                long index = Math.min(
                        applied,
                        Math.min(raw.status().applied(), disk.hardState().commit()));
                if (index == applied && index > disk.firstIndex()) {
                    byte[] data =
                            ByteBuffer.allocate(Long.BYTES).putLong(stateHash).array();
                    disk.createSnapshot(index, appliedMembers, Bytes.of(data));
                    disk.compact(index - random.nextInt(3));
                }
            }

            void workThrough() {
                while (raw.hasReady() || !writing.isEmpty() || !applying.isEmpty()) {
                    work(0);
                    work(1);
                    work(2);
                }
            }

            void work(int kind) {
                if (kind == 0 && raw.hasReady()) {
                    handleReady();
                } else if (kind == 1 && !writing.isEmpty()) {
                    StorageAppend append = writing.remove();
                    store(append.hardState(), append.snapshot(), append.entries());
                    append.responses().forEach(this::post);
                } else if (kind == 2 && !applying.isEmpty()) {
                    StorageApply apply = applying.remove();
                    apply.entries().forEach(this::apply);
                    apply.responses().forEach(this::post);
                }
            }

            private void handleReady() {
                Ready ready = raw.ready();
                for (ReadState read : ready.readStates()) {
                    long request = ByteBuffer.wrap(read.context().array()).getLong();
                    assertThat(read.index())
                            .as("read %d is answered by what was committed when it was asked", request)
                            .isGreaterThanOrEqualTo(commitAtRead.get(request));
                    readsAnswered++;
                }
                if (async) {
                    ready.messages().forEach(this::post);
                    return;
                }
                if (inTrouble && random.nextInt(50) == 0) {
                    // Some of it was written, none of it sent.
                    if (random.nextBoolean()) {
                        store(ready.hardState(), ready.snapshot(), ready.entries());
                    }
                    crash();
                    start();
                    return;
                }
                store(ready.hardState(), ready.snapshot(), ready.entries());
                ready.messages().forEach(this::post);
                ready.committedEntries().forEach(this::apply);
                raw.advance();
            }

            private void post(Message message) {
                if (message instanceof StorageAppend append) {
                    writing.add(append);
                } else if (message instanceof StorageApply apply) {
                    applying.add(apply);
                } else if (message.to() == id) {
                    raw.step(message);
                } else if (message.to() <= SERVERS) {
                    flying.add(message);
                }
            }

            private void store(HardState hardState, Snapshot snapshot, List<Entry> entries) {
                if (!hardState.isEmpty()) {
                    disk.setHardState(hardState);
                }
                if (!snapshot.isEmpty() && disk.applySnapshot(snapshot)) {
                    install(snapshot);
                }
                disk.append(entries);
            }

            private void install(Snapshot snapshot) {
                if (snapshot.index() > applied) {
                    applied = snapshot.index();
                    stateHash = hash(snapshot);
                    appliedMembers = snapshot.metadata().confState();
                    assertThat(stateHash)
                            .isEqualTo(committed.get((int) applied - 1).stateHash());
                }
            }

            private long hash(Snapshot snapshot) {
                return snapshot.data().isEmpty()
                        ? 0
                        : ByteBuffer.wrap(snapshot.data().array()).getLong();
            }

            private void apply(Entry entry) {
                if (entry.index() <= applied) {
                    // Handed out before a snapshot that is installed by now.
                    return;
                }
                assertThat(entry.index()).isEqualTo(applied + 1);
                applied = entry.index();
                stateHash = 31 * stateHash + entry.hashCode();
                stateMachineSafety(entry, stateHash, raw.server.term());
                if (entry.type() != EntryType.NORMAL && entry.index() > restoredIndex) {
                    try {
                        appliedMembers = raw.applyConfChange(new TextCodec().decode(entry));
                    } catch (InvalidConfChangeException refused) {
                        // By all servers alike, for they have the same configuration at this index.
                        appliedMembers = raw.status().configuration();
                    } catch (ConfChangeCodec.MalformedException malformed) {
                        throw new IllegalStateException(malformed);
                    }
                }
            }

            void check() {
                if (raw == null) {
                    return;
                }
                raw.checkInvariants();
                HardState now = raw.server.hardState();
                assertThat(now.term()).as("term").isGreaterThanOrEqualTo(lastHardState.term());
                assertThat(now.commit()).as("commit").isGreaterThanOrEqualTo(lastHardState.commit());
                if (now.term() == lastHardState.term() && lastHardState.vote() != RawNode.NONE) {
                    assertThat(now.vote()).as("vote in term %d", now.term()).isEqualTo(lastHardState.vote());
                }
                lastHardState = now;
                Leader leading = raw.server.leading();
                if (leading != null) {
                    electionSafety(now.term(), id);
                }
            }

            @Override
            public String toString() {
                return raw == null
                        ? id + " down"
                        : raw.status().toJson() + " " + raw.status().configuration();
            }
        }
    }
}
