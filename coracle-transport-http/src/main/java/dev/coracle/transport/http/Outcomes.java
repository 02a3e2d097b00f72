package dev.coracle.transport.http;

import io.netty.util.concurrent.Future;

/** What becomes of what Netty does later. */
final class Outcomes {
    private Outcomes() {}

    /** It does not matter here: what fails closes the connection, and that is noticed. */
    static void ignore(Future<?> outcome) {}
}
