package dev.coracle.transport.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.contracts.MemorySnapshotStore;
import dev.coracle.contracts.RecordingInbound;
import dev.coracle.contracts.TransportContract;
import dev.coracle.raft.Message;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ServerCredentials;
import io.grpc.TlsChannelCredentials;
import io.grpc.TlsServerCredentials;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that prove who they are. Every node has a certificate of its own, and all trust each other's. */
class TlsTest {
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
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
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
                            new String(PASSWORD))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assertThat(keytool.waitFor(RecordingInbound.PATIENCE_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(keytool.exitValue()).isZero();
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

    private static ServerCredentials server(long node) throws Exception {
        return TlsServerCredentials.newBuilder()
                .keyManager(identityOf(node).getKeyManagers())
                .trustManager(trusted().getTrustManagers())
                .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE)
                .build();
    }

    private static ChannelCredentials channel(long node) throws Exception {
        return TlsChannelCredentials.newBuilder()
                .keyManager(identityOf(node).getKeyManagers())
                .trustManager(trusted().getTrustManagers())
                .build();
    }

    /** Compares the certificate's name with the id that is claimed. */
    private static final class ByCertificate implements Admission {
        @Override
        public Verdict admit(Handshake handshake, Connection connection) {
            return check(handshake.node(), connection);
        }

        @Override
        public Verdict admitCall(long from, Connection connection) {
            return check(from, connection);
        }

        private static Verdict check(long node, Connection connection) {
            SSLSession session = connection.session();
            if (session == null) {
                return Verdict.refused(RefusalCode.IDENTITY, "no TLS");
            }
            try {
                X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
                String name = certificate.getSubjectX500Principal().getName();
                return name.equals("CN=node-" + node)
                        ? Verdict.ACCEPTED
                        : Verdict.refused(RefusalCode.IDENTITY, name + " is not node " + node);
            } catch (SSLPeerUnverifiedException e) {
                return Verdict.refused(RefusalCode.IDENTITY, "no certificate");
            }
        }
    }

    private GrpcTransport open(
            long id, ChannelCredentials channel, RecordingInbound inbound, TransportListener listener)
            throws Exception {
        GrpcTransport transport =
                GrpcTransport.bind(GrpcTransportTest.config(id, "127.0.0.1:0", new MemorySnapshotStore())
                        .serverCredentials(server(id))
                        .channelCredentials(channel)
                        .admission(new ByCertificate())
                        .listener(listener)
                        .callHandler((from, kind, request, responder) -> responder.answer(request))
                        .build());
        opened.add(transport);
        transport.start(inbound);
        return transport;
    }

    @Test
    void nodesWithTheirOwnCertificatesReachEachOther() throws Exception {
        BlockingQueue<Long> connected = new LinkedBlockingQueue<>();
        RecordingInbound receiving = new RecordingInbound();
        GrpcTransport b = open(2, channel(2), receiving, TransportListener.NONE);
        GrpcTransport a = open(1, channel(1), new RecordingInbound(), new TransportListener() {
            @Override
            public void connected(long peer, long incarnation) {
                connected.add(peer);
            }
        });
        a.setPeer(2, b.boundAddress());
        RecordingInbound.next(connected);
        Message message = TransportContract.heartbeat(1, 2, 3);
        a.send(0, message);
        a.flush();
        assertThat(receiving.next()).isEqualTo(message);
        byte[] request = {1, 2};
        assertThat(a.call(b.boundAddress(), 0, request, Duration.ofSeconds(RecordingInbound.PATIENCE_SECONDS))
                        .get())
                .isEqualTo(request);
    }

    @Test
    void aCertificateOfAnotherNodeIsRefused() throws Exception {
        BlockingQueue<String> refusals = new LinkedBlockingQueue<>();
        GrpcTransport b = open(2, channel(2), new RecordingInbound(), TransportListener.NONE);
        GrpcTransport a = open(1, channel(2), new RecordingInbound(), new TransportListener() {
            @Override
            public void refused(long peer, RefusalCode code, String text) {
                refusals.add(code + " " + text);
            }
        });
        a.setPeer(2, b.boundAddress());
        assertThat(RecordingInbound.next(refusals)).isEqualTo("IDENTITY CN=node-2 is not node 1");
    }

    @Test
    void whoeverSpeaksWithoutTlsReachesNothing() throws Exception {
        GrpcTransport b = open(2, channel(2), new RecordingInbound(), TransportListener.NONE);
        RecordingInbound inbound = new RecordingInbound();
        GrpcTransport a = open(1, InsecureChannelCredentials.create(), inbound, TransportListener.NONE);
        a.setPeer(2, b.boundAddress());
        assertThat(RecordingInbound.next(inbound.unreachable)).isEqualTo(2);
    }
}
