package dev.coracle.transport.http;

import java.util.Locale;

/**
 * Where a node is to be found: {@code http://host:port}, {@code https://host:port}, or {@code host:port} without a
 * scheme. An IPv6 address stands in brackets.
 */
record PeerAddress(String host, int port) {
    private static final int MOST = 65_535;

    /**
     * Reads an address.
     *
     * @param tls whether this node speaks TLS, which a scheme must agree with
     * @param field what the address is, for the complaint
     * @throws IllegalArgumentException if it is none
     */
    static PeerAddress parse(String text, boolean tls, String field) {
        String rest = text;
        int scheme = text.indexOf("://");
        if (scheme >= 0) {
            String expected = tls ? "https" : "http";
            if (!text.substring(0, scheme).toLowerCase(Locale.ROOT).equals(expected)) {
                throw new IllegalArgumentException(field + " " + text + ": its scheme must be " + expected
                        + (tls ? ", since this node speaks TLS" : ", since this node speaks no TLS"));
            }
            rest = text.substring(scheme + 3);
        }
        int colon = rest.lastIndexOf(':');
        String host = colon < 0 ? "" : rest.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(field + " " + text + ": an IPv6 address must stand in brackets");
        }
        if (host.isEmpty() || host.chars().anyMatch(c -> c <= ' ' || c == '/' || c == '@' || c == 0x7f)) {
            throw new IllegalArgumentException(
                    field + " " + text + ": it must be a URL of host and port, or host:port");
        }
        return new PeerAddress(host, port(text, rest.substring(colon + 1), field));
    }

    private static int port(String address, String digits, String field) {
        int port = -1;
        // Five digits fit into an int; parseInt alone would take a sign.
        if (digits.length() <= 5 && !digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            port = Integer.parseInt(digits);
        }
        if (port < 0 || port > MOST) {
            throw new IllegalArgumentException(
                    field + " " + address + ": the port must be from 0 to " + MOST + ", and nothing may follow it");
        }
        return port;
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
