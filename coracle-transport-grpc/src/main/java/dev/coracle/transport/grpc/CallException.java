package dev.coracle.transport.grpc;

import io.grpc.Status;

/** A request got no answer. The text says why. */
public final class CallException extends Exception {
    private static final long serialVersionUID = 1L;

    /** Why there is no answer. */
    public enum Kind {
        /** The node could not be reached, the connection broke, or it does not know what became of the request. */
        UNREACHABLE,
        /** The time was up. */
        DEADLINE,
        /** The node, or this transport, refused the request; the text has the reason. */
        REFUSED,
        /** The node does not know the request at all: a node of raftify listens there, for example. */
        UNKNOWN_METHOD,
        /** The node, or this transport, has too many requests under way; later it may take this one. */
        OVERLOADED
    }

    private final Kind kind;
    private final boolean mayHaveArrived;

    /**
     * One that a network tells its caller.
     *
     * @param mayHaveArrived whether the node may have got the request
     */
    public CallException(Kind kind, boolean mayHaveArrived, String text) {
        super(text);
        this.kind = kind;
        this.mayHaveArrived = mayHaveArrived;
    }

    /**
     * What a status means to the caller.
     *
     * @param refused whether the node marked it as a refusal
     * @param sent whether the request was handed to a connection
     */
    static CallException of(Status status, boolean refused, boolean sent, String address) {
        String text = address + ": " + text(status);
        if (refused) {
            boolean overloaded = status.getCode() == Status.Code.RESOURCE_EXHAUSTED;
            return new CallException(overloaded ? Kind.OVERLOADED : Kind.REFUSED, false, text);
        }
        return switch (status.getCode()) {
            case DEADLINE_EXCEEDED -> new CallException(Kind.DEADLINE, sent, text);
            // Broken off somewhere between the two, or in the middle of the work.
            case UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL, RESOURCE_EXHAUSTED, DATA_LOSS ->
                new CallException(Kind.UNREACHABLE, sent, text);
            case UNIMPLEMENTED -> new CallException(Kind.UNKNOWN_METHOD, false, text);
            default -> new CallException(Kind.REFUSED, false, text);
        };
    }

    /** A status as one line: its description, or its cause where gRPC says more there. */
    static String text(Status status) {
        if (status.getCode() == Status.Code.DEADLINE_EXCEEDED) {
            // gRPC tells by the nanosecond what it did meanwhile.
            return "no answer in time";
        }
        String description = status.getDescription();
        Throwable cause = status.getCause();
        String text = description == null ? status.getCode().toString() : description;
        if (cause != null && cause.getMessage() != null) {
            text = text.equals("io exception") ? cause.getMessage() : text + " (" + cause.getMessage() + ")";
        }
        return text.lines().findFirst().orElse(text);
    }

    /** Why there is no answer. */
    public Kind kind() {
        return kind;
    }

    /**
     * Tells whether the node may have got the request, and done what it asks, all the same. If not, it certainly was
     * not done; a refusal means that too.
     */
    public boolean mayHaveArrived() {
        return mayHaveArrived;
    }
}
