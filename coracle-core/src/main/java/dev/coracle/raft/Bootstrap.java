package dev.coracle.raft;

import java.util.ArrayList;
import java.util.List;

/** How a new cluster starts: see {@link RawNode#bootstrap}. */
public final class Bootstrap {
    private Bootstrap() {}

    /**
     * A first member.
     *
     * @param id its id
     * @param context for example its address; comes back with the entry that adds it
     * @param learner whether it gets the log without a vote; voters come before learners
     */
    public record Peer(long id, Bytes context, boolean learner) {
        /** A first voter. */
        public Peer(long id, Bytes context) {
            this(id, context, false);
        }

        ConfChangeType change() {
            return learner ? ConfChangeType.ADD_LEARNER_NODE : ConfChangeType.ADD_NODE;
        }
    }

    static void run(Server server, List<Peer> peers) {
        if (peers.isEmpty()) {
            throw new IllegalArgumentException("must provide at least one peer to Bootstrap");
        }
        if (server.raftLog.lastIndex() != 0) {
            throw new IllegalStateException("can't bootstrap a nonempty Storage");
        }
        server.becomeFollower(1, RawNode.NONE);
        List<Entry> entries = new ArrayList<>(peers.size());
        for (Peer peer : peers) {
            ConfChange change = new ConfChange(0, peer.change(), peer.id(), peer.context());
            entries.add(new Entry(1, entries.size() + 1, EntryType.CONF_CHANGE, server.config.codec.encode(change)));
        }
        // Committed by decree before anybody has stored it: every first member writes the same entries.
        server.raftLog.append(entries);
        server.raftLog.commitTo(entries.size());
        // In force at once, so that the server knows who its peers are and votes; applying them again, which must come
        // before it can campaign, changes nothing.
        for (Peer peer : peers) {
            try {
                server.apply(ConfChangeV2.of(new ConfChangeSingle(peer.change(), peer.id())));
            } catch (InvalidConfChangeException invalid) {
                throw Check.fail("cannot add peer %x: %s", peer.id(), invalid.getMessage());
            }
        }
    }
}
