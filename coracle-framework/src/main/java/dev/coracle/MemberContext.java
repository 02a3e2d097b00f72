package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeV2;
import java.util.List;
import java.util.SortedMap;

/** What the context of a configuration change says in a native cluster: an address and an incarnation for each change. */
final class MemberContext {
    private static final int VERSION = 1;

    private MemberContext() {}

    static Bytes encode(Tables.Known... known) {
        return encode(List.of(known));
    }

    static Bytes encode(List<Tables.Known> known) {
        ByteWriter out = new ByteWriter().int8(VERSION).int32(known.size());
        for (Tables.Known each : known) {
            out.text(each.address()).int64(each.incarnation());
        }
        return Bytes.of(out.toByteArray());
    }

    /** What a change says of the members that it names; empty for a change that says nothing. */
    static SortedMap<Long, Tables.Known> decode(ConfChangeV2 change) throws MalformedException {
        SortedMap<Long, Tables.Known> news = ClusterFile.byId();
        if (change.context().isEmpty()) {
            return news;
        }
        ByteReader in = new ByteReader(change.context().array());
        int version = in.int8("version");
        ByteReader.require(version == VERSION, "version", version + " is not known here, update this node");
        int count = in.count("members", 12);
        int changes = change.changes().size();
        ByteReader.require(count == changes, "members", count + " must be one for each of " + changes + " changes");
        for (int i = 0; i < count; i++) {
            news.put(change.changes().get(i).nodeId(), new Tables.Known(in.text("address"), in.int64("incarnation")));
        }
        in.end("context");
        return news;
    }
}
