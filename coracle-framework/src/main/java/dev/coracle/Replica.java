package dev.coracle;

import dev.coracle.ByteReader.MalformedException;
import dev.coracle.raft.Check;
import dev.coracle.raft.ConfChangeV2;
import dev.coracle.raft.ConfState;
import dev.coracle.raft.SnapshotMetadata;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The state that is replicated: the application's state machine, and the framework's tables beside it. All but {@link
 * #membership} belongs to the applier.
 */
final class Replica<C, R extends @Nullable Object> implements dev.coracle.node.StateMachine {
    /**
     * The members as of an index.
     *
     * @param index where this was reached
     * @param tables what is known of them
     * @param configuration what they decide
     */
    record Membership(long index, Tables tables, ConfState configuration) {
        static final Membership NONE = new Membership(0, Tables.EMPTY, ConfState.EMPTY);

        /** The members ascending by id. */
        List<Member> members(long leader) {
            List<Member> members = new ArrayList<>();
            tables.members().forEach((id, known) -> members.add(new Member(id, known.address(), role(id, leader))));
            return List.copyOf(members);
        }

        private Member.Role role(long id, long leader) {
            if (id == leader) {
                return Member.Role.LEADER;
            }
            // Who leaves the voters in a joint configuration votes until it is left.
            boolean votes = configuration.voters().contains(id)
                    || configuration.votersOutgoing().contains(id);
            return votes ? Member.Role.VOTER : Member.Role.LEARNER;
        }
    }

    /** A stream that whoever writes the state may close, as a wrapper around it would, without ending the snapshot. */
    private static final class Unclosed extends FilterOutputStream {
        Unclosed(OutputStream out) {
            super(out);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
        }

        @Override
        public void close() throws IOException {
            flush();
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Raft.class);

    private final StateMachine<C, R> machine;
    private final Codec<C> commands;
    private final Codec<R> results;
    private final Sessions sessions = new Sessions();
    private final HashChain hash = new HashChain();
    private final @Nullable EntryFormatter<C> formatter;
    private final @Nullable Supplier<String> stateText;
    private final Consumer<Membership> onMembership;
    private final boolean olderMembers;
    private volatile Membership membership = Membership.NONE;
    private volatile DialectRules rules = NativeRules.INSTANCE;

    /**
     * @param stateText prints the machine's state, or null if nothing of it may be printed
     * @param onMembership hears of new members, addresses and incarnations, on the applier's thread
     * @param olderMembers whether snapshots are for members of versions before client sessions, as long as they can be
     */
    Replica(
            StateMachine<C, R> machine,
            Codec<C> commands,
            Codec<R> results,
            @Nullable EntryFormatter<C> formatter,
            @Nullable Supplier<String> stateText,
            Consumer<Membership> onMembership,
            boolean olderMembers) {
        this.machine = machine;
        this.commands = commands;
        this.results = results;
        this.formatter = formatter;
        this.stateText = stateText;
        this.onMembership = onMembership;
        this.olderMembers = olderMembers;
    }

    /** The rolling hash of what was applied. */
    HashChain hash() {
        return hash;
    }

    /** Whether there may be members of versions before client sessions. */
    boolean hasOlderMembers() {
        return olderMembers;
    }

    /** Begins in a cluster of a dialect, with the members before the first entry. Called before the first one is applied. */
    void begin(DialectRules newRules, Membership first) {
        rules = newRules;
        membership = first;
    }

    /** The cluster's dialect. Any thread may call. */
    DialectRules rules() {
        return rules;
    }

    /** The members as of the last entry applied. Any thread may call. */
    Membership membership() {
        return membership;
    }

    @Override
    public @Nullable Object apply(long index, long term, byte[] data, byte @Nullable [] context) {
        Object result = apply(index, term, data);
        rules.applied(context, result);
        return result;
    }

    @Override
    public @Nullable Object apply(long index, long term, byte[] data) {
        hash.add(index, term, data);
        Envelope envelope;
        try {
            envelope = rules.decode(data);
        } catch (MalformedException e) {
            throw Check.fail("entry %d cannot be read: %s", index, e.getMessage());
        }
        if (envelope instanceof Envelope.Command command) {
            return apply(index, command.payload());
        }
        if (envelope instanceof Envelope.InSession command) {
            return apply(index, command);
        }
        Tables tables = membership.tables();
        if (envelope instanceof Envelope.ReserveId reserve) {
            long id = tables.nextId();
            LOG.debug("id {} is reserved for {}", Long.toUnsignedString(id), reserve.address());
            changed(index, tables.withReserved(), membership.configuration());
            return id;
        }
        if (envelope instanceof Envelope.RecordMember news) {
            changed(index, tables.withKnown(news.id(), news.address(), news.incarnation()), membership.configuration());
            return null;
        }
        if (envelope instanceof Envelope.OpenSession open) {
            return sessions.open(index, open.nonce());
        }
        if (envelope instanceof Envelope.CloseSession close) {
            sessions.close(close.session());
            return null;
        }
        throw Check.unreachable("an envelope that nobody applies");
    }

    /** Applies a command unless it was applied before. */
    private Sessions.Outcome apply(long index, Envelope.InSession command) {
        Sessions.Outcome known = sessions.find(command);
        if (known != null) {
            LOG.debug("{}: {} is not applied: {}", index, command, known);
            return known;
        }
        R result = apply(index, command.payload());
        byte[] encoded = null;
        try {
            encoded = results.encode(result);
        } catch (RuntimeException e) {
            LOG.error("a result cannot be encoded; what it came from is done all the same", e);
        }
        sessions.applied(command, index, encoded);
        return new Sessions.Outcome.Applied(result);
    }

    private R apply(long index, byte[] payload) {
        C command;
        try {
            command = commands.decode(payload);
        } catch (IllegalArgumentException e) {
            // Whoever proposed it could encode it, and every member must apply the same.
            throw new IllegalStateException(
                    "the command of entry " + index + " cannot be decoded; a newer version of the application may have"
                            + " written it, then update this node",
                    e);
        }
        if (LOG.isDebugEnabled()) {
            String text = formatter != null ? formatter.format(command) : payload.length + " bytes";
            LOG.debug("apply {}: {}", index, text);
        }
        return machine.apply(command);
    }

    @Override
    public void configurationChanged(long index, ConfChangeV2 change, ConfState configuration) {
        hash.addConfiguration(index, rules.changes().encode(change));
        SortedMap<Long, Tables.Known> news;
        try {
            news = rules.news(change);
        } catch (MalformedException e) {
            throw Check.fail("the configuration change of entry %d cannot be read: %s", index, e.getMessage());
        }
        changed(index, membership.tables().withConfiguration(configuration, news), configuration);
    }

    private void changed(long index, Tables tables, ConfState configuration) {
        Membership now = new Membership(index, tables, configuration);
        membership = now;
        onMembership.accept(now);
    }

    @Override
    public PinnedSnapshot snapshot() {
        SnapshotHead head = new SnapshotHead(membership.tables(), sessions.pin(), olderMembers ? null : hash.end());
        StateMachine.PinnedState state = machine.snapshot();
        if (stateText != null && LOG.isDebugEnabled()) {
            LOG.debug("a snapshot is taken: {}", stateText.get());
        }
        return new PinnedSnapshot() {
            @Override
            public void writeTo(OutputStream out) throws IOException {
                rules.writeHead(head, out);
                state.writeTo(new Unclosed(out));
            }

            @Override
            public void close() {
                state.close();
            }
        };
    }

    @Override
    public void restore(SnapshotMetadata metadata, InputStream data) throws IOException {
        SnapshotHead head = rules.readHead(data, metadata.confState(), membership.tables());
        machine.restore(data);
        sessions.restore(head.sessions());
        HashChain.Point point = head.hash();
        // Of what came before nothing is known then, and members that know more cannot be compared with.
        hash.restore(point == null ? new HashChain.Point(metadata.index(), metadata.index(), 0) : point);
        if (stateText != null && LOG.isDebugEnabled()) {
            LOG.debug("the snapshot at {} is restored: {}", metadata.index(), stateText.get());
        }
        changed(metadata.index(), head.tables(), metadata.confState());
    }
}
