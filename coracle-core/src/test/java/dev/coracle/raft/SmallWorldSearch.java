package dev.coracle.raft;

import dev.coracle.raft.SmallWorld.Budget;
import dev.coracle.raft.SmallWorldInput.Kind;
import dev.coracle.raft.SmallWorldServer.Broken;
import dev.coracle.raft.SmallWorldServer.Commit;
import dev.coracle.raft.SmallWorldServer.Election;
import dev.coracle.raft.SmallWorldServer.Start;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Visits every state of a {@link SmallWorld}, breadth first, so that the first violation is found on a shortest way.
 *
 * <p>A state of the world is, for each server, the number of its own state and the number of the set of all messages that
 * it ever sent, then the number of what the world remembers, and what is left of the budgets. What an input does to a
 * server depends on nothing but that server's state: it is worked out once by a real core and remembered.
 */
final class SmallWorldSearch {
    /** How a search ended. */
    record Result(int states, long transitions, int depth, boolean exhausted, int cores, int inputs, long millis) {
        @Override
        public String toString() {
            String end = exhausted ? "exhausted" : "stopped at " + states + " states, not exhausted";
            return String.format(
                    Locale.ROOT,
                    "%,d states, %,d transitions, depth %d, %s; %,d states of servers, %,d inputs, %.1f s",
                    states,
                    transitions,
                    depth,
                    end,
                    cores,
                    inputs,
                    millis / 1000.0);
        }
    }

    /** What an input does to a server. */
    private record Outcome(
            int core,
            int[] sent,
            List<Election> elections,
            List<Commit> commits,
            List<Entry> applied,
            @Nullable String broken) {
        static Outcome nowhere(@Nullable String broken) {
            return new Outcome(NONE, new int[0], List.of(), List.of(), List.of(), broken);
        }
    }

    /** The messages that one server ever sent, as the receivers' inputs. */
    private record Sent(int[] inputs, int[][] byReceiver, long low, long high) {}

    /** A property that does not hold, at the end of a step. */
    private static final class Found extends Exception {
        private static final long serialVersionUID = 1L;

        private final int parent;
        private final int step;

        Found(String text, int parent, int step) {
            super(text);
            this.parent = parent;
            this.step = step;
        }
    }

    private static final int BITS_A_BUDGET = 4;
    private static final int CORE_SHIFT = 28;
    private static final int INITIAL = -1;
    private static final int NONE = -1;
    private static final int[] NOT_CRASHING = {};

    /** The place of the log that a loss of power would leave in {@link #coreLogs}. */
    private static final int DURABLE = 2;

    /** Numbers of outcomes that lead nowhere. */
    private static final int NOTHING = 0;

    private static final int OUT_OF_BOUNDS = 1;

    private final SmallWorld world;
    private final int servers;
    private final boolean symmetric;
    private final SmallWorldDigest digest = new SmallWorldDigest();
    private final SmallWorldStates states = new SmallWorldStates();

    private final List<SmallWorldCore> cores = new ArrayList<>();
    private final Map<SmallWorldDigest.Value, Integer> coreNumbers = new HashMap<>();
    private final List<SmallWorldLog> logs = new ArrayList<>();
    private final Map<SmallWorldLog, Integer> logNumbers = new HashMap<>();

    /** By core, the numbers of its logs in memory, on the disk, and as a loss of power would leave it. */
    private final List<int[]> coreLogs = new ArrayList<>();

    private final SmallWorldNumbers matching = new SmallWorldNumbers();
    private final List<SmallWorldInput> inputs = new ArrayList<>();
    private final Map<SmallWorldInput, Integer> inputNumbers = new HashMap<>();
    private final List<SmallWorldDigest.Value> inputDigests = new ArrayList<>();

    /** By kind and number, the inputs that are no messages. */
    private final SmallWorldNumbers orders = new SmallWorldNumbers();

    /** By input, the same input ending in each kind of crash. */
    private final List<int[]> crashing = new ArrayList<>();

    private final List<Outcome> outcomes = new ArrayList<>();
    private final SmallWorldNumbers outcomeNumbers = new SmallWorldNumbers();
    private final List<Sent> sents = new ArrayList<>();
    private final Map<SmallWorldDigest.Value, Integer> sentNumbers = new HashMap<>();
    private final SmallWorldNumbers sentNext = new SmallWorldNumbers();
    private final List<SmallWorldHistory> histories = new ArrayList<>();
    private final Map<SmallWorldHistory, Integer> historyNumbers = new HashMap<>();
    private final List<SmallWorldDigest.Value> historyDigests = new ArrayList<>();

    /** The states of the layer that is being left, and of the one that is being reached, one after the other. */
    private final int width;

    private int[] layer = {};
    private int[] nextLayer = new int[1 << 12];
    private int nextLength;

    /** The state that is being left, and its number. */
    private final int[] here;

    private int number = INITIAL;

    private final int[] there;

    /** The state in which the world begins. */
    private int[] first = {};

    private final SmallWorldCore[] coresThere;
    private long transitions;

    SmallWorldSearch(SmallWorld world) {
        this.world = world;
        servers = world.servers();
        symmetric = world.isSymmetric();
        width = 2 * servers + 2;
        here = new int[width];
        there = new int[width];
        coresThere = new SmallWorldCore[servers];
        outcomes.add(Outcome.nowhere(null));
        outcomes.add(Outcome.nowhere(null));
    }

    /** Visits states until there are no more, or one of the limits is reached. */
    Result run(long maxStates, long maxMillis) {
        long begin = System.nanoTime();
        int depth = 0;
        boolean stopped = false;
        try {
            begin();
            while (nextLength > 0 && !stopped) {
                int firstOfLayer = states.size() - nextLength / width;
                int length = nextLength;
                int[] reached = nextLayer;
                nextLayer = layer.length == 0 ? new int[1 << 12] : layer;
                layer = reached;
                nextLength = 0;
                for (int at = 0; at < length && !stopped; at += width) {
                    System.arraycopy(layer, at, here, 0, width);
                    number = firstOfLayer + at / width;
                    leave();
                    stopped = states.size() >= maxStates
                            || ((number & 0xff) == 0 && (System.nanoTime() - begin) / 1_000_000 > maxMillis);
                }
                if (nextLength > 0) {
                    depth++;
                }
            }
        } catch (Found found) {
            throw new AssertionError(report(found));
        }
        long millis = (System.nanoTime() - begin) / 1_000_000;
        return new Result(states.size(), transitions, depth, !stopped, cores.size(), inputs.size(), millis);
    }

    // ---- the beginning

    private void begin() throws Found {
        for (int i = 0; i < servers; i++) {
            Start start = new Start(world.disks.get(i), 0, 0, 0);
            long id = i + 1;
            here[i] = add(SmallWorldCore.of(new SmallWorldServer(world, id, start), id, start, null, null, digest));
            here[servers + i] = noneSent();
        }
        here[width - 2] = historyNumber(SmallWorldHistory.of(world.disks));
        if (world.leader != RawNode.NONE) {
            settle();
        }
        here[width - 1] = 0;
        for (Budget budget : Budget.values()) {
            here[width - 1] |= world.budget(budget) << (BITS_A_BUDGET * budget.ordinal());
        }
        first = here.clone();
        System.arraycopy(here, 0, there, 0, width);
        visit(INITIAL);
    }

    /** Elects the leader that the world begins with, delivers everything, and forgets what was sent. */
    private void settle() throws Found {
        int leader = (int) world.leader - 1;
        move(leader, inputNumber(Kind.CAMPAIGN, 0), here[width - 1]);
        boolean moved = true;
        while (moved) {
            moved = false;
            for (int receiver = 0; receiver < servers; receiver++) {
                moved |= settle(receiver);
            }
        }
        if (!cores.get(here[leader]).leads()) {
            throw new IllegalArgumentException(world.name + ": server " + world.leader + " does not come to lead");
        }
        Arrays.fill(here, servers, 2 * servers, noneSent());
    }

    private boolean settle(int receiver) throws Found {
        boolean moved = false;
        while (cores.get(here[receiver]).writesUnderWay() > 0) {
            move(receiver, inputNumber(Kind.WRITE, 0), here[width - 1]);
            moved = true;
        }
        while (cores.get(here[receiver]).applicationsUnderWay() > 0) {
            move(receiver, inputNumber(Kind.APPLY, 0), here[width - 1]);
            moved = true;
        }
        for (int sender = 0; sender < servers; sender++) {
            for (int input : sents.get(here[servers + sender]).byReceiver[receiver]) {
                moved |= move(receiver, input, here[width - 1]);
            }
        }
        return moved;
    }

    /** Takes a step for good, if it leads anywhere else. */
    private boolean move(int server, int input, int budgets) throws Found {
        if (!go(server, input, budgets) || Arrays.equals(here, there)) {
            return false;
        }
        System.arraycopy(there, 0, here, 0, width);
        return true;
    }

    // ---- steps

    /** Takes every step that is possible here. */
    private void leave() throws Found {
        for (int server = 0; server < servers; server++) {
            SmallWorldCore core = cores.get(here[server]);
            if (core.inputsTaken() > 0) {
                step(server, Kind.READY, 0);
            }
            if (core.inputsTaken() < world.inputsAReady) {
                receive(server);
                order(server, core);
            }
            if (core.writesUnderWay() > 0) {
                step(server, Kind.WRITE, 0);
            }
            if (core.applicationsUnderWay() > 0) {
                step(server, Kind.APPLY, 0);
            }
            crash(server, core);
        }
    }

    private void receive(int server) throws Found {
        for (int sender = 0; sender < servers; sender++) {
            if (sender != server) {
                for (int input : sents.get(here[servers + sender]).byReceiver[server]) {
                    step(server, input, here[width - 1]);
                }
            }
        }
    }

    /** Everything that a server may be asked to do in its role. */
    private void order(int server, SmallWorldCore core) throws Found {
        if (world.ticks) {
            step(server, Kind.TICK, 0);
        }
        if (core.leads()) {
            if (world.beats) {
                step(server, Kind.BEAT, 0);
            }
            step(server, Kind.PROPOSE, left(Budget.PROPOSALS), Budget.PROPOSALS);
            step(server, Kind.READ, histories.get(here[width - 2]).size(), Budget.READS);
            step(server, Kind.CHANGE, world.changes.size() - left(Budget.CHANGES), Budget.CHANGES);
            for (int to = 1; to <= servers; to++) {
                step(server, Kind.TRANSFER, to, Budget.TRANSFERS);
            }
        } else if (server == 0 || !symmetric || left(Budget.CAMPAIGNS) < world.budget(Budget.CAMPAIGNS)) {
            step(server, Kind.CAMPAIGN, 0, Budget.CAMPAIGNS);
        }
    }

    private void crash(int server, SmallWorldCore core) throws Found {
        for (int writes = 0; writes <= core.writesUnderWay(); writes++) {
            step(server, Kind.CRASH, writes, Budget.CRASHES);
            if (core.hasUnsynced()) {
                step(server, Kind.POWER_LOSS, writes, Budget.CRASHES);
            }
        }
    }

    private int left(Budget budget) {
        return here[width - 1] >>> (BITS_A_BUDGET * budget.ordinal()) & ((1 << BITS_A_BUDGET) - 1);
    }

    private void step(int server, Kind kind, int argument, Budget budget) throws Found {
        if (left(budget) > 0) {
            int input = inputNumber(kind, argument);
            step(server, input, here[width - 1] - (1 << (BITS_A_BUDGET * budget.ordinal())));
        }
    }

    private void step(int server, Kind kind, int argument) throws Found {
        step(server, inputNumber(kind, argument), here[width - 1]);
    }

    private int inputNumber(Kind kind, int argument) {
        int known = orders.get(kind.ordinal(), argument);
        if (known == SmallWorldNumbers.NONE) {
            known = inputNumber(SmallWorldInput.of(kind, argument));
            orders.put(kind.ordinal(), argument, known);
        }
        return known;
    }

    /** Takes a step, and with a synchronous driver also each that ends in a crash on the way. */
    private void step(int server, int input, int budgets) throws Found {
        if (!go(server, input, budgets)) {
            return;
        }
        visit(step(server, input));
        Kind kind = inputs.get(input).kind();
        boolean isCrash = kind == Kind.CRASH || kind == Kind.POWER_LOSS;
        if (!world.async && !isCrash && left(Budget.CRASHES) > 0) {
            int rest = budgets - (1 << (BITS_A_BUDGET * Budget.CRASHES.ordinal()));
            for (int when = SmallWorldInput.AFTER_EARLY_APPENDS; when <= SmallWorldInput.AFTER_SECOND_STORE; when++) {
                int crashing = crashing(input, when);
                if (go(server, crashing, rest)) {
                    visit(step(server, crashing));
                }
            }
        }
    }

    private int crashing(int input, int when) {
        int[] known = crashing.get(input);
        if (known == NOT_CRASHING) {
            known = new int[SmallWorldInput.AFTER_SECOND_STORE + 1];
            for (int i = 0; i < known.length; i++) {
                known[i] = inputNumber(inputs.get(input).crashing(i));
            }
            crashing.set(input, known);
        }
        return known[when];
    }

    private static int step(int server, int input) {
        return server << CORE_SHIFT | input;
    }

    /** Works out where an input leads; false if nowhere. */
    private boolean go(int server, int input, int budgets) throws Found {
        int outcomeNumber = outcomeNumber(here[server], input);
        if (outcomeNumber == NOTHING || outcomeNumber == OUT_OF_BOUNDS) {
            return false;
        }
        transitions++;
        Outcome outcome = outcomes.get(outcomeNumber);
        if (outcome.broken != null) {
            throw new Found(outcome.broken, number, step(server, input));
        }
        System.arraycopy(here, 0, there, 0, width);
        there[server] = outcome.core;
        there[width - 1] = budgets;
        forgetForwarded(input);
        for (int message : outcome.sent) {
            there[servers + server] = with(there[servers + server], message);
        }
        try {
            there[width - 2] = check(server, outcome);
        } catch (Broken broken) {
            throw new Found(String.valueOf(broken.getMessage()), number, step(server, input));
        }
        return true;
    }

    /** What asks a leader for something new each time it arrives, arrives once: else there would be no end. */
    private void forgetForwarded(int input) {
        Message message = inputs.get(input).message();
        if (message instanceof Message.Propose
                || message instanceof Message.ReadIndex
                || message instanceof Message.TransferLeader) {
            int sender = servers + (int) message.from() - 1;
            int[] rest = Arrays.stream(sents.get(there[sender]).inputs)
                    .filter(each -> !inputs.get(each).received().equals(message))
                    .toArray();
            int set = noneSent();
            for (int each : rest) {
                set = with(set, each);
            }
            there[sender] = set;
        }
    }

    private int check(int server, Outcome outcome) {
        for (int i = 0; i < servers; i++) {
            coresThere[i] = cores.get(there[i]);
        }
        SmallWorldCore before = cores.get(here[server]);
        SmallWorldCore after = coresThere[server];
        int[] logsBefore = coreLogs.get(here[server]);
        int[] logsAfter = coreLogs.get(there[server]);
        SmallWorldHistory history = histories.get(here[width - 2]);
        SmallWorldHistory next = history;
        for (Election election : outcome.elections) {
            SmallWorldHistory.checkElection(coresThere, server, election);
        }
        boolean changed = !Arrays.equals(logsBefore, logsAfter);
        boolean commits = after.state().commit() != before.state().commit()
                || !outcome.commits.isEmpty()
                || !outcome.applied.isEmpty();
        if (changed || commits) {
            next = history.after(coresThere, server, outcome.commits, outcome.applied);
            if (logsAfter[DURABLE] != logsBefore[DURABLE]) {
                history.checkDisk(before, after);
            }
        }
        if (changed
                || after.role() != before.role()
                || after.state().term() != before.state().term()) {
            next.checkLeader(after);
        }
        for (int i = 0; i < servers; i++) {
            if (i != server) {
                SmallWorldHistory.checkLeaders(after, coresThere[i]);
                if (changed) {
                    checkLogs(logsAfter, coreLogs.get(there[i]));
                }
            }
        }
        return next == history ? here[width - 2] : historyNumber(next);
    }

    /** Any two logs, in memory or on disk, match; two that were compared are not compared again. */
    private void checkLogs(int[] ours, int[] theirs) {
        for (int our : ours) {
            for (int their : theirs) {
                if (matching.get(our, their) == SmallWorldNumbers.NONE) {
                    SmallWorldHistory.checkLogs(logs.get(our), logs.get(their));
                    matching.put(our, their, 1);
                }
            }
        }
    }

    /** Notes the state that a step led to. */
    private void visit(int step) {
        long low = SmallWorldDigest.mix(there[width - 1] + 1);
        long high = SmallWorldDigest.mix(~low);
        SmallWorldDigest.Value remembered = historyDigests.get(there[width - 2]);
        low += SmallWorldDigest.mix(remembered.low());
        high += SmallWorldDigest.mix(remembered.high());
        for (int i = 0; i < servers; i++) {
            SmallWorldDigest.Value core = cores.get(there[i]).digest();
            Sent sent = sents.get(there[servers + i]);
            low = SmallWorldDigest.mix(low ^ core.low()) + sent.low;
            high = SmallWorldDigest.mix(high ^ core.high()) + sent.high;
        }
        if (states.add(SmallWorldDigest.mix(low), SmallWorldDigest.mix(high), number, step)) {
            if (nextLength + width > nextLayer.length) {
                nextLayer = Arrays.copyOf(nextLayer, nextLayer.length + (nextLayer.length >> 1));
            }
            System.arraycopy(there, 0, nextLayer, nextLength, width);
            nextLength += width;
        }
    }

    // ---- what one server does

    private int outcomeNumber(int core, int input) {
        int known = outcomeNumbers.get(core, input);
        if (known != SmallWorldNumbers.NONE) {
            return known;
        }
        int worked = workOut(core, input);
        outcomeNumbers.put(core, input, worked);
        return worked;
    }

    private int workOut(int coreNumber, int inputNumber) {
        SmallWorldCore core = cores.get(coreNumber);
        SmallWorldInput input = inputs.get(inputNumber);
        SmallWorldServer server = core.revive(world);
        try {
            Start start = server.take(input);
            boolean crashes = input.crash() != SmallWorldInput.NO_CRASH;
            if (crashes && start == null) {
                return NOTHING;
            }
            SmallWorldCore after = start == null
                    ? SmallWorldCore.of(server, core.id(), core.start(), core, input, digest)
                    : SmallWorldCore.of(
                            new SmallWorldServer(world, core.id(), start), core.id(), start, null, null, digest);
            return note(coreNumber, after, server);
        } catch (Broken broken) {
            return broken(String.valueOf(broken.getMessage()));
        } catch (Check.BrokenInvariantException broken) {
            return broken("the core stopped: " + broken.getMessage());
        } catch (RuntimeException failed) {
            return broken("the core failed: " + failed);
        }
    }

    private int broken(String text) {
        outcomes.add(Outcome.nowhere(text));
        return outcomes.size() - 1;
    }

    private int note(int before, SmallWorldCore after, SmallWorldServer server) {
        if (after.state().term() > world.maxTerm
                || after.writesUnderWay() > world.writesUnderWay
                || after.applicationsUnderWay() > world.writesUnderWay) {
            return OUT_OF_BOUNDS;
        }
        List<Message> messages = server.sent();
        int[] sent = messages.stream()
                .filter(message -> message.to() <= servers)
                .mapToInt(message -> inputNumber(SmallWorldInput.deliver(message)))
                .distinct()
                .toArray();
        int core = add(after);
        if (core == before
                && sent.length == 0
                && server.commits().isEmpty()
                && server.appliedNow().isEmpty()) {
            return NOTHING;
        }
        outcomes.add(new Outcome(core, sent, server.elections(), server.commits(), server.appliedNow(), null));
        return outcomes.size() - 1;
    }

    // ---- numbers

    private int add(SmallWorldCore core) {
        Integer known = coreNumbers.putIfAbsent(core.digest(), cores.size());
        if (known != null) {
            return known;
        }
        cores.add(core);
        coreLogs.add(new int[] {
            logNumber(core.log()),
            logNumber(core.disk().log()),
            logNumber(core.durable().log())
        });
        return cores.size() - 1;
    }

    private int inputNumber(SmallWorldInput input) {
        Integer known = inputNumbers.putIfAbsent(input, inputs.size());
        if (known != null) {
            return known;
        }
        inputs.add(input);
        crashing.add(NOT_CRASHING);
        inputDigests.add(digest.of(input));
        return inputs.size() - 1;
    }

    private int logNumber(SmallWorldLog log) {
        Integer known = logNumbers.putIfAbsent(log, logs.size());
        if (known != null) {
            return known;
        }
        logs.add(log);
        return logs.size() - 1;
    }

    private int historyNumber(SmallWorldHistory history) {
        Integer known = historyNumbers.putIfAbsent(history, histories.size());
        if (known != null) {
            return known;
        }
        histories.add(history);
        historyDigests.add(digest.of(history));
        return histories.size() - 1;
    }

    private int noneSent() {
        return sentNumber(new int[0]);
    }

    private int with(int set, int message) {
        int known = sentNext.get(set, message);
        if (known != SmallWorldNumbers.NONE) {
            return known;
        }
        int[] before = sents.get(set).inputs;
        int number = set;
        if (Arrays.binarySearch(before, message) < 0) {
            int[] all = Arrays.copyOf(before, before.length + 1);
            all[before.length] = message;
            Arrays.sort(all);
            number = sentNumber(all);
        }
        sentNext.put(set, message, number);
        return number;
    }

    private int sentNumber(int[] messages) {
        long low = 0;
        long high = 0;
        for (int message : messages) {
            // A sum, so that the order in which they were sent does not matter.
            low += SmallWorldDigest.mix(inputDigests.get(message).low());
            high += SmallWorldDigest.mix(inputDigests.get(message).high());
        }
        Integer known = sentNumbers.putIfAbsent(new SmallWorldDigest.Value(low, high), sents.size());
        if (known != null) {
            return known;
        }
        int[][] byReceiver = new int[servers][];
        for (int i = 0; i < servers; i++) {
            long id = i + 1;
            byReceiver[i] = Arrays.stream(messages)
                    .filter(message -> inputs.get(message).received().to() == id)
                    .toArray();
        }
        sents.add(new Sent(messages, byReceiver, low, high));
        return sents.size() - 1;
    }

    // ---- the report

    private String report(Found found) {
        Describe describe = new Describe(new TextCodec());
        List<Integer> way = new ArrayList<>();
        way.add(found.step);
        for (int state = found.parent;
                state != INITIAL && states.step(state) != INITIAL;
                state = states.parent(state)) {
            way.add(0, states.step(state));
        }
        StringBuilder text = new StringBuilder();
        text.append(found.getMessage()).append("\nin the world ").append(world.name);
        text.append(String.format(Locale.ROOT, " (%,d states seen), after these %d steps", states.size(), way.size()));
        if (world.leader != RawNode.NONE) {
            text.append(", beginning with server ").append(world.leader).append(" in the lead");
        }
        text.append(":\n");
        int[] current = new int[servers];
        System.arraycopy(first, 0, current, 0, servers);
        for (int i = 0; i < servers; i++) {
            text.append("   ").append(cores.get(current[i])).append('\n');
        }
        int line = 1;
        for (int step : way) {
            int server = step >>> CORE_SHIFT;
            int input = step & ((1 << CORE_SHIFT) - 1);
            text.append(String.format(Locale.ROOT, "%2d ", line++));
            text.append("server ").append(server + 1).append(' ');
            text.append(inputs.get(input).describe(describe)).append('\n');
            Outcome outcome = outcomes.get(outcomeNumber(current[server], input));
            if (outcome.core != NONE) {
                current[server] = outcome.core;
            }
        }
        for (int core : current) {
            text.append("   ").append(cores.get(core)).append('\n');
        }
        return text.append("to see it again: ")
                .append(SmallWorlds.command(world.name))
                .toString();
    }
}
