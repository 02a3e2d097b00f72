package dev.coracle.transport.grpc;

/** Answers the requests of other nodes and of clients. */
@FunctionalInterface
public interface CallHandler {
    /** Takes the answer to one request, once; what comes later is ignored. Any thread may call; nothing blocks. */
    interface Responder {
        /** Answers. The bytes must not be changed afterwards. */
        void answer(byte[] response);

        /** Refuses: nothing was done. The text is told to the caller, as {@link CallException.Kind#REFUSED}. */
        void refuse(String text);

        /** Tells that it is not known whether it was done, which the caller sees as a broken connection. */
        void unknown(String text);
    }

    /**
     * Answers one request, now or later. Runs on a thread of the transport, of which there are few: what takes long is
     * to be handed on. An exception is told to the caller as one whose request may or may not have been done.
     *
     * @param fromOrZero the id that the caller claims and {@link Admission#admitCall} accepted, 0 if it claims none
     * @param kind the kind of request
     * @param request the request; the handler owns it
     */
    void handle(long fromOrZero, int kind, byte[] request, Responder responder);
}
