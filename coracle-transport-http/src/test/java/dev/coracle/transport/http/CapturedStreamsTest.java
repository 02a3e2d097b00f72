package dev.coracle.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdCodec;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseEncoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What etcd 3.4.23 sent is read whole, and written again byte for byte by the same encoders in that release's form. */
class CapturedStreamsTest {
    private static final int LIMIT = 16 << 20;

    private static final Pattern STREAM = Pattern.compile("GET /raft/stream/(msgapp|message)/(\\w+) HTTP/1.1");

    @Test
    void theStreamsAreReadWholeAndWrittenAgain() throws Exception {
        Map<MessageType, Integer> seen = new EnumMap<>(MessageType.class);
        int frames = 0;
        int streams = 0;
        for (Captures.Connection connection : Captures.all()) {
            Matcher request = STREAM.matcher(connection.requests().get(0).firstLine());
            byte[] body = connection.responses().get(0).body();
            if (!request.matches() || connection.responses().get(0).head().contains("404")) {
                continue;
            }
            streams++;
            long receiver = Long.parseLong(request.group(2), 16);
            long sender = Long.parseLong(connection.name().replaceAll(".*-to-n(\\d).*", "$1"));
            boolean appends = request.group(1).equals("msgapp");
            FrameDecoder decoder = appends
                    ? new AppendFrames.Decoder(EtcdCodec.INSTANCE, receiver, sender, LIMIT)
                    : new MessageFrames.Decoder(EtcdCodec.INSTANCE.messages(), LIMIT);
            FrameEncoder encoder = appends
                    ? new AppendFrames.Encoder(Etcd34.MESSAGES, EtcdCodec.INSTANCE.entries())
                    : new MessageFrames.Encoder(Etcd34.MESSAGES);
            ByteBuf heartbeat = Unpooled.buffer();
            encoder.encodeLinkHeartbeat(heartbeat);
            List<Message> messages = new ArrayList<>();
            ByteBuf again = Unpooled.buffer();
            for (int i = 0; i < body.length; i++) {
                // A frame begins where all that came before is written again.
                if (again.writerIndex() == i && startsAt(body, i, heartbeat)) {
                    again.writeBytes(heartbeat.slice());
                    frames++;
                }
                decoder.decode(Unpooled.wrappedBuffer(body, i, 1), messages);
                for (Message message : messages) {
                    assertThat(message.from()).isEqualTo(sender);
                    assertThat(message.to()).isEqualTo(receiver);
                    encoder.encode(message, Etcd34.MESSAGES.sizeOf(message), again);
                    seen.merge(message.type(), 1, Integer::sum);
                    frames++;
                }
                messages.clear();
            }
            assertThat(ByteBufUtil.getBytes(again)).as(connection.name()).isEqualTo(body);
        }
        System.out.println("CapturedStreamsTest saw " + frames + " frames on " + streams + " streams: " + seen);
        assertThat(streams).isEqualTo(24);
        assertThat(frames).isEqualTo(420);
        assertThat(seen)
                .containsKeys(
                        MessageType.APPEND,
                        MessageType.APPEND_REPLY,
                        MessageType.VOTE,
                        MessageType.VOTE_REPLY,
                        MessageType.HEARTBEAT,
                        MessageType.HEARTBEAT_REPLY);
    }

    private static boolean startsAt(byte[] body, int position, ByteBuf frame) {
        int length = frame.readableBytes();
        return position + length <= body.length
                && Unpooled.wrappedBuffer(body, position, length).equals(frame);
    }

    @Test
    void thePostedSnapshotIsWrittenAgainAroundItsData() throws Exception {
        int posts = 0;
        for (Captures.Connection connection : Captures.all()) {
            Captures.Part request = connection.requests().get(0);
            if (!request.firstLine().startsWith("POST /raft ")) {
                continue;
            }
            posts++;
            Message.InstallSnapshot message =
                    (Message.InstallSnapshot) EtcdCodec.INSTANCE.messages().decode(request.body());
            byte[] data = message.snapshot().data().array();
            SnapshotMessage around = SnapshotMessage.of(
                    Etcd34.MESSAGES,
                    new Message.InstallSnapshot(
                            message.from(),
                            message.to(),
                            message.term(),
                            Snapshot.of(message.snapshot().metadata())),
                    data.length);
            assertThat(ByteBufUtil.getBytes(Unpooled.wrappedBuffer(around.before(), data, around.after())))
                    .isEqualTo(request.body());
            assertThat(around.sizeBytes(data.length)).isEqualTo(request.body().length);
        }
        assertThat(posts).isEqualTo(1);
    }

    @Test
    void theHeadsOfAnswersAreGosOwn() throws Exception {
        int heads = 0;
        for (Captures.Connection connection : Captures.all()) {
            for (int i = 0; i < connection.responses().size(); i++) {
                Captures.Part response = connection.responses().get(i);
                String path = connection.requests().get(i).firstLine().split(" ")[1];
                String body = new String(response.body(), StandardCharsets.UTF_8);
                Instant time = path.equals(Protocol.PROBING_PATH)
                        ? Instant.parse(body.replaceAll("(?s).*\"Now\":\"(.*)\".*", "$1"))
                        : ZonedDateTime.parse(
                                        response.head().replaceAll("(?s).*\r\nDate: (.*? GMT)\r\n.*", "$1"),
                                        DateTimeFormatter.RFC_1123_DATE_TIME)
                                .toInstant();
                Replies replies = new Replies(0x1000, "3.4.23", () -> time);
                HttpResponse ours = path.equals(Protocol.PROBING_PATH)
                        ? replies.probed()
                        : path.equals(Protocol.POST_PATH)
                                ? replies.done()
                                : response.head().contains("404")
                                        ? replies.error(
                                                HttpResponseStatus.NOT_FOUND,
                                                Protocol.UNKNOWN_SENDER,
                                                Replies.Signature.CLUSTER_AND_VERSION)
                                        : replies.stream();
                boolean stream = response.head().contains("chunked");
                assertThat(encoded(ours)).isEqualTo(stream ? response.head() : response.head() + body);
                heads++;
            }
        }
        System.out.println("CapturedStreamsTest saw " + heads + " answers");
        assertThat(heads).isGreaterThan(30);
    }

    private static String encoded(HttpResponse response) {
        EmbeddedChannel channel = new EmbeddedChannel(new HttpResponseEncoder());
        channel.writeOutbound(response);
        StringBuilder text = new StringBuilder();
        for (ByteBuf bytes = channel.readOutbound(); bytes != null; bytes = channel.readOutbound()) {
            text.append(bytes.toString(StandardCharsets.UTF_8));
            bytes.release();
        }
        channel.finishAndReleaseAll();
        return text.toString();
    }
}
