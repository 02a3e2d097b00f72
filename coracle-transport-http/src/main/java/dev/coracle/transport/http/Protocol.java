package dev.coracle.transport.http;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What both sides of the protocol have in common: names, versions, how ids are written. */
final class Protocol {
    static final String POST_PATH = "/raft";
    static final String SNAPSHOT_PATH = "/raft/snapshot";
    static final String PROBING_PATH = "/raft/probing";
    static final String STREAM_PREFIX = "/raft/stream/";

    static final String CLUSTER_ID = "X-Etcd-Cluster-Id";
    static final String SERVER_FROM = "X-Server-From";
    static final String SERVER_VERSION = "X-Server-Version";
    static final String MIN_CLUSTER_VERSION = "X-Min-Cluster-Version";
    static final String RAFT_TO = "X-Raft-To";
    static final String PEER_URLS = "X-Peerurls";

    static final String INCOMPATIBLE_VERSION = "incompatible version";
    static final String CLUSTER_MISMATCH = "cluster ID mismatch";
    static final String RECEIVER_MISMATCH = "to field mismatch";
    static final String UNKNOWN_SENDER = "error sender not found";
    static final String REMOVED_MEMBER = "removed member";

    /** What we present: the newest version that every Go node takes, and the oldest one that we take. */
    static final String VERSION = "3.5.0";

    static final String LEAST_VERSION = "3.0.0";

    /** A version that is not told. */
    private static final Version UNKNOWN = new Version(2, 0);

    private static final Pattern THREE_NUMBERS = Pattern.compile("(\\d{1,9})\\.(\\d{1,9})\\.\\d{1,9}([-+].*)?");
    private static final Pattern HEX = Pattern.compile("[0-9a-fA-F]{1,16}");

    private Protocol() {}

    /** Only the first two numbers count. */
    private record Version(int major, int minor) {
        static @Nullable Version of(@Nullable String text) {
            if (text == null) {
                return UNKNOWN;
            }
            Matcher numbers = THREE_NUMBERS.matcher(text);
            return numbers.matches()
                    ? new Version(Integer.parseInt(numbers.group(1)), Integer.parseInt(numbers.group(2)))
                    : null;
        }

        boolean isBelow(Version other) {
            return major != other.major ? major < other.major : minor < other.minor;
        }
    }

    /** How ids are written: no leading zeros, lower case. */
    static String hex(long id) {
        return Long.toHexString(id);
    }

    /** Reads an id; {@code null} if it is none. */
    static @Nullable Long parseHex(@Nullable String text) {
        return text != null && HEX.matcher(text).matches() ? Long.parseUnsignedLong(text, 16) : null;
    }

    /** Tells whether a caller and this node may talk, as far as their versions go. */
    static boolean fitsCaller(HttpHeaders request) {
        Version caller = Version.of(request.get(SERVER_VERSION));
        Version least = Version.of(request.get(MIN_CLUSTER_VERSION));
        return caller != null
                && least != null
                && !caller.isBelow(known(LEAST_VERSION))
                && !known(VERSION).isBelow(least);
    }

    /** Tells whether the version that a node answers with is one whose streams this one reads. */
    static boolean fitsAnswerer(@Nullable String version) {
        Version answerer = Version.of(version);
        return answerer != null && !answerer.isBelow(known(LEAST_VERSION));
    }

    private static Version known(String text) {
        Version version = Version.of(text);
        return version == null ? UNKNOWN : version;
    }
}
