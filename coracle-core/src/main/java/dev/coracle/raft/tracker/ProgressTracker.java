package dev.coracle.raft.tracker;

import dev.coracle.raft.Check;
import dev.coracle.raft.quorum.AckedIndexes;
import dev.coracle.raft.quorum.IdSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A leader's {@link Progress} of each member, ascending by id. Looking up allocates nothing. */
public final class ProgressTracker implements AckedIndexes {
    private final int maxInflightMessages;
    private final long maxInflightBytes;

    private IdSet ids = IdSet.EMPTY;

    /** The progress of the id at the same position in {@link #ids}. */
    private Progress[] progress = {};

    /** Without members. The limits are those of each member's {@link Inflights}. */
    public ProgressTracker(int maxInflightMessages, long maxInflightBytes) {
        this.maxInflightMessages = maxInflightMessages;
        this.maxInflightBytes = maxInflightBytes;
    }

    /** The progress of {@code id}, or {@code null} if it is not a member. */
    public @Nullable Progress get(long id) {
        int position = ids.positionOf(id);
        return position < 0 ? null : progress[position];
    }

    /** How far the log of {@code id} is known to match; what commits is counted by this. */
    @Override
    public long ackedIndex(long id) {
        Progress known = get(id);
        return known == null ? 0 : known.match();
    }

    /** The number of members. */
    public int size() {
        return progress.length;
    }

    /** The id at {@code position}, counted from 0 in ascending order. */
    public long idAt(int position) {
        return ids.at(position);
    }

    /** The progress of the member at {@code position}. */
    public Progress at(int position) {
        return progress[position];
    }

    /** The memory that all in-flight windows hold, in bytes. */
    public long inflightBufferBytes() {
        long bytes = 0;
        for (Progress each : progress) {
            bytes += each.inflights().bufferBytes();
        }
        return bytes;
    }

    /** Gives back the memory of empty in-flight windows. */
    public void freeInflightBuffers() {
        for (Progress each : progress) {
            each.inflights().freeBuffer();
        }
    }

    /** Adds a member of whose log nothing is known, to be probed from {@code next}. It must not be there yet. */
    public void add(long id, long next, boolean recentlyActive) {
        Check.that(!ids.contains(id), "member %x is there already", id);
        Progress added = new Progress(next, new Inflights(maxInflightMessages, maxInflightBytes));
        added.setRecentlyActive(recentlyActive);

        ids = ids.with(id);
        int position = ids.positionOf(id);
        Progress[] longer = new Progress[progress.length + 1];
        System.arraycopy(progress, 0, longer, 0, position);
        longer[position] = added;
        System.arraycopy(progress, position, longer, position + 1, progress.length - position);
        progress = longer;
    }

    /** Forgets a member, which must be there. */
    public void remove(long id) {
        int position = ids.positionOf(id);
        Check.that(position >= 0, "member %x is not there", id);
        ids = ids.without(id);
        Progress[] shorter = new Progress[progress.length - 1];
        System.arraycopy(progress, 0, shorter, 0, position);
        System.arraycopy(progress, position + 1, shorter, position, shorter.length - position);
        progress = shorter;
    }

    /**
     * Follows a change of the configuration. Who comes counts as active, for until the next check of the quorum nobody
     * can expect to have heard of it, and only the active are sent snapshots.
     *
     * @param lastIndex the last index of the leader's log, from which new members are probed
     */
    public void apply(List<MemberChange> changes, long lastIndex) {
        for (MemberChange change : changes) {
            if (change.added()) {
                add(change.id(), Math.max(lastIndex, 1), true);
            } else {
                remove(change.id());
            }
        }
    }

    /** One line for each member, as etcd prints them; {@code configuration} knows the learners. */
    public String describe(Configuration configuration) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < progress.length; i++) {
            long id = ids.at(i);
            text.append(Long.toUnsignedString(id)).append(": ");
            text.append(progress[i].describe(configuration.isLearner(id))).append('\n');
        }
        return text.toString();
    }
}
