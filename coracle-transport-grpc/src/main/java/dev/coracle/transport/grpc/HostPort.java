package dev.coracle.transport.grpc;

/** A host and a port, written {@code host:port}; an IPv6 address stands in brackets. */
record HostPort(String host, int port) {
    private static final int MOST = 65_535;

    /**
     * Reads an address.
     *
     * @param field what the address is, for the complaint
     * @throws IllegalArgumentException if it is none
     */
    static HostPort parse(String address, String field) {
        int colon = address.lastIndexOf(':');
        String host = colon < 0 ? "" : address.substring(0, colon);
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw new IllegalArgumentException(field + " " + address + ": an IPv6 address must stand in brackets");
        }
        if (host.isEmpty()) {
            throw new IllegalArgumentException(field + " " + address + ": it must be host:port");
        }
        return new HostPort(host, port(address, address.substring(colon + 1), field));
    }

    private static int port(String address, String digits, String field) {
        int port = -1;
        // Five digits fit into an int; parseInt alone would take a sign.
        if (digits.length() <= 5 && !digits.isEmpty() && digits.chars().allMatch(c -> c >= '0' && c <= '9')) {
            port = Integer.parseInt(digits);
        }
        if (port < 0 || port > MOST) {
            throw new IllegalArgumentException(field + " " + address + ": the port must be from 0 to " + MOST);
        }
        return port;
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
