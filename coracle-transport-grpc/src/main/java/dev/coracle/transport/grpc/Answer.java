package dev.coracle.transport.grpc;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import java.io.IOException;

/**
 * The answer to a {@link Handshake}. On a stream of messages it is repeated as a sign of life.
 *
 * @param verdict accepted, or what differs
 * @param incarnation the identity of the receiver's data directory
 */
record Answer(Verdict verdict, long incarnation) {
    static final Codec<Answer> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(Answer answer, ProtobufWriter out) throws IOException {
            out.uint64(1, answer.verdict.isAccepted() ? 0 : answer.verdict.code().number);
            out.string(2, answer.verdict.text());
            out.uint64(3, answer.incarnation);
        }

        @Override
        protected Answer read(ProtobufReader in) throws CodecException {
            long code = 0;
            String text = "";
            long incarnation = 0;
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> code = in.counter("Answer.code");
                    case 2 -> text = in.string("Answer.text");
                    case 3 -> incarnation = in.uint64("Answer.incarnation");
                    default -> in.skip();
                }
            }
            return new Answer(code == 0 ? Verdict.ACCEPTED : Verdict.refused(RefusalCode.of(code), text), incarnation);
        }
    };
}
