package dev.coracle.testkit;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Something that must hold does not. */
public final class Violation extends AssertionError {
    private static final long serialVersionUID = 1L;

    private final Invariant invariant;
    private final @Nullable String picture;

    Violation(Invariant invariant, String text, @Nullable Throwable cause) {
        this(invariant, text, cause, null);
    }

    Violation(Invariant invariant, String text, @Nullable Throwable cause, @Nullable String picture) {
        super(text, cause);
        this.invariant = invariant;
        this.picture = picture;
    }

    /** What does not hold. */
    public Invariant invariant() {
        return invariant;
    }

    /** A page in HTML that shows the wrong part of a history, if that is what is wrong. */
    public Optional<String> picture() {
        return Optional.ofNullable(picture);
    }
}
