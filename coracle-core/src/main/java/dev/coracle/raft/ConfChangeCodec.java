package dev.coracle.raft;

/**
 * The bytes of configuration changes, which the core must read and, to leave a joint configuration, write. etcd's and
 * raft-rs's dialects differ here, so the cluster's is part of the core's configuration.
 */
public interface ConfChangeCodec {
    /** The bytes of a change in the older form. */
    byte[] encode(ConfChange change);

    /** The bytes of a change. */
    byte[] encode(ConfChangeV2 change);

    /**
     * Reads the data of an entry of type {@link EntryType#CONF_CHANGE}.
     *
     * @throws MalformedException if the bytes are none
     */
    ConfChange decode(byte[] data) throws MalformedException;

    /**
     * Reads the data of an entry of type {@link EntryType#CONF_CHANGE_V2}.
     *
     * @throws MalformedException if the bytes are none
     */
    ConfChangeV2 decodeV2(byte[] data) throws MalformedException;

    /** Reads either form, by the type of the entry. Absent data is an empty change. */
    default ConfChangeV2 decode(Entry entry) throws MalformedException {
        byte[] data = entry.data() == null ? new byte[0] : entry.data();
        return entry.type() == EntryType.CONF_CHANGE ? decode(data).asV2() : decodeV2(data);
    }

    /** The bytes are no configuration change. The text says why. */
    final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        /** With a reason. */
        public MalformedException(String message) {
            super(message);
        }
    }
}
