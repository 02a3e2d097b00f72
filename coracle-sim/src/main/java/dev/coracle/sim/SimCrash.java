package dev.coracle.sim;

/** The power goes, in the middle of what the node was doing. */
final class SimCrash extends RuntimeException {
    private static final long serialVersionUID = 1L;

    SimCrash() {
        super("the power went", null, false, false);
    }
}
