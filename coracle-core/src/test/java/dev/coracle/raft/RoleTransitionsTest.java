package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Figure 4: which role follows which. Every pair of roles is either driven here by what causes it, or refused. */
class RoleTransitionsTest {
    private static final String BEGIN =
            "<!-- role transitions: RoleTransitions.java says, RoleTransitionsTest compares -->";
    private static final String END = "<!-- end of role transitions -->";

    record Pair(RoleName from, RoleName to) {
        boolean isAllowed() {
            return RoleTransitions.occasion(from, to) != null;
        }

        @Override
        public String toString() {
            return RoleTransitions.text(from) + " to " + RoleTransitions.text(to);
        }
    }

    static List<Pair> allowed() {
        return pairs().stream().filter(Pair::isAllowed).toList();
    }

    static List<Pair> refused() {
        return pairs().stream().filter(pair -> !pair.isAllowed()).toList();
    }

    private static List<Pair> pairs() {
        List<Pair> pairs = new ArrayList<>();
        for (RoleName from : RoleName.values()) {
            for (RoleName to : RoleName.values()) {
                pairs.add(new Pair(from, to));
            }
        }
        return pairs;
    }

    @ParameterizedTest
    @MethodSource("allowed")
    void eachAllowedTransitionHasAnOccasion(Pair pair) {
        TestServer server = in(pair.from());
        Role before = server.server.role();

        switch (pair.to()) {
            case FOLLOWER -> server.step(new Message.Heartbeat(2, 1, server.server.term() + 1, 0, Bytes.EMPTY));
            case PRE_CANDIDATE -> server.campaign();
            case CANDIDATE -> {
                if (pair.from() == RoleName.PRE_CANDIDATE) {
                    grantAll(server);
                } else {
                    server = withoutPreVote(pair.from());
                    before = server.server.role();
                    server.campaign();
                }
            }
            case LEADER -> grantAll(server);
        }

        assertThat(server.role()).isEqualTo(pair.to());
        assertThat(server.server.role()).as("a role of its own").isNotSameAs(before);
    }

    @ParameterizedTest
    @MethodSource("refused")
    void everyOtherTransitionIsRefusedAndChangesNothing(Pair pair) {
        Server server = in(pair.from()).server;
        Role role = server.role();
        HardState state = server.hardState();
        long leader = server.leader();

        assertThatThrownBy(() -> become(server, pair.to()))
                .isInstanceOf(Check.BrokenInvariantException.class)
                .hasMessage("invalid transition [%s -> %s]"
                        .formatted(RoleTransitions.text(pair.from()), RoleTransitions.text(pair.to())));

        assertThat(server.role()).isSameAs(role);
        assertThat(server.hardState()).isEqualTo(state);
        assertThat(server.leader()).isEqualTo(leader);
    }

    @Test
    void nobodyLeadsWithoutHavingBeenACandidate() {
        assertThat(pairs())
                .filteredOn(pair -> pair.to() == RoleName.LEADER && pair.isAllowed())
                .containsExactly(new Pair(RoleName.CANDIDATE, RoleName.LEADER));
    }

    @Test
    void aLeaderOnlyStepsDown() {
        assertThat(pairs())
                .filteredOn(pair -> pair.from() == RoleName.LEADER && pair.isAllowed())
                .containsExactly(new Pair(RoleName.LEADER, RoleName.FOLLOWER));
    }

    @Test
    void theDocumentPrintsTheTable() throws IOException {
        StringBuilder table = new StringBuilder("| from | to | when |\n| --- | --- | --- |\n");
        for (Pair pair : allowed()) {
            table.append("| %s | %s | %s |\n"
                    .formatted(
                            RoleTransitions.text(pair.from()),
                            RoleTransitions.text(pair.to()),
                            RoleTransitions.occasion(pair.from(), pair.to())));
        }

        String document = Files.readString(Path.of(System.getProperty("coracle.root"), "docs/internals/core.md"));

        assertThat(document).contains(BEGIN + "\n\n" + table + "\n" + END);
    }

    /** One of three servers, in a role, with pre-vote. */
    private static TestServer in(RoleName role) {
        TestServer server = TestServer.of(1, options -> options.preVote(true), 1L, 2L, 3L);
        if (role != RoleName.FOLLOWER) {
            server.campaign();
        }
        if (role == RoleName.CANDIDATE || role == RoleName.LEADER) {
            grantAll(server);
        }
        if (role == RoleName.LEADER) {
            grantAll(server);
        }
        assertThat(server.role()).isEqualTo(role);
        return server;
    }

    private static TestServer withoutPreVote(RoleName role) {
        TestServer server = TestServer.of(1, 1L, 2L, 3L);
        if (role == RoleName.CANDIDATE) {
            server.campaign();
        }
        assertThat(server.role()).isEqualTo(role);
        return server;
    }

    /** Everybody grants what is asked for, the server itself included. */
    private static void grantAll(TestServer server) {
        List<Message> requests = server.sent();
        server.persist();
        for (Message request : requests) {
            if (request instanceof Message.VoteRequest vote) {
                server.step(TestServer.grant(vote));
            }
        }
    }

    private static void become(Server server, RoleName role) {
        switch (role) {
            case FOLLOWER -> server.becomeFollower(server.term(), RawNode.NONE);
            case PRE_CANDIDATE -> server.becomePreCandidate();
            case CANDIDATE -> server.becomeCandidate();
            case LEADER -> server.becomeLeader();
        }
    }
}
