package dev.coracle.examples;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** This program again, for processes of its own. */
public final class ThisProgram {
    /** Options for a JVM that starts quickly beside several others. */
    public static final List<String> SMALL = List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx256m");

    private ThisProgram() {}

    /**
     * The command that runs {@code mainClass} by the Java and on the class path of this process; arguments may follow.
     *
     * @param jvmOptions what the JVM is to know besides
     */
    public static List<String> command(List<String> jvmOptions, String mainClass) {
        return command(jvmOptions, System.getProperty("java.class.path"), mainClass);
    }

    /** The same on another class path, such as the jar of another version. */
    public static List<String> command(List<String> jvmOptions, String classPath, String mainClass) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            // What keeps newer JVMs from warning about Netty. Not all options: a debugger's port is taken already.
            if (option.startsWith("--enable-native-access") || option.startsWith("--sun-misc-unsafe")) {
                command.add(option);
            }
        }
        command.addAll(List.of("-cp", classPath, mainClass));
        return command;
    }
}
