package dev.coracle.codec;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;

/** Addresses in digits with a port, as raftify writes them: {@code 127.0.0.1:60061}, {@code [::1]:60061}. */
public final class SocketAddresses {
    private static final int HIGHEST_PORT = 0xffff;

    private SocketAddresses() {}

    /**
     * Reads an address with its port. Names are not looked up.
     *
     * @throws IllegalArgumentException if {@code text} is none
     */
    public static InetSocketAddress parse(String text) {
        int colon = text.lastIndexOf(':');
        String host = text.substring(0, Math.max(colon, 0));
        boolean bracketed = host.length() > 1 && host.startsWith("[") && host.endsWith("]");
        if (bracketed) {
            host = host.substring(1, host.length() - 1);
        }
        if (colon < 0 || bracketed != host.contains(":")) {
            throw new IllegalArgumentException(
                    "address " + text + " is not of the form 127.0.0.1:60061 or [::1]:60061");
        }
        int port = digits(text.substring(colon + 1), 5, HIGHEST_PORT);
        if (port < 0) {
            throw new IllegalArgumentException("address " + text + ": the port is not from 0 to " + HIGHEST_PORT);
        }
        return new InetSocketAddress(literal(host), port);
    }

    /**
     * Writes an address with its port, in digits, without a scope.
     *
     * @throws IllegalArgumentException if the host is neither resolved nor an address in digits
     */
    public static String format(InetSocketAddress address) {
        InetAddress host = host(address);
        String text = host.getHostAddress();
        if (host instanceof Inet6Address) {
            int scope = text.indexOf('%');
            text = "[" + (scope < 0 ? text : text.substring(0, scope)) + "]";
        }
        return text + ":" + address.getPort();
    }

    /** The address of a host that is resolved or in digits; a name is refused and never looked up. */
    static InetAddress host(InetSocketAddress address) {
        return address.getAddress() == null ? literal(address.getHostString()) : address.getAddress();
    }

    private static InetAddress literal(String host) {
        try {
            // In brackets it can only be an address, which the JDK parses without asking anybody; but for a scope it
            // would look at the machine's interfaces.
            boolean version6 = host.contains(":") && !host.contains("%");
            return version6 ? InetAddress.getByName("[" + host + "]") : InetAddress.getByAddress(version4(host));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("host " + host + " is not an address in digits", e);
        }
    }

    private static byte[] version4(String host) throws UnknownHostException {
        String[] parts = host.split("\\.", -1);
        byte[] octets = new byte[4];
        for (int i = 0; i < octets.length; i++) {
            int octet = parts.length == octets.length ? digits(parts[i], 3, 0xff) : -1;
            if (octet < 0) {
                throw new UnknownHostException("not four numbers from 0 to 255");
            }
            octets[i] = (byte) octet;
        }
        return octets;
    }

    /** A decimal number, or -1 if it is none, has a leading zero, or is too long or too high. */
    private static int digits(String text, int mostDigits, int highest) {
        boolean wellFormed = !text.isEmpty()
                && text.length() <= mostDigits
                && text.chars().allMatch(c -> c >= '0' && c <= '9')
                && (text.length() == 1 || text.charAt(0) != '0');
        int value = wellFormed ? Integer.parseInt(text) : -1;
        return value <= highest ? value : -1;
    }
}
