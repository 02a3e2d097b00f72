package dev.coracle.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** That docs/internals/simulation.md leaves nothing out. */
class SimulationDocumentTest {
    @Test
    void itNamesEveryFaultAndEveryInvariant() throws IOException {
        Path root = Path.of(System.getProperty("coracle.root"));
        String page = Files.readString(root.resolve("docs/internals/simulation.md"));
        for (Fault fault : Fault.values()) {
            assertThat(page).contains("| `" + fault + "` |");
        }
        for (Invariant invariant : Invariant.values()) {
            assertThat(page).contains("| `" + invariant + "` |");
        }
        String guide = Files.readString(root.resolve("docs/guide/testing-your-state-machine.md"));
        assertThat(guide).contains("[" + Fault.values().length + " faults]");
    }
}
