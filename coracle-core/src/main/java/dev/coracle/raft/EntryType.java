package dev.coracle.raft;

/** What an entry's data is. Ordinals are the numbers on the wire. */
public enum EntryType {
    /** The application's bytes, or nothing (the first entry of a leader's term). */
    NORMAL("EntryNormal"),
    /** A {@link ConfChange}: one change at a time. */
    CONF_CHANGE("EntryConfChange"),
    /** A {@link ConfChangeV2}: any number of changes, through a joint configuration where needed. */
    CONF_CHANGE_V2("EntryConfChangeV2");

    private final String etcdName;

    EntryType(String etcdName) {
        this.etcdName = etcdName;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }
}
