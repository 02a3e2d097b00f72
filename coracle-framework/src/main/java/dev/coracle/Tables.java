package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.raft.ConfState;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The framework's part of the replicated state: who is a member where, who was removed, and which ids are taken.
 * Immutable; every member has the same at the same index. It heads every snapshot, so that addresses outlive the entries
 * that carried them.
 *
 * <p>The removed ids stay for ever, eight bytes each, because a node may call that was switched off when it was removed.
 *
 * @param members what is known of each member, ascending by unsigned id
 * @param removed the ids of those that are members no more
 * @param nextId the next id that is free: above every id that ever was a member's or was reserved
 */
record Tables(SortedMap<Long, Known> members, SortedSet<Long> removed, long nextId) {
    /** Before the first entry. */
    static final Tables EMPTY = new Tables(ClusterFile.byId(), ids(), 1);

    private static final int VERSION = 1;

    /**
     * What is known of a member.
     *
     * @param address where it listens; empty if that is not known
     * @param incarnation the identity of its data directory, 0 if it is not known yet
     */
    record Known(String address, long incarnation) {
        static final Known NOTHING = new Known("", 0);

        /** This, with what is new; an incarnation that is known stays. */
        Known updated(String newAddress, long newIncarnation) {
            return new Known(
                    newAddress.isEmpty() ? address : newAddress, incarnation == 0 ? newIncarnation : incarnation);
        }
    }

    Tables {
        members = Collections.unmodifiableSortedMap(members);
        removed = Collections.unmodifiableSortedSet(removed);
    }

    /** Before the first entry that is read now, after what a directory remembers. */
    static Tables after(ClusterFile.Past past) {
        return new Tables(ClusterFile.byId(), past.removed(), past.nextId());
    }

    /** What of this is over. */
    ClusterFile.Past past() {
        return new ClusterFile.Past(removed, nextId);
    }

    private static SortedSet<Long> ids() {
        return new TreeSet<>(Long::compareUnsigned);
    }

    /** What is known of a member; null if it is none. */
    @Nullable
    Known member(long id) {
        return members.get(id);
    }

    /** After an id was given away. */
    Tables withReserved() {
        return new Tables(members, removed, nextId + 1);
    }

    /** After news of a member; nothing changes for who is none. */
    Tables withKnown(long id, String address, long incarnation) {
        Known known = members.get(id);
        if (known == null) {
            return this;
        }
        SortedMap<Long, Known> changed = ClusterFile.byId();
        changed.putAll(members);
        changed.put(id, known.updated(address, incarnation));
        return new Tables(changed, removed, nextId);
    }

    /**
     * After a configuration took effect.
     *
     * @param news what its change said of members, by id
     */
    Tables withConfiguration(ConfState configuration, SortedMap<Long, Known> news) {
        SortedMap<Long, Known> now = ClusterFile.byId();
        SortedSet<Long> gone = ids();
        gone.addAll(removed);
        gone.addAll(members.keySet());
        long next = nextId;
        SortedSet<Long> all = ids();
        all.addAll(configuration.voters());
        all.addAll(configuration.votersOutgoing());
        all.addAll(configuration.learners());
        all.addAll(configuration.learnersNext());
        for (long id : all) {
            Known known = members.getOrDefault(id, Known.NOTHING);
            Known heard = news.getOrDefault(id, Known.NOTHING);
            now.put(id, known.updated(heard.address(), heard.incarnation()));
            gone.remove(id);
            next = Long.compareUnsigned(id, next) >= 0 ? id + 1 : next;
        }
        return new Tables(now, gone, next);
    }

    byte[] encode() {
        ByteWriter out = new ByteWriter().int8(VERSION).int64(nextId).int32(members.size());
        members.forEach((id, known) -> out.int64(id).text(known.address).int64(known.incarnation));
        out.int32(removed.size());
        removed.forEach(out::int64);
        return out.toByteArray();
    }

    static Tables decode(byte[] bytes) throws MalformedException {
        ByteReader in = new ByteReader(bytes);
        int version = in.int8("version");
        ByteReader.require(version == VERSION, "version", version + " is not known here, update this node");
        long nextId = in.int64("nextId");
        SortedMap<Long, Known> members = ClusterFile.byId();
        for (int i = in.count("members", 20); i > 0; i--) {
            members.put(in.int64("id"), new Known(in.text("address"), in.int64("incarnation")));
        }
        SortedSet<Long> removed = ids();
        for (int i = in.count("removed", 8); i > 0; i--) {
            removed.add(in.int64("id"));
        }
        in.end("tables");
        return new Tables(members, removed, nextId);
    }
}
