package dev.coracle.transport.http;

import dev.coracle.codec.Codec;
import dev.coracle.codec.CodecException;
import dev.coracle.codec.MessageCodec;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryId;
import dev.coracle.raft.Message;
import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The frames of the stream for appends, etcd's msgappv2. After a first whole message, an append that follows the one
 * before it in the same term consists of its entries and its commit index alone:
 *
 * <pre>
 * 0                                                  heartbeat of the link
 * 1, count, count times: length, entry; commit       an append that follows
 * 2, length, message                                 any append
 * </pre>
 *
 * The kind is one byte, all other numbers are eight, big-endian.
 */
final class AppendFrames {
    private static final byte NOTHING = 0;
    private static final byte ENTRIES = 1;
    private static final byte MESSAGE = 2;

    private static final EntryId NOWHERE = new EntryId(0, 0);

    private AppendFrames() {}

    /** Where the next append begins, if it follows. */
    private static EntryId after(Message message) {
        List<Entry> entries = message.entries();
        return new EntryId(
                message.term(),
                entries.isEmpty()
                        ? message.index()
                        : entries.get(entries.size() - 1).index());
    }

    static final class Encoder extends FrameEncoder {
        private final Codec<Message> messages;
        private final Codec<Entry> entries;
        private EntryId position = NOWHERE;

        Encoder(Codec<Message> messages, Codec<Entry> entries) {
            this.messages = messages;
            this.entries = entries;
        }

        @Override
        void encode(Message message, int sizeBytes, ByteBuf out) {
            if (message.index() == position.index()
                    && message.logTerm() == position.term()
                    && message.term() == position.term()) {
                encodeEntries(message, out);
                position = new EntryId(
                        position.term(), position.index() + message.entries().size());
            } else {
                out.writeByte(MESSAGE);
                out.writeLong(sizeBytes);
                write(messages, message, sizeBytes, out);
                position = after(message);
            }
        }

        private void encodeEntries(Message message, ByteBuf out) {
            List<Entry> list = message.entries();
            out.writeByte(ENTRIES);
            out.writeLong(list.size());
            for (int i = 0; i < list.size(); i++) {
                Entry entry = list.get(i);
                int size = entries.sizeOf(entry);
                out.writeLong(size);
                write(entries, entry, size, out);
            }
            out.writeLong(message.commit());
        }

        @Override
        void encodeLinkHeartbeat(ByteBuf out) {
            out.writeByte(NOTHING);
        }
    }

    static final class Decoder extends FrameDecoder {
        /** An entry without content takes five times as much memory as bytes on the wire: their number has a limit. */
        private static final long MOST_ENTRIES = 1 << 20;

        private enum Piece {
            KIND,
            COUNT,
            ENTRY_LENGTH,
            ENTRY,
            COMMIT,
            MESSAGE_LENGTH,
            MESSAGE
        }

        private final MessageCodec codec;
        private final long local;
        private final long remote;
        private EntryId position = NOWHERE;
        private Piece awaited = Piece.KIND;

        // Of the frame at hand.
        private List<Entry> entries = List.of();
        private long entriesLeft;
        private long frameBytes;

        Decoder(MessageCodec codec, long local, long remote, int maxFrameBytes) {
            super(1, maxFrameBytes);
            this.codec = codec;
            this.local = local;
            this.remote = remote;
        }

        @Override
        int take(ByteBuffer piece, List<Message> out) throws CodecException {
            return switch (awaited) {
                case KIND -> onKind(piece.get(piece.position()));
                case COUNT -> onCount(piece.getLong(piece.position()));
                case ENTRY_LENGTH -> await(Piece.ENTRY, onEntryLength(piece));
                case ENTRY -> {
                    entries.add(codec.entries().decode(piece));
                    yield afterEntry();
                }
                case COMMIT -> {
                    onCommit(piece.getLong(piece.position()), out);
                    yield await(Piece.KIND, 1);
                }
                case MESSAGE_LENGTH -> await(Piece.MESSAGE, length(piece, "message", 0));
                case MESSAGE -> {
                    onMessage(codec.messages().decode(piece), out);
                    yield await(Piece.KIND, 1);
                }
            };
        }

        private int await(Piece piece, int bytes) {
            awaited = piece;
            return bytes;
        }

        private int onKind(byte kind) throws CodecException {
            return switch (kind) {
                case NOTHING -> 1;
                case ENTRIES -> {
                    if (position.equals(NOWHERE)) {
                        throw new CodecException("kind of frame", 0, "1 before the first message: it follows nothing");
                    }
                    yield await(Piece.COUNT, Long.BYTES);
                }
                case MESSAGE -> await(Piece.MESSAGE_LENGTH, Long.BYTES);
                default -> throw new CodecException("kind of frame", 0, Byte.toUnsignedInt(kind) + " is not 0, 1 or 2");
            };
        }

        private int onCount(long count) throws CodecException {
            if (count < 0 || count > MOST_ENTRIES) {
                throw new CodecException(
                        "number of entries", 0, Long.toUnsignedString(count) + " is more than " + MOST_ENTRIES);
            }
            entriesLeft = count;
            frameBytes = 0;
            entries = count == 0 ? List.of() : new ArrayList<>();
            return nextEntry();
        }

        private int nextEntry() {
            return await(entriesLeft == 0 ? Piece.COMMIT : Piece.ENTRY_LENGTH, Long.BYTES);
        }

        private int onEntryLength(ByteBuffer piece) throws CodecException {
            int length = length(piece, "entry", frameBytes);
            frameBytes += length;
            return length;
        }

        private int afterEntry() {
            entriesLeft--;
            return nextEntry();
        }

        private void onCommit(long commit, List<Message> out) throws CodecException {
            if (commit < 0) {
                throw new CodecException("commit", 0, Long.toUnsignedString(commit) + " is not below 2^63");
            }
            int count = entries.size();
            out.add(new Message.Append(
                    remote,
                    local,
                    position.term(),
                    position.term(),
                    position.index(),
                    Collections.unmodifiableList(entries),
                    commit));
            position = new EntryId(position.term(), position.index() + count);
            entries = List.of();
        }

        private void onMessage(Message message, List<Message> out) throws CodecException {
            if (!(message instanceof Message.Append)) {
                throw new CodecException(
                        "Message.type", 0, message.type().etcdName() + " on a stream for appends is not MsgApp");
            }
            position = after(message);
            out.add(message);
        }
    }
}
