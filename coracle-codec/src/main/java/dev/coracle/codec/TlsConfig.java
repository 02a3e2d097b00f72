package dev.coracle.codec;

import org.jspecify.annotations.Nullable;

/**
 * What raftify's members tell each other about reaching them by TLS. Paths are those of the machine that wrote them.
 *
 * @param certPath the certificate
 * @param keyPath its key
 * @param caCertPath the certificate of the authority
 * @param domainName the name that the certificate must carry
 */
public record TlsConfig(
        @Nullable String certPath,
        @Nullable String keyPath,
        @Nullable String caCertPath,
        @Nullable String domainName) {

    static void write(@Nullable TlsConfig tls, Bincode.Writer out) {
        out.bool(tls != null);
        if (tls != null) {
            out.optionalString(tls.certPath)
                    .optionalString(tls.keyPath)
                    .optionalString(tls.caCertPath)
                    .optionalString(tls.domainName);
        }
    }

    static @Nullable TlsConfig read(Bincode.Reader in, String field) throws CodecException {
        if (!in.bool(field)) {
            return null;
        }
        return new TlsConfig(
                in.optionalString(field + ".cert_path"),
                in.optionalString(field + ".key_path"),
                in.optionalString(field + ".ca_cert_path"),
                in.optionalString(field + ".domain_name"));
    }
}
