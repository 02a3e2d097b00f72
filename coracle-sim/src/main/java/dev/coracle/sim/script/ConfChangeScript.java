package dev.coracle.sim.script;

import dev.coracle.raft.ConfChangeSingle;
import dev.coracle.raft.InvalidConfChangeException;
import dev.coracle.raft.confchange.Changer;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.ProgressTracker;
import java.util.List;
import java.util.Set;

/**
 * The language that drives the changer of configurations: {@code simple}, {@code enter-joint} and {@code leave-joint},
 * with the changes as input. It answers with the configuration and the progress of each member; that of a new one
 * tells after how many commands it came.
 */
final class ConfChangeScript implements ScriptLanguage {
    /** The commands by which a script of this language is told. */
    static final Set<String> COMMANDS = Set.of("simple", "enter-joint", "leave-joint");

    private static final int MAX_INFLIGHT_MESSAGES = 10;

    private final ProgressTracker tracker = new ProgressTracker(MAX_INFLIGHT_MESSAGES, Long.MAX_VALUE);
    private Configuration configuration = Configuration.EMPTY;
    private long lastIndex;

    @Override
    public String run(Directive directive) {
        try {
            List<ConfChangeSingle> changes = Scan.parseChanges(directive.input());
            Changer.Result result = change(directive, changes);
            configuration = result.configuration();
            tracker.apply(result.changes(), lastIndex);
            return configuration + "\n" + tracker.describe(configuration);
        } catch (CommandException e) {
            return e.text();
        } catch (InvalidConfChangeException e) {
            return String.valueOf(e.getMessage());
        } finally {
            // Counts failed commands too.
            lastIndex++;
        }
    }

    private Changer.Result change(Directive directive, List<ConfChangeSingle> changes)
            throws InvalidConfChangeException, CommandException {
        return switch (directive.command()) {
            case "simple" -> Changer.simple(configuration, changes);
            case "enter-joint" -> {
                boolean autoLeave = !directive.arguments().isEmpty() && Scan.truth(directive.value("autoleave"));
                yield Changer.enterJoint(configuration, autoLeave, changes);
            }
            case "leave-joint" -> {
                if (!changes.isEmpty()) {
                    throw new CommandException("this command takes no input");
                }
                yield Changer.leaveJoint(configuration);
            }
            default -> throw new CommandException("unknown command");
        };
    }
}
