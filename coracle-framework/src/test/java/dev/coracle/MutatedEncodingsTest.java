package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.Dialect;
import dev.coracle.contracts.Mutations;
import dev.coracle.node.Failure;
import dev.coracle.node.FileDisk;
import dev.coracle.node.StorageException;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeSet;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every format of the framework's own, with real bytes changed: a value or a refusal, for a little memory. */
class MutatedEncodingsTest {
    private static final long SEED = 20_261_127;
    private static final int ROUNDS = 20_000;
    private static final long MOST_BYTES = 256 << 10;

    private interface Decoder {
        Object decode(byte[] bytes) throws MalformedException, IOException, StorageException;
    }

    private static void mutate(Mutations mutations, byte[] sound, int rounds, Decoder decoder) {
        mutations.read(sound, rounds, MOST_BYTES, bytes -> {
            try {
                return decoder.decode(bytes) != null;
            } catch (MalformedException | IOException | StorageException e) {
                return false;
            }
        });
    }

    private static SortedMap<Long, String> peers() {
        SortedMap<Long, String> peers = ClusterFile.byId();
        peers.put(1L, "127.0.0.1:60061");
        peers.put(2L, "[::1]:60062");
        return peers;
    }

    private static Tables tables() {
        SortedMap<Long, Tables.Known> news = ClusterFile.byId();
        news.put(1L, new Tables.Known("127.0.0.1:60061", 7));
        news.put(2L, new Tables.Known("[::1]:60062", 0));
        return Tables.EMPTY.withConfiguration(ConfState.ofVoters(1L, 2L), news);
    }

    @Test
    void entries() {
        Mutations mutations = new Mutations("entries", SEED);
        SessionId session = new SessionId(5, 77);
        List<byte[]> samples = List.of(
                Envelope.wrap(new byte[] {1, 2, 3}),
                new Envelope.ReserveId("localhost:1", 4).encode(),
                new Envelope.RecordMember(1, "localhost:1", 3).encode(),
                new Envelope.OpenSession(9).encode(),
                new Envelope.CloseSession(session).encode(),
                new Envelope.InSession(session, 8, 6, new byte[] {1, 2}).encode());
        for (byte[] sample : samples) {
            mutate(mutations, sample, ROUNDS, Envelope::decode);
        }
        List<ConfChangeSingle> one = List.of(new ConfChangeSingle(ConfChangeType.ADD_NODE, 4));
        Bytes context = MemberContext.encode(new Tables.Known("localhost:1", 5));
        mutate(
                mutations,
                context.array(),
                ROUNDS,
                bytes -> MemberContext.decode(new ConfChangeV2(ConfChangeTransition.AUTO, one, Bytes.of(bytes))));
    }

    @Test
    void headsOfSnapshots() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new SnapshotHead(tables(), Sessions.none(), new HashChain.Point(1, 2, 3)).write(out);
        mutate(
                new Mutations("heads of snapshots", SEED),
                out.toByteArray(),
                ROUNDS,
                bytes -> SnapshotHead.read(new ByteArrayInputStream(bytes)));
    }

    @Test
    void callsBetweenMembers() {
        Mutations mutations = new Mutations("calls", SEED);
        ByteWriter ticket = new ByteWriter();
        new Ticket(0x77, 3, 1, peers()).write(ticket);
        mutate(mutations, ticket.toByteArray(), ROUNDS, bytes -> Ticket.read(new ByteReader(bytes)));
        mutate(mutations, Wire.failure(new Failure(Failure.Kind.NOT_LEADER, 2, "node 2 leads")), ROUNDS, bytes -> {
            Failure failure = Wire.readFailure(new ByteReader(bytes));
            return failure == null ? "a result" : failure;
        });
        mutate(
                mutations,
                new ByteWriter().bool(true).int64(5_000).toByteArray(),
                ROUNDS,
                bytes -> Wire.Head.read(new ByteReader(bytes)));
    }

    /** Its checksum keeps most out; the second half has a right one over damaged lines. */
    @Test
    void theClusterFile(@TempDir Path directory) throws Exception {
        SortedMap<Long, Long> confirmed = ClusterFile.byId();
        confirmed.put(2L, 22L);
        ClusterFile sound = new ClusterFile(
                Dialect.NATIVE,
                0x77,
                "name",
                1,
                11,
                ClusterFile.State.MEMBER,
                "127.0.0.1:60061",
                List.of(new Member(1, "127.0.0.1:60061", Member.Role.VOTER)),
                peers(),
                confirmed,
                new ClusterFile.Past(new TreeSet<>(List.of(4L)), 5));
        FileDisk disk = new FileDisk();
        sound.write(disk, directory);
        Path file = directory.resolve(ClusterFile.NAME);
        byte[] bytes = Files.readAllBytes(file);
        Mutations mutations = new Mutations("the cluster file", SEED);
        mutate(mutations, bytes, 1_000, damaged -> {
            Files.write(file, damaged);
            return ClusterFile.read(disk, directory);
        });
        String text = new String(bytes, StandardCharsets.UTF_8);
        byte[] body = Arrays.copyOf(bytes, text.lastIndexOf("crc32c="));
        mutate(mutations, body, 3_000, damaged -> {
            // As it will be read: what is no UTF-8 is replaced, before the checksum is compared.
            String lines = new String(damaged, StandardCharsets.UTF_8);
            CRC32C checksum = new CRC32C();
            checksum.update(lines.getBytes(StandardCharsets.UTF_8));
            Files.writeString(file, lines + "crc32c=" + Long.toHexString(checksum.getValue()) + "\n");
            return ClusterFile.read(disk, directory);
        });
    }
}
