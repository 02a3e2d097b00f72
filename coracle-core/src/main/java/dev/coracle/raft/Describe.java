package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.List;
import java.util.StringJoiner;
import java.util.function.Function;

/**
 * Prints what the core hands out, to the byte as etcd's library does: for scripts, logs and tools. Ids of nodes are
 * hexadecimal where messages and votes name them and decimal in lists, which is etcd's habit too.
 *
 * <p>An instance knows how to print the data of entries; whatever needs no entries is static. Immutable.
 */
public final class Describe {
    /** Makes a text of the data of an ordinary entry, which is empty where the entry has none. */
    @FunctionalInterface
    public interface EntryFormatter {
        /** Data as text; nothing follows the entry's type if it is empty. The bytes are only to be read. */
        String format(byte[] data);
    }

    /** Prints data as {@link #quote} does. */
    public static final EntryFormatter QUOTED = Describe::quote;

    private static final byte[] NO_DATA = {};
    private static final char[] HEX = "0123456789abcdef".toCharArray();
    private static final int MALFORMED = -1;

    private final ConfChangeCodec codec;
    private final EntryFormatter formatter;

    /** Prints data as quoted strings, and configuration changes as {@code codec} reads them. */
    public Describe(ConfChangeCodec codec) {
        this(codec, QUOTED);
    }

    /** Prints data as {@code formatter} says, and configuration changes as {@code codec} reads them. */
    public Describe(ConfChangeCodec codec, EntryFormatter formatter) {
        this.codec = codec;
        this.formatter = formatter;
    }

    /**
     * A Ready: a headline, then a line or a block for each part that is there, each ending in a line feed; of one with
     * no part, {@code <empty Ready>} without a line feed.
     */
    public String ready(Ready ready) {
        StringBuilder out = new StringBuilder();
        SoftState softState = ready.softState();
        if (softState != null) {
            out.append(softState(softState)).append('\n');
        }
        if (!ready.hardState().isEmpty()) {
            out.append("HardState ").append(hardState(ready.hardState())).append('\n');
        }
        if (!ready.readStates().isEmpty()) {
            out.append("ReadStates ")
                    .append(list(ready.readStates(), Describe::readState))
                    .append('\n');
        }
        if (!ready.entries().isEmpty()) {
            out.append("Entries:\n").append(entries(ready.entries()));
        }
        if (!ready.snapshot().isEmpty()) {
            out.append("Snapshot ").append(snapshot(ready.snapshot())).append('\n');
        }
        if (!ready.committedEntries().isEmpty()) {
            out.append("CommittedEntries:\n").append(entries(ready.committedEntries()));
        }
        if (!ready.messages().isEmpty()) {
            out.append("Messages:\n");
            for (Message message : ready.messages()) {
                out.append(message(message)).append('\n');
            }
        }
        return out.isEmpty() ? "<empty Ready>" : "Ready MustSync=" + ready.mustSync() + ":\n" + out;
    }

    /** A message, without a line feed at its end. Its context is not printed. */
    public String message(Message message) {
        return message(message, "");
    }

    /** A message, each of its lines after {@code indent}. */
    public String message(Message message, String indent) {
        StringBuilder out = new StringBuilder();
        appendMessage(out, message, indent);
        return out.toString();
    }

    /** Term, index, type and data of an entry; of one that changes the configuration, the changes. */
    public String entry(Entry entry) {
        String content = content(entry);
        String head = entry.term() + "/" + entry.index() + " " + entry.type().etcdName();
        return content.isEmpty() ? head : head + " " + content;
    }

    /** Entries, one a line, each ending in a line feed. */
    public String entries(List<Entry> entries) {
        StringBuilder out = new StringBuilder();
        entries.forEach(entry -> out.append(entry(entry)).append('\n'));
        return out.toString();
    }

    /** Term, vote if there is one, and commit index. */
    public static String hardState(HardState state) {
        String vote = state.vote() == RawNode.NONE ? "" : " Vote:" + Long.toUnsignedString(state.vote());
        return "Term:" + state.term() + vote + " Commit:" + state.commit();
    }

    /** Leader and role. */
    public static String softState(SoftState state) {
        return "Lead:" + Long.toUnsignedString(state.leader()) + " State:"
                + state.role().etcdName();
    }

    /** The members of a configuration, in the order in which it lists them. */
    public static String confState(ConfState state) {
        return "Voters:" + ids(state.voters()) + " VotersOutgoing:" + ids(state.votersOutgoing())
                + " Learners:" + ids(state.learners()) + " LearnersNext:" + ids(state.learnersNext())
                + " AutoLeave:" + state.autoLeave();
    }

    /** Index, term and configuration of a snapshot, not its data. */
    public static String snapshot(Snapshot snapshot) {
        return "Index:" + snapshot.index() + " Term:" + snapshot.term() + " ConfState:"
                + confState(snapshot.metadata().confState());
    }

    /** A configuration change with the names of its parts. */
    public static String confChange(ConfChangeV2 change) {
        StringBuilder out =
                new StringBuilder("transition:").append(change.transition().etcdName());
        for (ConfChangeSingle single : change.changes()) {
            out.append(" changes:{type:").append(single.type().etcdName());
            out.append(" node_id:")
                    .append(Long.toUnsignedString(single.nodeId()))
                    .append('}');
        }
        if (!change.context().isEmpty()) {
            out.append(" context:").append(quote(change.context().array()));
        }
        return out.toString();
    }

    /** Changes as scripts write them, {@code v1 l2 r3 u4}: a letter and a decimal id each. */
    public static String changes(List<ConfChangeSingle> changes) {
        StringJoiner out = new StringJoiner(" ");
        changes.forEach(change -> out.add(change.type().letter() + Long.toUnsignedString(change.nodeId())));
        return out.toString();
    }

    /** The sender or receiver of a message: a node's id in hexadecimal, or what the id stands for. */
    public static String target(long id) {
        if (id == RawNode.NONE) {
            return "None";
        }
        if (id == RawNode.APPEND_THREAD) {
            return "AppendThread";
        }
        return id == RawNode.APPLY_THREAD ? "ApplyThread" : Long.toHexString(id);
    }

    /**
     * Bytes as a quoted string of the Go language ({@code %q}). Printable characters of valid UTF-8 stay as they are;
     * what is printable is told by Unicode's categories as this JDK knows them.
     */
    public static String quote(byte[] bytes) {
        StringBuilder out = new StringBuilder(bytes.length + 2).append('"');
        int at = 0;
        while (at < bytes.length) {
            int character = decode(bytes, at);
            if (character == MALFORMED) {
                appendEscape(out, 'x', bytes[at] & 0xff, 2);
                at++;
            } else {
                appendQuoted(out, character);
                at += encodedLength(character);
            }
        }
        return out.append('"').toString();
    }

    /** The characters as {@link #quote(byte[])} prints their UTF-8 bytes. */
    public static String quote(String text) {
        return quote(text.getBytes(UTF_8));
    }

    private void appendMessage(StringBuilder out, Message message, String indent) {
        out.append(indent).append(target(message.from())).append("->").append(target(message.to()));
        out.append(' ').append(message.type().etcdName()).append(" Term:").append(message.term());
        out.append(" Log:").append(message.logTerm()).append('/').append(message.index());
        if (message.reject()) {
            out.append(" Rejected (Hint: ").append(message.rejectHint()).append(')');
        }
        if (message.commit() != 0) {
            out.append(" Commit:").append(message.commit());
        }
        if (message.vote() != RawNode.NONE) {
            out.append(" Vote:").append(Long.toUnsignedString(message.vote()));
        }
        if (message.entries().size() == 1) {
            out.append(" Entries:[").append(entry(message.entries().get(0))).append(']');
        } else if (!message.entries().isEmpty()) {
            out.append(" Entries:[");
            for (Entry entry : message.entries()) {
                out.append('\n').append(indent).append("  ").append(entry(entry));
            }
            out.append('\n').append(indent).append(']');
        }
        if (!message.snapshot().isEmpty()) {
            out.append('\n').append(indent).append("  Snapshot: ").append(snapshot(message.snapshot()));
        }
        if (!message.responses().isEmpty()) {
            out.append(" Responses:[");
            for (Message response : message.responses()) {
                out.append('\n');
                appendMessage(out, response, indent + "  ");
            }
            out.append('\n').append(indent).append(']');
        }
    }

    private String content(Entry entry) {
        if (entry.type() == EntryType.NORMAL) {
            byte[] data = entry.data();
            return formatter.format(data == null ? NO_DATA : data);
        }
        try {
            return changes(codec.decode(entry).changes());
        } catch (ConfChangeCodec.MalformedException e) {
            return String.valueOf(e.getMessage());
        }
    }

    private static String readState(ReadState state) {
        StringBuilder out = new StringBuilder("{").append(state.index()).append(" [");
        for (int i = 0; i < state.context().length(); i++) {
            out.append(i == 0 ? "" : " ").append(state.context().at(i) & 0xff);
        }
        return out.append("]}").toString();
    }

    private static String ids(List<Long> ids) {
        return list(ids, Long::toUnsignedString);
    }

    private static <T> String list(List<T> items, Function<T, String> text) {
        StringJoiner out = new StringJoiner(" ", "[", "]");
        items.forEach(item -> out.add(text.apply(item)));
        return out.toString();
    }

    private static void appendQuoted(StringBuilder out, int character) {
        switch (character) {
            case '"', '\\' -> out.append('\\').append((char) character);
            case 0x07 -> out.append("\\a");
            case '\b' -> out.append("\\b");
            case '\f' -> out.append("\\f");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            case 0x0b -> out.append("\\v");
            default -> {
                if (isPrintable(character)) {
                    out.appendCodePoint(character);
                } else if (character < ' ' || character == 0x7f) {
                    appendEscape(out, 'x', character, 2);
                } else if (character < 0x10000) {
                    appendEscape(out, 'u', character, 4);
                } else {
                    appendEscape(out, 'U', character, 8);
                }
            }
        }
    }

    private static void appendEscape(StringBuilder out, char kind, int value, int digits) {
        out.append('\\').append(kind);
        for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
            out.append(HEX[value >>> shift & 0xf]);
        }
    }

    /** Letters, marks, numbers, punctuation, symbols, and of all spaces the ordinary one. */
    private static boolean isPrintable(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> character == ' ';
            default -> true;
        };
    }

    /**
     * The character whose UTF-8 form begins at {@code at}, or {@link #MALFORMED}. By hand because the JDK's decoder
     * does not say which bytes it replaced, and every malformed byte must be printed for itself.
     */
    private static int decode(byte[] bytes, int at) {
        int first = bytes[at];
        if (first >= 0) {
            return first;
        }
        // The number of leading ones is the length: 2, 3 or 4; a continuation byte has one, and five are not allowed.
        int length = Integer.numberOfLeadingZeros(~(first << 24));
        if (length < 2 || length > 4 || at + length > bytes.length) {
            return MALFORMED;
        }
        int character = first & (0xff >> (length + 1));
        for (int i = at + 1; i < at + length; i++) {
            if ((bytes[i] & 0xc0) != 0x80) {
                return MALFORMED;
            }
            character = (character << 6) | (bytes[i] & 0x3f);
        }
        boolean surrogate = character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE;
        boolean valid = Character.isValidCodePoint(character) && !surrogate && encodedLength(character) == length;
        return valid ? character : MALFORMED;
    }

    private static int encodedLength(int character) {
        if (character < 0x80) {
            return 1;
        }
        if (character < 0x800) {
            return 2;
        }
        return character < 0x10000 ? 3 : 4;
    }
}
