package dev.coracle.examples.memstore;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * An address to listen on or to connect to.
 *
 * @param host a name or an IP address, an IPv6 address without brackets
 * @param port from 0 to 65535
 */
record HostPort(String host, int port) {
    private static final Pattern FORM = Pattern.compile("(?:([^\\s:\\[\\]/]+)|\\[([^\\s\\[\\]/]+)]):([0-9]{1,5})");
    private static final String OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    private static final Pattern IPV4 = Pattern.compile(OCTET + "(\\." + OCTET + "){3}");
    private static final Pattern IPV6_CHARACTERS = Pattern.compile("[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*");

    /**
     * Reads {@code host:port} or {@code [IPv6]:port}.
     *
     * @throws IllegalArgumentException if {@code text} is neither, naming {@code field}
     */
    static HostPort parse(String field, String text) {
        Matcher matcher = FORM.matcher(text);
        int port = matcher.matches() ? Integer.parseInt(matcher.group(3)) : -1;
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException(
                    field + ": \"" + text + "\" must be host:port, or [IPv6]:port, with a port from 0 to 65535");
        }
        return new HostPort(matcher.group(1) != null ? matcher.group(1) : matcher.group(2), port);
    }

    /** Whether {@code text} is an IP address; a name is never looked up. */
    static boolean isIp(String text) {
        if (IPV4.matcher(text).matches()) {
            return true;
        }
        if (!IPV6_CHARACTERS.matcher(text).matches()) {
            return false;
        }
        try {
            // In brackets it is parsed and not looked up.
            InetAddress.getByName("[" + text + "]");
            return true;
        } catch (UnknownHostException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return host.indexOf(':') >= 0 ? "[" + host + "]:" + port : host + ":" + port;
    }
}
