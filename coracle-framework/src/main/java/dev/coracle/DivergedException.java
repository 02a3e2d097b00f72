package dev.coracle;

/** This member has applied something else than the others. The text says what differs where, and what to do. */
final class DivergedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DivergedException(String text) {
        super(text);
    }
}
