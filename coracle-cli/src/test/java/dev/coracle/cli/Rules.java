package dev.coracle.cli;

import static com.tngtech.archunit.lang.conditions.ArchConditions.accessTargetWhere;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget.CodeUnitAccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.Architectures.LayeredArchitecture;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZonedDateTime;
import java.util.Collections;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.Timer;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * What holds in all modules and no compiler checks.
 *
 * @param root the package that the modules' packages are in: the project's, or that of the classes that break each rule
 */
record Rules(String root) {
    private static final String ANYTHING = "";

    /** What a class must not reach for: the members of that name of an owner; all of them if it is empty. */
    private record Forbidden(Class<?> owner, String name, int parameters) {
        private static final int ANY_NUMBER = -1;

        static Stream<Forbidden> members(Class<?> owner, String... names) {
            return Stream.of(names).map(name -> new Forbidden(owner, name, ANY_NUMBER));
        }

        boolean isAccessedBy(JavaAccess<?> access) {
            return access.getTargetOwner().isEquivalentTo(owner)
                    && (name.equals(ANYTHING) || access.getName().equals(name))
                    && (parameters == ANY_NUMBER
                            || access.getTarget() instanceof CodeUnitAccessTarget target
                                    && target.getRawParameterTypes().size() == parameters);
        }
    }

    /** The JDK of the core: nothing in it waits, runs beside, looks at the clock or throws dice. */
    ArchRule coreUsesOnlyTheLanguage() {
        List<String> packages = List.of("java.lang", "java.util", "java.util.function", "org.jspecify.annotations");
        // Text in messages is UTF-8, and strings of the JDK take their encoding from this class.
        List<String> single = List.of("java.nio.charset.StandardCharsets", "java.nio.charset.Charset");
        // What the compiler itself puts into records, lambdas and concatenations.
        List<String> compilers = List.of("java.lang.invoke", "java.lang.runtime");
        Set<String> not = Set.of(
                "java.lang.Thread",
                "java.lang.ThreadLocal",
                "java.lang.Runtime",
                "java.lang.ProcessBuilder",
                "java.util.Random",
                "java.util.SplittableRandom",
                "java.util.Timer",
                "java.util.TimerTask",
                "java.util.UUID",
                "java.util.Date",
                "java.util.Calendar");
        return classes()
                .that()
                .resideInAPackage(root + ".raft..")
                .should()
                .onlyDependOnClassesThat(DescribedPredicate.describe("are the language's or the core's", found -> {
                    JavaClass element = found.getBaseComponentType();
                    String name = element.getPackageName();
                    boolean own = name.equals(root + ".raft") || name.startsWith(root + ".raft.");
                    return element.isPrimitive()
                            || own
                            || single.contains(element.getName())
                            || compilers.contains(name)
                            || packages.contains(name) && !not.contains(element.getName());
                }));
    }

    /** A role is an affair of the core: its users see a name, {@code RoleName}. */
    ArchRule rolesArePackagePrivate() {
        return classes().that().areAssignableTo(root + ".raft.Role").should().notHaveModifier(JavaModifier.PUBLIC);
    }

    /** What a node does is decided by its configuration, which somebody can read, and by nothing else. */
    ArchRule nobodyBelowTheFrameworkReadsSystemProperties() {
        return belowTheFrameworkNobody(Stream.of(
                        Forbidden.members(
                                System.class, "getProperty", "getProperties", "setProperty", "getenv", "lineSeparator"),
                        Forbidden.members(Boolean.class, "getBoolean"),
                        Forbidden.members(Integer.class, "getInteger"),
                        Forbidden.members(Long.class, "getLong"))
                .flatMap(each -> each));
    }

    /** Time and chance are given, so that a simulation can give its own, and a seed gives the same run again. */
    ArchRule nobodyBelowTheFrameworkTakesTimeOrChance() {
        return belowTheFrameworkNobody(timeAndChance());
    }

    /**
     * The framework and the simulator itself are under the same rule, and start no threads and let none sleep: what is
     * simulated runs in one thread, in an order that the seed decides. Three places are outside: what binds a member to the
     * real machine; the futures in which an application's own thread may wait, which nothing that is simulated does; and
     * the thread that carries code which waits in the middle, while the simulation stands still.
     */
    ArchRule nothingThatIsSimulatedTakesTimeChanceOrThreads() {
        List<String> outside = List.of(root + ".World", root + ".Promise", root + ".testkit.Coroutine");
        Stream<Forbidden> threads = Stream.of(
                        Forbidden.members(
                                Thread.class,
                                JavaConstructor.CONSTRUCTOR_NAME,
                                "start",
                                "sleep",
                                "yield",
                                "onSpinWait",
                                "startVirtualThread",
                                "ofVirtual",
                                "ofPlatform"),
                        Forbidden.members(Executors.class, ANYTHING),
                        Forbidden.members(ForkJoinPool.class, ANYTHING),
                        Forbidden.members(LockSupport.class, ANYTHING),
                        Forbidden.members(TimeUnit.class, "sleep"),
                        Forbidden.members(CompletableFuture.class, "supplyAsync", "runAsync", "delayedExecutor"),
                        Forbidden.members(Timer.class, ANYTHING))
                .flatMap(each -> each);
        return noClasses()
                .that()
                .resideInAnyPackage(root, root + ".testkit..", root + ".sim..")
                .and(DescribedPredicate.describe(
                        "are not among " + outside,
                        found -> outside.stream()
                                .noneMatch(name -> found.getName().equals(name)
                                        || found.getName().startsWith(name + "$"))))
                .should(access(Stream.concat(timeAndChance(), threads).toList()));
    }

    private static Stream<Forbidden> timeAndChance() {
        return Stream.of(
                        Forbidden.members(System.class, "currentTimeMillis", "nanoTime", "identityHashCode"),
                        Forbidden.members(ThreadLocalRandom.class, ANYTHING),
                        Forbidden.members(Math.class, "random"),
                        Forbidden.members(StrictMath.class, "random"),
                        Forbidden.members(UUID.class, "randomUUID"),
                        Forbidden.members(Instant.class, "now"),
                        Forbidden.members(LocalDateTime.class, "now"),
                        Forbidden.members(ZonedDateTime.class, "now"),
                        Forbidden.members(Clock.class, "systemUTC", "systemDefaultZone", "system"),
                        // Without arguments these take their seed, their order or their time from the machine.
                        Stream.of(
                                new Forbidden(Collections.class, "shuffle", 1),
                                new Forbidden(Random.class, JavaConstructor.CONSTRUCTOR_NAME, 0),
                                new Forbidden(SplittableRandom.class, JavaConstructor.CONSTRUCTOR_NAME, 0),
                                new Forbidden(Date.class, JavaConstructor.CONSTRUCTOR_NAME, 0)))
                .flatMap(each -> each);
    }

    /** They iterate in another order in each process. */
    ArchRule coreNodeAndWalKnowNoUnorderedLiterals() {
        return noClasses()
                .that()
                .resideInAnyPackage(root + ".raft..", root + ".node..", root + ".wal..")
                .should(access(Stream.concat(
                                Forbidden.members(Set.class, "of", "copyOf"),
                                Forbidden.members(Map.class, "of", "ofEntries", "copyOf"))
                        .toList()));
    }

    /** The disk is the machine's, also without effect for a benchmark, or the simulator's; others wrap the seam above. */
    ArchRule onlyTheseDisksExist() {
        List<String> disks = List.of(root + ".node.FileDisk", root + ".sim.SimDisk", root + ".benchmarks.BlindDisk");
        DescribedPredicate<JavaClass> isOneOfThem = DescribedPredicate.describe("be one of " + disks, found -> {
            String name = found.getName();
            return disks.contains(name) || disks.stream().anyMatch(disk -> name.startsWith(disk + "$"));
        });
        return classes().that().implement(root + ".node.Disk").should(ArchCondition.from(isOneOfThem));
    }

    /**
     * The node is put together in two places, so that what is simulated is what runs; and in the example that shows how.
     */
    ArchRule theNodeIsConstructedInTwoPlaces() {
        String node = root + ".node.RaftNode";
        return noClasses()
                .that()
                .doNotHaveFullyQualifiedName(root + ".Engine")
                .and()
                .doNotHaveFullyQualifiedName(root + ".sim.SimCluster")
                .and()
                .doNotHaveFullyQualifiedName(root + ".examples.raftexample.RaftexampleNode")
                .should(accessTargetWhere(DescribedPredicate.describe(
                        "it is the constructor of " + node,
                        access -> access.getTargetOwner().getName().equals(node)
                                && access.getName().equals(JavaConstructor.CONSTRUCTOR_NAME))));
    }

    /**
     * A module.
     *
     * @param packages its packages below the root
     * @param uses the modules that it may use
     */
    record Module(String name, String packages, String... uses) {}

    /** The modules, each after those that it uses. */
    static final List<Module> MODULES = List.of(
            new Module("core", ".raft.."),
            new Module("codec", ".codec..", "core"),
            new Module("node", ".node..", "core"),
            new Module("wal", ".wal..", "core", "codec", "node"),
            new Module("sim", ".sim..", "core", "codec", "node"),
            new Module("transport-grpc", ".transport.grpc..", "core", "codec", "node"),
            new Module("transport-http", ".transport.http..", "core", "codec", "node"),
            new Module("framework", "", "core", "codec", "node", "wal", "transport-grpc"),
            new Module("testkit", ".testkit..", "core", "codec", "node", "wal", "sim", "transport-grpc", "framework"),
            new Module(
                    "examples",
                    ".examples..",
                    "core",
                    "codec",
                    "node",
                    "wal",
                    "transport-grpc",
                    "transport-http",
                    "framework"),
            new Module("benchmarks", ".benchmarks..", "core", "codec", "node", "wal", "transport-grpc", "framework"));

    /** A module uses only modules below it; nobody uses the command line. */
    ArchRule modulesUseOnlyThoseBelow() {
        LayeredArchitecture architecture = layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage(root, root + "..")
                .withOptionalLayers(true)
                .layer("cli")
                .definedBy(root + ".cli..")
                .whereLayer("cli")
                .mayNotBeAccessedByAnyLayer();
        for (Module module : MODULES) {
            architecture = architecture.layer(module.name()).definedBy(root + module.packages());
        }
        for (Module module : MODULES) {
            architecture = module.uses().length == 0
                    ? architecture.whereLayer(module.name()).mayNotAccessAnyLayer()
                    : architecture.whereLayer(module.name()).mayOnlyAccessLayers(module.uses());
        }
        return architecture;
    }

    private ArchRule belowTheFrameworkNobody(Stream<Forbidden> does) {
        return noClasses()
                .that()
                .resideInAnyPackage(
                        root + ".raft..",
                        root + ".codec..",
                        root + ".node..",
                        root + ".wal..",
                        root + ".sim..",
                        root + ".transport..")
                .should(access(does.toList()));
    }

    private static ArchCondition<JavaClass> access(List<Forbidden> forbidden) {
        return accessTargetWhere(DescribedPredicate.describe(
                "it is one of " + forbidden, access -> forbidden.stream().anyMatch(each -> each.isAccessedBy(access))));
    }
}
