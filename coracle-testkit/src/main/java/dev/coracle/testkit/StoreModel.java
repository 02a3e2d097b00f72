package dev.coracle.testkit;

import dev.coracle.testkit.history.Model;

/** What a {@link StoreMachine} does with one key. */
final class StoreModel implements Model<String, Object, String> {
    @Override
    public String initial() {
        return "";
    }

    @Override
    public Object partition(Object input) {
        String[] words = input.toString().split(" ", -1);
        return words.length > 1 ? words[1] : "";
    }

    @Override
    public Next<String, String> next(String state, Object input) {
        String[] words = input.toString().split(" ", -1);
        return switch (words[0]) {
            case "get" -> new Next<>(state, state);
            case "put" -> new Next<>(words[2], words[2]);
            case "cas" -> state.equals(words[2]) ? new Next<>(words[3], words[3]) : new Next<>(state, "no");
            case "" -> new Next<>(state, "");
            case "add" -> {
                String sum = String.valueOf(Long.parseLong("0" + state) + Long.parseLong(words[2]));
                yield new Next<>(sum, sum);
            }
            case "append" -> {
                String longer = state.isEmpty() ? words[2] : state + "," + words[2];
                yield new Next<>(longer, longer);
            }
            default -> throw new IllegalArgumentException(input.toString());
        };
    }
}
