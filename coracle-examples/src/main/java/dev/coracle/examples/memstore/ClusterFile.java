package dev.coracle.examples.memstore;

import dev.coracle.Member;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** {@code cluster_config.toml}, the file that lists the first members of a static cluster. */
final class ClusterFile {
    private ClusterFile() {}

    /** Reads the members, in the order of the file; ids and addresses differ, one at least votes, one at most leads. */
    static List<Member> read(Path file) throws ConfigException {
        TomlTable raft = TomlTable.read(file, "raft").table("raft", "peers");
        List<TomlTable> peers = raft == null ? List.of() : raft.tables("peers", "ip", "port", "node_id", "role");
        if (peers.isEmpty()) {
            throw new ConfigException(
                    file + ": raft.peers: is missing, there must be a [[raft.peers]] for each member");
        }
        List<Member> members = new ArrayList<>();
        Set<Long> ids = new HashSet<>();
        Set<String> addresses = new HashSet<>();
        boolean led = false;
        for (TomlTable peer : peers) {
            Member member = member(peer);
            if (!ids.add(member.id())) {
                throw peer.bad("node_id", "is there twice, the ids of members must differ");
            }
            if (!addresses.add(member.address())) {
                throw peer.bad("port", "makes " + member.address() + ", which is there twice, addresses must differ");
            }
            if (led && member.role() == Member.Role.LEADER) {
                throw peer.bad("role", "is there twice, at most one member may have it");
            }
            led |= member.role() == Member.Role.LEADER;
            members.add(member);
        }
        if (members.stream().allMatch(member -> member.role() == Member.Role.LEARNER)) {
            throw new ConfigException(file + ": raft.peers: all are learners, at least one must be a voter or leader");
        }
        return List.copyOf(members);
    }

    private static Member member(TomlTable peer) throws ConfigException {
        String ip = peer.text("ip");
        if (!HostPort.isIp(ip)) {
            throw peer.bad("ip", "must be an IPv4 or IPv6 address");
        }
        int port = (int) peer.integer("port", 1, 65_535);
        long id = peer.integer("node_id", 1, Long.MAX_VALUE);
        Member.Role role = switch (peer.text("role").toLowerCase(Locale.ROOT)) {
            case "leader" -> Member.Role.LEADER;
            case "voter" -> Member.Role.VOTER;
            case "learner" -> Member.Role.LEARNER;
            default -> throw peer.bad("role", "must be leader, voter or learner");
        };
        return new Member(id, new HostPort(ip, port).toString(), role);
    }
}
