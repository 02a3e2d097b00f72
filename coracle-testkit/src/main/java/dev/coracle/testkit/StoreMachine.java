package dev.coracle.testkit;

import dev.coracle.StateMachine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.TreeMap;

/**
 * Registers, counters and append-only lists by their keys, in texts: {@code put k v}, {@code cas k old new}, {@code add k
 * n} and {@code append k v}, which give what the key holds then or, for a {@code cas} that does not fit, {@code no}; and
 * the empty text, which does nothing. Each element of a list stands behind a comma, the first one too.
 */
final class StoreMachine implements StateMachine<String, String> {
    private final TreeMap<String, String> values = new TreeMap<>();

    /** What a key holds. */
    String get(String key) {
        return values.getOrDefault(key, "");
    }

    @Override
    public String apply(String command) {
        if (command.isEmpty()) {
            return "";
        }
        String[] words = command.split(" ", -1);
        String key = words[1];
        return switch (words[0]) {
            case "put" -> put(key, words[2]);
            case "cas" -> get(key).equals(words[2]) ? put(key, words[3]) : "no";
            case "add" -> put(key, String.valueOf(Long.parseLong("0" + get(key)) + Long.parseLong(words[2])));
            case "append" -> put(key, get(key) + "," + words[2]);
            default -> throw new IllegalArgumentException(command);
        };
    }

    private String put(String key, String value) {
        values.put(key, value);
        return value;
    }

    @Override
    public PinnedState snapshot() {
        StringBuilder text = new StringBuilder();
        values.forEach(
                (key, value) -> text.append(key).append('=').append(value).append('\n'));
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        return out -> out.write(bytes);
    }

    @Override
    public void restore(InputStream in) throws IOException {
        TreeMap<String, String> restored = new TreeMap<>();
        new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(line -> {
            int at = line.indexOf('=');
            restored.put(line.substring(0, at), line.substring(at + 1));
        });
        values.clear();
        values.putAll(restored);
    }
}
