package dev.coracle.codec;

/** Bytes are not what they should be. The text names the field, the value and the rule that it breaks. */
public final class CodecException extends Exception {
    private static final long serialVersionUID = 1L;

    /** How many bytes of the input were read when it was found. */
    private final int offset;

    /**
     * A complaint about what stands at {@code offset}.
     *
     * @param field the field, by the name that its schema gives it
     * @param offset how many bytes of the input were read when it was found
     * @param complaint the value and the rule that it breaks
     */
    public CodecException(String field, int offset, String complaint) {
        super(field + " at byte " + offset + ": " + complaint);
        this.offset = offset;
    }

    /** How many bytes of the input were read when it was found. */
    public int offset() {
        return offset;
    }
}
