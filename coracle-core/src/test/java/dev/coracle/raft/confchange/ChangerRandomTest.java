package dev.coracle.raft.confchange;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.MemberChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ChangerRandomTest {
    private static final ConfChangeType[] TYPES = ConfChangeType.values();

    @Test
    void changesOneByOneLeadWhereAJointConfigurationLeads() throws InvalidConfChangeException {
        long seed = 1789;
        System.out.println("ChangerRandomTest: seed " + seed);
        Random random = new Random(seed);
        for (int run = 0; run < 1_000; run++) {
            List<ConfChangeSingle> setup = new ArrayList<>();
            setup.add(new ConfChangeSingle(ConfChangeType.ADD_NODE, 1));
            setup.addAll(randomChanges(random, 5));
            Configuration start = oneByOne(Configuration.EMPTY, setup);
            List<ConfChangeSingle> changes = randomChanges(random, 20);

            Configuration simple = oneByOne(start, changes);
            assertThat(throughJoint(start, changes, false))
                    .as("%s changed by %s", start, changes)
                    .isEqualTo(simple);
            assertThat(throughJoint(start, changes, true)).isEqualTo(simple);
        }
    }

    /** Changes of nodes 2 to 10, so that node 1 stays a voter and every single change is allowed. */
    private static List<ConfChangeSingle> randomChanges(Random random, int most) {
        List<ConfChangeSingle> changes = new ArrayList<>();
        int count = 1 + random.nextInt(most);
        for (int i = 0; i < count; i++) {
            changes.add(new ConfChangeSingle(TYPES[random.nextInt(TYPES.length)], 2 + random.nextInt(9)));
        }
        return changes;
    }

    private static Configuration oneByOne(Configuration start, List<ConfChangeSingle> changes)
            throws InvalidConfChangeException {
        Configuration configuration = start;
        for (ConfChangeSingle change : changes) {
            configuration = checked(configuration, Changer.simple(configuration, List.of(change)));
        }
        return configuration;
    }

    private static Configuration throughJoint(Configuration start, List<ConfChangeSingle> changes, boolean autoLeave)
            throws InvalidConfChangeException {
        Configuration joint = checked(start, Changer.enterJoint(start, autoLeave, changes));
        assertThat(joint.autoLeave()).isEqualTo(autoLeave);
        assertThat(joint.outgoing()).isEqualTo(start.voters());
        return checked(joint, Changer.leaveJoint(joint));
    }

    /** The new configuration, after a look at who is said to have come and gone. */
    private static Configuration checked(Configuration before, Changer.Result result) {
        IdSet members = before.members();
        for (MemberChange change : result.changes()) {
            assertThat(members.contains(change.id()))
                    .as("%s after %s", change, before)
                    .isEqualTo(!change.added());
            members = change.added() ? members.with(change.id()) : members.without(change.id());
        }
        assertThat(members).isEqualTo(result.configuration().members());
        return result.configuration();
    }
}
