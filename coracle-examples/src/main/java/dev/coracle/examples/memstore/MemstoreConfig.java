package dev.coracle.examples.memstore;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What {@code common_raftnode_config.toml} sets, the file that raftify's memstore has for all its nodes. Every key may be
 * left out.
 *
 * @param tickInterval the unit of the two below; {@code [raft_config] tick_interval}, in seconds
 * @param electionTicks after how many ticks without a leader there is an election; {@code [raft_config] election_tick}
 * @param heartbeatTicks how many ticks lie between two heartbeats; {@code [raft_config] heartbeat_tick}
 * @param warnings what the file asks for and this program does not do
 */
record MemstoreConfig(Duration tickInterval, int electionTicks, int heartbeatTicks, List<String> warnings) {
    /** What holds without a file: the framework's defaults. */
    static final MemstoreConfig DEFAULT = new MemstoreConfig(Duration.ofMillis(100), 10, 1, List.of());

    private static final BigDecimal LEAST_TICK_SECONDS = new BigDecimal("0.001");
    private static final BigDecimal MOST_TICK_SECONDS = new BigDecimal("60");
    private static final int MOST_TICKS = 10_000;

    /** Reads a file. */
    static MemstoreConfig read(Path file) throws ConfigException {
        List<String> warnings = new ArrayList<>();
        TomlTable top = TomlTable.read(file, "save_compacted_logs", "compacted_log_size_threshold", "raft_config");
        boolean saves = top.has("save_compacted_logs") && top.bool("save_compacted_logs");
        if (top.has("compacted_log_size_threshold")) {
            top.integer("compacted_log_size_threshold", 1, Long.MAX_VALUE);
        }
        if (saves) {
            warnings.add(file + ": save_compacted_logs and compacted_log_size_threshold have no effect:"
                    + " entries that a snapshot covers are deleted");
        }

        Duration tickInterval = DEFAULT.tickInterval;
        int electionTicks = DEFAULT.electionTicks;
        int heartbeatTicks = DEFAULT.heartbeatTicks;
        TomlTable raft =
                top.table("raft_config", "tick_interval", "election_tick", "heartbeat_tick", "omit_heartbeat_log");
        if (raft != null) {
            if (raft.has("tick_interval")) {
                BigDecimal seconds = raft.number("tick_interval", LEAST_TICK_SECONDS, MOST_TICK_SECONDS);
                tickInterval = Duration.ofNanos(seconds.movePointRight(9).longValue());
            }
            if (raft.has("election_tick")) {
                electionTicks = (int) raft.integer("election_tick", 2, MOST_TICKS);
            }
            if (raft.has("heartbeat_tick")) {
                heartbeatTicks = (int) raft.integer("heartbeat_tick", 1, MOST_TICKS);
            }
            if (electionTicks <= heartbeatTicks) {
                throw raft.has("election_tick")
                        ? raft.bad("election_tick", "must be greater than heartbeat_tick, " + heartbeatTicks)
                        : raft.bad("heartbeat_tick", "must be less than election_tick, " + electionTicks);
            }
            if (raft.has("omit_heartbeat_log") && !raft.bool("omit_heartbeat_log")) {
                warnings.add(file + ": raft_config.omit_heartbeat_log: heartbeats are never logged");
            }
        }
        return new MemstoreConfig(tickInterval, electionTicks, heartbeatTicks, List.copyOf(warnings));
    }
}
