package dev.coracle.sim.script;

import java.util.Locale;

/** A command that cannot be carried out as it is written. It ends the script. */
final class MisuseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MisuseException(String format, Object... arguments) {
        super(String.format(Locale.ROOT, format, arguments));
    }
}
