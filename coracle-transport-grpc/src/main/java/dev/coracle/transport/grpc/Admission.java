package dev.coracle.transport.grpc;

/**
 * Decides who may talk to this node, after the transport has compared version, cluster, group and receiver. Any thread
 * may call, also one of the network's: an answer must not wait for anything.
 */
public interface Admission {
    /** Lets everybody in whose handshake fits. */
    Admission OPEN = new Admission() {};

    /** A node opens a stream to this one. A place to compare its incarnation and its certificate with what is known. */
    default Verdict admit(Handshake handshake, Connection connection) {
        return Verdict.ACCEPTED;
    }

    /** A node to which this one opened a stream has accepted it and told its incarnation. */
    default Verdict admitReceiver(long node, long incarnation) {
        return Verdict.ACCEPTED;
    }

    /**
     * A single request arrived, or a message of raftify's service.
     *
     * @param from the id that the caller claims, or 0 if it claims none
     */
    default Verdict admitCall(long from, Connection connection) {
        return Verdict.ACCEPTED;
    }
}
