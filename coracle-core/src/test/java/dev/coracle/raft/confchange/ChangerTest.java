package dev.coracle.raft.confchange;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeTransition;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.MemberChange;
import dev.coracle.raft.tracker.ProgressTracker;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Each test is a little script: changes in etcd's notation (v1 makes 1 a voter, l1 a learner, r1 removes it, u1 updates
 * it), and the configuration or the refusal that each leads to. The last index is the number of commands before, so
 * that a member's {@code next} tells when its progress was made.
 */
class ChangerTest {
    private Configuration configuration = Configuration.EMPTY;
    private final ProgressTracker tracker = new ProgressTracker(10, 0);
    private int lastIndex;

    // Simple changes

    @Test
    void votersComeOneByOne() {
        assertThat(simple("v1")).isEqualTo("voters=(1)");
        assertThat(simple("v2")).isEqualTo("voters=(1 2)");
        assertThat(simple("v3")).isEqualTo("voters=(1 2 3)");
        assertThat(progress())
                .containsExactly(
                        "1: StateProbe match=0 next=1", "2: StateProbe match=0 next=1", "3: StateProbe match=0 next=2");
    }

    @Test
    void onlyOneVoterChangesAtATime() {
        simple("v1");
        simple("v2");
        assertThat(simple("v3 v4")).isEqualTo("more than one voter changed without entering joint config");
        assertThat(simple("r1 v3")).isEqualTo("more than one voter changed without entering joint config");
        assertThat(simple("l1 v3")).isEqualTo("more than one voter changed without entering joint config");
        assertThat(simple("v1 v2 v3")).as("two of them are there").isEqualTo("voters=(1 2 3)");
    }

    @Test
    void anyNumberOfLearnersChangesAtATime() {
        simple("v1");
        assertThat(simple("l2 l3 l4 l5")).isEqualTo("voters=(1) learners=(2 3 4 5)");
        assertThat(simple("r2 r3 r4 l6 v5")).isEqualTo("voters=(1 5) learners=(6)");
    }

    @Test
    void oneVoterMustStay() {
        assertThat(simple("l1")).isEqualTo("removed all voters");
        assertThat(simple("")).isEqualTo("removed all voters");
        simple("v1");
        assertThat(simple("r1")).isEqualTo("removed all voters");
        assertThat(simple("l1")).isEqualTo("removed all voters");
        assertThat(configuration).hasToString("voters=(1)");
    }

    @Test
    void promotionAndDemotionKeepTheProgress() {
        simple("v1");
        simple("v2");
        simple("l3");
        assertThat(simple("v3")).isEqualTo("voters=(1 2 3)");
        assertThat(simple("l2")).isEqualTo("voters=(1 3) learners=(2)");
        assertThat(progress())
                .containsExactly(
                        "1: StateProbe match=0 next=1",
                        "2: StateProbe match=0 next=1 learner",
                        "3: StateProbe match=0 next=2");
    }

    @Test
    void repeatedChangesChangeNothing() {
        simple("v1");
        simple("v2");
        assertThat(simple("v2 v2")).isEqualTo("voters=(1 2)");
        assertThat(simple("l2 l2")).isEqualTo("voters=(1) learners=(2)");
        assertThat(simple("l2")).isEqualTo("voters=(1) learners=(2)");
        assertThat(progress()).last().isEqualTo("2: StateProbe match=0 next=1 learner");
        assertThat(simple("r2 r2 r9")).isEqualTo("voters=(1)");
        assertThat(simple("r2")).isEqualTo("voters=(1)");
        assertThat(progress()).containsExactly("1: StateProbe match=0 next=1");
    }

    @Test
    void updatesAndCancelledChangesChangeNothing() {
        simple("v1");
        assertThat(simple("u1 u7 v0 l0 r0")).isEqualTo("voters=(1)");
        assertThat(tracker.size()).isEqualTo(1);
    }

    @Test
    void whoIsRemovedAndAddedInOneChangeStartsAfresh() {
        simple("v1");
        simple("v2");
        simple("l3");
        assertThat(simple("r2 v2 r3 l3")).isEqualTo("voters=(1 2) learners=(3)");
        assertThat(progress())
                .containsExactly(
                        "1: StateProbe match=0 next=1",
                        "2: StateProbe match=0 next=3",
                        "3: StateProbe match=0 next=3 learner");
    }

    @Test
    void membersComeAndGoInTheOrderOfTheChanges() throws InvalidConfChangeException {
        simple("v1");
        simple("l5");
        assertThat(Changer.simple(configuration, parse("l4 r5 l3 r4 v1")).changes())
                .containsExactly(
                        new MemberChange(4, true),
                        new MemberChange(5, false),
                        new MemberChange(3, true),
                        new MemberChange(4, false));
    }

    // Joint configurations

    @Test
    void votersAreReplacedThroughAJointConfiguration() {
        simple("v1");
        assertThat(enterJoint(false, "v2 v3 r1")).isEqualTo("voters=(2 3)&&(1)");
        assertThat(progress()).hasSize(3);
        assertThat(leaveJoint()).isEqualTo("voters=(2 3)");
        assertThat(progress()).containsExactly("2: StateProbe match=0 next=1", "3: StateProbe match=0 next=1");
    }

    @Test
    void automaticLeavingIsNotedUntilItIsLeft() {
        simple("v1");
        assertThat(enterJoint(true, "v2 v3")).isEqualTo("voters=(1 2 3)&&(1) autoleave");
        assertThat(enterJoint(false, "")).isEqualTo("config is already joint");
        assertThat(leaveJoint()).isEqualTo("voters=(1 2 3)");
    }

    @Test
    void aJointConfigurationMayChangeNothing() {
        simple("v1");
        assertThat(enterJoint(false, "")).isEqualTo("voters=(1)&&(1)");
        assertThat(leaveJoint()).isEqualTo("voters=(1)");
    }

    @Test
    void jointAndSimpleDoNotMix() {
        assertThat(leaveJoint()).isEqualTo("can't leave a non-joint config");
        assertThat(enterJoint(false, "v1")).isEqualTo("can't make a zero-voter config joint");
        simple("v1");
        assertThat(leaveJoint()).isEqualTo("can't leave a non-joint config");
        assertThat(enterJoint(false, "r1")).isEqualTo("removed all voters");
        enterJoint(false, "v2");
        assertThat(simple("v3")).isEqualTo("can't apply simple config change in joint config");
        assertThat(configuration).hasToString("voters=(1 2)&&(1)");
    }

    @Test
    void aDemotedVoterIsALearnerOnlyWhenTheJointConfigurationIsLeft() {
        simple("v1");
        simple("v2");
        assertThat(enterJoint(false, "v3 l1 l4")).isEqualTo("voters=(2 3)&&(1 2) learners=(4) learners_next=(1)");
        assertThat(progress()).first().isEqualTo("1: StateProbe match=0 next=1");
        assertThat(leaveJoint()).isEqualTo("voters=(2 3) learners=(1 4)");
        assertThat(progress()).first().isEqualTo("1: StateProbe match=0 next=1 learner");
    }

    @Test
    void laterChangesOfOneNodeWinOverEarlierOnes() {
        simple("v1");
        simple("v2");
        assertThat(enterJoint(false, "l1 v1 l2 r2 v3 r3 l4 v4")).isEqualTo("voters=(1 4)&&(1 2)");
        assertThat(leaveJoint()).isEqualTo("voters=(1 4)");
        assertThat(progress()).containsExactly("1: StateProbe match=0 next=1", "4: StateProbe match=0 next=2");
    }

    @Test
    void anOutgoingVoterKeepsItsProgressUntilTheJointConfigurationIsLeft() {
        simple("v1");
        simple("v2");
        assertThat(enterJoint(false, "r2 v2")).isEqualTo("voters=(1 2)&&(1 2)");
        assertThat(progress()).last().isEqualTo("2: StateProbe match=0 next=1");
        leaveJoint();
        assertThat(enterJoint(false, "r2")).isEqualTo("voters=(1)&&(1 2)");
        assertThat(progress()).hasSize(2);
        assertThat(leaveJoint()).isEqualTo("voters=(1)");
        assertThat(progress()).hasSize(1);
    }

    @Test
    void leavingNamesWhoGoesAscending() throws InvalidConfChangeException {
        simple("v3");
        simple("v2");
        simple("v1");
        enterJoint(false, "v4 r3 r2 r1");
        assertThat(Changer.leaveJoint(configuration).changes())
                .containsExactly(new MemberChange(1, false), new MemberChange(2, false), new MemberChange(3, false));
    }

    // Which kind of change

    @Test
    void aChangeIsSimpleOrJointOrALeaveAsItAsks() throws InvalidConfChangeException {
        simple("v1");
        assertThat(apply(ConfChangeTransition.AUTO, "v2")).isEqualTo("voters=(1 2)");
        assertThat(apply(ConfChangeTransition.AUTO, "v2 v3")).isEqualTo("voters=(1 2 3)&&(1) autoleave");
        assertThat(apply(ConfChangeTransition.JOINT_IMPLICIT, "v2")).isEqualTo("voters=(1 2)&&(1) autoleave");
        assertThat(apply(ConfChangeTransition.JOINT_EXPLICIT, "v2")).isEqualTo("voters=(1 2)&&(1)");
        assertThat(apply(ConfChangeTransition.JOINT_EXPLICIT, "")).isEqualTo("voters=(1)&&(1)");
        enterJoint(false, "v2");
        assertThat(apply(ConfChangeTransition.AUTO, "")).isEqualTo("voters=(1 2)");
    }

    // Invariants

    @Test
    void aConfigurationThatContradictsItselfIsNotChanged() {
        IdSet none = IdSet.EMPTY;
        IdSet one = IdSet.of(1);
        IdSet two = IdSet.of(2);
        IdSet twoAndThree = IdSet.of(2, 3);
        refuses(new Configuration(one, none, false, one, none), "1 is in Learners and Voters[0]");
        refuses(new Configuration(one, two, false, two, none), "2 is in Learners and Voters[1]");
        refuses(new Configuration(one, two, false, none, twoAndThree), "3 is in LearnersNext, but not Voters[1]");
        refuses(new Configuration(one, two, false, two, two), "2 is in LearnersNext, but is already marked as learner");
        refuses(new Configuration(one, none, true, none, none), "AutoLeave must be false when not joint");
        refuses(new Configuration(none, none, false, none, two), "2 is in LearnersNext, but not Voters[1]");
    }

    private static void refuses(Configuration configuration, String text) {
        assertThatThrownBy(() -> Changer.simple(configuration, parse("v1")))
                .isInstanceOf(InvalidConfChangeException.class)
                .hasMessage(text);
        assertThatThrownBy(() -> Changer.leaveJoint(configuration))
                .isInstanceOf(InvalidConfChangeException.class)
                .hasMessage(text);
    }

    private interface Change {
        Changer.Result to(Configuration configuration) throws InvalidConfChangeException;
    }

    private String simple(String changes) {
        return run(from -> Changer.simple(from, parse(changes)));
    }

    private String enterJoint(boolean autoLeave, String changes) {
        return run(from -> Changer.enterJoint(from, autoLeave, parse(changes)));
    }

    private String leaveJoint() {
        return run(Changer::leaveJoint);
    }

    private String run(Change change) {
        try {
            Changer.Result result = change.to(configuration);
            configuration = result.configuration();
            tracker.apply(result.changes(), lastIndex);
            assertThat(trackedIds()).as("who is tracked is who is a member").isEqualTo(configuration.members());
            return configuration.toString();
        } catch (InvalidConfChangeException e) {
            return e.getMessage();
        } finally {
            lastIndex++;
        }
    }

    /** What the change would lead to; it is not kept. */
    private String apply(ConfChangeTransition transition, String changes) throws InvalidConfChangeException {
        ConfChangeV2 change = new ConfChangeV2(transition, parse(changes), Bytes.EMPTY);
        return Changer.apply(configuration, change).configuration().toString();
    }

    private IdSet trackedIds() {
        IdSet ids = IdSet.EMPTY;
        for (int i = 0; i < tracker.size(); i++) {
            ids = ids.with(tracker.idAt(i));
        }
        return ids;
    }

    private List<String> progress() {
        return tracker.describe(configuration).lines().toList();
    }

    private static List<ConfChangeSingle> parse(String changes) {
        List<ConfChangeSingle> parsed = new ArrayList<>();
        for (String change : changes.isEmpty() ? new String[0] : changes.split(" ")) {
            parsed.add(new ConfChangeSingle(type(change.charAt(0)), Long.parseLong(change.substring(1))));
        }
        return parsed;
    }

    private static ConfChangeType type(char letter) {
        for (ConfChangeType type : ConfChangeType.values()) {
            if (type.letter() == letter) {
                return type;
            }
        }
        throw new IllegalArgumentException("letter " + letter);
    }
}
