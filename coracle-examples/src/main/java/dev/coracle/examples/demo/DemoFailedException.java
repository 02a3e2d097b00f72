package dev.coracle.examples.demo;

/** The demonstration cannot go on. The text is all that the user needs to see. */
final class DemoFailedException extends Exception {
    private static final long serialVersionUID = 1L;

    DemoFailedException(String text) {
        super(text);
    }
}
