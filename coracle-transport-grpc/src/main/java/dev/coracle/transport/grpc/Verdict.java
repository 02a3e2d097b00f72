package dev.coracle.transport.grpc;

import org.jspecify.annotations.Nullable;

/** Whether a node may talk to this one, and if not, why. */
public final class Verdict {
    /** It may. */
    public static final Verdict ACCEPTED = new Verdict(null, "");

    private final @Nullable RefusalCode code;
    private final String text;

    private Verdict(@Nullable RefusalCode code, String text) {
        this.code = code;
        this.text = text;
    }

    /** It may not; the text says what differs and is told to the caller. */
    public static Verdict refused(RefusalCode code, String text) {
        return new Verdict(code, text);
    }

    /** Tells whether it may. */
    public boolean isAccepted() {
        return code == null;
    }

    /**
     * The reason of a refusal.
     *
     * @throws IllegalStateException if it was accepted
     */
    public RefusalCode code() {
        if (code == null) {
            throw new IllegalStateException("an accepted caller has no refusal code");
        }
        return code;
    }

    /** What differs; empty if accepted. */
    public String text() {
        return text;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Verdict that && code == that.code && text.equals(that.text);
    }

    @Override
    public int hashCode() {
        return text.hashCode();
    }

    @Override
    public String toString() {
        return code == null ? "accepted" : code + ": " + text;
    }
}
