package dev.coracle.examples;

import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandleProxies;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;

/**
 * The signals that ask a program to end. Without this they end the process with status 128 + signal, while a program that
 * closed in good order wants to end with 0.
 */
public final class Signals {
    private Signals() {}

    /**
     * Runs {@code stop}, once for each signal, in a thread of its own, when the process gets SIGTERM, SIGINT (Ctrl+C) or
     * SIGHUP (its terminal is closed), instead of ending the process. Signals that the process was told to ignore, by
     * nohup for example, stay ignored.
     *
     * <p>The JDK has this only in {@code sun.misc}, which the compiler warns about; so it is found by name. On a JVM
     * without it the signals end the process as they always did: shutdown hooks run, nothing else does.
     */
    public static void onStop(Runnable stop) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            MethodHandle run = MethodHandles.publicLookup()
                    .findVirtual(Runnable.class, "run", MethodType.methodType(void.class))
                    .bindTo(stop);
            Object onSignal =
                    MethodHandleProxies.asInterfaceInstance(handler, MethodHandles.dropArguments(run, 0, signal));
            for (String name : new String[] {"TERM", "INT", "HUP"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(null, signal.getConstructor(String.class).newInstance(name), onSignal);
            }
        } catch (ReflectiveOperationException e) {
            System.getLogger(Signals.class.getName())
                    .log(System.Logger.Level.DEBUG, "no signal handlers here: SIGTERM ends with status 143", e);
        }
    }
}
