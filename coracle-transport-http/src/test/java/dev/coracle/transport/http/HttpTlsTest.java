package dev.coracle.transport.http;

import static dev.coracle.contracts.TransportContract.METADATA;
import static dev.coracle.contracts.TransportContract.heartbeat;
import static dev.coracle.contracts.TransportContract.install;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.raft.Message;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that prove who they are. Every node has a certificate of its own, and all trust each other's. */
class HttpTlsTest {
    private static final char[] PASSWORD = "only a test".toCharArray();

    @TempDir
    private static Path directory;

    private final List<AutoCloseable> opened = new ArrayList<>();

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : opened) {
            one.close();
        }
    }

    private static KeyStore keysOf(long node) throws Exception {
        Path file = directory.resolve("node-" + node + ".p12");
        if (!Files.exists(file)) {
            String keytool =
                    Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
            String[] command = {
                keytool,
                "-genkeypair",
                "-alias",
                "node",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=node-" + node,
                "-ext",
                "san=ip:127.0.0.1",
                "-validity",
                "2",
                "-storetype",
                "PKCS12",
                "-keystore",
                file.toString(),
                "-storepass",
                new String(PASSWORD)
            };
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(process.waitFor(RecordingInbound.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(process.exitValue()).isZero();
        }
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            keys.load(in, PASSWORD);
        }
        return keys;
    }

    private static KeyManagerFactory identityOf(long node) throws Exception {
        KeyManagerFactory identity = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        identity.init(keysOf(node), PASSWORD);
        return identity;
    }

    private static TrustManagerFactory trusted() throws Exception {
        KeyStore certificates = KeyStore.getInstance("PKCS12");
        certificates.load(null, null);
        for (long node = 1; node <= 2; node++) {
            certificates.setCertificateEntry("node-" + node, keysOf(node).getCertificate("node"));
        }
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(certificates);
        return trusted;
    }

    private static SslContext server(long node) throws Exception {
        return SslContextBuilder.forServer(identityOf(node))
                .trustManager(trusted())
                .clientAuth(ClientAuth.REQUIRE)
                .build();
    }

    private static SslContext client(long node) throws Exception {
        return SslContextBuilder.forClient()
                .keyManager(identityOf(node))
                .trustManager(trusted())
                .build();
    }

    /** Compares the certificate's name with the id that is claimed. */
    private static @Nullable String byCertificate(long node, Connection connection) {
        SSLSession session = connection.session();
        if (session == null) {
            return "no TLS";
        }
        try {
            X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
            String name = certificate.getSubjectX500Principal().getName();
            return name.equals("CN=node-" + node) ? null : name + " is not node " + node;
        } catch (SSLPeerUnverifiedException e) {
            return "no certificate";
        }
    }

    private HttpTransport open(
            long id,
            SslContext client,
            RecordingInbound inbound,
            MemorySnapshotStore snapshots,
            BlockingQueue<String> told)
            throws Exception {
        HttpTransport transport = HttpTransport.bind(HttpTransportTest.config(id, "127.0.0.1:0", snapshots)
                .serverTls(server(id))
                .clientTls(client)
                .admission(HttpTlsTest::byCertificate)
                .listener(new TransportListener() {
                    @Override
                    public void refused(long peer, Refusal refusal, String text) {
                        told.add(text);
                    }
                })
                .build());
        opened.add(transport);
        transport.start(inbound);
        return transport;
    }

    @Test
    void nodesWithTheirOwnCertificatesReachEachOther() throws Exception {
        RecordingInbound receiving = new RecordingInbound();
        MemorySnapshotStore stored = new MemorySnapshotStore();
        MemorySnapshotStore sent = new MemorySnapshotStore();
        RecordingInbound sending = new RecordingInbound();
        HttpTransport b = open(2, client(2), receiving, stored, new LinkedBlockingQueue<>());
        HttpTransport a = open(1, client(1), sending, sent, new LinkedBlockingQueue<>());
        // First by a post, then by a stream.
        a.setPeer(2, "https://" + b.boundAddress());
        Message message = heartbeat(1, 2, 3);
        a.send(0, message);
        a.flush();
        assertThat(receiving.next()).isEqualTo(message);
        b.setPeer(1, a.boundAddress());
        Message greeting = new Message.Heartbeat(1, 2, 3, 0, RecordingInbound.GREETING);
        do {
            a.send(0, greeting);
            a.flush();
        } while (receiving.greetings.poll(20, TimeUnit.MILLISECONDS) == null || !a.isStreaming(2));
        a.send(0, heartbeat(1, 2, 4));
        a.flush();
        assertThat(receiving.next()).isEqualTo(heartbeat(1, 2, 4));
        byte[] data = new byte[3_000_000];
        sent.put(METADATA, data);
        a.send(0, install(1, 2));
        a.flush();
        assertThat(receiving.next()).isEqualTo(install(1, 2));
        assertThat(stored.data(METADATA.id())).isEqualTo(data);
        assertThat(RecordingInbound.next(sending.snapshots)).isEqualTo(new RecordingInbound.SnapshotResult(2, false));
    }

    @Test
    void aCertificateOfAnotherNodeIsRefused() throws Exception {
        BlockingQueue<String> told = new LinkedBlockingQueue<>();
        RecordingInbound receiving = new RecordingInbound();
        HttpTransport b = open(2, client(2), receiving, new MemorySnapshotStore(), new LinkedBlockingQueue<>());
        HttpTransport a = open(1, client(2), new RecordingInbound(), new MemorySnapshotStore(), told);
        b.setPeer(1, a.boundAddress());
        a.setPeer(2, b.boundAddress());
        String text = RecordingInbound.next(told);
        while (text.equals(Protocol.UNKNOWN_SENDER)) {
            text = RecordingInbound.next(told);
        }
        assertThat(text).isEqualTo("CN=node-2 is not node 1");
        a.send(0, heartbeat(1, 2, 3));
        a.flush();
        assertThat(receiving.messages).isEmpty();
    }

    @Test
    void whoeverSpeaksWithoutTlsReachesNothing() throws Exception {
        HttpTransport b =
                open(2, client(2), new RecordingInbound(), new MemorySnapshotStore(), new LinkedBlockingQueue<>());
        RecordingInbound inbound = new RecordingInbound();
        HttpTransport plain = HttpTransport.bind(HttpTransportTest.config(1, "127.0.0.1:0", new MemorySnapshotStore())
                .build());
        opened.add(plain);
        plain.start(inbound);
        plain.setPeer(2, b.boundAddress());
        plain.send(0, heartbeat(1, 2, 3));
        plain.flush();
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
        try (RawClient client = new RawClient(b.boundAddress())) {
            client.request("GET /raft/probing", "", new byte[0]);
            // At most an alert comes, never an answer.
            byte[] rest = client.socket.getInputStream().readAllBytes();
            assertThat(new String(rest, StandardCharsets.ISO_8859_1)).doesNotContain("HTTP");
        }
    }

    @Test
    void anAddressMustAgreeWithTls() throws Exception {
        HttpTransport tls =
                open(2, client(2), new RecordingInbound(), new MemorySnapshotStore(), new LinkedBlockingQueue<>());
        assertThatThrownBy(() -> tls.setPeer(1, "http://127.0.0.1:1"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "address of node 1 http://127.0.0.1:1: its scheme must be https, since this node speaks TLS");
    }
}
