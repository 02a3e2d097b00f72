package dev.coracle.transport.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.codec.EtcdConfChangeCodec;
import dev.coracle.node.AgentRunner;
import dev.coracle.node.Failure;
import dev.coracle.node.MemoryLogStore;
import dev.coracle.node.MemorySnapshotStore;
import dev.coracle.node.NodeConfig;
import dev.coracle.node.RaftNode;
import dev.coracle.node.Reply;
import dev.coracle.node.StateMachine;
import dev.coracle.raft.Bootstrap;
import dev.coracle.raft.Bytes;
import dev.coracle.raft.ConfChange;
import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.ConfChangeType;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.Entry;
import dev.coracle.raft.EntryType;
import dev.coracle.raft.Message;
import dev.coracle.raft.SnapshotMetadata;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.InstantSource;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Peers of this protocol may ignore changes of the newer form: none gets into the log. */
class NewerChangesTest {
    private static final ConfChangeV2 NEWER = ConfChangeV2.of(new ConfChangeSingle(ConfChangeType.ADD_LEARNER_NODE, 9));

    private final List<ConfChangeV2> changes = new CopyOnWriteArrayList<>();
    private HttpTransport transport;
    private RaftNode node;
    private AutoCloseable agents;

    @BeforeEach
    void start() throws Exception {
        MemorySnapshotStore snapshots = new MemorySnapshotStore();
        transport = HttpTransport.bind(HttpTransportConfig.builder()
                .id(1)
                .clusterId(0x1000)
                .listenAddress("127.0.0.1:0")
                .snapshots(snapshots)
                .clock(InstantSource.system())
                .build());
        NodeConfig config = NodeConfig.builder()
                .id(1)
                .tickNanos(10_000_000)
                .bootstrap(List.of(new Bootstrap.Peer(1, Bytes.EMPTY)))
                .build();
        node = new RaftNode(
                config,
                new MemoryLogStore(snapshots, 64 << 20),
                snapshots,
                transport,
                new Changes(),
                new Random(1)::nextInt,
                EtcdConfChangeCodec.INSTANCE);
        transport.start(node.inbound());
        agents = AgentRunner.startAll(node, config, System::nanoTime, failure -> {});
    }

    @AfterEach
    void close() throws Exception {
        agents.close();
        transport.close();
    }

    /** Keeps the changes that were applied. */
    private final class Changes implements StateMachine {
        @Override
        public Object apply(long index, long term, byte[] data) {
            return data.length;
        }

        @Override
        public void configurationChanged(long index, ConfChangeV2 change, ConfState configuration) {
            changes.add(change);
        }

        @Override
        public PinnedSnapshot snapshot() {
            return new PinnedSnapshot() {
                @Override
                public void writeTo(OutputStream out) {}

                @Override
                public void close() {}
            };
        }

        @Override
        public void restore(SnapshotMetadata metadata, InputStream data) {}
    }

    /** What became of a request. */
    private static final class Outcome<T> implements Reply<T> {
        private final CompletableFuture<Object> end = new CompletableFuture<>();

        @Override
        public void done(T result) {
            end.complete(result);
        }

        @Override
        public void failed(Failure failure) {
            end.complete(failure);
        }

        Object get() throws Exception {
            return end.get(30, TimeUnit.SECONDS);
        }
    }

    private static long deadline() {
        return System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    }

    @Test
    void theNodeRefusesToProposeThemAndTakesTheOlderOnes() throws Exception {
        Outcome<ConfState> newer = new Outcome<>();
        node.changeConfiguration(NEWER, deadline(), newer);
        assertThat(newer.get()).isInstanceOfSatisfying(Failure.class, failure -> {
            assertThat(failure.kind()).isEqualTo(Failure.Kind.REFUSED_CONFIG);
            assertThat(failure.text()).contains("may ignore the newer form");
        });
        Outcome<ConfState> older = new Outcome<>();
        node.changeConfiguration(new ConfChange(ConfChangeType.ADD_LEARNER_NODE, 9), deadline(), older);
        assertThat(older.get())
                .isInstanceOfSatisfying(
                        ConfState.class,
                        configuration -> assertThat(configuration.learners()).containsExactly(9L));
    }

    @Test
    void thoseOfOthersAreDropped() throws Exception {
        Outcome<Object> leads = new Outcome<>();
        node.propose(new byte[1], deadline(), leads);
        assertThat(leads.get()).isEqualTo(1);
        byte[] data = EtcdConfChangeCodec.INSTANCE.encode(NEWER);
        Entry entry = new Entry(0, 0, EntryType.CONF_CHANGE_V2, data);
        assertThat(node.inbound().offer(0, new Message.Propose(2, 1, List.of(entry))))
                .isTrue();
        // What comes behind it is applied, and it is not.
        Outcome<Object> behind = new Outcome<>();
        node.propose(new byte[2], deadline(), behind);
        assertThat(behind.get()).isEqualTo(2);
        assertThat(changes).hasSize(1).doesNotContain(NEWER);
    }
}
