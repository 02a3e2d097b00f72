package dev.coracle.raft.tracker;

import dev.coracle.raft.quorum.Groups;
import dev.coracle.raft.quorum.IdSet;
import java.util.Arrays;

/** The groups that members were assigned to. Looking up allocates nothing. */
public final class CommitGroups implements Groups {
    private IdSet ids = IdSet.EMPTY;

    /** The group, never 0, of the id at the same position in {@link #ids}. */
    private long[] groups = {};

    /** Nobody has a group. */
    public CommitGroups() {}

    @Override
    public long group(long id) {
        int position = ids.positionOf(id);
        return position < 0 ? 0 : groups[position];
    }

    /** Puts a member into a group, or with 0 into none. */
    public void assign(long id, long group) {
        remove(id);
        if (group == 0) {
            return;
        }
        ids = ids.with(id);
        int position = ids.positionOf(id);
        long[] longer = Arrays.copyOf(groups, groups.length + 1);
        System.arraycopy(groups, position, longer, position + 1, groups.length - position);
        longer[position] = group;
        groups = longer;
    }

    /** Takes a member out of its group, if it has one. */
    public void remove(long id) {
        int position = ids.positionOf(id);
        if (position < 0) {
            return;
        }
        ids = ids.without(id);
        long[] shorter = Arrays.copyOf(groups, groups.length - 1);
        System.arraycopy(groups, position + 1, shorter, position, shorter.length - position);
        groups = shorter;
    }

    /** Takes all members out of their groups. */
    public void clear() {
        ids = IdSet.EMPTY;
        groups = new long[0];
    }
}
