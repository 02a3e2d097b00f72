package dev.coracle.raft;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.ArrayList;
import java.util.List;

/** Configuration changes as readable text, for example {@code 0 v1 l2}: the transition's number, then the changes. */
final class TextCodec implements ConfChangeCodec {
    @Override
    public byte[] encode(ConfChange change) {
        return encode(change.asV2());
    }

    @Override
    public byte[] encode(ConfChangeV2 change) {
        String head = Integer.toString(change.transition().ordinal());
        String changes = Describe.changes(change.changes());
        return (changes.isEmpty() ? head : head + " " + changes).getBytes(UTF_8);
    }

    @Override
    public ConfChange decode(byte[] data) throws MalformedException {
        List<ConfChangeSingle> changes = decodeV2(data).changes();
        if (changes.size() != 1) {
            throw new MalformedException("one change expected, not " + changes.size());
        }
        return new ConfChange(changes.get(0).type(), changes.get(0).nodeId());
    }

    @Override
    public ConfChangeV2 decodeV2(byte[] data) throws MalformedException {
        if (data.length == 0) {
            return ConfChangeV2.LEAVE_JOINT;
        }
        String[] words = new String(data, UTF_8).split(" ");
        List<ConfChangeSingle> changes = new ArrayList<>();
        for (int i = 1; i < words.length; i++) {
            changes.add(single(words[i]));
        }
        return new ConfChangeV2(ConfChangeTransition.values()[transition(words[0])], changes, Bytes.EMPTY);
    }

    private static int transition(String word) throws MalformedException {
        if (!word.matches("[012]")) {
            throw new MalformedException("no transition is called " + word);
        }
        return Integer.parseInt(word);
    }

    private static ConfChangeSingle single(String word) throws MalformedException {
        for (ConfChangeType type : ConfChangeType.values()) {
            if (type.letter() == word.charAt(0)) {
                return new ConfChangeSingle(type, Long.parseUnsignedLong(word.substring(1)));
            }
        }
        throw new MalformedException("no change is called " + word);
    }

    /** The automatic change that {@code words} say, for example {@code v1 l2}. */
    static ConfChangeV2 auto(String words) {
        return parse("0 " + words);
    }

    /** The change into a joint configuration that must be left explicitly. */
    static ConfChangeV2 explicit(String words) {
        return parse("2 " + words);
    }

    private static ConfChangeV2 parse(String text) {
        try {
            return new TextCodec().decodeV2(text.getBytes(UTF_8));
        } catch (MalformedException malformed) {
            throw new IllegalArgumentException(malformed);
        }
    }
}
