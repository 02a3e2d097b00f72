package dev.coracle;

import dev.coracle.node.Transport;

/** What a member needs of a network: the node's transport, and single requests beside it. Part of a {@link World}. */
public interface Network extends Caller {
    /** What carries the node's messages. */
    Transport transport();

    /** The address that was bound, {@code host:port}. */
    String boundAddress();

    /** Sets what this node tells the others of where it listens. */
    void advertise(String address);
}
