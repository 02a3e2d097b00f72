package dev.coracle.examples.memstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** An authority and one certificate by it for {@code localhost}, as the files that both kinds of nodes read. */
final class TlsFiles {
    private static final String PASSWORD = "changeit";
    private static final String HEIR = "node";

    private TlsFiles() {}

    /** Writes {@code ca.pem}, {@code cert.pem} and {@code key.pem}. */
    static Path write(Path folder) throws Exception {
        Path store = folder.resolve("keys.p12");
        // RSA: Rust's TLS does not read what Java writes of an EC key.
        pair(store, "ca", "-dname", "CN=authority", "-ext", "bc:c");
        pair(store, HEIR, "-dname", "CN=localhost");
        keytool(
                store,
                "-certreq",
                "-alias",
                HEIR,
                "-file",
                folder.resolve("request").toString());
        keytool(
                store,
                "-gencert",
                "-alias",
                "ca",
                "-infile",
                folder.resolve("request").toString(),
                "-outfile",
                folder.resolve("cert.pem").toString(),
                "-rfc",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-validity",
                "2");
        keytool(
                store,
                "-exportcert",
                "-alias",
                "ca",
                "-rfc",
                "-file",
                folder.resolve("ca.pem").toString());
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(store)) {
            keys.load(in, PASSWORD.toCharArray());
        }
        byte[] key = keys.getKey(HEIR, PASSWORD.toCharArray()).getEncoded();
        Files.writeString(
                folder.resolve("key.pem"),
                "-----BEGIN PRIVATE KEY-----\n"
                        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(key)
                        + "\n-----END PRIVATE KEY-----\n");
        return folder;
    }

    private static void pair(Path store, String alias, String... more) throws IOException, InterruptedException {
        List<String> arguments = new ArrayList<>(
                List.of("-genkeypair", "-alias", alias, "-keyalg", "RSA", "-keysize", "2048", "-validity", "2"));
        arguments.addAll(List.of(more));
        keytool(store, arguments.toArray(String[]::new));
    }

    private static void keytool(Path store, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-keystore", store.toString(), "-storepass", PASSWORD));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(String.join(" ", command)).isZero();
    }
}
