package dev.coracle.transport.http;

import dev.coracle.raft.Message;

/** A message that waits, with the size of its bytes. */
record Queued(Message message, int sizeBytes) {}
