package dev.coracle.raft;

/** Takes the core's log lines. Called on the thread that drives the core. */
public interface RaftLogger {
    /** Drops everything. */
    RaftLogger NONE = new RaftLogger() {
        @Override
        public boolean enabled(Level level) {
            return false;
        }

        @Override
        public void log(Level level, String text) {}
    };

    /** How important a line is. */
    enum Level {
        /** For whoever looks for a fault. */
        DEBUG,
        /** Changes of role, term, configuration. */
        INFO,
        /** Trouble that the server deals with. */
        WARN,
        /** A request that makes no sense. */
        ERROR,
        /** A broken invariant; the server stops. */
        FATAL
    }

    /** Tells whether a line of this level is wanted. Texts are built only if so. */
    boolean enabled(Level level);

    /** Takes a line, without an end of line. */
    void log(Level level, String text);
}
