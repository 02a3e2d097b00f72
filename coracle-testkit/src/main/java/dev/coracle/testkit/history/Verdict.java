package dev.coracle.testkit.history;

/** What {@link LinearizabilityChecker} found. */
public enum Verdict {
    /** There is an order of the operations that explains all outputs. */
    LINEARIZABLE,
    /** There is none. */
    NOT_LINEARIZABLE,
    /** The limit of configurations was reached first: nothing is known. */
    GAVE_UP
}
