package dev.coracle;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Lines in the order in which they were added; a command's result is the number of lines then. */
final class Journal implements StateMachine<String, Long> {
    private final List<String> lines = new ArrayList<>();
    /** Counted down when a snapshot begins to be written. */
    volatile @Nullable CountDownLatch writing;
    /** What a snapshot waits for before it is written. */
    volatile @Nullable CountDownLatch mayWrite;
    /** A command that the machine does not survive. */
    static final String POISON = "poison";

    @Override
    public Long apply(String command) {
        if (command.equals(POISON)) {
            throw new IllegalStateException("the journal does not take " + POISON);
        }
        lines.add(command);
        return (long) lines.size();
    }

    @Override
    public PinnedState snapshot() {
        List<String> pinned = List.copyOf(lines);
        return out -> write(pinned, out);
    }

    private void write(List<String> pinned, OutputStream out) throws IOException {
        CountDownLatch begun = writing;
        CountDownLatch gate = mayWrite;
        if (begun != null) {
            begun.countDown();
        }
        if (gate != null) {
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
        }
        try (DataOutputStream data = new DataOutputStream(out)) {
            data.writeInt(pinned.size());
            for (String line : pinned) {
                data.writeUTF(line);
            }
        }
    }

    @Override
    public void restore(InputStream in) throws IOException {
        DataInputStream data = new DataInputStream(in);
        lines.clear();
        for (int i = data.readInt(); i > 0; i--) {
            lines.add(data.readUTF());
        }
    }

    List<String> lines() {
        return List.copyOf(lines);
    }
}
