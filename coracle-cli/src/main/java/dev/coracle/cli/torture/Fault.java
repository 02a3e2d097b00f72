package dev.coracle.cli.torture;

/** What is done to members. */
enum Fault {
    /** SIGKILL; started again after a while. */
    KILL(100, 3_000),
    /** SIGKILL for all at once. */
    KILL_ALL(50, 1_000),
    /** SIGSTOP, for longer than an election takes; then SIGCONT. */
    PAUSE(2_200, 6_000),
    /** All that its disk was not told to sync is gone, and so is the process. */
    POWER(50, 2_000),
    /** The same for all at once. */
    POWER_ALL(50, 1_000),
    /** Its disk has no byte left for a while. */
    FULL_DISK(3_000, 8_000),
    /** It is killed while its disk is full, and started while it still is: it may refuse then, until there is room. */
    KILL_FULL(2_000, 5_000),
    /** The next sync of each of its threads fails, those after it do not. */
    EIO(4_000, 6_000),
    /** It and another one lose all that they send to each other. */
    CUT(1_500, 6_000),
    /** What it sends to another one is lost. */
    ONE_WAY(1_500, 6_000),
    /** It and all others lose what they send to each other. */
    ISOLATE(1_500, 6_000),
    /** Its connections break, those of clients too. */
    RESET(0, 0),
    /** What it sends leaves at 512 kbit a second. */
    SLOW_LINK(2_000, 5_000);

    final int minHoldMillis;
    final int maxHoldMillis;

    Fault(int minHoldMillis, int maxHoldMillis) {
        this.minHoldMillis = minHoldMillis;
        this.maxHoldMillis = maxHoldMillis;
    }

    /** Whether it strikes all members at once. */
    boolean isOfAll() {
        return this == KILL_ALL || this == POWER_ALL;
    }

    /** Whether it needs file systems that can lose their power. */
    boolean isOfPower() {
        return this == POWER || this == POWER_ALL;
    }

    /** Whether it needs members to be on networks of their own. */
    boolean isOfLinks() {
        return this == CUT || this == ONE_WAY || this == ISOLATE || this == RESET || this == SLOW_LINK;
    }
}
