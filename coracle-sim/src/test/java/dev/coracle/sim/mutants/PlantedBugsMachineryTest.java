package dev.coracle.sim.mutants;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.coracle.contracts.mutants.Mutant;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Shows on a few bugs that planting, compiling, loading and finding work; {@link PlantedBugsTest} plants them all. */
class PlantedBugsMachineryTest {
    private static final Finder SCRIPTS = Scripts.own();
    private static final Finder FEW_CLUSTERS = Seeds.randomClusters(20);
    private static final Finder SMALL_WORLDS = new SmallWorlds(List.of(200L));
    private static final Finder VOTE_TESTS =
            Behaviours.ofTheCore(Pattern.compile(".*\\.(RaftPaperElection|PreVote)Test"));

    @Test
    void everyKindOfFinderFindsABug() throws Exception {
        Mutant mutant = Mutants.named("a candidate does not note its own vote");
        assertThat(find(mutant, SCRIPTS, FEW_CLUSTERS, SMALL_WORLDS, VOTE_TESTS))
                .containsOnlyKeys(SCRIPTS.name(), FEW_CLUSTERS.name(), SMALL_WORLDS.name(), VOTE_TESTS.name());
    }

    @Test
    void theCoreWithoutABugPassesEveryKindOfFinder() throws Exception {
        Set<String> files = Set.of("raft/Server.java", "raft/Candidate.java", "raft/RaftLog.java");
        assertThat(Hunt.withoutABug(files, List.of(SCRIPTS, FEW_CLUSTERS, SMALL_WORLDS, VOTE_TESTS)))
                .isEmpty();
    }

    @Test
    void everyBugHasItsPlaceInTheSourcesOfToday() {
        Set<String> names = new HashSet<>();
        for (Mutant mutant : Mutants.ALL) {
            String source = CoreCopy.source(mutant.file());
            assertThat(mutant.plantIn(source)).as(mutant.name()).isNotEqualTo(source);
            assertThat(names.add(mutant.name()))
                    .as(mutant.name() + " is there twice")
                    .isTrue();
        }
    }

    @Test
    void theDocumentListsTheBugsOfToday() throws Exception {
        String document = Files.readString(Document.FILE);
        for (Mutants.Group group : Mutants.GROUPS) {
            assertThat(document).contains("## " + group.title());
        }
        for (Mutant mutant : Mutants.ALL) {
            assertThat(document).contains("| " + mutant.name() + " | " + mutant.rule() + " | ");
        }
        assertThat(document).contains("Here are " + Mutants.ALL.size() + " bugs");
    }

    @Test
    void aPlaceThatIsNotThereOrNotTheOnlyOneIsRefusedByName() {
        Mutant mutant = new Mutant("some bug", "§1", "Server.java", "b", "c");
        assertThat(mutant.plantIn("a b a")).isEqualTo("a c a");
        assertThatThrownBy(() -> mutant.plantIn("a"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll("some bug", "Server.java", "nowhere");
        assertThatThrownBy(() -> mutant.plantIn("a b b"))
                .isInstanceOf(AssertionError.class)
                .hasMessageContainingAll("some bug", "Server.java", "twice");
    }

    @Test
    void aBugThatDoesNotCompileIsRefused() {
        Mutant mutant = new Mutant("no Java", "§1", "raft/EntryId.java", "return ", "retrun ");
        assertThatThrownBy(() -> find(mutant, SCRIPTS))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("does not compile");
    }

    @Test
    void whatAFinderSaysWithoutHavingLoadedTheChangedClassIsRefused() {
        Finder liar = new Finder() {
            @Override
            public String name() {
                return "liar";
            }

            @Override
            public Optional<String> search(CoreCopy core) {
                return Optional.of("nothing");
            }
        };
        assertThatThrownBy(() -> find(Mutants.named("two votes in a term"), liar))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("never loaded [raft/Server.java]");
    }

    @Test
    void aCopyOfTheCoreSharesNoClassWithTheTest() throws Exception {
        try (CoreCopy core = new CoreCopy(Map.of())) {
            for (String name : List.of("dev.coracle.raft.RawNode", "dev.coracle.sim.script.Conformance")) {
                assertThat(core.loadClass(name)).isNotSameAs(Class.forName(name));
                assertThat(core.loadClass(name).getClassLoader()).isSameAs(core);
            }
        }
    }

    private static Map<String, String> find(Mutant mutant, Finder... finders) throws Exception {
        return Hunt.after(mutant, List.of(finders));
    }
}
