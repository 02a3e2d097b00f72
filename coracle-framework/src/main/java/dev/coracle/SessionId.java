package dev.coracle;

/**
 * Names a {@link ClientSession} of one cluster, for whoever wants to go on with it elsewhere.
 *
 * @param index where in the log it was opened, which no other session of the cluster has
 * @param nonce what tells the sessions of one cluster from those of another that began anew
 */
public record SessionId(long index, long nonce) {
    /** Two numbers in hex with a point between: what {@link #parse} reads. */
    @Override
    public String toString() {
        return Long.toHexString(index) + "." + Long.toHexString(nonce);
    }

    /**
     * Reads what {@link #toString} wrote.
     *
     * @throws IllegalArgumentException if the text is no session's
     */
    public static SessionId parse(String text) {
        int point = text.indexOf('.');
        try {
            return new SessionId(
                    Long.parseUnsignedLong(text, 0, Math.max(0, point), 16),
                    Long.parseUnsignedLong(text, point + 1, text.length(), 16));
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "session: \"" + text + "\" must be two numbers in hex with a point between", e);
        }
    }
}
