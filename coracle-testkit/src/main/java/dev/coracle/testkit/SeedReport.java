package dev.coracle.testkit;

import java.time.Duration;
import java.util.Map;

/**
 * What happened in the world of a seed.
 *
 * @param seed the seed
 * @param trace depends on every message that arrived, and when
 * @param time the simulated time
 * @param events how much happened
 * @param elections how many leaders there were
 * @param faults what was done to the cluster, and how often
 * @param operations how many operations of clients were checked
 * @param done how many of them were seen to be done
 * @param applied how many commands were applied
 * @param restored how many snapshots were restored
 * @param framesLost how many frames of messages got lost
 */
public record SeedReport(
        long seed,
        long trace,
        Duration time,
        long events,
        int elections,
        Map<Fault, Integer> faults,
        int operations,
        int done,
        long applied,
        long restored,
        long framesLost) {}
