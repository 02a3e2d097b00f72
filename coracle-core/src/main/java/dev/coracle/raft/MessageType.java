package dev.coracle.raft;

/** The kinds of message. Ordinals are the numbers on the wire; each constant has one record in {@link Message}. */
public enum MessageType {
    /** Local: start an election. */
    HUP("MsgHup", true, false),
    /** Local: the leader is to send heartbeats. */
    BEAT("MsgBeat", true, false),
    /** Entries to be appended by the leader. */
    PROPOSE("MsgProp", false, false),
    /** AppendEntries (§5.3). */
    APPEND("MsgApp", false, false),
    /** The answer to it. */
    APPEND_REPLY("MsgAppResp", false, true),
    /** RequestVote (§5.2). */
    VOTE("MsgVote", false, false),
    /** The answer to it. */
    VOTE_REPLY("MsgVoteResp", false, true),
    /** InstallSnapshot (§7). */
    INSTALL_SNAPSHOT("MsgSnap", false, false),
    /** The leader's sign of life, with the commit index and the pending read. */
    HEARTBEAT("MsgHeartbeat", false, false),
    /** The answer to it. */
    HEARTBEAT_REPLY("MsgHeartbeatResp", false, true),
    /** Local: the transport could not deliver to a peer. */
    UNREACHABLE("MsgUnreachable", true, true),
    /** Local: how sending a snapshot to a peer ended. */
    SNAPSHOT_STATUS("MsgSnapStatus", true, false),
    /** Local: the leader is to step down unless it heard from a quorum. */
    CHECK_QUORUM("MsgCheckQuorum", true, false),
    /** Asks the leader to hand leadership to the sender (thesis §3.10). */
    TRANSFER_LEADER("MsgTransferLeader", false, false),
    /** Tells the receiver to start an election at once (thesis §3.10). */
    TIMEOUT_NOW("MsgTimeoutNow", false, false),
    /** Asks the leader for a read index (thesis §6.4). */
    READ_INDEX("MsgReadIndex", false, false),
    /** The answer to it. */
    READ_INDEX_REPLY("MsgReadIndexResp", false, true),
    /** Asks whether the receiver would grant a vote (thesis §9.6). */
    PRE_VOTE("MsgPreVote", false, false),
    /** The answer to it. */
    PRE_VOTE_REPLY("MsgPreVoteResp", false, true),
    /** To the storage thread: make this durable. */
    STORAGE_APPEND("MsgStorageAppend", true, false),
    /** From the storage thread: it is. */
    STORAGE_APPEND_REPLY("MsgStorageAppendResp", true, true),
    /** To the apply thread: apply these entries. */
    STORAGE_APPLY("MsgStorageApply", true, false),
    /** From the apply thread: they are applied. */
    STORAGE_APPLY_REPLY("MsgStorageApplyResp", true, true),
    /** Makes a follower forget its leader, so that it may vote before the lease ends. */
    FORGET_LEADER("MsgForgetLeader", false, false);

    private final String etcdName;
    private final boolean local;
    private final boolean response;

    MessageType(String etcdName, boolean local, boolean response) {
        this.etcdName = etcdName;
        this.local = local;
        this.response = response;
    }

    /** The name that etcd prints. */
    public String etcdName() {
        return etcdName;
    }

    /** Tells whether it never comes from another node. */
    public boolean isLocal() {
        return local;
    }

    /** Tells whether it answers another message, and is therefore refused from unknown senders. */
    public boolean isResponse() {
        return response;
    }
}
