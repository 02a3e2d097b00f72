package dev.coracle.raft;

import dev.coracle.raft.SmallWorldServer.Start;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * One state of one server, as the search keeps it: what the properties need to see, and the way to it. The core itself is
 * not kept and not copied: it is a function of its inputs, and is brought to this state again by repeating them since the
 * server started.
 */
record SmallWorldCore(
        long id,
        Start start,
        @Nullable SmallWorldCore before,
        @Nullable SmallWorldInput input,
        SmallWorldDigest.Value digest,
        RoleName role,
        HardState state,
        SmallWorldLog log,
        SmallWorldDisk disk,
        SmallWorldDisk durable,
        long ledTerms,
        int writesUnderWay,
        int applicationsUnderWay,
        int inputsTaken,
        boolean hasUnsynced) {
    /** What {@code server} is now, after {@code input} in the state {@code before}. */
    static SmallWorldCore of(
            SmallWorldServer server,
            long id,
            Start start,
            @Nullable SmallWorldCore before,
            @Nullable SmallWorldInput input,
            SmallWorldDigest digest) {
        return new SmallWorldCore(
                id,
                start,
                before,
                input,
                server.digest(digest),
                server.server().role().name(),
                server.server().hardState(),
                SmallWorldLog.of(server.server().raftLog),
                server.disk(),
                server.durable(),
                server.allLedTerms(),
                server.writesUnderWay(),
                server.applicationsUnderWay(),
                server.inputsTaken(),
                !server.disk().equals(server.durable()));
    }

    /** A server at work in this state. */
    SmallWorldServer revive(SmallWorld world) {
        Deque<SmallWorldInput> inputs = new ArrayDeque<>();
        for (SmallWorldCore core = this; core.input != null && core.before != null; core = core.before) {
            inputs.push(core.input);
        }
        SmallWorldServer server = new SmallWorldServer(world, id, start);
        inputs.forEach(server::take);
        return server;
    }

    boolean leads() {
        return role == RoleName.LEADER;
    }

    @Override
    public String toString() {
        return "server " + id + ": " + role + " " + Describe.hardState(state) + ", log " + log + ", disk "
                + Describe.hardState(disk.hardState()) + " " + disk.log()
                + (writesUnderWay > 0 ? ", " + writesUnderWay + " writes under way" : "");
    }
}
