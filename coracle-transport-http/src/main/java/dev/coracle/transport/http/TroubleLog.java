package dev.coracle.transport.http;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Logs the trouble of something that is tried again and again: once a change, not at each attempt. */
final class TroubleLog {
    private static final Logger LOG = LoggerFactory.getLogger(HttpTransport.class);

    private final String what;
    private String last = "";

    TroubleLog(String what) {
        this.what = what;
    }

    void note(String trouble) {
        if (trouble.equals(last)) {
            LOG.debug("{}: {}", what, trouble);
        } else {
            last = trouble;
            LOG.warn("{}: {}", what, trouble);
        }
    }

    /** It works: the next trouble is news. */
    void healthy() {
        last = "";
    }
}
