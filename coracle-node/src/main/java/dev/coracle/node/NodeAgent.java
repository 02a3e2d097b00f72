package dev.coracle.node;

/** What the node's agents have in common: after a stop none works, and whatever one throws stops the node. */
abstract class NodeAgent implements Agent {
    private final String name;
    private final Lifecycle lifecycle;
    private volatile Runnable wakeUp = () -> {};

    NodeAgent(String name, Lifecycle lifecycle) {
        this.name = name;
        this.lifecycle = lifecycle;
    }

    /** One turn of a working node. */
    abstract int turn(long nowNanos) throws StorageException;

    /** What is left to be done once the node has stopped; called again and again. */
    int afterStop() {
        return 0;
    }

    @Override
    public final int doWork(long nowNanos) {
        if (lifecycle.hasStopped()) {
            return afterStop();
        }
        try {
            return turn(nowNanos);
        } catch (Throwable cause) {
            // Whatever it was, this agent's state cannot be trusted any more.
            lifecycle.fail(cause);
            return afterStop() + 1;
        }
    }

    @Override
    public final String name() {
        return name;
    }

    @Override
    public void onWork(Runnable newWakeUp) {
        wakeUp = newWakeUp;
    }

    /** Tells whoever runs this agent that there is work. Any thread may call. */
    final void wake() {
        wakeUp.run();
    }
}
