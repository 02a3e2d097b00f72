package dev.coracle.examples.memstore;

/** A configuration file cannot be used. The text names the file and, where one is at fault, field, value and rule. */
final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    ConfigException(String text) {
        super(text);
    }
}
