package dev.coracle.node;

/**
 * Work in small turns, without a thread of its own. Production gives each agent a thread; the simulator calls agents in
 * an order of its own.
 */
public interface Agent {
    /**
     * Does what there is to do and returns at once.
     *
     * @param nowNanos the monotonic time
     * @return how much was done; 0 means that the caller may rest until the agent is woken
     */
    int doWork(long nowNanos);

    /** The agent's name, for its thread and for messages. */
    String name();

    /**
     * Sets what is called, by any thread, when there is new work for this agent. Called once, before the first turn.
     */
    void onWork(Runnable wakeUp);

    /**
     * Sets what may be called instead, by threads of the node that have just brought work and have nothing better to do:
     * it may run the agent on the calling thread, which saves the wake-up of another. Called once, before the first turn,
     * by those who offer it. For agents whose turns wait for nothing, neither for a disk nor for user code; others ignore
     * it.
     */
    default void onHelp(Runnable help) {}

    /** An agent that has nothing to do. */
    static Agent idle(String name) {
        return new Agent() {
            @Override
            public int doWork(long nowNanos) {
                return 0;
            }

            @Override
            public String name() {
                return name;
            }

            @Override
            public void onWork(Runnable wakeUp) {}
        };
    }
}
