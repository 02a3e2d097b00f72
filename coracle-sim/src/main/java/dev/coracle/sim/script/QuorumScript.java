package dev.coracle.sim.script;

import dev.coracle.raft.quorum.AckedIndexes;
import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.quorum.Joint;
import dev.coracle.raft.quorum.Majority;
import dev.coracle.raft.quorum.VoteResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The language that asks the arithmetic of quorums: {@code committed} and {@code vote}, of a majority ({@code cfg=})
 * or of a joint configuration ({@code cfgj=} as well, where {@code zero} is an empty half). The values in {@code idx=}
 * and {@code votes=} belong to the voters in the order in which they are named, each voter once; {@code _} is none.
 *
 * <p>Each question is put in several ways that must have the same answer; one that differs is printed too, and so
 * fails the script.
 */
final class QuorumScript implements ScriptLanguage {
    /** The commands by which a script of this language is told. */
    static final Set<String> COMMANDS = Set.of("committed", "vote");

    /** What a script says of the voters; 0 is nothing. */
    private static final long YES = 2;

    private static final long NO = 1;

    @Override
    public String run(Directive directive) {
        return new Question(directive).answer();
    }

    /** One command: it knows nothing of the others. */
    private static final class Question {
        private final String command;
        private final List<Long> ids = new ArrayList<>();
        private final List<Long> jointIds = new ArrayList<>();
        private final List<Long> indexes = new ArrayList<>();
        private final List<Long> votes = new ArrayList<>();
        private boolean joint;

        Question(Directive directive) {
            command = directive.command();
            for (Argument argument : directive.arguments()) {
                for (String value : argument.values()) {
                    switch (argument.key()) {
                        case "cfg" -> ids.add(Scan.unsigned(value));
                        case "cfgj" -> addJoint(argument, value);
                        case "idx" -> indexes.add(index(value));
                        case "votes" -> votes.add(vote(value));
                        default -> throw new MisuseException("unknown arg %s", argument.key());
                    }
                }
            }
        }

        private void addJoint(Argument argument, String value) {
            joint = true;
            if (!value.equals("zero")) {
                jointIds.add(Scan.unsigned(value));
            } else if (argument.values().size() != 1) {
                throw new MisuseException("cannot mix 'zero' into configuration");
            }
        }

        private static long index(String value) {
            if (value.equals("_")) {
                return 0;
            }
            long index = Scan.index(value);
            if (index == 0) {
                throw new MisuseException("cannot use 0 as idx, it stands for _");
            }
            return index;
        }

        private static long vote(String value) {
            return switch (value) {
                case "y" -> YES;
                case "n" -> NO;
                case "_" -> 0;
                default -> throw new MisuseException("unknown vote: %s", value);
            };
        }

        String answer() {
            IdSet one = IdSet.of(ids);
            IdSet other = IdSet.of(jointIds);
            List<Long> values = command.equals("vote") ? votes : indexes;
            IdSet voters = one.union(other);
            if (voters.size() != values.size()) {
                return "error: mismatched input (explicit or _) for voters " + text(voters) + ": " + text(values);
            }
            return switch (command) {
                case "committed" -> committed(one, other, new Acked(byVoter(values)));
                case "vote" -> vote(one, other, byVoter(values));
                default -> throw new MisuseException("unknown command: %s", command);
            };
        }

        /** What is known of each voter. */
        private SortedMap<Long, Long> byVoter(List<Long> values) {
            List<Long> order = new ArrayList<>(ids);
            order.addAll(jointIds);
            SortedMap<Long, Long> byVoter = new TreeMap<>(Long::compareUnsigned);
            int next = 0;
            for (long id : order) {
                if (!byVoter.containsKey(id)) {
                    byVoter.put(id, values.get(next++));
                }
            }
            byVoter.values().removeIf(value -> value == 0);
            return byVoter;
        }

        private String vote(IdSet one, IdSet other, SortedMap<Long, Long> votes) {
            VoteResult result = Joint.voteResult(one, other, id -> voteOf(votes, id));
            VoteResult swapped = Joint.voteResult(other, one, id -> voteOf(votes, id));
            String deviation = result == swapped ? "" : swapped.etcdName() + " <-- via symmetry\n";
            return deviation + result.etcdName();
        }

        private static int voteOf(SortedMap<Long, Long> votes, long id) {
            long vote = votes.getOrDefault(id, 0L);
            return vote == YES ? 1 : vote == NO ? -1 : 0;
        }

        private String committed(IdSet one, IdSet other, Acked acked) {
            StringBuilder answer = new StringBuilder();
            long index;
            if (joint) {
                index = Joint.committedIndex(one, other, acked);
                answer.append(Joint.describe(one, other, acked));
                compare(answer, index, Joint.committedIndex(other, one, acked), "via symmetry");
            } else {
                index = Majority.committedIndex(one, acked);
                answer.append(Majority.describe(one, acked));
                compare(answer, index, countedIndex(one, acked), "via alternative computation");
                compare(answer, index, Joint.committedIndex(one, IdSet.EMPTY, acked), "via zero-joint quorum");
                compare(answer, index, Joint.committedIndex(one, one, acked), "via self-joint quorum");
                compareOverlaid(answer, one, acked, index);
            }
            return answer.append(Majority.indexText(index)).toString();
        }

        /** A voter that is behind the committed index may be further behind without moving it. */
        private static void compareOverlaid(StringBuilder answer, IdSet voters, Acked acked, long index) {
            for (long id : voters.toList()) {
                long own = acked.ackedIndex(id);
                if (own > 0 && own < index) {
                    for (long lower : new long[] {own - 1, 0}) {
                        long overlaid = Majority.committedIndex(voters, acked.with(id, lower));
                        compare(answer, index, overlaid, "overlaying " + Long.toHexString(id) + "->" + lower);
                    }
                }
            }
        }

        private static void compare(StringBuilder answer, long index, long other, String how) {
            if (index != other) {
                answer.append(Majority.indexText(other) + " <-- " + how + "\n");
            }
        }

        /** The committed index by sorting: the one with a majority at or above it. */
        private static long countedIndex(IdSet voters, Acked acked) {
            List<Long> sorted =
                    voters.toList().stream().map(acked::ackedIndex).sorted().toList();
            int size = sorted.size();
            return size == 0 ? Majority.EVERYTHING : sorted.get(size - (size / 2 + 1));
        }

        private static String text(IdSet voters) {
            return voters.toList().stream()
                    .map(id -> Long.toUnsignedString(id) + ":{}")
                    .collect(Collectors.joining(" ", "map[", "]"));
        }

        private static String text(List<Long> values) {
            return values.stream().map(Majority::indexText).collect(Collectors.joining(" ", "[", "]"));
        }
    }

    /** Acknowledged indexes as a script says them. */
    private record Acked(SortedMap<Long, Long> indexes) implements AckedIndexes {
        @Override
        public long ackedIndex(long id) {
            return indexes.getOrDefault(id, 0L);
        }

        @Override
        public boolean isKnown(long id) {
            return indexes.containsKey(id);
        }

        Acked with(long id, long index) {
            SortedMap<Long, Long> copy = new TreeMap<>(indexes);
            copy.put(id, index);
            return new Acked(copy);
        }
    }
}
