package dev.coracle.benchmarks;

/**
 * What one number of proposals in flight gave. Durations are in microseconds.
 *
 * @param inFlight the proposals under way at any moment
 * @param proposals how many were answered
 * @param failed how many failed
 * @param proposalsPerSecond the rate of those that were answered
 * @param p50Micros what half of the latencies do not exceed
 * @param p99Micros what 99 of 100 do not exceed
 * @param p999Micros what 999 of 1,000 do not exceed
 * @param syncsPerThousand the syncs of all logs together for each 1,000 proposals
 * @param bytesPerThousand the bytes that all threads allocated for each 1,000 proposals, the client's included
 * @param rawSyncsPerSecond the rate of fdatasyncs alone, right before and after
 * @param rawP50Micros what half of those did not exceed
 * @param p50InRawSyncs the median latency in median fdatasyncs
 * @param proposalsPerRawSync the proposals that were answered in the time of one fdatasync
 * @param leaderChanged whether the leadership changed meanwhile, so that the numbers say little
 */
record Measurement(
        int inFlight,
        long proposals,
        long failed,
        double proposalsPerSecond,
        double p50Micros,
        double p99Micros,
        double p999Micros,
        double syncsPerThousand,
        double bytesPerThousand,
        double rawSyncsPerSecond,
        double rawP50Micros,
        double p50InRawSyncs,
        double proposalsPerRawSync,
        boolean leaderChanged) {
    /** Puts together what was measured. */
    static Measurement of(
            int inFlight,
            ClosedLoop.Result result,
            long syncs,
            long allocatedBytes,
            DiskProbe.Syncs rawBefore,
            DiskProbe.Syncs rawAfter,
            boolean leaderChanged) {
        LatencyHistogram latencies = result.latencies();
        double thousands = latencies.count() / 1e3;
        double rawPerSecond = (rawBefore.perSecond() + rawAfter.perSecond()) / 2;
        double rawP50 = (micros(rawBefore.latencies(), 0.5) + micros(rawAfter.latencies(), 0.5)) / 2;
        double p50 = micros(latencies, 0.5);
        return new Measurement(
                inFlight,
                latencies.count(),
                result.failed(),
                result.perSecond(),
                p50,
                micros(latencies, 0.99),
                micros(latencies, 0.999),
                syncs / thousands,
                allocatedBytes / thousands,
                rawPerSecond,
                rawP50,
                p50 / rawP50,
                result.perSecond() / rawPerSecond,
                leaderChanged);
    }

    private static double micros(LatencyHistogram latencies, double part) {
        return latencies.quantile(part) / 1e3;
    }
}
