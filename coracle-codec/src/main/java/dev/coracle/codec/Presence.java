package dev.coracle.codec;

/** Which fields of a protobuf message are written. Readers take both. */
public enum Presence {
    /**
     * Scalars always, also zeros; bytes unless absent; repeated numbers one by one. What etcd up to 3.6 writes, and
     * every later one reads.
     */
    EXPLICIT,
    /** Scalars unless zero, bytes unless empty, repeated numbers packed. The rule of proto3. */
    IMPLICIT
}
