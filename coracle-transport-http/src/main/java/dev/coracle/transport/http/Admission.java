package dev.coracle.transport.http;

import org.jspecify.annotations.Nullable;

/**
 * Decides who may talk to this node, after the transport has compared what the protocol names. A place to compare the
 * certificate with the id that is claimed. Called by the network's thread: an answer must not wait for anything.
 */
@FunctionalInterface
public interface Admission {
    /** Lets everybody in. */
    Admission OPEN = (node, connection) -> null;

    /** Why a caller that claims to be {@code node} may not talk to this one; {@code null} if it may. */
    @Nullable
    String refusal(long node, Connection connection);
}
