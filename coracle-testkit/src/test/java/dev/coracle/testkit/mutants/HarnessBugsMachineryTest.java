package dev.coracle.testkit.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.coracle.contracts.mutants.Mutant;
import dev.coracle.contracts.mutants.ProjectCopy;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Shows on one bug that planting and finding work; {@link HarnessBugsTest} plants them all. */
class HarnessBugsMachineryTest {
    @BeforeAll
    static void quiet() {
        ((Logger) LoggerFactory.getLogger("dev.coracle")).setLevel(Level.OFF);
    }

    @Test
    void anAnswerBeforeItsSyncIsFoundAtOnce() throws Exception {
        Mutant first = HarnessBugs.ALL.get(0);
        assertThat(HarnessHunt.after(first, 3))
                .hasValueSatisfying(found -> assertThat(found.invariant()).isEqualTo("DURABLE_BEFORE_SAID"));
        assertThat(HarnessHunt.withoutABug(Set.of(first.file()), 1)).isEmpty();
    }

    @Test
    void eachBugHasItsPlaceAndItsName() {
        Set<String> names = new HashSet<>();
        for (List<Mutant> list : List.of(HarnessBugs.ALL, HarnessBugs.ELUSIVE)) {
            for (Mutant mutant : list) {
                assertThat(mutant.plantIn(ProjectCopy.source(mutant.file()))).isNotEmpty();
                assertThat(names.add(mutant.name())).as(mutant.name()).isTrue();
            }
        }
        assertThat(HarnessBugs.ALL).hasSizeGreaterThanOrEqualTo(30);
    }
}
