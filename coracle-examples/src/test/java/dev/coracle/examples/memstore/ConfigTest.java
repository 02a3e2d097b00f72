package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.Member;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTest {
    @TempDir
    private Path folder;

    @Test
    void readsTheFileOfRaftify() throws Exception {
        MemstoreConfig config = MemstoreConfig.read(file("""
                save_compacted_logs = false
                compacted_log_size_threshold = 1073741824

                [raft_config]
                tick_interval = 0.25
                election_tick = 20
                heartbeat_tick = 3
                omit_heartbeat_log = true
                """));
        assertThat(config.tickInterval()).isEqualTo(Duration.ofMillis(250));
        assertThat(config.electionTicks()).isEqualTo(20);
        assertThat(config.heartbeatTicks()).isEqualTo(3);
        assertThat(config.warnings()).isEmpty();
    }

    @Test
    void whatIsLeftOutHasTheDefaultOfTheFramework() throws Exception {
        assertThat(MemstoreConfig.read(file(""))).isEqualTo(MemstoreConfig.DEFAULT);
        MemstoreConfig config = MemstoreConfig.read(file("[raft_config]\nheartbeat_tick = 2\n"));
        assertThat(config.heartbeatTicks()).isEqualTo(2);
        assertThat(config.electionTicks()).isEqualTo(10);
    }

    @Test
    void whatIsAskedForAndNotDoneIsWarnedAbout() throws Exception {
        Path file = file("save_compacted_logs = true\n[raft_config]\nomit_heartbeat_log = false\n");
        assertThat(MemstoreConfig.read(file).warnings())
                .hasSize(2)
                .allMatch(warning -> warning.startsWith(file + ": "))
                .anyMatch(warning -> warning.contains("save_compacted_logs"))
                .anyMatch(warning -> warning.contains("omit_heartbeat_log"));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            save_compacted_log = true                             | save_compacted_log: unknown key, must be one of
            raft_config.election_ticks = 5                        | raft_config.election_ticks: unknown key
            raft_config = 5                                       | raft_config: 5 must be a table
            save_compacted_logs = 1                               | save_compacted_logs: 1 must be true or false
            save_compacted_logs = 'true'                          | save_compacted_logs: "true" must be true or false
            compacted_log_size_threshold = 0                      | compacted_log_size_threshold: 0 must be a whole number
            compacted_log_size_threshold = 99999999999999999999   | must be a whole number from 1 to 9223372036854775807
            raft_config.tick_interval = 0                         | raft_config.tick_interval: 0 must be a number from 0.001 to 60
            raft_config.tick_interval = -0.1                      | must be a number from 0.001 to 60
            raft_config.tick_interval = nan                       | must be a number from 0.001 to 60
            raft_config.tick_interval = inf                       | must be a number from 0.001 to 60
            raft_config.tick_interval = '0.1'                     | must be a number from 0.001 to 60
            raft_config.election_tick = 3.5                       | raft_config.election_tick: 3.5 must be a whole number
            raft_config.election_tick = 1                         | raft_config.election_tick: 1 must be a whole number from 2
            raft_config.heartbeat_tick = 0                        | raft_config.heartbeat_tick: 0 must be a whole number from 1
            raft_config.heartbeat_tick = 10                       | heartbeat_tick: 10 must be less than election_tick, 10
            raft_config = { election_tick = 4, heartbeat_tick = 4 } | election_tick: 4 must be greater than heartbeat_tick, 4
            raft_config.omit_heartbeat_log = 'no'                 | omit_heartbeat_log: "no" must be true or false
            save_compacted_logs =                                 | line 1, column
            [raft_config                                          | line 1, column
            """)
    void settingsThatBreakARuleAreRefused(String text, String complaint) throws IOException {
        Path file = file(text);
        assertThatThrownBy(() -> MemstoreConfig.read(file))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(complaint)
                .hasMessageNotContaining("\n");
    }

    @Test
    void readsTheMembersOfRaftify() throws Exception {
        assertThat(ClusterFile.read(file("""
                [[raft.peers]]
                ip = "127.0.0.1"
                port = 60061
                node_id = 1
                role = "leader"

                [[raft.peers]]
                ip = "::1"
                port = 60062
                node_id = 2
                role = "voter"

                [[raft.peers]]
                ip = "127.0.0.1"
                port = 60063
                node_id = 3
                role = "learner"
                """)))
                .containsExactly(
                        new Member(1, "127.0.0.1:60061", Member.Role.LEADER),
                        new Member(2, "[::1]:60062", Member.Role.VOTER),
                        new Member(3, "127.0.0.1:60063", Member.Role.LEARNER));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            ip = '127.0.0.1', port = 1, node_id = 1                                     | raft.peers[1].role: is missing
            port = 1, node_id = 1, role = 'voter'                                       | raft.peers[1].ip: is missing
            ip = 'localhost', port = 1, node_id = 1, role = 'voter'                     | raft.peers[1].ip: "localhost" must be an IPv4
            ip = '127.0.0.256', port = 1, node_id = 1, role = 'voter'                   | raft.peers[1].ip: "127.0.0.256" must be
            ip = ':::1', port = 1, node_id = 1, role = 'voter'                          | raft.peers[1].ip: ":::1" must be
            ip = 1, port = 1, node_id = 1, role = 'voter'                               | raft.peers[1].ip: 1 must be a text
            ip = '127.0.0.1', port = 0, node_id = 1, role = 'voter'                     | raft.peers[1].port: 0 must be
            ip = '127.0.0.1', port = 65536, node_id = 1, role = 'voter'                 | raft.peers[1].port: 65536 must be
            ip = '127.0.0.1', port = 1, node_id = 0, role = 'voter'                     | raft.peers[1].node_id: 0 must be
            ip = '127.0.0.1', port = 1, node_id = -1, role = 'voter'                    | raft.peers[1].node_id: -1 must be
            ip = '127.0.0.1', port = 1, node_id = 9, role = 'voter'                     | raft.peers[1].node_id: 9 is there twice
            ip = '127.0.0.1', port = 9, node_id = 1, role = 'voter'                     | raft.peers[1].port: 9 makes 127.0.0.1:9
            ip = '127.0.0.1', port = 1, node_id = 1, role = 'leader'                    | raft.peers[1].role: "leader" is there twice
            ip = '127.0.0.1', port = 1, node_id = 1, role = 'king'                      | raft.peers[1].role: "king" must be leader, voter
            ip = '127.0.0.1', port = 1, node_id = 1, role = 'voter', name = 'x'         | raft.peers[1].name: unknown key
            """)
    void membersThatBreakARuleAreRefused(String peer, String complaint) throws IOException {
        String first = "{ ip = '127.0.0.1', port = 9, node_id = 9, role = 'leader' }";
        Path file = file("raft.peers = [ " + first + ", { " + peer + " } ]");
        assertThatThrownBy(() -> ClusterFile.read(file))
                .isInstanceOf(ConfigException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(complaint);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "[raft]", "raft.peers = []"})
    void aFileWithoutMembersIsRefused(String text) throws IOException {
        Path file = file(text);
        assertThatThrownBy(() -> ClusterFile.read(file)).hasMessageContaining("raft.peers: is missing");
    }

    @Test
    void learnersAloneAreRefused() throws IOException {
        Path file = file("raft.peers = [ { ip = '127.0.0.1', port = 9, node_id = 9, role = 'learner' } ]");
        assertThatThrownBy(() -> ClusterFile.read(file)).hasMessageContaining("all are learners");
    }

    @Test
    void aFileThatCannotBeReadIsNamed() throws IOException {
        Path missing = folder.resolve("missing.toml");
        assertThatThrownBy(() -> MemstoreConfig.read(missing)).hasMessage(missing + ": there is no such file");
        assertThatThrownBy(() -> MemstoreConfig.read(folder)).hasMessageStartingWith(folder + ": cannot be read");
        Path binary = folder.resolve("binary.toml");
        Files.write(binary, new byte[] {'a', '=', (byte) 0xff});
        assertThatThrownBy(() -> MemstoreConfig.read(binary)).hasMessage(binary + ": is no UTF-8");
        Path large = folder.resolve("large.toml");
        Files.write(large, new byte[(1 << 20) + 1]);
        assertThatThrownBy(() -> MemstoreConfig.read(large)).hasMessageContaining("must be at most 1048576");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "host", ":1", "host:", "host:65536", "host:123456", "::1:80", "[::1]", "a b:1", "h/x:1"})
    void addressesThatAreNoneAreRefused(String text) {
        assertThatThrownBy(() -> HostPort.parse("--raft-addr", text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--raft-addr: \"" + text + "\" must be host:port");
    }

    @Test
    void addressesPrintAsTheyAreWritten() {
        for (String text : new String[] {"127.0.0.1:0", "localhost:65535", "[::1]:80", "node-1.example:7"}) {
            assertThat(HostPort.parse("--raft-addr", text)).hasToString(text);
        }
    }

    private Path file(String text) throws IOException {
        return Files.writeString(folder.resolve("test.toml"), text);
    }
}
