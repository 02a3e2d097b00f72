package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import dev.coracle.node.RaftNode;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** Rules that the compiler does not check, in the main code of all modules; and that each of them can fail. */
class ArchitectureTest {
    private static final String ROOT = "dev.coracle";
    private static final String VIOLATING = "dev.coracle.cli.violating";

    private static final JavaClasses MAIN;
    private static final JavaClasses BREAKERS;

    static {
        // It has several lines to say of each class.
        ((Logger) LoggerFactory.getLogger("com.tngtech.archunit")).setLevel(Level.WARN);
        MAIN = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages(ROOT);
        BREAKERS = new ClassFileImporter().importPackages(VIOLATING);
    }

    @Test
    void theCoreUsesNothingButTheLanguage() {
        holds(
                Rules::coreUsesOnlyTheLanguage,
                "raft.Core.seededChance()",
                "raft.Core.sharedMap()",
                "raft.Core.thread(",
                "raft.Core.files()",
                "raft.Core.higherModule(");
    }

    @Test
    void noRoleIsPublic() {
        holds(Rules::rolesArePackagePrivate, "raft.Role$Leader>");
    }

    @Test
    void nobodyBelowTheFrameworkReadsSystemProperties() {
        holds(
                Rules::nobodyBelowTheFrameworkReadsSystemProperties,
                "node.Environment.property()",
                "node.Environment.variable()",
                "node.Environment.flag()",
                "node.Environment.number()",
                "node.Environment.longNumber()");
    }

    @Test
    void nobodyBelowTheFrameworkTakesTimeOrChanceByItself() {
        holds(
                Rules::nobodyBelowTheFrameworkTakesTimeOrChance,
                "node.Chance.wallClock()",
                "node.Chance.clockByReference()",
                "node.Chance.now()",
                "node.Chance.threadLocal()",
                "node.Chance.math()",
                "node.Chance.uuid()",
                "node.Chance.shuffle(",
                "node.Chance.unseeded()",
                "node.Chance.identity(");
    }

    @Test
    void nothingThatIsSimulatedTakesTimeChanceOrThreads() {
        holds(
                Rules::nothingThatIsSimulatedTakesTimeChanceOrThreads,
                "Threads.clock()",
                "Threads.thread(",
                "Threads.sleep()",
                "Threads.pool()",
                "Threads.timer()",
                "Threads.identity(");
    }

    @Test
    void coreNodeAndWalUseNoLiteralsWhoseOrderChangesFromRunToRun() {
        holds(Rules::coreNodeAndWalKnowNoUnorderedLiterals, "raft.Core.setLiteral()", "raft.Core.copyOfMap(");
    }

    @Test
    void onlyTheMachineTheSimulatorAndABenchmarkHaveDisks() {
        holds(Rules::onlyTheseDisksExist, "wal.OwnDisk>");
    }

    @Test
    void theNodeIsConstructedByTheFrameworkTheSimulatorAndOneExampleOnly() {
        holds(Rules::theNodeIsConstructedInTwoPlaces, "wal.OwnDisk.construct()", "wal.OwnDisk.constructByReference()");
        assertThat(MAIN.get(RaftNode.class).getConstructors())
                .flatMap(constructor -> constructor.getAccessesToSelf())
                .hasSize(3);
    }

    @Test
    void modulesUseOnlyModulesBelow() {
        holds(Rules::modulesUseOnlyThoseBelow, "raft.Core.higherModule(");
    }

    @Test
    void eachModuleIsUnderTheRules() {
        for (Rules.Module module : Rules.MODULES) {
            String inside = (ROOT + module.packages()).replace("..", "");
            assertThat(MAIN)
                    .as(module.name())
                    .anyMatch(found -> found.getPackageName().equals(inside)
                            || found.getPackageName().startsWith(inside + "."));
        }
    }

    /**
     * Checks a rule, and that it sees each of those who break it and nobody else.
     *
     * @param breakers how the lines begin, after the root, that it must report
     */
    private static void holds(Function<Rules, ArchRule> rule, String... breakers) {
        rule.apply(new Rules(ROOT)).check(MAIN);
        List<String> report = rule.apply(new Rules(VIOLATING))
                .evaluate(BREAKERS)
                .getFailureReport()
                .getDetails();
        assertThat(breakers)
                .allSatisfy(breaker -> assertThat(report)
                        .anySatisfy(line -> assertThat(line).contains("<" + VIOLATING + "." + breaker)));
        assertThat(report)
                .allSatisfy(line -> assertThat(breakers)
                        .anySatisfy(breaker -> assertThat(line).contains(VIOLATING + "." + breaker)));
    }
}
