package dev.coracle.sim.mutants;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * The project's classes once more, with some of them compiled anew from changed sources. Nothing of the project comes
 * from the class path of the test: what is called here, and all that it calls, is this copy.
 */
final class CoreCopy extends URLClassLoader {
    private static final String PACKAGES = "dev.coracle.";
    private static final Path ROOT = root();
    static final Path CORE_TESTS = ROOT.resolve("coracle-core/target/test-classes");
    static final Path NODE_TESTS = ROOT.resolve("coracle-node/target/test-classes");
    static final Path SIM_TESTS = ROOT.resolve("coracle-sim/target/test-classes");

    /** All that belongs to a copy. */
    private static final List<Path> FOLDERS = List.of(
            ROOT.resolve("coracle-core/target/classes"),
            ROOT.resolve("coracle-codec/target/classes"),
            ROOT.resolve("coracle-node/target/classes"),
            ROOT.resolve("coracle-sim/target/classes"),
            CORE_TESTS,
            NODE_TESTS,
            SIM_TESTS);

    static {
        registerAsParallelCapable();
    }

    private final Map<String, byte[]> changed;
    private final Set<String> loadedOfChanged = new HashSet<>();

    /** @param changed bytes by the binary names of the classes that they replace */
    CoreCopy(Map<String, byte[]> changed) {
        super(urls(), CoreCopy.class.getClassLoader());
        this.changed = Map.copyOf(changed);
    }

    static Path root() {
        String root = System.getProperty("coracle.root");
        if (root == null) {
            throw new IllegalStateException(
                    "the system property coracle.root must name the folder of the whole project");
        }
        return Path.of(root);
    }

    private static URL[] urls() {
        for (Path folder : FOLDERS) {
            if (!Files.isDirectory(folder)) {
                throw new IllegalStateException(
                        "no " + folder + ": the modules and their tests must be compiled first");
            }
        }
        return FOLDERS.stream().map(CoreCopy::url).toArray(URL[]::new);
    }

    private static URL url(Path folder) {
        try {
            return folder.toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
        if (!name.startsWith(PACKAGES)) {
            return super.loadClass(name, resolve);
        }
        synchronized (getClassLoadingLock(name)) {
            Class<?> loaded = findLoadedClass(name);
            return loaded == null ? findClass(name) : loaded;
        }
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        byte[] bytes = changed.get(name);
        if (bytes == null) {
            return super.findClass(name);
        }
        synchronized (loadedOfChanged) {
            loadedOfChanged.add(name);
        }
        return defineClass(name, bytes, 0, bytes.length);
    }

    /** Whether the changed form of a class was needed, and so is what has run here. */
    boolean hasLoadedChanged(String className) {
        synchronized (loadedOfChanged) {
            return loadedOfChanged.contains(className);
        }
    }

    /**
     * Calls a public static method of the copy. Throws what that throws.
     */
    Object call(String className, String methodName, Object... arguments) throws Exception {
        Class<?> type = loadClass(PACKAGES + className);
        if (type.getClassLoader() != this) {
            throw new IllegalStateException(type + " is not of this copy");
        }
        List<Method> named = Arrays.stream(type.getMethods())
                .filter(method -> method.getName().equals(methodName) && method.getParameterCount() == arguments.length)
                .toList();
        if (named.size() != 1) {
            throw new IllegalStateException(className + "." + methodName + " is there " + named.size() + " times");
        }
        try {
            return named.get(0).invoke(null, arguments);
        } catch (InvocationTargetException thrown) {
            if (thrown.getCause() instanceof Exception exception) {
                throw exception;
            }
            throw (Error) thrown.getCause();
        }
    }

    // ---- sources

    static String className(String file) {
        return PACKAGES + file.substring(0, file.length() - ".java".length()).replace('/', '.');
    }

    /** The source of a file below dev/coracle. */
    static String source(String file) {
        String folder = file.substring(0, file.indexOf('/'));
        String module = "coracle-" + (folder.equals("raft") ? "core" : folder);
        try {
            return Files.readString(
                    ROOT.resolve(module).resolve("src/main/java/dev/coracle").resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Compiles sources against everything as it is.
     *
     * @param sources by their files below dev/coracle
     * @return the bytes of all classes that came out, by their binary names
     * @throws AssertionError with the compiler's words if it does not compile
     */
    static Map<String, byte[]> compile(Map<String, String> sources) {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        if (compiler == null) {
            throw new IllegalStateException("this Java has no compiler: a JDK is needed");
        }
        StringWriter words = new StringWriter();
        Map<String, ByteArrayOutputStream> compiled = new TreeMap<>();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean done = compiler.getTask(
                            words,
                            new InMemory(files, compiled),
                            null,
                            List.of("--release", "17", "-proc:none", "-nowarn", "-classpath", classPath()),
                            null,
                            sources.entrySet().stream()
                                    .map(source -> new Source(source.getKey(), source.getValue()))
                                    .toList())
                    .call();
            if (!done) {
                throw new AssertionError("does not compile: " + words);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Map<String, byte[]> bytes = new TreeMap<>();
        compiled.forEach((name, stream) -> bytes.put(name, stream.toByteArray()));
        return bytes;
    }

    private static String classPath() {
        String others = System.getProperty("java.class.path");
        return Stream.concat(FOLDERS.stream().map(Path::toString), Stream.of(others))
                .collect(Collectors.joining(File.pathSeparator));
    }

    private static final class Source extends SimpleJavaFileObject {
        private final String text;

        Source(String file, String text) {
            super(URI.create("string:///dev/coracle/" + file), Kind.SOURCE);
            this.text = text;
        }

        @Override
        public CharSequence getCharContent(boolean ignoreEncodingErrors) {
            return text;
        }
    }

    /** Keeps what is compiled in memory. */
    private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
        private final Map<String, ByteArrayOutputStream> compiled;

        InMemory(JavaFileManager files, Map<String, ByteArrayOutputStream> compiled) {
            super(files);
            this.compiled = compiled;
        }

        @Override
        public JavaFileObject getJavaFileForOutput(
                Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            compiled.put(className, bytes);
            return new SimpleJavaFileObject(
                    URI.create("bytes:///" + className.replace('.', '/') + kind.extension), kind) {
                @Override
                public OutputStream openOutputStream() {
                    return bytes;
                }
            };
        }
    }
}
