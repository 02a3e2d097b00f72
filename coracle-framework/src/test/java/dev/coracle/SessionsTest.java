package dev.coracle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.node.Failure;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** The table of client sessions, and the names of sessions. */
class SessionsTest {
    private static final byte[] RESULT = {9};

    private final Sessions sessions = new Sessions();

    private static Envelope.InSession command(SessionId session, long sequence, long lowest, int... payload) {
        byte[] bytes = new byte[payload.length];
        for (int i = 0; i < payload.length; i++) {
            bytes[i] = (byte) payload[i];
        }
        return new Envelope.InSession(session, sequence, lowest, bytes);
    }

    private void apply(Envelope.InSession command, long index, byte[] result) {
        assertThat(sessions.find(command)).isNull();
        sessions.applied(command, index, result);
    }

    private Sessions.Outcome.Refused refusal(Envelope.InSession command) {
        Sessions.Outcome outcome = sessions.find(command);
        assertThat(outcome).isInstanceOf(Sessions.Outcome.Refused.class);
        return (Sessions.Outcome.Refused) outcome;
    }

    @Test
    void aCommandIsAppliedOnceAndItsResultIsRemembered() {
        SessionId session = sessions.open(5, 77);
        apply(command(session, 1, 1, 1), 6, RESULT);
        for (int i = 0; i < 3; i++) {
            assertThat(sessions.find(command(session, 1, 1, 1)))
                    .isInstanceOfSatisfying(
                            Sessions.Outcome.Remembered.class,
                            known -> assertThat(known.result()).isEqualTo(RESULT));
        }
        assertThat(sessions.find(command(session, 2, 1, 1))).isNull();
    }

    @Test
    void commandsMayComeInAnyOrderAndEachIsApplied() {
        SessionId session = sessions.open(5, 77);
        apply(command(session, 3, 1, 3), 6, RESULT);
        apply(command(session, 1, 1, 1), 7, RESULT);
        apply(command(session, 2, 1, 2), 8, RESULT);
        assertThat(sessions.find(command(session, 3, 1, 3))).isInstanceOf(Sessions.Outcome.Remembered.class);
    }

    @Test
    void anotherCommandUnderTheSameNumberIsRefused() {
        SessionId session = sessions.open(5, 77);
        apply(command(session, 1, 1, 1), 6, RESULT);
        Sessions.Outcome.Refused refused = refusal(command(session, 1, 1, 2));
        assertThat(refused.kind()).isEqualTo(Failure.Kind.REFUSED_CONFIG);
        assertThat(refused.text()).contains("was another command's, which was applied at 6");
    }

    @Test
    void resultsAreForgottenWhenTheClientHasThem() {
        SessionId session = sessions.open(5, 77);
        long empty = sessions.bytes();
        apply(command(session, 1, 1, 1), 6, RESULT);
        apply(command(session, 2, 1, 1), 7, RESULT);
        apply(command(session, 3, 3, 1), 8, RESULT);
        assertThat(sessions.bytes()).isEqualTo(empty + Sessions.OVERHEAD_BYTES + 1);
        // A try that comes late must neither be applied nor bring the window back.
        assertThat(refusal(command(session, 2, 1, 1)).kind()).isEqualTo(Failure.Kind.SESSION_IN_DOUBT);
        assertThat(refusal(command(session, 1, 1, 1)).kind()).isEqualTo(Failure.Kind.SESSION_IN_DOUBT);
    }

    @Test
    void numbersBeyondTheWindowAreRefused() {
        SessionId session = sessions.open(5, 77);
        assertThat(sessions.find(command(session, Sessions.WINDOW, 1, 1))).isNull();
        assertThat(refusal(command(session, Sessions.WINDOW + 1, 1, 1)).kind()).isEqualTo(Failure.Kind.REFUSED_CONFIG);
        assertThat(sessions.find(command(session, Sessions.WINDOW + 1, 2, 1))).isNull();
    }

    @Test
    void aSessionThatIsNotThereAppliesNothing() {
        SessionId session = sessions.open(5, 77);
        for (SessionId other : new SessionId[] {new SessionId(6, 77), new SessionId(5, 78)}) {
            assertThat(refusal(command(other, 1, 1, 1)).kind()).isEqualTo(Failure.Kind.SESSION_EXPIRED);
            sessions.close(other);
        }
        assertThat(sessions.find(command(session, 1, 1, 1))).isNull();
        sessions.close(session);
        assertThat(refusal(command(session, 1, 1, 1)).kind()).isEqualTo(Failure.Kind.SESSION_EXPIRED);
        assertThat(sessions.size()).isZero();
        assertThat(sessions.bytes()).isZero();
    }

    @Test
    void theSessionThatWasNotUsedForLongestExpires() {
        SessionId first = sessions.open(1, 77);
        SessionId second = sessions.open(2, 77);
        apply(command(second, 1, 1, 1), 3, RESULT);
        for (int i = 2; i < Sessions.MOST; i++) {
            sessions.open(2 + i, 77);
        }
        assertThat(sessions.size()).isEqualTo(Sessions.MOST);
        // Used, if only by a try that changes nothing.
        assertThat(sessions.find(command(first, 1, 1, 1))).isNull();
        sessions.open(9_000, 77);
        assertThat(sessions.size()).isEqualTo(Sessions.MOST);
        assertThat(sessions.find(command(first, 1, 1, 1))).isNull();
        // That it applied something is forgotten, and so it must not be applied anew.
        assertThat(refusal(command(second, 1, 1, 1)).kind()).isEqualTo(Failure.Kind.SESSION_EXPIRED);
    }

    @Test
    void resultsBeyondTheLimitCostTheOldestSessions() {
        byte[] longest = new byte[Sessions.MOST_ANSWER_BYTES];
        long index = 0;
        SessionId last = new SessionId(0, 0);
        int opened = 0;
        while (sessions.size() == opened) {
            last = sessions.open(++index, 77);
            opened++;
            for (int i = 1; i <= 50; i++) {
                apply(command(last, i, 1, 1), ++index, longest);
            }
            assertThat(sessions.bytes()).isLessThanOrEqualTo(Sessions.MOST_BYTES);
        }
        assertThat(opened).isEqualTo(11);
        assertThat(sessions.find(command(last, 1, 1, 1))).isInstanceOf(Sessions.Outcome.Remembered.class);
    }

    @Test
    void oneSessionAloneIsWithinTheLimit() {
        assertThat((long) Sessions.WINDOW * (Sessions.MOST_ANSWER_BYTES + Sessions.OVERHEAD_BYTES)
                        + Sessions.OVERHEAD_BYTES)
                .isLessThan(Sessions.MOST_BYTES);
    }

    @Test
    void aResultThatIsTooLongIsNotKeptButNeitherIsItsCommandAppliedTwice() {
        SessionId session = sessions.open(5, 77);
        apply(command(session, 1, 1, 1), 6, new byte[Sessions.MOST_ANSWER_BYTES + 1]);
        Sessions.Outcome.Refused refused = refusal(command(session, 1, 1, 1));
        assertThat(refused.kind()).isEqualTo(Failure.Kind.RESULT_GONE);
        assertThat(refused.text()).contains("applied, once, at 6").contains("of 65537 bytes");
        apply(command(session, 2, 1, 1), 7, null);
        assertThat(refusal(command(session, 2, 1, 1)).text()).contains("could not be encoded");
    }

    @Test
    void aSnapshotHasWhatWasThereWhenItWasPinnedAndTheOrderOfUse() throws Exception {
        SessionId first = sessions.open(1, 77);
        SessionId second = sessions.open(2, 78);
        apply(command(second, 1, 1, 1), 3, RESULT);
        apply(command(first, 2, 2, 1), 4, null);
        Sessions.Pinned pinned = sessions.pin();
        apply(command(first, 3, 2, 1), 5, RESULT);
        sessions.close(second);

        Sessions restored = new Sessions();
        restored.open(99, 99);
        restored.restore(Sessions.decode(pinned.encode()));
        assertThat(restored.size()).isEqualTo(2);
        assertThat(restored.pin().encode()).isEqualTo(pinned.encode());
        for (int i = 1; i < Sessions.MOST; i++) {
            restored.open(10 + i, 77);
        }
        assertThat(restored.find(command(second, 1, 1, 1)))
                .as("it was used before the other one, and has expired")
                .isInstanceOf(Sessions.Outcome.Refused.class);
        assertThat(((Sessions.Outcome.Refused) restored.find(command(first, 2, 2, 1))).kind())
                .isEqualTo(Failure.Kind.RESULT_GONE);
        assertThat(restored.find(command(first, 3, 2, 1))).isNull();
        assertThat(restored.find(command(first, 1, 1, 1))).isInstanceOf(Sessions.Outcome.Refused.class);
    }

    @Test
    void twoMembersOfWhichOneWasRestoredStayTheSame() throws Exception {
        Sessions other = new Sessions();
        for (int i = 1; i <= 5_000; i++) {
            SessionId opened = sessions.open(10L * i, i);
            apply(command(opened, 1, 1, i), 10L * i + 1, RESULT);
            if (i == 4_500) {
                other.restore(Sessions.decode(sessions.pin().encode()));
            } else if (i > 4_500) {
                other.open(10L * i, i);
                assertThat(other.find(command(opened, 1, 1, i))).isNull();
                other.applied(command(opened, 1, 1, i), 10L * i + 1, RESULT);
            }
        }
        assertThat(other.pin().encode()).isEqualTo(sessions.pin().encode());
        assertThat(other.bytes()).isEqualTo(sessions.bytes());
    }

    @Test
    void everyTruncationIsNoticed() {
        SessionId session = sessions.open(1, 77);
        apply(command(session, 1, 1, 1), 3, RESULT);
        byte[] bytes = sessions.pin().encode();
        for (int length = 0; length < bytes.length; length++) {
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> Sessions.decode(cut)).isInstanceOf(MalformedException.class);
        }
        bytes[0]++;
        assertThatThrownBy(() -> Sessions.decode(bytes)).hasMessageContaining("update this node");
    }

    @Test
    void namesAreReadAsWritten() {
        SessionId id = new SessionId(0x1234, 0x8000_0000_0000_0001L);
        assertThat(id).hasToString("1234.8000000000000001");
        assertThat(SessionId.parse(id.toString())).isEqualTo(id);
        for (String wrong : new String[] {"", ".", "1", "1.", ".1", "1.2.3", "x.1", "1.fffffffffffffffff"}) {
            assertThatThrownBy(() -> SessionId.parse(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("\"" + wrong + "\"");
        }
    }
}
