package dev.coracle.raft;

/** What is useful to know and need not be stored. {@code leader} is {@link RawNode#NONE} while there is none. */
public record SoftState(long leader, RoleName role) {}
