package dev.coracle.examples.memstore;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A table of a TOML file, whose every key must be known: a key with a slip of the pen would be ignored otherwise. */
final class TomlTable {
    private static final long MAX_FILE_BYTES = 1 << 20;

    private final Path file;
    private final String name;
    private final JsonNode node;

    private TomlTable(Path file, String name, JsonNode node, List<String> keys) throws ConfigException {
        this.file = file;
        this.name = name;
        this.node = node;
        if (!node.isObject()) {
            throw new ConfigException(file + ": " + name + ": " + node + " must be a table");
        }
        for (Iterator<String> names = node.fieldNames(); names.hasNext(); ) {
            String key = names.next();
            if (!keys.contains(key)) {
                throw new ConfigException(
                        file + ": " + path(key) + ": unknown key, must be one of " + String.join(", ", keys));
            }
        }
    }

    /**
     * Reads a file.
     *
     * @param keys those that may stand at its top
     */
    static TomlTable read(Path file, String... keys) throws ConfigException {
        try {
            if (Files.size(file) > MAX_FILE_BYTES) {
                throw new ConfigException(file + ": " + Files.size(file) + " bytes, must be at most " + MAX_FILE_BYTES);
            }
            return new TomlTable(file, "", new TomlMapper().readTree(Files.readString(file)), List.of(keys));
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": there is no such file");
        } catch (JsonProcessingException e) {
            JsonLocation at = e.getLocation();
            String place = at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
            throw new ConfigException(file + ": " + place + "no TOML: " + firstLine(e.getOriginalMessage()));
        } catch (CharacterCodingException e) {
            throw new ConfigException(file + ": is no UTF-8");
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e);
        }
    }

    /** The table at {@code key}, or null. */
    @Nullable
    TomlTable table(String key, String... keys) throws ConfigException {
        JsonNode value = node.get(key);
        return value == null ? null : new TomlTable(file, path(key), value, List.of(keys));
    }

    /** The tables of the array at {@code key}; none if there is no such key. */
    List<TomlTable> tables(String key, String... keys) throws ConfigException {
        List<TomlTable> tables = new ArrayList<>();
        JsonNode array = node.get(key);
        if (array != null) {
            if (!array.isArray()) {
                throw bad(key, "must be an array of tables");
            }
            for (int i = 0; i < array.size(); i++) {
                tables.add(new TomlTable(file, path(key) + "[" + i + "]", array.get(i), List.of(keys)));
            }
        }
        return tables;
    }

    /** Whether {@code key} has a value. */
    boolean has(String key) {
        return node.has(key);
    }

    /** The truth value at {@code key}. */
    boolean bool(String key) throws ConfigException {
        JsonNode value = value(key);
        if (!value.isBoolean()) {
            throw bad(key, "must be true or false");
        }
        return value.booleanValue();
    }

    /** The whole number at {@code key}, from {@code least} to {@code most}. */
    long integer(String key, long least, long most) throws ConfigException {
        JsonNode value = value(key);
        if (!value.canConvertToExactIntegral()
                || !value.canConvertToLong()
                || value.longValue() < least
                || value.longValue() > most) {
            throw bad(key, "must be a whole number from " + least + " to " + most);
        }
        return value.longValue();
    }

    /** The number at {@code key}, from {@code least} to {@code most}. */
    BigDecimal number(String key, BigDecimal least, BigDecimal most) throws ConfigException {
        JsonNode value = value(key);
        // Infinity and NaN are numbers to TOML, and have no decimal value.
        boolean finite =
                value.isNumber() && !Double.isInfinite(value.doubleValue()) && !Double.isNaN(value.doubleValue());
        if (!finite
                || value.decimalValue().compareTo(least) < 0
                || value.decimalValue().compareTo(most) > 0) {
            throw bad(key, "must be a number from " + least + " to " + most);
        }
        return value.decimalValue();
    }

    /** The text at {@code key}. */
    String text(String key) throws ConfigException {
        JsonNode value = value(key);
        if (!value.isTextual()) {
            throw bad(key, "must be a text");
        }
        return value.textValue();
    }

    /** A complaint about the value at {@code key}, with the rule that it breaks. */
    ConfigException bad(String key, String rule) {
        JsonNode value = node.get(key);
        return new ConfigException(
                file + ": " + path(key) + ": " + (value == null ? "is missing," : value) + " " + rule);
    }

    private JsonNode value(String key) throws ConfigException {
        JsonNode value = node.get(key);
        if (value == null) {
            throw new ConfigException(file + ": " + path(key) + ": is missing");
        }
        return value;
    }

    private String path(String key) {
        return name.isEmpty() ? key : name + "." + key;
    }

    private static String firstLine(String text) {
        return text.lines().findFirst().orElse("");
    }
}
