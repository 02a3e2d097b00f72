package dev.coracle.sim.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** How scripts end that do not get as far as a wrong answer. */
class ScriptRunnerTest {
    private static final Path FILE = Path.of("script.txt");
    private static final String TWO_QUIET_NODES = """
            log-level none
            ----
            ok

            add-nodes 2 voters=(1,2) index=2
            ----
            ok

            """;

    @Test
    void tellsTheLanguageByItsFirstKnownCommand() {
        assertThat(run("vote\n----\nVoteWon\n")).isEqualTo(new ScriptResult.Passed(FILE));
        assertThat(run("what\n----\nunknown command\n\nleave-joint\n----\ncan't leave a non-joint config\n"))
                .isEqualTo(new ScriptResult.Passed(FILE));
        assertThat(run("what\n----\nunknown command\n\nraft-state\n----\nok\n"))
                .isEqualTo(new ScriptResult.Passed(FILE));
        breaks("what\n----\nunknown command\n\nvote\n----\nVoteWon\n", 1, "what: unknown command: what");
    }

    @Test
    void passesAnEmptyScript() {
        assertThat(run("# Nothing.\n")).isEqualTo(new ScriptResult.Passed(FILE));
    }

    @Test
    void expectsNoAnswerWithoutASeparator() {
        assertThat(run("raft-state\n"))
                .isEqualTo(new ScriptResult.Differs(FILE, 2, "raft-state", 1, "", "ok", true, false));
    }

    @Test
    void forgetsOneScriptBeforeTheNext() {
        String addsNodeOne = """
                add-nodes 1
                ----
                INFO 1 switched to configuration voters=()
                INFO 1 became follower at term 0
                INFO newRaft 1 [peers: [], term: 0, commit: 0, applied: 0, lastindex: 0, lastterm: 0]
                """;

        assertThat(run(addsNodeOne)).isEqualTo(new ScriptResult.Passed(FILE));
        assertThat(run(addsNodeOne)).isEqualTo(new ScriptResult.Passed(FILE));
    }

    @Test
    void endsAtABrokenInvariant() {
        breaks(
                TWO_QUIET_NODES + "compact 1 100\n----\n",
                9,
                "compact 1 100: broken invariant: compacting up to 100 is beyond the last index 2");
    }

    @Test
    void endsWhenStabilizeDoesNot() {
        // Snapshots that no leader sent make two followers take each other for the leader. A proposal goes round for
        // ever.
        breaks(TWO_QUIET_NODES + """
                        send-snapshot 1 2
                        ----
                        ok

                        send-snapshot 2 1
                        ----
                        ok

                        deliver-msgs 1 2
                        ----
                        ok

                        propose 1 hot-potato
                        ----
                        ok

                        stabilize
                        ----
                        ok
                        """, 25, "stabilize: stabilize has not come to an end after 10000 rounds");
    }

    @Test
    void endsAtANodeThatCouldNotBeStartedAgain() {
        // It applied an entry and lost the news that it is committed.
        breaks("""
                        log-level none
                        ----
                        ok

                        add-nodes 1 voters=(1) index=2 async-storage-writes=true
                        ----
                        ok

                        campaign 1
                        ----
                        ok

                        process-ready 1
                        ----
                        ok

                        process-append-thread 1
                        ----
                        ok

                        deliver-msgs 1
                        ----
                        ok

                        process-ready 1
                        ----
                        ok

                        process-append-thread 1
                        ----
                        ok

                        deliver-msgs 1
                        ----
                        ok

                        process-ready 1
                        ----
                        ok

                        process-apply-thread 1
                        ----
                        ok

                        restart 1
                        ----
                        node 1 does not start: applied(3) is out of range [prevApplied(2), committed(2)]

                        campaign 1
                        ----
                        ok
                        """, 49, "campaign 1: node 1 is down");
    }

    @Test
    void endsAtNodesThatAreNotThere() {
        breaks("campaign 1\n----\n", 1, "campaign 1: there is no node 1, only 0");
        breaks(TWO_QUIET_NODES + "stabilize 3\n----\n", 9, "stabilize 3: there is no node 3, only 2");
        breaks("status 0\n----\n", 1, "status 0: there is no node 0, only 0");
        breaks(
                "transfer-leadership from=1 to=2\n----\n",
                1,
                "transfer-leadership from=1 to=2: there is no node 1, only 0");
    }

    @Test
    void endsAtArgumentsThatMakeNoSense() {
        breaks("campaign\n----\n", 1, "campaign: campaign needs at least 1 arguments, has 0");
        breaks("campaign one\n----\n", 1, "campaign one: strconv.ParseUint: parsing \"one\": invalid syntax");
        breaks("add-nodes 4294967296\n----\n", 1, "add-nodes 4294967296: 4294967296 is greater than 2147483647");
        breaks("add-nodes 1001\n----\n", 1, "add-nodes 1001: 0 and 1001 more are more than 1000 nodes");
        breaks(
                "add-nodes 1 prevote=yes\n----\n",
                1,
                "add-nodes 1 prevote=yes: strconv.ParseBool: parsing \"yes\": invalid syntax");
        breaks(
                "add-nodes 1 read-only=lease-based\n----\n",
                1,
                "add-nodes 1 read-only=lease-based: readOnlyOption: LEASE_BASED needs checkQuorum");
        breaks("deliver-msgs type=MsgFoo\n----\n", 1, "deliver-msgs type=MsgFoo: unknown message type MsgFoo");
        breaks("deliver-msgs 1 drop=1\n----\n", 1, "deliver-msgs 1 drop=1: can't both deliver and drop msgs to 1");
        breaks("deliver-msgs drop=1 1\n----\n", 1, "deliver-msgs drop=1 1: can't both deliver and drop msgs to 1");
        breaks(
                "deliver-msgs drop=1,2\n----\n",
                1,
                "deliver-msgs drop=1,2: strconv.ParseUint: parsing \"1,2\": invalid syntax");
        breaks("propose 1 a b\n----\n", 1, "propose 1 a b: propose needs a node and one word of data");
        breaks(
                TWO_QUIET_NODES + "set-randomized-election-timeout 1\n----\n",
                9,
                "set-randomized-election-timeout 1: set-randomized-election-timeout needs timeout=VALUE");
        breaks(TWO_QUIET_NODES + "tick 1\n----\n", 9, "tick 1: tick needs at least 2 arguments, has 1");
        breaks(
                TWO_QUIET_NODES + "bootstrap 1 peers=(1)\n----\n",
                9,
                "bootstrap 1 peers=(1): bootstrap takes voters and learners, not peers");
        breaks(
                TWO_QUIET_NODES + "bootstrap 1 voters=(1)\n----\n",
                9,
                "bootstrap 1 voters=(1): can't bootstrap a nonempty Storage");
        breaks(
                TWO_QUIET_NODES + "report-snapshot 1 2\n----\n",
                9,
                "report-snapshot 1 2: report-snapshot needs failed=VALUE");
        breaks(TWO_QUIET_NODES + "tune 1 prevote=true\n----\n", 9, "tune 1 prevote=true: prevote cannot be tuned");
        breaks(
                "add-nodes 1 uncommitted-until=stored\n----\n",
                1,
                "add-nodes 1 uncommitted-until=stored: uncommitted-until is applied or handed-out, not stored");
        breaks(
                "committed cfg=(1) idx=(9223372036854775808)\n----\n",
                1,
                "committed cfg=(1) idx=(9223372036854775808):"
                        + " index 9223372036854775808 is greater than 9223372036854775807");
        breaks(
                "committed cfg=(1) idx=(0)\n----\n",
                1,
                "committed cfg=(1) idx=(0): cannot use 0 as idx, it stands for _");
        breaks("vote cfgj=(zero,1)\n----\n", 1, "vote cfgj=(zero,1): cannot mix 'zero' into configuration");
        breaks("vote who=1\n----\n", 1, "vote who=1: unknown arg who");
        breaks("enter-joint later=1\n----\n", 1, "enter-joint later=1: enter-joint needs autoleave=VALUE");
    }

    private static void breaks(String text, int line, String reason) {
        assertThat(run(text)).isEqualTo(new ScriptResult.Broken(FILE, line, reason));
    }

    private static ScriptResult run(String text) {
        return ScriptRunner.run(FILE, text);
    }
}
