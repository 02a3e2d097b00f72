package dev.coracle.wal;

/** Why etcd's reader stops, in its own words. */
final class EtcdReaderException extends Exception {
    private static final long serialVersionUID = 1L;

    /** How far the reader lets it go. */
    enum Kind {
        /** The bytes end before what they began does. Reading only, etcd takes that for the end of the log. */
        ENDS_EARLY,
        /** An error that it returns. */
        ERROR,
        /** The whole program of the reader ends. */
        PANIC
    }

    private final Kind kind;

    EtcdReaderException(Kind kind, String text) {
        super(text);
        this.kind = kind;
    }

    static EtcdReaderException endsEarly() {
        return new EtcdReaderException(Kind.ENDS_EARLY, "unexpected EOF");
    }

    static EtcdReaderException error(String text) {
        return new EtcdReaderException(Kind.ERROR, text);
    }

    static EtcdReaderException panic(String text) {
        return new EtcdReaderException(Kind.PANIC, text);
    }

    Kind kind() {
        return kind;
    }

    String text() {
        return String.valueOf(getMessage());
    }
}
