package dev.coracle.wal;

import dev.coracle.node.Disk;
import dev.coracle.raft.EntryId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/**
 * A snapshot's file as etcd 3.4.23 reads it. Where etcd renames a damaged one, this only tells of it.
 *
 * @param index the last index that it covers
 * @param term the term of that
 * @param voters the voters as listed
 * @param learners the learners as listed
 * @param dataBytes how many bytes of data it has
 */
record DumpSnapshot(long index, long term, List<Long> voters, List<Long> learners, long dataBytes) {
    private static final String SUFFIX = ".snap";

    EntryId id() {
        return new EntryId(term, index);
    }

    /**
     * The newest one that can be read.
     *
     * @param damaged is told of each newer one that cannot
     * @throws EtcdReaderException if there is none
     */
    static DumpSnapshot newest(Disk disk, Path directory, Consumer<String> damaged) throws EtcdReaderException {
        List<String> names;
        try {
            names = new ArrayList<>(disk.list(directory));
        } catch (IOException e) {
            throw EtcdReaderException.error(DumpErrors.text("open", directory, e));
        }
        names.removeIf(name -> !name.endsWith(SUFFIX));
        names.sort(Collections.reverseOrder());
        for (String name : names) {
            Path path = directory.resolve(name);
            try (DumpBytes bytes = new DumpBytes(path, disk.open(path, Disk.Mode.READ))) {
                return new Parser(bytes).parse();
            } catch (EtcdReaderException e) {
                if (e.kind() == EtcdReaderException.Kind.PANIC) {
                    throw e;
                }
                damaged.accept("the snapshot " + path + " cannot be read: " + e.text());
            } catch (IOException e) {
                damaged.accept("the snapshot " + path + " cannot be read: " + DumpErrors.text("read", path, e));
            }
        }
        throw EtcdReaderException.error("snap: no available snapshot");
    }

    /** Reads one file. */
    private static final class Parser {
        private final DumpBytes bytes;
        private final List<Long> voters = new ArrayList<>();
        private final List<Long> learners = new ArrayList<>();
        private long index;
        private long term;
        private long dataBytes;

        Parser(DumpBytes bytes) {
            this.bytes = bytes;
        }

        DumpSnapshot parse() throws IOException, EtcdReaderException {
            int checksum = 0;
            long from = 0;
            long to = 0;
            DumpProtobuf in = new DumpProtobuf(bytes, "snapshot", 0, bytes.size());
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> checksum = (int) in.varint("Crc");
                    case 2 -> {
                        in.bytes("Data");
                        from = in.from();
                        to = in.to();
                    }
                    default -> in.skip();
                }
            }
            if (from == to || checksum == 0) {
                throw EtcdReaderException.error("snap: empty snapshot");
            }
            RunningChecksum actual = new RunningChecksum();
            bytes.checksum(from, to, actual);
            if (actual.value() != checksum) {
                throw EtcdReaderException.error("snap: crc mismatch");
            }
            onSnapshot(from, to);
            return new DumpSnapshot(index, term, voters, learners, dataBytes);
        }

        private void onSnapshot(long from, long to) throws IOException, EtcdReaderException {
            DumpProtobuf in = new DumpProtobuf(bytes, "Snapshot", from, to);
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> {
                        in.bytes("Data");
                        dataBytes = in.to() - in.from();
                    }
                    case 2 -> {
                        in.bytes("Metadata");
                        onMetadata(in.from(), in.to());
                    }
                    default -> in.skip();
                }
            }
        }

        private void onMetadata(long from, long to) throws IOException, EtcdReaderException {
            DumpProtobuf in = new DumpProtobuf(bytes, "SnapshotMetadata", from, to);
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> {
                        in.bytes("ConfState");
                        onConfState(in.from(), in.to());
                    }
                    case 2 -> index = in.varint("Index");
                    case 3 -> term = in.varint("Term");
                    default -> in.skip();
                }
            }
        }

        /** Lists that come twice are one behind the other. */
        private void onConfState(long from, long to) throws IOException, EtcdReaderException {
            DumpProtobuf in = new DumpProtobuf(bytes, "ConfState", from, to);
            while (in.next()) {
                switch (in.number()) {
                    case 1 -> in.varints("Voters", voters::add);
                    case 2 -> in.varints("Learners", learners::add);
                    case 3 -> in.varints("VotersOutgoing", id -> {});
                    case 4 -> in.varints("LearnersNext", id -> {});
                    case 5 -> in.varint("AutoLeave");
                    default -> in.skip();
                }
            }
        }
    }
}
