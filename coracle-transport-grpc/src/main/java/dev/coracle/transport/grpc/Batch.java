package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.raft.Message;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages that travel together.
 *
 * @param notes what the nodes tell each other beside them; versions that know none skip them
 */
record Batch(long group, List<Message> messages, List<byte[]> notes) {
    /** More bytes than a batch needs beside its messages, and than a message needs beside its one entry. */
    static final int OVERHEAD_BYTES = 1024;

    /** More bytes than a message needs within a batch beside its own: a tag and a length. */
    static final int MESSAGE_OVERHEAD_BYTES = 6;

    /** Batches of one dialect's messages. */
    static final class Format extends Codec<Batch> {
        private final Codec<Message> codec;
        private final int maxMessages;

        Format(Codec<Message> codec, int maxMessages) {
            super(Presence.IMPLICIT);
            this.codec = codec;
            this.maxMessages = maxMessages;
        }

        @Override
        protected void write(Batch batch, ProtobufWriter out) throws IOException {
            out.uint64(1, batch.group);
            for (Message message : batch.messages) {
                out.message(2, codec, message);
            }
            for (byte[] note : batch.notes) {
                out.bytes(3, note);
            }
        }

        @Override
        protected Batch read(ProtobufReader in) throws CodecException {
            long group = 0;
            List<Message> messages = new ArrayList<>();
            List<byte[]> notes = new ArrayList<>();
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> group = in.uint64("Batch.group");
                    case 2 -> {
                        if (messages.size() == maxMessages) {
                            throw in.malformed("Batch.messages", "more than " + maxMessages + " messages");
                        }
                        messages.add(in.message(codec, "Batch.messages"));
                    }
                    case 3 -> {
                        if (notes.size() == maxMessages) {
                            throw in.malformed("Batch.notes", "more than " + maxMessages + " notes");
                        }
                        notes.add(in.bytes("Batch.notes"));
                    }
                    default -> in.skip();
                }
            }
            return new Batch(group, messages, notes);
        }
    }
}
