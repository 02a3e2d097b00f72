package dev.coracle.testkit;

import dev.coracle.testkit.history.Model;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/** What a {@link StoreMachine} does with one key. */
final class StoreModel implements Model<String, Object, String> {
    private static final String COMMA = ",";

    @Override
    public String initial() {
        return "";
    }

    @Override
    public Object partition(Object input) {
        String[] words = words(input);
        return words.length > 1 ? words[1] : "";
    }

    @Override
    public Next<String, String> next(String state, Object input) {
        String[] words = words(input);
        return switch (words[0]) {
            case "get" -> new Next<>(state, state);
            case "put" -> new Next<>(words[2], words[2]);
            case "cas" -> state.equals(words[2]) ? new Next<>(words[3], words[3]) : new Next<>(state, "no");
            case "" -> new Next<>(state, "");
            case "add" -> {
                String sum = String.valueOf(Long.parseLong("0" + state) + Long.parseLong(words[2]));
                yield new Next<>(sum, sum);
            }
            case "append" -> new Next<>(state + COMMA + words[2], state + COMMA + words[2]);
            default -> throw new IllegalArgumentException(input.toString());
        };
    }

    @Override
    public boolean isRead(Object input, String output) {
        String kind = words(input)[0];
        return kind.equals("get") || (kind.equals("cas") && output.equals("no"));
    }

    /** Of lists, all that are ever seen begin alike. */
    @Override
    public Predicate<String> viable(List<String> outputs) {
        String longest = "";
        for (String output : outputs) {
            if (output.startsWith(COMMA) && output.length() > longest.length()) {
                longest = output + COMMA;
            }
        }
        String list = longest;
        return state -> list.isEmpty() || list.startsWith(state + COMMA) || (state + COMMA).startsWith(list);
    }

    @Override
    public Set<String> onlyIn(Object input, String output) {
        String[] words = words(input);
        return switch (words[0]) {
            case "get" -> Set.of(output);
            case "cas" -> output.equals("no") ? Set.of() : Set.of(words[2]);
            default -> Set.of();
        };
    }

    @Override
    public boolean mayMake(Object input, String state) {
        String[] words = words(input);
        return switch (words[0]) {
            case "get", "" -> false;
            case "put" -> state.equals(words[2]);
            case "cas" -> state.equals(words[3]);
            case "append" -> state.endsWith(COMMA + words[2]);
            default -> true;
        };
    }

    private static String[] words(Object input) {
        return input.toString().split(" ", -1);
    }
}
