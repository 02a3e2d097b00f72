package dev.coracle.codec.raftify;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.Presence;
import dev.coracle.codec.ProtobufReader;
import dev.coracle.codec.ProtobufWriter;
import dev.coracle.codec.RaftRsConfChangeCodec;
import dev.coracle.raft.ConfChangeSingle;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks for a change of the members. More than one change makes it joint, to be left by order.
 *
 * @param addrs one address for each change, removals too; raftify panics otherwise
 * @param changes what is to change, in raft-rs's numbers
 */
public record ChangeConfigArgs(List<String> addrs, List<ConfChangeSingle> changes) {
    /** The bytes, by the rule of proto3. */
    public static final Codec<ChangeConfigArgs> CODEC = new Codec<>(Presence.IMPLICIT) {
        @Override
        protected void write(ChangeConfigArgs args, ProtobufWriter out) throws IOException {
            out.strings(1, args.addrs());
            for (ConfChangeSingle change : args.changes()) {
                out.message(2, RaftRsConfChangeCodec.INSTANCE.singles(), change);
            }
        }

        @Override
        protected ChangeConfigArgs read(ProtobufReader in) throws CodecException {
            List<String> addrs = new ArrayList<>();
            List<ConfChangeSingle> changes = new ArrayList<>();
            for (int number = in.next(); number != 0; number = in.next()) {
                switch (number) {
                    case 1 -> addrs.add(in.string("ChangeConfigArgs.addrs"));
                    case 2 ->
                        changes.add(in.message(RaftRsConfChangeCodec.INSTANCE.singles(), "ChangeConfigArgs.changes"));
                    default -> in.skip();
                }
            }
            return new ChangeConfigArgs(addrs, changes);
        }
    };

    /** Copies the lists. */
    public ChangeConfigArgs {
        addrs = List.copyOf(addrs);
        changes = List.copyOf(changes);
    }
}
