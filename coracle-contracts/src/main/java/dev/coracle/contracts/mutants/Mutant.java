package dev.coracle.contracts.mutants;

/**
 * A bug to be planted: one place in one file, and what stands there instead.
 *
 * @param name what is wrong, in a word or five
 * @param rule where the rule comes from that it breaks
 * @param file below dev/coracle, in the module of that package
 * @param oldText stands in the file exactly once
 * @param newText takes its place
 */
public record Mutant(String name, String rule, String file, String oldText, String newText) {
    /** The binary name of the class that changes. */
    public String className() {
        return ProjectCopy.className(file);
    }

    /**
     * The source with the bug in it.
     *
     * @throws AssertionError if the place is not there, or not the only one: then nobody knows what would be tested
     */
    public String plantIn(String source) {
        int at = source.indexOf(oldText);
        if (at < 0 || source.indexOf(oldText, at + 1) >= 0) {
            throw new AssertionError(name + ": its old text stands in " + file
                    + (at < 0 ? " nowhere" : " twice or more") + ", and must exactly once: " + oldText);
        }
        return source.substring(0, at) + newText + source.substring(at + oldText.length());
    }
}
