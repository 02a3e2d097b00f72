package dev.coracle;

/** Addresses, {@code host:port}, an IPv6 address in brackets. Names are not looked up. */
final class HostAndPort {
    private static final int MOST = 65_535;

    /** The longest name that there is, and a port. */
    private static final int MOST_CHARACTERS = 259;

    private HostAndPort() {}

    /** Checks an address, naming the field if it is none. */
    static void require(String field, String address, int leastPort) {
        int colon = address.lastIndexOf(':');
        String host = host(address);
        if (colon < 0 || host.isEmpty()) {
            throw new IllegalArgumentException(field + ": " + address + " must be host:port");
        }
        if (address.length() > MOST_CHARACTERS) {
            throw new IllegalArgumentException(
                    field + ": its " + address.length() + " characters must be at most " + MOST_CHARACTERS);
        }
        // It is written into files by lines.
        if (host.chars().anyMatch(c -> c <= ' ' || Character.isISOControl(c) || Character.isWhitespace(c))) {
            throw new IllegalArgumentException(field + ": \"" + address.replaceAll("\\p{Cntrl}", "?")
                    + "\" must not contain spaces or control characters");
        }
        boolean bracketed = host.startsWith("[") && host.endsWith("]");
        if (host.indexOf(':') >= 0 && !bracketed) {
            throw new IllegalArgumentException(field + ": " + address + " must have its IPv6 address in brackets");
        }
        String digits = address.substring(colon + 1);
        boolean number =
                !digits.isEmpty() && digits.length() <= 5 && digits.chars().allMatch(c -> c >= '0' && c <= '9');
        if (!number || Integer.parseInt(digits) > MOST || Integer.parseInt(digits) < leastPort) {
            throw new IllegalArgumentException(
                    field + ": " + address + " must have a port from " + leastPort + " to " + MOST);
        }
    }

    /** Tells whether an address means all addresses of the machine. */
    static boolean isWildcard(String address) {
        String host = host(address);
        return host.equals("0.0.0.0") || host.equals("[::]") || host.equals("[0:0:0:0:0:0:0:0]");
    }

    private static String host(String address) {
        return address.substring(0, Math.max(0, address.lastIndexOf(':')));
    }
}
