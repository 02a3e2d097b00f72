package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import org.jspecify.annotations.Nullable;

/**
 * Who listens at an address.
 *
 * @param clusterId its cluster
 * @param id its id
 * @param incarnation the identity of its data directory
 */
record Identity(long clusterId, long id, long incarnation) {
    byte[] encode() {
        return new ByteWriter().int64(clusterId).int64(id).int64(incarnation).toByteArray();
    }

    static Identity read(ByteReader in) throws MalformedException {
        Identity identity = new Identity(in.int64("clusterId"), in.int64("id"), in.int64("incarnation"));
        in.end("identity");
        return identity;
    }

    /**
     * Compares an incarnation with the one that is known.
     *
     * @param known the known one, or 0 if none is
     * @return why the other one is refused; null if it is not
     */
    static @Nullable String refusal(long id, long known, long other) {
        if (known == 0 || known == other) {
            return null;
        }
        return Leading.name(id) + " is known with the data directory " + Long.toHexString(known) + ", this one is "
                + Long.toHexString(other) + ": its directory was emptied or replaced, and what it voted for or"
                + " acknowledged is lost. Restore the directory; or let the node join as a new one, with an empty"
                + " directory and join instead of members";
    }
}
