package dev.coracle;

import dev.coracle.node.Clock;
import dev.coracle.transport.grpc.CallException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks the other first members whether this node's id may be used with its data directory. A majority of them must say so
 * before it takes part: any two majorities have a member in common, which remembers the first directory and refuses the
 * second. So a node whose directory was emptied cannot vote a second time in a term.
 */
final class IdentityCheck {
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(2);
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    private static final long COMPLAINT_NANOS = TimeUnit.SECONDS.toNanos(15);

    private final Caller caller;
    private final World.Worker worker;
    private final Clock clock;
    private final ClusterFile file;
    private final List<Member> others;
    private final int needed;
    private final Set<Long> agreed = new HashSet<>();
    private final CompletableFuture<Done> confirmed = new CompletableFuture<>();
    private final CompletableFuture<Done> firstRound = new CompletableFuture<>();
    private int unanswered;
    private long complainedNanos;

    private IdentityCheck(Caller caller, World.Worker worker, Clock clock, ClusterFile file) {
        this.caller = caller;
        this.worker = worker;
        this.clock = clock;
        this.file = file;
        others = file.firstMembers().stream()
                .filter(member -> member.id() != file.id())
                .toList();
        needed = others.isEmpty() ? 0 : others.size() / 2 + 1;
        complainedNanos = clock.nanoTime();
    }

    /** Begins to ask. Everything goes on on the worker. */
    static IdentityCheck begin(Caller caller, World.Worker worker, Clock clock, ClusterFile file) {
        IdentityCheck check = new IdentityCheck(caller, worker, clock, file);
        worker.execute(check::round);
        return check;
    }

    /** Done when a majority has agreed; a {@link StartException} if one of them refuses. */
    CompletableFuture<Done> confirmed() {
        return confirmed;
    }

    /** Done when each of the others was asked once, or {@link #confirmed} is. */
    CompletableFuture<Done> firstRound() {
        return firstRound;
    }

    private void round() {
        if (agreed.size() >= needed) {
            end(null);
            return;
        }
        byte[] request = new Identity(file.clusterId(), file.id(), file.incarnation()).encode();
        List<Member> open =
                others.stream().filter(member -> !agreed.contains(member.id())).toList();
        unanswered = open.size();
        for (Member member : open) {
            var unused = caller.call(member.address(), CallKind.CONFIRM_IDENTITY, request, CALL_TIMEOUT)
                    .whenComplete((answer, trouble) -> worker.execute(() -> take(member, trouble)));
        }
    }

    private void take(Member member, @Nullable Throwable trouble) {
        unanswered--;
        Throwable cause =
                trouble instanceof CompletionException && trouble.getCause() != null ? trouble.getCause() : trouble;
        if (cause == null) {
            agreed.add(member.id());
        } else if (cause instanceof CallException call && call.kind() == CallException.Kind.REFUSED) {
            end(new StartException(StartException.Kind.IDENTITY, String.valueOf(cause.getMessage())));
        }
        if (agreed.size() >= needed) {
            end(null);
        }
        if (unanswered == 0) {
            firstRound.complete(Done.DONE);
            if (!confirmed.isDone()) {
                complain();
                worker.schedule(this::round, PAUSE_NANOS);
            }
        }
    }

    private void complain() {
        long now = clock.nanoTime();
        if (now - complainedNanos >= COMPLAINT_NANOS) {
            complainedNanos = now;
            Engine.LOG.info(
                    "{} still waits: {} of the {} other first members must confirm that its id is new, {} have",
                    Leading.name(file.id()),
                    needed,
                    others.size(),
                    agreed.size());
        }
    }

    private void end(@Nullable StartException refusal) {
        if (refusal == null) {
            confirmed.complete(Done.DONE);
        } else {
            confirmed.completeExceptionally(refusal);
        }
        firstRound.complete(Done.DONE);
    }
}
