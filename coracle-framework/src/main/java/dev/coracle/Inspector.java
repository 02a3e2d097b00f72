package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.codec.Dialect;
import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.Disk;
import dev.coracle.node.FileDisk;
import dev.coracle.node.SnapshotStore;
import dev.coracle.node.StorageException;
import dev.coracle.raft.ConfChangeCodec;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Describe;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import dev.coracle.raft.SnapshotMetadata;
import dev.coracle.wal.FileSnapshotStore;
import dev.coracle.wal.WalContents;
import dev.coracle.wal.WalLocation;
import dev.coracle.wal.WalVerdict;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Prints what nodes keep on disk, with the commands decoded by the application's own codec: the library behind
 * {@code describe logs} and {@code describe metadata}, for the command line of any application. It reads the data
 * directories of this framework, bare logs, and what etcd or its raftexample wrote, of nodes that run or do not. It only
 * reads, takes no lock, and holds no more than one entry at a time.
 *
 * <p>Both methods return the status to end the process with: 0 for a sound log, 1 for a damaged one or one that cannot be
 * read, 2 for no log. What is not part of the answer goes to {@code notes}, a line a call: where the log was found, a torn
 * tail (which the log of a running node may seem to have), damage.
 *
 * @param <C> the commands
 */
public final class Inspector<C> {
    private static final int MOST_BYTES_SHOWN = 64;

    private final Codec<C> codec;
    private final EntryFormatter<? super C> formatter;
    private final Disk disk = new FileDisk();

    /**
     * What is printed.
     *
     * @param raw whether data are printed as they are stored, in hex, instead of decoded
     * @param json whether each entry, or the whole of the metadata, is a JSON object on a line of its own
     */
    public record Format(boolean raw, boolean json) {
        /** Decoded, in tables. */
        public static final Format TABLE = new Format(false, false);
    }

    /** Decodes commands with {@code codec}, and prints them as {@code formatter} does. */
    public Inspector(Codec<C> codec, EntryFormatter<? super C> formatter) {
        this.codec = codec;
        this.formatter = formatter;
    }

    /**
     * Prints the entries on disk that still count, one a line, by index.
     *
     * @param directory a data directory or a log
     * @param format how
     * @param from the first index that is wanted
     * @param to the last index that is wanted
     * @param out gets the entries
     * @param notes gets what there is to say besides
     * @return the status for the process
     */
    public int logs(Path directory, Format format, long from, long to, PrintWriter out, Consumer<String> notes) {
        return read(directory, notes, (location, contents) -> {
            @Nullable ClusterFile file = ownFile(location, notes);
            boolean wrapped = file != null && file.dialect() == Dialect.NATIVE;
            ConfChangeCodec changes = changes(file);
            if (!format.json) {
                out.print(row("index", "type", "data", "term"));
            }
            contents.entries(from, to, entry -> {
                String data = format.raw ? hex(bytes(entry)) : text(entry, wrapped, changes);
                out.print(
                        format.json
                                ? json(entry, data)
                                : row(
                                        Long.toUnsignedString(entry.index()),
                                        entry.type().etcdName(),
                                        oneLine(data),
                                        Long.toUnsignedString(entry.term())));
            });
            out.flush();
        });
    }

    /**
     * Prints the hard state, the newest snapshot, the members and what the log spans.
     *
     * @param directory a data directory or a log
     * @param format how; raw numbers of members instead of their addresses
     * @param out gets the answer
     * @param notes gets what there is to say besides
     * @return the status for the process
     */
    public int metadata(Path directory, Format format, PrintWriter out, Consumer<String> notes) {
        return read(directory, notes, (location, contents) -> {
            @Nullable ClusterFile file = ownFile(location, notes);
            int head = headVersion(location, contents, file, notes);
            out.print(
                    format.json
                            ? metadataJson(contents, file, head, notes)
                            : metadataText(contents, file, head, format, notes));
            out.flush();
        });
    }

    /** What to do with a log that was found. */
    private interface Action {
        void on(WalLocation location, WalContents contents) throws StorageException, IOException;
    }

    private int read(Path directory, Consumer<String> notes, Action action) {
        try {
            Optional<WalLocation> location = WalLocation.find(disk, directory, null);
            if (location.isEmpty()) {
                notes.accept("not a log: there is none in " + directory + ", nor in wal or member/wal there");
                return WalVerdict.NO_LOG.exitStatus();
            }
            notes.accept("found " + location.get().describe());
            try (WalContents contents = WalContents.read(disk, location.get())) {
                contents.notes().forEach(notes);
                action.on(location.get(), contents);
                contents.damage()
                        .ifPresent(damage -> notes.accept("damaged, what stands behind is not shown: " + damage));
                return (contents.damage().isEmpty() ? WalVerdict.SOUND : WalVerdict.DAMAGED).exitStatus();
            }
        } catch (StorageException | IOException e) {
            notes.accept("cannot be read: " + e.getMessage());
            return WalVerdict.DAMAGED.exitStatus();
        }
    }

    /** How configuration changes are written there: as etcd does it, unless a directory of ours says something else. */
    private static ConfChangeCodec changes(@Nullable ClusterFile file) {
        return file == null ? EtcdConfChangeCodec.INSTANCE : file.newRules(0).changes();
    }

    private static ConfState membersOf(WalContents contents, @Nullable ClusterFile file, Consumer<String> notes)
            throws StorageException, IOException {
        // In a native cluster the first entries say it.
        ConfState initial =
                file != null && file.dialect() == Dialect.RAFT_RS ? file.initialConfiguration() : ConfState.EMPTY;
        return StoredMembers.at(contents, initial, changes(file), notes);
    }

    /** What the framework says of its own directory; null for a directory of somebody else. */
    private @Nullable ClusterFile ownFile(WalLocation location, Consumer<String> notes) throws IOException {
        Path parent = location.log().toAbsolutePath().getParent();
        if (parent == null || !disk.exists(parent.resolve(ClusterFile.NAME))) {
            return null;
        }
        try {
            return ClusterFile.read(disk, parent);
        } catch (StorageException e) {
            notes.accept(e.getMessage());
            return null;
        }
    }

    /** The version of what the framework writes before the application's state in the newest snapshot; 0 for nothing. */
    private int headVersion(
            WalLocation location, WalContents contents, @Nullable ClusterFile file, Consumer<String> notes) {
        SnapshotMetadata snapshot = contents.snapshot();
        if (file == null || file.dialect() != Dialect.NATIVE || snapshot.index() == 0 || !location.hasSnapshots()) {
            return 0;
        }
        try (SnapshotStore.Source source = FileSnapshotStore.forReading(disk, location.snapshots(), 0)
                .open(0, new EntryId(snapshot.term(), snapshot.index()))) {
            return SnapshotHead.read(source.data()).version();
        } catch (StorageException | IOException e) {
            notes.accept("the newest snapshot cannot be read: " + e.getMessage());
            return 0;
        }
    }

    private static String row(String index, String type, String data, String term) {
        return String.format("%12s | %-17s | %-40s | %s%n", index, type, data, term);
    }

    private static String json(Entry entry, String data) {
        return "{\"index\":" + Long.toUnsignedString(entry.index()) + ",\"type\":\""
                + entry.type().etcdName() + "\",\"term\":" + Long.toUnsignedString(entry.term()) + ",\"data\":"
                + quoted(data) + "}\n";
    }

    private String text(Entry entry, boolean wrapped, ConfChangeCodec changes) {
        byte[] data = bytes(entry);
        if (entry.type() != EntryType.NORMAL) {
            try {
                return Describe.confChange(changes.decode(entry));
            } catch (ConfChangeCodec.MalformedException e) {
                return undecoded(data);
            }
        }
        if (data.length == 0) {
            return "";
        }
        if (!wrapped) {
            return command(data);
        }
        try {
            Envelope envelope = Envelope.decode(data);
            if (envelope instanceof Envelope.InSession command) {
                return command + ": " + command(command.payload());
            }
            return envelope instanceof Envelope.Command command ? command(command.payload()) : envelope.toString();
        } catch (MalformedException e) {
            return undecoded(data);
        }
    }

    private String command(byte[] data) {
        try {
            return formatter.format(codec.decode(data));
        } catch (IllegalArgumentException e) {
            return undecoded(data);
        }
    }

    private static byte[] bytes(Entry entry) {
        byte[] data = entry.data();
        return data == null ? new byte[0] : data;
    }

    /** Somebody else's bytes: enough of them to tell whose. */
    private static String undecoded(byte[] data) {
        return data.length + " bytes " + hex(Arrays.copyOf(data, Math.min(data.length, MOST_BYTES_SHOWN)))
                + (data.length > MOST_BYTES_SHOWN ? "..." : "");
    }

    private static String hex(byte[] data) {
        return HexFormat.of().formatHex(data);
    }

    private static String metadataText(
            WalContents contents, @Nullable ClusterFile file, int head, Format format, Consumer<String> notes)
            throws StorageException, IOException {
        StringBuilder text = new StringBuilder();
        if (file != null) {
            line(text, "Node", name(file));
        }
        HardState state = contents.hardState();
        line(
                text,
                "HardState",
                "term " + Long.toUnsignedString(state.term()) + ", vote " + Long.toUnsignedString(state.vote())
                        + ", commit " + state.commit());
        line(text, "ConfState", members(membersOf(contents, file, notes), file, format));
        SnapshotMetadata snapshot = contents.snapshot();
        line(
                text,
                "Snapshot",
                snapshot.index() == 0
                        ? "none"
                        : "index " + snapshot.index() + ", term " + snapshot.term() + ", "
                                + members(snapshot.confState(), file, format));
        if (head != 0) {
            line(
                    text,
                    "Its version",
                    head == 1
                            ? "1, which versions without sessions can read, too"
                            : head + ", no way back before sessions");
        }
        line(text, "First index", Long.toString(contents.firstIndex()));
        line(text, "Last index", contents.lastIndex() + ", term " + Long.toUnsignedString(contents.lastTerm()));
        line(text, "Segments", Integer.toString(contents.segmentCount()));
        return text.toString();
    }

    private static void line(StringBuilder text, String name, String value) {
        text.append(String.format("%-12s| %s%n", name, value));
    }

    private static String name(ClusterFile file) {
        return "id " + Long.toUnsignedString(file.id()) + " of cluster \"" + file.clusterName() + "\", "
                + file.state().name().toLowerCase(Locale.ROOT) + ", at " + file.address();
    }

    private static String members(ConfState state, @Nullable ClusterFile file, Format format) {
        StringBuilder text = new StringBuilder("voters ").append(ids(state.voters(), file, format));
        text.append(", learners ").append(ids(state.learners(), file, format));
        if (!state.votersOutgoing().isEmpty()) {
            text.append(", outgoing voters ").append(ids(state.votersOutgoing(), file, format));
            text.append(", next learners ").append(ids(state.learnersNext(), file, format));
            text.append(state.autoLeave() ? ", leaves the joint configuration by itself" : "");
        }
        return text.toString();
    }

    /** The ids, with the addresses where the directory knows them. */
    private static String ids(List<Long> ids, @Nullable ClusterFile file, Format format) {
        return ids.stream()
                .map(id -> {
                    String address =
                            file == null || format.raw ? null : file.peers().get(id);
                    return Long.toUnsignedString(id) + (address == null ? "" : "@" + address);
                })
                .collect(Collectors.joining(" ", "[", "]"));
    }

    private static String metadataJson(
            WalContents contents, @Nullable ClusterFile file, int head, Consumer<String> notes)
            throws StorageException, IOException {
        HardState state = contents.hardState();
        SnapshotMetadata snapshot = contents.snapshot();
        String node = file == null
                ? ""
                : "\"node_id\":" + Long.toUnsignedString(file.id()) + ",\"cluster\":" + quoted(file.clusterName())
                        + ",";
        return "{" + node + "\"hard_state\":{\"term\":" + Long.toUnsignedString(state.term()) + ",\"vote\":"
                + Long.toUnsignedString(state.vote()) + ",\"commit\":" + state.commit() + "},\"conf_state\":"
                + StatusJson.configuration(membersOf(contents, file, notes)) + ",\"snapshot\":{\"index\":"
                + snapshot.index() + ",\"term\":" + Long.toUnsignedString(snapshot.term())
                + (head == 0 ? "" : ",\"version\":" + head) + ",\"conf_state\":"
                + StatusJson.configuration(snapshot.confState()) + "},\"first_index\":" + contents.firstIndex()
                + ",\"last_index\":" + contents.lastIndex() + ",\"last_term\":"
                + Long.toUnsignedString(contents.lastTerm()) + "}\n";
    }

    /** As JSON has it. */
    private static String quoted(String text) {
        StringBuilder out = new StringBuilder().append('"');
        text.chars().forEach(unit -> {
            if (unit == '"' || unit == '\\') {
                out.append('\\').append((char) unit);
            } else if (unit < ' ' || Character.isSurrogate((char) unit)) {
                out.append(escaped(unit));
            } else {
                out.append((char) unit);
            }
        });
        return out.append('"').toString();
    }

    /** The text without what would begin a line or act on a terminal. */
    private static String oneLine(String text) {
        StringBuilder out = new StringBuilder();
        text.chars().forEach(unit -> {
            if (Character.isISOControl(unit)) {
                out.append(escaped(unit));
            } else {
                out.append((char) unit);
            }
        });
        return out.toString();
    }

    private static String escaped(int unit) {
        return String.format(Locale.ROOT, "\\u%04x", unit);
    }
}
