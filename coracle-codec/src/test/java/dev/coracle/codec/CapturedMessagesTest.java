package dev.coracle.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every message that etcd 3.4.23 sent over its message streams in the captures is read, and written back alike. */
class CapturedMessagesTest {
    @Test
    void etcdsMessagesAreWrittenBackWithTheSameBytes() throws Exception {
        Path captures = Path.of(System.getProperty("coracle.shared", "."), "fixtures", "etcd", "rafthttp");
        assumePresent(captures);
        Map<MessageType, Integer> seen = new EnumMap<>(MessageType.class);
        for (Path response : files(captures, ".response.bin")) {
            Path request = Path.of(response.toString().replace(".response.", ".request."));
            if (!latin1(Files.readAllBytes(request)).startsWith("GET /raft/stream/message/")) {
                continue;
            }
            ByteBuffer frames = ByteBuffer.wrap(chunks(Files.readAllBytes(response)));
            while (frames.remaining() >= Long.BYTES && frames.getLong(frames.position()) <= frames.remaining() - 8) {
                byte[] bytes = new byte[(int) frames.getLong()];
                frames.get(bytes);
                Message message = EtcdCodec.INSTANCE.messages().decode(bytes);
                assertThat(asEtcd34(message)).isEqualTo(Hex.text(bytes));
                seen.merge(message.type(), 1, Integer::sum);
            }
        }
        System.out.println("CapturedMessagesTest saw " + seen);
        assertThat(seen)
                .containsKeys(
                        MessageType.VOTE,
                        MessageType.VOTE_REPLY,
                        MessageType.APPEND_REPLY,
                        MessageType.HEARTBEAT,
                        MessageType.HEARTBEAT_REPLY);
    }

    @Test
    void theSnapshotThatEtcdPostedIsRead() throws Exception {
        Path capture = Path.of(
                System.getProperty("coracle.shared", "."), "fixtures/etcd/rafthttp/snapshot/05-to-n3.request.bin");
        assumePresent(capture);
        byte[] bytes = Files.readAllBytes(capture);
        String text = latin1(bytes);
        assertThat(text).startsWith("POST /raft ");
        int length = Integer.parseInt(text.replaceAll("(?s).*?\r\nContent-Length: (\\d+)\r\n.*", "$1"));
        int body = text.indexOf("\r\n\r\n") + 4;
        Message message = EtcdCodec.INSTANCE.messages().decode(bytes, body, length);
        assertThat(message).isInstanceOf(Message.InstallSnapshot.class);
        assertThat(message.snapshot().index()).isPositive();
        assertThat(message.snapshot().metadata().confState().voters()).containsExactly(1L, 2L, 3L);
        assertThat(new String(message.snapshot().data().array(), StandardCharsets.UTF_8))
                .startsWith("{\"");
        byte[] ours = EtcdCodec.INSTANCE.messages().encode(message);
        assertThat(ByteBuffer.wrap(ours, 0, length)).isEqualTo(ByteBuffer.wrap(bytes, body, length));
        assertThat(ByteBuffer.wrap(ours, length, ours.length - length)).isEqualTo(ByteBuffer.wrap(Hex.bytes("68 00")));
    }

    /** 3.4 does not know the vote, our last field, and writes an empty snapshot before the rejection. */
    private static String asEtcd34(Message message) {
        String ours = Hex.text(EtcdCodec.INSTANCE.messages().encode(message));
        assertThat(ours).endsWith(" 68 00");
        String rejection = message.reject() ? " 50 01 " : " 50 00 ";
        int end = ours.lastIndexOf(rejection);
        return ours.substring(0, end) + " 4a 0a 12 08 0a 02 28 00 10 00 18 00" + ours.substring(end, ours.length() - 6);
    }

    private static byte[] chunks(byte[] response) {
        String text = latin1(response);
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        int position = text.indexOf("\r\n\r\n") + 4;
        if (!text.substring(0, position).contains("chunked")) {
            return new byte[0];
        }
        while (position < response.length) {
            int end = text.indexOf("\r\n", position);
            int length = Integer.parseInt(text.substring(position, end), 16);
            body.write(response, end + 2, length);
            position = end + 2 + length + 2;
            if (length == 0) {
                break;
            }
        }
        return body.toByteArray();
    }

    private static List<Path> files(Path directory, String suffix) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private static void assumePresent(Path captures) {
        if (!Files.exists(captures)) {
            System.out.println("CapturedMessagesTest skipped: there is no " + captures);
        }
        assumeTrue(Files.exists(captures), "there is no " + captures);
    }

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
