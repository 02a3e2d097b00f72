package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.HardState;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.StringJoiner;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Prints a log as etcd 3.4.23's read-only reader sees it, from the newest snapshot's file on that can be read: what a
 * program around {@code snap.Load}, {@code wal.OpenForRead} and {@code ReadAll} prints in Go. Only reads, takes no lock,
 * and holds no more than a window of each file.
 */
public final class WalDump {
    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);
    private static final int CHUNK_BYTES = 8 << 10;

    private final OutputStream out;
    private final byte[] hex = new byte[2 * CHUNK_BYTES];
    private final Consumer<String> notes;

    private WalDump(OutputStream out, Consumer<String> notes) {
        this.out = out;
        this.notes = notes;
    }

    /**
     * Prints one log.
     *
     * @param disk where it is
     * @param log the directory of its segments
     * @param snapshots the directory of its snapshots, or null to read from index 0 on
     * @param out gets the lines, in UTF-8; it is not closed
     * @param notes gets what etcd would have written to its own log or the standard error
     * @return sound if etcd finds no error
     * @throws IOException if the lines cannot be written, or the log changed while it was being read
     */
    public static WalVerdict print(
            Disk disk, Path log, @Nullable Path snapshots, OutputStream out, Consumer<String> notes)
            throws IOException {
        BufferedOutputStream buffered = new BufferedOutputStream(out);
        try {
            return new WalDump(buffered, notes).print(disk, log, snapshots);
        } finally {
            buffered.flush();
        }
    }

    private WalVerdict print(Disk disk, Path log, @Nullable Path snapshots) throws IOException {
        EntryId start = new EntryId(0, 0);
        try {
            if (snapshots != null) {
                start = printSnapshot(disk, snapshots);
            }
        } catch (EtcdReaderException e) {
            return onPanic(e);
        }
        try (EtcdReader reader = EtcdReader.open(disk, log, start)) {
            return printLog(reader);
        } catch (EtcdReaderException e) {
            if (e.kind() == EtcdReaderException.Kind.PANIC) {
                return onPanic(e);
            }
            write("open error: " + e.text() + "\n");
            return holdsSegments(disk, log) ? WalVerdict.DAMAGED : WalVerdict.NO_LOG;
        }
    }

    private EntryId printSnapshot(Disk disk, Path snapshots) throws IOException, EtcdReaderException {
        try {
            DumpSnapshot snapshot = DumpSnapshot.newest(disk, snapshots, notes);
            write("snapshot index=" + Long.toUnsignedString(snapshot.index()) + " term="
                    + Long.toUnsignedString(snapshot.term()) + " voters=" + list(snapshot.voters()) + " learners="
                    + list(snapshot.learners()) + " data=" + snapshot.dataBytes() + " bytes\n");
            return snapshot.id();
        } catch (EtcdReaderException e) {
            if (e.kind() == EtcdReaderException.Kind.PANIC) {
                throw e;
            }
            write("snapshot none: " + e.text() + "\n");
            return new EntryId(0, 0);
        }
    }

    private WalVerdict printLog(EtcdReader reader) throws IOException, EtcdReaderException {
        EtcdReader.Result result = reader.readAll();
        HardState state = result.state();
        String error = result.error();
        write("metadata " + DumpQuote.of(result.metadata()) + "\n");
        write("hardstate term=" + Long.toUnsignedString(state.term()) + " vote=" + Long.toUnsignedString(state.vote())
                + " commit=" + Long.toUnsignedString(state.commit()) + "\n");
        write("error " + (error == null ? "<nil>" : error) + "\n");
        write("entries " + result.entries() + "\n");
        reader.entries(this::printEntry);
        return error == null ? WalVerdict.SOUND : WalVerdict.DAMAGED;
    }

    private void printEntry(EtcdReader.Found entry) throws IOException {
        write(Long.toUnsignedString(entry.index()) + "\t" + Long.toUnsignedString(entry.term()) + "\t"
                + typeName(entry.type()) + "\t");
        for (long position = entry.from(); position < entry.to(); position += CHUNK_BYTES) {
            int length = 0;
            for (byte value : entry.bytes().copy(position, Math.min(position + CHUNK_BYTES, entry.to()))) {
                hex[length++] = HEX[(value >> 4) & 0xf];
                hex[length++] = HEX[value & 0xf];
            }
            out.write(hex, 0, length);
        }
        write("\n");
    }

    private void write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String typeName(int type) {
        EntryType[] known = EntryType.values();
        return type >= 0 && type < known.length ? known[type].etcdName() : Integer.toString(type);
    }

    private WalVerdict onPanic(EtcdReaderException panic) {
        notes.accept("etcd's reader ends here in a panic, and prints no more: " + panic.text());
        return WalVerdict.DAMAGED;
    }

    private static boolean holdsSegments(Disk disk, Path log) {
        try {
            return disk.list(log).stream().anyMatch(EtcdReader::isSegment);
        } catch (IOException e) {
            return false;
        }
    }

    private static String list(List<Long> ids) {
        StringJoiner joined = new StringJoiner(" ", "[", "]");
        ids.forEach(id -> joined.add(Long.toUnsignedString(id)));
        return joined.toString();
    }
}
