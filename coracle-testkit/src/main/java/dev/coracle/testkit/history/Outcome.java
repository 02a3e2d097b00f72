package dev.coracle.testkit.history;

/** What a client may conclude about its operation. */
public enum Outcome {
    /** It was done, between the call and the return, and its output is known. */
    OK,
    /** It was certainly not done, and never will be. */
    FAILED,
    /** It may have been done, may still be done at any time, or may never be: the caller timed out, or still waits. */
    UNKNOWN
}
