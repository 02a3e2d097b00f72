package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.Codec;
import dev.coracle.StateMachine;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The example of docs/guide/testing-your-state-machine.md, and that the guide shows it as it is. */
class LotteryTest {
    /** One of perhaps several of the same person. */
    static final class Ticket {
        final String owner;

        Ticket(String owner) {
            this.owner = owner;
        }
    }

    /** "buy NAME" gives the number of tickets in the drum, "draw" the owner of the one that is taken out. */
    static final class Lottery implements StateMachine<String, String> {
        private final Collection<Ticket> drum;

        Lottery(Collection<Ticket> drum) {
            this.drum = drum;
        }

        @Override
        public String apply(String command) {
            if (command.startsWith("buy ")) {
                drum.add(new Ticket(command.substring("buy ".length())));
                return String.valueOf(drum.size());
            }
            if (drum.isEmpty()) {
                return "nobody";
            }
            Ticket drawn = drum.iterator().next();
            drum.remove(drawn);
            return drawn.owner;
        }

        @Override
        public PinnedState snapshot() {
            byte[] owners = drum.stream()
                    .map(ticket -> ticket.owner)
                    .collect(Collectors.joining("\n"))
                    .getBytes(StandardCharsets.UTF_8);
            return out -> out.write(owners);
        }

        @Override
        public void restore(InputStream in) throws IOException {
            drum.clear();
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(owner -> drum.add(new Ticket(owner)));
        }
    }

    /** Four people buy, and now and then somebody draws. */
    record LotteryWorkload(boolean ordered) implements Workload<String, String, Lottery> {
        @Override
        public Lottery newMachine() {
            return new Lottery(ordered ? new LinkedHashSet<>() : new HashSet<>());
        }

        @Override
        public Codec<String> commands() {
            return Codec.utf8();
        }

        @Override
        public Codec<String> results() {
            return Codec.utf8();
        }

        @Override
        public Action<String, String, Lottery> next(RandomGenerator random) {
            String[] people = {"ada", "ben", "cleo", "dan"};
            return Action.command(random.nextInt(3) == 0 ? "draw" : "buy " + people[random.nextInt(people.length)]);
        }
    }

    @Test
    void theOrderOfAHashSetDiffersFromMemberToMember() {
        assertThatThrownBy(() -> Simulation.of(() -> new LotteryWorkload(false)).run(1))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seed 1")
                .hasMessageContaining("on member");
    }

    @Test
    void theOrderOfPurchaseDoesNot() {
        for (long seed = 1; seed <= 5; seed++) {
            assertThat(Simulation.of(() -> new LotteryWorkload(true)).run(seed).applied())
                    .isPositive();
        }
    }

    @Test
    void theGuideShowsThisCode() throws IOException {
        Path root = Path.of(System.getProperty("coracle.root"));
        List<String> guide = Files.readAllLines(root.resolve("docs/guide/testing-your-state-machine.md"));
        List<String> source = Files.readAllLines(
                        root.resolve("coracle-testkit/src/test/java/dev/coracle/testkit/LotteryTest.java"))
                .stream()
                .map(String::strip)
                .toList();
        boolean inside = false;
        int shown = 0;
        for (String line : guide) {
            if (line.startsWith("```")) {
                inside = line.equals("```java");
            } else if (inside && !line.isBlank() && !line.strip().startsWith("//")) {
                assertThat(source).as("a line of the guide").contains(line.strip());
                shown++;
            }
        }
        assertThat(shown).isGreaterThan(40);
    }
}
