package dev.coracle.raft;

import org.jspecify.annotations.Nullable;

/**
 * Something that happens to one server.
 *
 * @param number what the kind says
 * @param message what is delivered, or null
 * @param crash with a synchronous driver, when the server crashes while it deals with this: never, or see the constants
 */
record SmallWorldInput(Kind kind, long number, @Nullable Message message, int crash) {
    static final int NO_CRASH = -1;

    /** After its appends left, which need not wait (thesis §10.2.1), before anything was stored. */
    static final int AFTER_EARLY_APPENDS = 0;

    /** After the first Ready was stored, before its messages left. */
    static final int AFTER_FIRST_STORE = 1;

    /** The same with the second Ready that one input brings about. */
    static final int AFTER_SECOND_STORE = 2;

    enum Kind {
        DELIVER,
        CAMPAIGN,
        /** Of the entry with this number. */
        PROPOSE,
        BEAT,
        TICK,
        /** A read that must not be answered with an index below this number. */
        READ,
        /** To the server with this number. */
        TRANSFER,
        /** The change with this number in the world's list. */
        CHANGE,
        /** The oldest storage write becomes durable and is answered. */
        WRITE,
        /** The oldest committed entries that were handed out are applied. */
        APPLY,
        /** The driver takes a Ready. */
        READY,
        /** A crash and a restart; this many of the storage writes under way are durable, and not answered. */
        CRASH,
        /** A crash and a restart that also loses what was written and not synced. */
        POWER_LOSS
    }

    static SmallWorldInput of(Kind kind, long number) {
        return new SmallWorldInput(kind, number, null, NO_CRASH);
    }

    static SmallWorldInput deliver(Message message) {
        return new SmallWorldInput(Kind.DELIVER, 0, message, NO_CRASH);
    }

    SmallWorldInput crashing(int when) {
        return new SmallWorldInput(kind, number, message, when);
    }

    String describe(Describe describe) {
        String what = switch (kind) {
            case DELIVER -> "receives " + describe.message(received());
            case CAMPAIGN -> "campaigns";
            case PROPOSE -> "is asked to append p" + number;
            case BEAT -> "sends heartbeats";
            case TICK -> "ticks";
            case READ -> "is asked to read, with " + number + " committed";
            case TRANSFER -> "is asked to hand over to " + number;
            case CHANGE -> "is asked for configuration change " + number;
            case WRITE -> "completes a storage write";
            case APPLY -> "applies what was handed out";
            case READY -> "takes a Ready";
            case CRASH -> "crashes and restarts, " + number + " of the storage writes under way durable";
            case POWER_LOSS -> "loses power and restarts, " + number + " of the storage writes under way durable";
        };
        return what
                + switch (crash) {
                    case AFTER_EARLY_APPENDS -> ", sends its appends, crashes with nothing stored, and restarts";
                    case AFTER_FIRST_STORE -> ", stores the outcome, crashes with nothing sent, and restarts";
                    case AFTER_SECOND_STORE -> ", crashes after the second store, and restarts";
                    default -> "";
                };
    }

    Message received() {
        if (message == null) {
            throw new IllegalStateException(kind + " brings no message");
        }
        return message;
    }
}
