package dev.coracle.benchmarks.core;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.MemoryStorage;
import dev.coracle.raft.Message;
import dev.coracle.raft.Message.StorageAppend;
import dev.coracle.raft.Message.StorageApply;
import dev.coracle.raft.Proposal;
import dev.coracle.raft.ProposalOutcome;
import dev.coracle.raft.RaftConfig;
import dev.coracle.raft.RawNode;
import dev.coracle.raft.RoleName;
import dev.coracle.raft.Snapshot;
import dev.coracle.raft.SnapshotMetadata;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.List;

/**
 * Cores that one thread drives by hand, in asynchronous mode as a node does: storage is memory, the network a queue, and
 * everything is done at once and in order. The first member leads.
 *
 * <p>The log is compacted from time to time, so that a run of any length fits into memory.
 */
final class CoreCluster {
    /** How many entries a log has at most: a power of two, at which its array is full. */
    private static final int ENTRIES_KEPT = 1 << 14;

    private final Member[] members;
    private final ArrayDeque<Message> network = new ArrayDeque<>();

    /** Voters 1 to {@code size}. */
    CoreCluster(int size) {
        members = new Member[size];
        ConfState voters = voters(size);
        Arrays.setAll(members, i -> new Member(i + 1L, voters));
        core(0).campaign();
        settle();
        if (core(0).status().softState().role() != RoleName.LEADER) {
            throw new IllegalStateException("nobody was elected");
        }
    }

    private static ConfState voters(int size) {
        Long[] ids = new Long[size];
        Arrays.setAll(ids, i -> i + 1L);
        return ConfState.ofVoters(ids);
    }

    /** The core of a member, counted from 0; that of the leader is the first. */
    RawNode core(int position) {
        return members[position].raw;
    }

    /**
     * Proposes entries and works until all members have committed and applied them.
     *
     * @return the index of the last one
     */
    long propose(List<Entry> entries) {
        Proposal proposal = core(0).propose(entries);
        settle();
        long last = proposal.firstIndex() + entries.size() - 1;
        if (proposal.outcome() != ProposalOutcome.APPENDED || appliedByAll() != last) {
            throw new IllegalStateException("proposed up to " + last + ", applied up to " + appliedByAll());
        }
        if (storedEntries() + entries.size() > ENTRIES_KEPT) {
            for (Member member : members) {
                member.compact();
            }
        }
        return last;
    }

    /** The highest index that all members have applied. */
    long appliedByAll() {
        long applied = Long.MAX_VALUE;
        for (Member member : members) {
            applied = Math.min(applied, member.applied);
        }
        return applied;
    }

    /** How many entries the logs have, all of them as many when nothing is under way. */
    long storedEntries() {
        MemoryStorage log = members[0].storage;
        return log.lastIndex() - log.firstIndex() + 1;
    }

    /** Does all there is to do, and all that follows from it. */
    private void settle() {
        boolean worked = true;
        while (worked) {
            worked = false;
            for (Member member : members) {
                if (member.raw.hasReady()) {
                    handle(member);
                    worked = true;
                }
            }
            while (!network.isEmpty()) {
                Message message = network.remove();
                members[(int) message.to() - 1].raw.step(message);
            }
        }
    }

    private void handle(Member member) {
        List<Message> messages = member.raw.ready().messages();
        for (int i = 0; i < messages.size(); i++) {
            switch (messages.get(i).type()) {
                case STORAGE_APPEND -> deliver(member, member.store((StorageAppend) messages.get(i)));
                case STORAGE_APPLY -> deliver(member, member.apply((StorageApply) messages.get(i)));
                default -> network.add(messages.get(i));
            }
        }
    }

    private void deliver(Member from, List<Message> answers) {
        for (int i = 0; i < answers.size(); i++) {
            Message answer = answers.get(i);
            if (answer.to() == from.id) {
                from.raw.step(answer);
            } else {
                network.add(answer);
            }
        }
    }

    private static final class Member {
        private final long id;
        private final MemoryStorage storage = new MemoryStorage();
        private final RawNode raw;
        private long applied;

        Member(long id, ConfState voters) {
            this.id = id;
            storage.applySnapshot(Snapshot.of(new SnapshotMetadata(0, 0, voters)));
            raw = new RawNode(RaftConfig.builder()
                    .id(id)
                    .storage(storage)
                    .codec(EtcdConfChangeCodec.INSTANCE)
                    .random(bound -> 0)
                    .asyncStorageWrites(true)
                    .build());
        }

        List<Message> store(StorageAppend work) {
            if (!work.hardState().isEmpty()) {
                storage.setHardState(work.hardState());
            }
            if (!work.entries().isEmpty()) {
                storage.append(work.entries());
            }
            return work.responses();
        }

        List<Message> apply(StorageApply work) {
            List<Entry> entries = work.entries();
            applied = entries.get(entries.size() - 1).index();
            return work.responses();
        }

        void compact() {
            storage.createSnapshot(applied, null, Bytes.EMPTY);
            storage.compact(applied);
        }
    }
}
