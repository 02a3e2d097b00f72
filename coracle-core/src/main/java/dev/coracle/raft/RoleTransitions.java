package dev.coracle.raft;

import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which role a server may take after which, and on what occasion (Figure 4; thesis §9.6 adds the pre-candidate). */
final class RoleTransitions {
    private static final Map<RoleName, Map<RoleName, String>> OCCASIONS = new EnumMap<>(RoleName.class);

    static {
        String over =
                "it is refused by a majority; another server leads in this term; a message has a higher term; a vote"
                        + " tells of a committed configuration change";
        String timeout = "its election timer runs out";

        allow(RoleName.FOLLOWER, RoleName.FOLLOWER, "a message has a higher term");
        allow(RoleName.FOLLOWER, RoleName.PRE_CANDIDATE, timeout + ", with pre-vote");
        allow(RoleName.FOLLOWER, RoleName.CANDIDATE, timeout + ", without pre-vote; or the leader hands over");

        allow(RoleName.PRE_CANDIDATE, RoleName.FOLLOWER, over);
        allow(RoleName.PRE_CANDIDATE, RoleName.PRE_CANDIDATE, timeout + " before it is decided");
        allow(RoleName.PRE_CANDIDATE, RoleName.CANDIDATE, "a majority would vote for it");

        allow(RoleName.CANDIDATE, RoleName.FOLLOWER, over);
        allow(RoleName.CANDIDATE, RoleName.PRE_CANDIDATE, timeout + " before it is decided, with pre-vote");
        allow(RoleName.CANDIDATE, RoleName.CANDIDATE, timeout + " before it is decided, without pre-vote");
        allow(RoleName.CANDIDATE, RoleName.LEADER, "a majority votes for it");

        allow(
                RoleName.LEADER,
                RoleName.FOLLOWER,
                "a message has a higher term; it hears of no quorum, with check-quorum; it is removed, with step-down");
    }

    private RoleTransitions() {}

    private static void allow(RoleName from, RoleName to, String occasion) {
        OCCASIONS.computeIfAbsent(from, none -> new EnumMap<>(RoleName.class)).put(to, occasion);
    }

    /** When a server goes from one role to the other, or null if it never may. */
    static @Nullable String occasion(RoleName from, RoleName to) {
        Map<RoleName, String> next = OCCASIONS.get(from);
        return next == null ? null : next.get(to);
    }

    /** Throws unless a server may go from one role to the other. */
    static void check(RoleName from, RoleName to) {
        if (occasion(from, to) == null) {
            throw Check.fail("invalid transition [%s -> %s]", text(from), text(to));
        }
    }

    /** How a role is written in texts. */
    static String text(RoleName role) {
        return role.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
