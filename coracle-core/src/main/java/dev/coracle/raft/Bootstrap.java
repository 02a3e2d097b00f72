package dev.coracle.raft;

/** How a new cluster starts: see {@link RawNode#bootstrap}. */
public final class Bootstrap {
    private Bootstrap() {}

    /** A first member. The context, for example its address, comes back with the entry that adds it. */
    public record Peer(long id, Bytes context) {}
}
