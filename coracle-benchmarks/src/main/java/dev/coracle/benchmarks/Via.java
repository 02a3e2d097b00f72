package dev.coracle.benchmarks;

import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Who is asked to replicate. */
enum Via {
    /** The leader itself. */
    LEADER("the leader"),
    /** All members in turn; those that do not lead forward. */
    ANY("all members in turn");

    private final String text;

    Via(String text) {
        this.text = text;
    }

    /** The words for it in a sentence. */
    String text() {
        return text;
    }

    /** Reads the values of the option. */
    static final class Converter implements ITypeConverter<Via> {
        @Override
        public Via convert(String value) {
            return switch (value) {
                case "leader" -> LEADER;
                case "any" -> ANY;
                default -> throw new TypeConversionException("'" + value + "' must be leader or any");
            };
        }
    }
}
