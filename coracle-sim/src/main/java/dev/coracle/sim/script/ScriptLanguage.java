package dev.coracle.sim.script;

/** Carries out the commands of one script, in order. What one command does, the next ones see. */
interface ScriptLanguage {
    /**
     * Carries out a command and returns its answer, with or without a line feed at its end.
     *
     * @throws MisuseException if it cannot be carried out as it is written
     */
    String run(Directive directive);
}
