package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.FileDisk;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalLogStore;
import dev.coracle.wal.WalOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Inspector} prints of directories that nodes wrote, and of bare logs. */
class InspectorTest {
    private static final Inspector.Format RAW = new Inspector.Format(true, false);
    private static final Inspector.Format JSON = new Inspector.Format(false, true);

    @TempDir
    Path root;

    private final Inspector<String> inspector = new Inspector<>(Codec.utf8(), text -> "line " + text);
    private final List<String> notes = new ArrayList<>();
    private int status;

    @Test
    void theEntriesOfANodeAreDecodedWithoutTheirEnvelope() throws Exception {
        runANode();

        String table = logs(root.resolve("a"), Inspector.Format.TABLE, 1, Long.MAX_VALUE);

        assertThat(status).isZero();
        assertThat(table.lines().findFirst().orElseThrow())
                .containsSubsequence("index", "|", "type", "|", "data", "|", "term");
        assertThat(table)
                .containsPattern(
                        " 1 \\| EntryConfChange +\\| transition:\\S+ changes:\\{type:ConfChangeAddNode node_id:1}")
                .containsPattern("EntryNormal +\\| line one +\\| \\d+\n")
                .containsPattern("EntryNormal +\\| line two\\\\u000athree +\\| \\d+\n");
        assertThat(notes)
                .first()
                .asString()
                .startsWith("found log " + root.resolve("a").resolve("wal"));
    }

    @Test
    void theFrameworksOwnCommandsArePrintedByName() throws Exception {
        runANode();
        // The system picks another port, which is noted in the log.
        String address = runANode();

        assertThat(logs(root.resolve("a"), Inspector.Format.TABLE, 1, Long.MAX_VALUE))
                .contains("| RecordMember[id=1, address=" + address + ", incarnation=");
    }

    @Test
    void commandsOfASessionArePrintedWithTheirNumbers() throws Exception {
        SessionId id;
        try (Raft<String, Long, Journal> raft = Raft.builder(new Journal(), Codec.utf8(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(root.resolve("s"))
                .segmentBytes(64 << 10)
                .start()) {
            ClientSession<String, Long> session = raft.openSession().join();
            id = session.id();
            session.propose("one").join();
            session.close().join();
        }

        assertThat(logs(root.resolve("s"), Inspector.Format.TABLE, 1, Long.MAX_VALUE))
                .contains("| OpenSession[nonce=" + id.nonce() + "]")
                .contains("| session " + id + " #1 (waits from #1): line one ")
                .contains("| CloseSession[session=" + id + "]");
    }

    @Test
    void theVersionOfTheNewestSnapshotTellsWhetherThereIsAWayBack() throws Exception {
        whileItRuns("v", true, raft -> {
            raft.propose("one").join();
            raft.snapshot().join();
        });
        assertThat(metadata(root.resolve("v"), Inspector.Format.TABLE))
                .contains("Its version | 1, which versions without sessions can read, too\n");
        whileItRuns("v", false, raft -> {
            raft.propose("two").join();
            raft.snapshot().join();
        });
        assertThat(metadata(root.resolve("v"), Inspector.Format.TABLE))
                .contains("Its version | 2, no way back before sessions\n");
        assertThat(metadata(root.resolve("v"), JSON)).contains(",\"version\":2,");
    }

    private void whileItRuns(String name, boolean olderMembers, Consumer<Raft<String, Long, Journal>> action)
            throws Exception {
        try (Raft<String, Long, Journal> raft = Raft.builder(new Journal(), Codec.utf8(), Codec.int64())
                .raftAddress("127.0.0.1:0")
                .dataDirectory(root.resolve(name))
                .segmentBytes(64 << 10)
                .olderMembers(olderMembers)
                .start()) {
            action.accept(raft);
        }
    }

    @Test
    void rawEntriesAreWhatIsStored() throws Exception {
        runANode();

        assertThat(logs(root.resolve("a"), RAW, 1, Long.MAX_VALUE))
                .containsPattern("EntryNormal +\\| 016f6e65 +\\| \\d+\n");
    }

    @Test
    void jsonIsAnObjectALine() throws Exception {
        runANode();

        List<String> lines =
                logs(root.resolve("a"), JSON, 1, Long.MAX_VALUE).lines().toList();

        assertThat(lines).allMatch(line -> line.startsWith("{\"index\":") && line.endsWith("\"}"));
        assertThat(lines)
                .anyMatch(line -> line.contains("\"type\":\"EntryNormal\",\"term\":")
                        && line.endsWith(",\"data\":\"line one\"}"));
        assertThat(lines).anyMatch(line -> line.endsWith("\"data\":\"line two\\u000athree\"}"));
    }

    @Test
    void aNodesMetadataHaveItsNameItsStateAndItsMembers() throws Exception {
        String address = runANode();

        String text = metadata(root.resolve("a"), Inspector.Format.TABLE);

        assertThat(status).isZero();
        assertThat(text)
                .contains("Node        | id 1 of cluster \"default\", member, at " + address + "\n")
                .containsPattern("HardState   \\| term \\d+, vote 1, commit \\d+\n")
                .contains("ConfState   | voters [1@" + address + "], learners []\n")
                .contains("Snapshot    | none\n")
                .contains("First index | 1\n")
                .containsPattern("Last index  \\| \\d+, term \\d+\n");
        assertThat(metadata(root.resolve("a"), RAW)).contains("ConfState   | voters [1], learners []\n");
        assertThat(metadata(root.resolve("a"), JSON))
                .startsWith("{\"node_id\":1,\"cluster\":\"default\",\"hard_state\":{\"term\":")
                .contains("\"conf_state\":{\"voters\":[1],\"learners\":[],\"voters_outgoing\":[],\"learners_next\":[]}")
                .contains("\"first_index\":1,\"last_index\":")
                .endsWith("}\n");
    }

    @Test
    void membersAreThoseOfTheSnapshotAndTheCommittedChangesSince() throws Exception {
        SnapshotMetadata snapshot = new SnapshotMetadata(2, 1, ConfState.ofVoters(1L, 2L));
        writeALog(snapshot, 4, normal(1, "a"), normal(2, "b"), add(3, 7), normal(4, "c"), add(5, 8));

        String text = metadata(root.resolve("wal"), Inspector.Format.TABLE);

        assertThat(text)
                .contains("ConfState   | voters [1 2 7], learners []\n")
                .contains("Snapshot    | index 2, term 1, voters [1 2], learners []\n")
                .contains("Last index  | 5, term 1\n")
                .doesNotContain("Node");
    }

    @Test
    void onlyTheIndexesAskedForArePrinted() throws Exception {
        writeALog(SnapshotMetadata.EMPTY, 4, normal(1, "a"), normal(2, "b"), normal(3, "c"), normal(4, "d"));

        assertThat(logs(root.resolve("wal"), JSON, 2, 3)).isEqualTo("""
                {"index":2,"type":"EntryNormal","term":1,"data":"line b"}
                {"index":3,"type":"EntryNormal","term":1,"data":"line c"}
                """);
    }

    /** Entries of a bare log have no envelope; what the codec does not know is shown as bytes. */
    @Test
    void whatCannotBeDecodedIsShownAsBytes() throws Exception {
        byte[] notUtf8 = new byte[100];
        notUtf8[0] = (byte) 0xff;
        writeALog(SnapshotMetadata.EMPTY, 1, new Entry(1, 1, EntryType.NORMAL, notUtf8), normal(2, "b"));

        String table = logs(root, Inspector.Format.TABLE, 1, Long.MAX_VALUE);

        assertThat(table).contains("| 100 bytes ff" + "00".repeat(63) + "... |").contains("| line b ");
    }

    @Test
    void ofADamagedLogWhatStandsBeforeIsPrintedAndTheStatusTells() throws Exception {
        List<Entry> entries = new ArrayList<>();
        for (int index = 1; index <= 100; index++) {
            entries.add(normal(index, "entry " + index));
        }
        writeALog(SnapshotMetadata.EMPTY, 1, entries.toArray(new Entry[0]));
        Path segment = segments().get(0);
        Files.copy(segment, segment.resolveSibling("0000000000000002-0000000000000065.wal"));

        String table = logs(root, Inspector.Format.TABLE, 99, Long.MAX_VALUE);

        assertThat(status).isEqualTo(1);
        assertThat(table).contains("| line entry 100 ");
        assertThat(notes)
                .last()
                .asString()
                .startsWith("damaged, what stands behind is not shown: ")
                .contains("a segment is missing");
    }

    @Test
    void whatHoldsNoLogHasAStatusOfItsOwn() throws IOException {
        for (Path directory :
                List.of(root, root.resolve("missing"), Files.write(root.resolve("file"), new byte[] {1}))) {
            assertThat(logs(directory, Inspector.Format.TABLE, 1, 2)).isEmpty();
            assertThat(status).isEqualTo(2);
            assertThat(metadata(directory, Inspector.Format.TABLE)).isEmpty();
            assertThat(status).isEqualTo(2);
        }
        assertThat(notes).allMatch(note -> note.startsWith("not a log"));
    }

    /** Returns the node's address. */
    private String runANode() throws Exception {
        try (Cluster cluster = new Cluster(root)) {
            Raft<String, Long, Journal> raft = cluster.start("a");
            raft.propose("one").join();
            raft.propose("two\nthree").join();
            String address = raft.raftAddress();
            Cluster.until(
                    "its address is known",
                    () -> raft.members().equals(List.of(new Member(1, address, Member.Role.LEADER))));
            return address;
        }
    }

    private void writeALog(SnapshotMetadata snapshot, long commit, Entry... entries) throws Exception {
        FileDisk disk = new FileDisk();
        FileSnapshotStore snapshots = FileSnapshotStore.open(disk, root.resolve("snap"), 0);
        try (WalLogStore store = WalLogStore.open(
                disk,
                root.resolve("wal"),
                snapshots,
                WalOptions.DEFAULTS.withSegmentBytes(4096).withLowSpaceBytes(0))) {
            store.append(0, new HardState(1, 1, commit), List.of(entries));
            store.sync();
            if (snapshot.index() > 0) {
                try (var sink = snapshots.create(0, snapshot)) {
                    sink.data().write(1);
                    sink.commit();
                }
                store.appendSnapshot(0, snapshot);
            }
        }
    }

    private static Entry normal(long index, String text) {
        return new Entry(1, index, EntryType.NORMAL, text.getBytes(StandardCharsets.UTF_8));
    }

    private static Entry add(long index, long id) {
        byte[] change = EtcdConfChangeCodec.INSTANCE.encode(new ConfChange(ConfChangeType.ADD_NODE, id));
        return new Entry(1, index, EntryType.CONF_CHANGE, change);
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.list(root.resolve("wal"))) {
            return files.sorted().toList();
        }
    }

    private String logs(Path directory, Inspector.Format format, long from, long to) {
        StringWriter out = new StringWriter();
        status = inspector.logs(directory, format, from, to, new PrintWriter(out), notes::add);
        return out.toString();
    }

    private String metadata(Path directory, Inspector.Format format) {
        StringWriter out = new StringWriter();
        status = inspector.metadata(directory, format, new PrintWriter(out), notes::add);
        return out.toString();
    }
}
