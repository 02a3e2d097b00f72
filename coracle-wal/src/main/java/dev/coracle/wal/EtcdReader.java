package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.HardState;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads a log as etcd 3.4.23 does when it only reads (OpenForRead and ReadAll), with the same result and the same errors.
 * That reader lets much pass which {@link WalLogStore#open} refuses: this one shows what Go would see, and decides
 * nothing.
 *
 * <p>The log is read twice, first to learn how it ends, then for the entries, so that it is never held in memory.
 */
final class EtcdReader implements Closeable {
    /** What Go's scanner takes for {@code %016x-%016x.wal}: fewer digits will do, and something may follow. */
    private static final Pattern NAME = Pattern.compile(
            "[\\h\\x0b\\f\\r\\x85]*(\\p{XDigit}{1,16})-[\\h\\x0b\\f\\r\\x85]*(\\p{XDigit}{1,16})\\.wal");

    private static final int HEX = 16;
    private static final String OUT_OF_RANGE = "wal: slice bounds out of range";

    /** A segment's name as etcd takes it. */
    private record Name(String file, long sequence, long index) {}

    /**
     * What ReadAll returns besides the entries.
     *
     * @param metadata the metadata, empty if there are none
     * @param state the last hard state
     * @param error the error's text, or null
     * @param entries how many entries there are
     */
    record Result(
            byte[] metadata, HardState state, @Nullable String error, long entries) {}

    /** An entry that counts. Its data are a range of the bytes. */
    record Found(long index, long term, int type, DumpBytes bytes, long from, long to) {}

    /** Takes the entries in order. */
    interface Sink {
        void accept(Found entry) throws IOException;
    }

    private final List<DumpBytes> segments;
    private final EntryId start;
    private final WalSurvivors survivors = new WalSurvivors();

    /** How many records the first pass has read, counted from 1, and how many of the entries in them count. */
    private long records;

    private long entries;
    private byte @Nullable [] metadata;
    private HardState state = HardState.EMPTY;
    private boolean matched;

    private EtcdReader(List<DumpBytes> segments, EntryId start) {
        this.segments = segments;
        this.start = start;
    }

    /**
     * Opens the segments from a snapshot's on.
     *
     * @throws EtcdReaderException if etcd refuses to open it
     */
    static EtcdReader open(Disk disk, Path directory, EntryId start) throws EtcdReaderException {
        List<DumpBytes> segments = new ArrayList<>();
        boolean done = false;
        try {
            for (Name name : select(names(disk, directory), start.index())) {
                Path path = directory.resolve(name.file);
                try {
                    segments.add(new DumpBytes(path, disk.open(path, Disk.Mode.READ)));
                } catch (IOException e) {
                    throw EtcdReaderException.error(DumpErrors.text("open", path, e));
                }
            }
            done = true;
            return new EtcdReader(segments, start);
        } finally {
            if (!done) {
                closeAll(segments);
            }
        }
    }

    /** Tells whether etcd would take a directory's file for a segment. */
    static boolean isSegment(String file) {
        return parse(file) != null;
    }

    /**
     * Reads to the end, once.
     *
     * @throws EtcdReaderException if etcd's program would end in a panic
     */
    Result readAll() throws EtcdReaderException {
        DumpDecoder decoder = new DumpDecoder(segments);
        try {
            while (decoder.next()) {
                records++;
                onRecord(decoder);
            }
        } catch (IOException e) {
            return failed(DumpErrors.text("read", decoder.bytes().path(), e), HardState.EMPTY);
        } catch (EtcdReaderException e) {
            if (e.kind() == EtcdReaderException.Kind.PANIC) {
                throw e;
            }
            if (e.kind() == EtcdReaderException.Kind.ERROR) {
                // This one error leaves the state as it was so far, by an oversight of etcd's.
                return failed(e.text(), e.text().equals(OUT_OF_RANGE) ? state : HardState.EMPTY);
            }
        }
        byte[] known = metadata == null ? new byte[0] : metadata;
        return new Result(known, state, matched ? null : "wal: snapshot not found", entries);
    }

    /** Reads the entries that count, after {@link #readAll}. */
    void entries(Sink sink) throws IOException {
        DumpDecoder decoder = new DumpDecoder(segments);
        survivors.rewind();
        try {
            for (long record = 1; record <= records; record++) {
                if (!decoder.next()) {
                    throw new EtcdReaderException(EtcdReaderException.Kind.ENDS_EARLY, "the end");
                }
                if (decoder.type() == RecordType.ENTRY.number()) {
                    Found entry = entry(decoder);
                    if (isBehindStart(entry) && survivors.contains(record, entry.index)) {
                        sink.accept(entry);
                    }
                } else if (decoder.type() == RecordType.CHECKSUM.number()) {
                    decoder.startChain(decoder.checksum());
                }
            }
        } catch (EtcdReaderException e) {
            throw new IOException(
                    "the log was changed while it was being read: " + e.text() + " where a record was", e);
        }
    }

    @Override
    public void close() {
        closeAll(segments);
    }

    private static void closeAll(List<DumpBytes> segments) {
        for (DumpBytes bytes : segments) {
            try {
                bytes.close();
            } catch (IOException e) {
                // It was only read.
            }
        }
    }

    /** After any error but a missing snapshot etcd returns nothing that it read. */
    private Result failed(String error, HardState known) {
        records = 0;
        return new Result(new byte[0], known, error, 0);
    }

    private void onRecord(DumpDecoder decoder) throws IOException, EtcdReaderException {
        RecordType type = RecordType.of(decoder.type());
        if (type == null) {
            throw EtcdReaderException.error("unexpected block type " + decoder.type());
        }
        switch (type) {
            case METADATA -> onMetadata(decoder);
            case ENTRY -> onEntry(entry(decoder));
            case STATE -> onState(decoder);
            case CHECKSUM -> {
                if (decoder.running() != 0 && decoder.running() != decoder.checksum()) {
                    throw EtcdReaderException.error("wal: crc mismatch");
                }
                decoder.startChain(decoder.checksum());
            }
            case SNAPSHOT -> onSnapshot(decoder);
        }
    }

    private void onMetadata(DumpDecoder decoder) throws IOException, EtcdReaderException {
        // Metadata without data count as not seen.
        byte[] found = decoder.hasData() ? decoder.bytes().copy(decoder.dataFrom(), decoder.dataTo()) : null;
        if (metadata != null && !Arrays.equals(metadata, found == null ? new byte[0] : found)) {
            throw EtcdReaderException.error("wal: conflicting metadata found");
        }
        metadata = found;
    }

    private void onEntry(Found entry) throws EtcdReaderException {
        if (!isBehindStart(entry)) {
            return;
        }
        long before = entry.index - start.index() - 1;
        if (Long.compareUnsigned(before, entries) > 0) {
            throw EtcdReaderException.error(OUT_OF_RANGE);
        }
        if (before < entries) {
            survivors.cut(records, entry.index);
        }
        entries = before + 1;
    }

    private void onState(DumpDecoder decoder) throws IOException, EtcdReaderException {
        long term = 0;
        long vote = 0;
        long commit = 0;
        DumpProtobuf in = payload(decoder, "HardState");
        try {
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> term = in.varint("Term");
                    case 2 -> vote = in.varint("Vote");
                    case 3 -> commit = in.varint("Commit");
                    default -> in.skip();
                }
            }
        } catch (EtcdReaderException e) {
            throw panic(e);
        }
        state = new HardState(term, vote, commit);
    }

    private void onSnapshot(DumpDecoder decoder) throws IOException, EtcdReaderException {
        long index = 0;
        long term = 0;
        DumpProtobuf in = payload(decoder, "Snapshot");
        try {
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> index = in.varint("Index");
                    case 2 -> term = in.varint("Term");
                    default -> in.skip();
                }
            }
        } catch (EtcdReaderException e) {
            throw panic(e);
        }
        if (index == start.index()) {
            if (term != start.term()) {
                throw EtcdReaderException.error("wal: snapshot mismatch");
            }
            matched = true;
        }
    }

    private static Found entry(DumpDecoder decoder) throws IOException, EtcdReaderException {
        long index = 0;
        long term = 0;
        int type = 0;
        long from = 0;
        long to = 0;
        DumpProtobuf in = payload(decoder, "Entry");
        try {
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> type = (int) in.varint("Type");
                    case 2 -> term = in.varint("Term");
                    case 3 -> index = in.varint("Index");
                    case 4 -> {
                        in.bytes("Data");
                        from = in.from();
                        to = in.to();
                    }
                    default -> in.skip();
                }
            }
        } catch (EtcdReaderException e) {
            throw panic(e);
        }
        return new Found(index, term, type, decoder.bytes(), from, to);
    }

    private static DumpProtobuf payload(DumpDecoder decoder, String message) {
        return new DumpProtobuf(decoder.bytes(), message, decoder.dataFrom(), decoder.dataTo());
    }

    /** etcd's program takes for impossible that a record with the right checksum does not hold what it should. */
    private static EtcdReaderException panic(EtcdReaderException cause) {
        return EtcdReaderException.panic("unmarshal should never fail (" + cause.text() + ")");
    }

    private boolean isBehindStart(Found entry) {
        return Long.compareUnsigned(entry.index, start.index()) > 0;
    }

    private static List<Name> names(Disk disk, Path directory) throws EtcdReaderException {
        List<String> files;
        try {
            files = new ArrayList<>(disk.list(directory));
        } catch (IOException e) {
            throw EtcdReaderException.error(DumpErrors.text("open", directory, e));
        }
        Collections.sort(files);
        List<Name> names = new ArrayList<>();
        for (String file : files) {
            Name name = parse(file);
            if (name != null) {
                names.add(name);
            }
        }
        return names;
    }

    private static @Nullable Name parse(String file) {
        Matcher matcher = NAME.matcher(file);
        return file.endsWith(SegmentName.SUFFIX) && matcher.lookingAt()
                ? new Name(
                        file,
                        Long.parseUnsignedLong(matcher.group(1), HEX),
                        Long.parseUnsignedLong(matcher.group(2), HEX))
                : null;
    }

    /** The last name whose index is not above the wanted one, and all behind it, which must be numbered without gaps. */
    private static List<Name> select(List<Name> names, long index) throws EtcdReaderException {
        int first = names.size() - 1;
        while (first >= 0 && Long.compareUnsigned(names.get(first).index, index) > 0) {
            first--;
        }
        if (first < 0) {
            throw notFound();
        }
        List<Name> selected = names.subList(first, names.size());
        long last = 0;
        for (Name name : selected) {
            // A number of 0 is followed by whatever comes.
            if (last != 0 && name.sequence != last + 1) {
                throw notFound();
            }
            last = name.sequence;
        }
        return selected;
    }

    private static EtcdReaderException notFound() {
        return EtcdReaderException.error("wal: file not found");
    }
}
