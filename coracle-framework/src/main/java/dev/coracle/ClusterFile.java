package dev.coracle;

import dev.coracle.codec.Dialect;
import dev.coracle.node.Disk;
import dev.coracle.node.DiskFile;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * What a data directory is: a node of a cluster, with an id and an incarnation. A small text file, {@code cluster}, lines
 * of {@code key=value} with a checksum in the last one, replaced as a whole. Immutable.
 *
 * @param dialect whose bytes the cluster speaks, from its creation and for good
 * @param clusterId the cluster, not 0
 * @param clusterName the cluster's name
 * @param id the node's id
 * @param incarnation the directory's identity, random, not 0
 * @param state how far the node is
 * @param address the address that the node had last
 * @param firstMembers the members with which the cluster began, if this node was one of them; else empty. In a cluster
 *     of raft-rs's dialect: those whose configuration this node began with, which are those of its ticket if it joined
 * @param peers where members were last known to listen, by id: hints for the time before the log is read
 * @param confirmed the incarnations that this node confirmed of others, by id: promises never to accept another
 * @param past who was a member once, in a cluster of raft-rs's dialect, whose snapshots do not say it
 */
record ClusterFile(
        Dialect dialect,
        long clusterId,
        String clusterName,
        long id,
        long incarnation,
        State state,
        String address,
        List<Member> firstMembers,
        SortedMap<Long, String> peers,
        SortedMap<Long, Long> confirmed,
        Past past) {
    /**
     * What is over and is not to be forgotten.
     *
     * @param removed the ids of those that are members no more
     * @param nextId an id above every one that ever was a member's, as far as this node heard; at least 1
     */
    record Past(SortedSet<Long> removed, long nextId) {
        static final Past NONE = new Past(Collections.emptySortedSet(), 1);

        Past {
            SortedSet<Long> sorted = new TreeSet<>(Long::compareUnsigned);
            sorted.addAll(removed);
            removed = Collections.unmodifiableSortedSet(sorted);
        }
    }

    /** How far a node is. */
    enum State {
        /** It never took part: it has not voted, and has no log that counts. */
        NEW,
        /** It takes part; its own log does not contain it yet. */
        JOINING,
        /** It is a member. */
        MEMBER,
        /** It has left, or was removed. */
        LEFT
    }

    static final String NAME = "cluster";

    private static final String TEMPORARY = NAME + ".tmp";
    private static final int FORMAT = 1;
    private static final int MOST_BYTES = 16 << 20;

    ClusterFile {
        firstMembers = List.copyOf(firstMembers);
        peers = Collections.unmodifiableSortedMap(peers);
        confirmed = Collections.unmodifiableSortedMap(confirmed);
    }

    /** An empty map by unsigned id. */
    static <T> SortedMap<Long, T> byId() {
        return new TreeMap<>(Long::compareUnsigned);
    }

    ClusterFile withState(State newState) {
        return with(newState, address, peers, confirmed, past);
    }

    ClusterFile withAddress(String newAddress) {
        return with(state, newAddress, peers, confirmed, past);
    }

    ClusterFile withPeers(SortedMap<Long, String> newPeers) {
        return with(state, address, newPeers, confirmed, past);
    }

    ClusterFile withConfirmed(long other, long otherIncarnation) {
        SortedMap<Long, Long> more = byId();
        more.putAll(confirmed);
        more.put(other, otherIncarnation);
        return with(state, address, peers, more, past);
    }

    ClusterFile withPast(Past newPast) {
        return with(state, address, peers, confirmed, newPast);
    }

    /** The same directory; only this changes in its life. */
    private ClusterFile with(
            State newState,
            String newAddress,
            SortedMap<Long, String> newPeers,
            SortedMap<Long, Long> newConfirmed,
            Past newPast) {
        return new ClusterFile(
                dialect,
                clusterId,
                clusterName,
                id,
                incarnation,
                newState,
                newAddress,
                firstMembers,
                newPeers,
                newConfirmed,
                newPast);
    }

    /** The file in a directory; null if there is none. */
    static @Nullable ClusterFile read(Disk disk, Path directory) throws StorageException {
        Path path = directory.resolve(NAME);
        try {
            if (!disk.exists(path)) {
                return null;
            }
            byte[] bytes;
            try (DiskFile file = disk.open(path, Disk.Mode.READ)) {
                long size = file.size();
                if (size > MOST_BYTES) {
                    throw damaged(path, "its " + size + " bytes are more than " + MOST_BYTES);
                }
                ByteBuffer buffer = ByteBuffer.allocate((int) size);
                file.read(buffer, 0);
                bytes = buffer.array();
            }
            return parse(path, new String(bytes, StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw failed("read", path, e);
        }
    }

    /** Replaces the file in a directory, durably. */
    void write(Disk disk, Path directory) throws StorageException {
        Path path = directory.resolve(NAME);
        Path temporary = directory.resolve(TEMPORARY);
        try {
            try (DiskFile file = disk.open(temporary, Disk.Mode.CREATE_OR_TRUNCATE)) {
                file.write(ByteBuffer.wrap(text().getBytes(StandardCharsets.UTF_8)), 0);
                file.sync();
            }
            disk.rename(temporary, path);
            disk.syncDirectory(directory);
        } catch (IOException e) {
            throw failed("write", path, e);
        }
    }

    private String text() {
        StringBuilder text = new StringBuilder();
        line(text, "format", Integer.toString(FORMAT));
        line(text, "dialect", dialectText(dialect));
        line(text, "cluster-id", Long.toHexString(clusterId));
        line(text, "cluster-name", clusterName);
        line(text, "node-id", Long.toUnsignedString(id));
        line(text, "incarnation", Long.toHexString(incarnation));
        line(text, "state", state.name().toLowerCase(Locale.ROOT));
        line(text, "address", address);
        for (Member member : firstMembers) {
            line(
                    text,
                    "first-member." + Long.toUnsignedString(member.id()),
                    member.role().name().toLowerCase(Locale.ROOT) + " " + member.address());
        }
        peers.forEach((peer, at) -> line(text, "peer." + Long.toUnsignedString(peer), at));
        confirmed.forEach(
                (other, its) -> line(text, "confirmed." + Long.toUnsignedString(other), Long.toHexString(its)));
        // A version that does not know these keys passes over them, since they have no dot.
        if (!past.removed().isEmpty()) {
            line(
                    text,
                    "removed",
                    past.removed().stream().map(Long::toUnsignedString).collect(Collectors.joining(",")));
        }
        if (past.nextId() != Past.NONE.nextId()) {
            line(text, "next-id", Long.toUnsignedString(past.nextId()));
        }
        text.append(checksumLine(text.toString()));
        return text.toString();
    }

    private static void line(StringBuilder text, String key, String value) {
        text.append(key).append('=').append(value).append('\n');
    }

    private static String checksumLine(String body) {
        CRC32C checksum = new CRC32C();
        checksum.update(body.getBytes(StandardCharsets.UTF_8));
        return "crc32c=" + Long.toHexString(checksum.getValue()) + "\n";
    }

    private static ClusterFile parse(Path path, String text) throws StorageException {
        int last = text.lastIndexOf("crc32c=");
        if (last < 0 || !text.substring(last).equals(checksumLine(text.substring(0, last)))) {
            throw damaged(path, "its checksum, which must stand in the last line, is missing or wrong");
        }
        Map<String, String> single = new TreeMap<>();
        List<Member> firstMembers = new ArrayList<>();
        SortedMap<Long, String> peers = byId();
        SortedMap<Long, Long> confirmed = byId();
        try {
            for (String line : text.substring(0, last).lines().toList()) {
                int equals = line.indexOf('=');
                String key = line.substring(0, Math.max(0, equals));
                String value = line.substring(equals + 1);
                int dot = key.indexOf('.');
                if (dot < 0) {
                    single.put(key, value);
                    continue;
                }
                long id = Long.parseUnsignedLong(key.substring(dot + 1));
                switch (key.substring(0, dot)) {
                    case "first-member" -> firstMembers.add(firstMember(id, value));
                    case "peer" -> peers.put(id, value);
                    case "confirmed" -> confirmed.put(id, Long.parseUnsignedLong(value, 16));
                    default -> throw damaged(path, "the key " + key + " is not known");
                }
            }
            String format = value(path, single, "format");
            if (!format.equals(Integer.toString(FORMAT))) {
                throw new StorageException(path + " has format " + format + ", this version reads format " + FORMAT
                        + ": start the version that wrote it, or a newer one");
            }
            SortedSet<Long> removed = new TreeSet<>(Long::compareUnsigned);
            for (String gone : single.getOrDefault("removed", "").split(",", -1)) {
                if (!gone.isEmpty()) {
                    removed.add(Long.parseUnsignedLong(gone));
                }
            }
            return new ClusterFile(
                    dialect(path, value(path, single, "dialect")),
                    Long.parseUnsignedLong(value(path, single, "cluster-id"), 16),
                    value(path, single, "cluster-name"),
                    Long.parseUnsignedLong(value(path, single, "node-id")),
                    Long.parseUnsignedLong(value(path, single, "incarnation"), 16),
                    State.valueOf(value(path, single, "state").toUpperCase(Locale.ROOT)),
                    value(path, single, "address"),
                    firstMembers,
                    peers,
                    confirmed,
                    new Past(removed, Long.parseUnsignedLong(single.getOrDefault("next-id", "1"))));
        } catch (IllegalArgumentException e) {
            throw damaged(path, e.getMessage());
        }
    }

    /** A dialect as people write it: {@code native}, {@code raft-rs}. */
    static String dialectText(Dialect dialect) {
        return dialect.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Dialect dialect(Path path, String text) throws StorageException {
        for (Dialect dialect : new Dialect[] {Dialect.NATIVE, Dialect.RAFT_RS}) {
            if (dialectText(dialect).equals(text)) {
                return dialect;
            }
        }
        throw new StorageException(path + " is of a cluster of the dialect " + text
                + ", this version runs native ones and those of raft-rs");
    }

    /** The dialect's rules for entries, once a start. */
    DialectRules newRules(long random) {
        return DialectRules.of(dialect, random);
    }

    /** The configuration that no entry says: raft-rs's nodes begin with one. */
    ConfState initialConfiguration() {
        List<Long> voters = new ArrayList<>();
        List<Long> learners = new ArrayList<>();
        for (Member first : firstMembers) {
            (first.role() == Member.Role.LEARNER ? learners : voters).add(first.id());
        }
        voters.sort(Long::compareUnsigned);
        learners.sort(Long::compareUnsigned);
        return new ConfState(voters, learners, List.of(), List.of(), false);
    }

    /** Tells whether the node is one of those that the cluster began with. */
    boolean isFirstMember() {
        return firstMembers.stream().anyMatch(first -> first.id() == id);
    }

    private static Member firstMember(long id, String value) {
        int space = value.indexOf(' ');
        return new Member(
                id,
                value.substring(space + 1),
                Member.Role.valueOf(value.substring(0, Math.max(0, space)).toUpperCase(Locale.ROOT)));
    }

    private static String value(Path path, Map<String, String> values, String key) throws StorageException {
        String value = values.get(key);
        if (value == null) {
            throw damaged(path, key + " is missing");
        }
        return value;
    }

    private static StorageException damaged(Path path, @Nullable String why) {
        return new StorageException(path + " is damaged: " + why + ". Restore it; or remove this node from its cluster"
                + " and let it join again with an empty directory");
    }

    static StorageException failed(String what, Path path, IOException cause) {
        return new StorageException(
                "cannot " + what + " " + path + ": " + cause
                        + ". See what the system says about the disk and the permissions, then start again",
                cause);
    }
}
