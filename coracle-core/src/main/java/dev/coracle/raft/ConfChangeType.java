package dev.coracle.raft;

/** What a single change does to a node. Numbers on the wire differ by dialect and are the codec's matter. */
public enum ConfChangeType {
    /** Makes it a voter. */
    ADD_NODE("ConfChangeAddNode", 'v'),
    /** Removes it, voter or learner. */
    REMOVE_NODE("ConfChangeRemoveNode", 'r'),
    /** Changes nothing in the configuration; carries a context, for example a new address. etcd only. */
    UPDATE_NODE("ConfChangeUpdateNode", 'u'),
    /** Makes it a learner, also a voter that is demoted. */
    ADD_LEARNER_NODE("ConfChangeAddLearnerNode", 'l');

    private final String etcdName;
    private final char letter;

    ConfChangeType(String etcdName, char letter) {
        this.etcdName = etcdName;
        this.letter = letter;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }

    /** The letter that stands for it in scripts and in printed entries. */
    public char letter() {
        return letter;
    }
}
