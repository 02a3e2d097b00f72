package dev.coracle.contracts.mutants;

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
import org.jspecify.annotations.Nullable;

/**
 * The project's classes once more, with some of them compiled anew from changed sources. Nothing of the project comes
 * from the class path of the test: what is called here, and all that it calls, is this copy.
 */
public class ProjectCopy extends URLClassLoader {
    private static final String PACKAGES = "dev.coracle.";
    private static final Path ROOT = root();

    static {
        registerAsParallelCapable();
    }

    private final Map<String, byte[]> changed;
    private final Set<String> loadedOfChanged = new HashSet<>();

    /**
     * A copy with changed classes.
     *
     * @param folders of classes, all that belongs to the copy
     * @param changed bytes by the binary names of the classes that they replace
     */
    public ProjectCopy(List<Path> folders, Map<String, byte[]> changed) {
        super(urls(folders), ProjectCopy.class.getClassLoader());
        this.changed = Map.copyOf(changed);
    }

    /** The classes of modules. */
    public static List<Path> mainClasses(String... modules) {
        return Arrays.stream(modules)
                .map(module -> ROOT.resolve("coracle-" + module + "/target/classes"))
                .toList();
    }

    /** The classes of a module's tests. */
    public static Path testClasses(String module) {
        return ROOT.resolve("coracle-" + module + "/target/test-classes");
    }

    /** The folder of the whole project. */
    public static Path root() {
        String root = System.getProperty("coracle.root");
        if (root == null) {
            throw new IllegalStateException(
                    "the system property coracle.root must name the folder of the whole project");
        }
        return Path.of(root);
    }

    private static URL[] urls(List<Path> folders) {
        for (Path folder : folders) {
            if (!Files.isDirectory(folder)) {
                throw new IllegalStateException(
                        "no " + folder + ": the modules and their tests must be compiled first");
            }
        }
        return folders.stream().map(ProjectCopy::url).toArray(URL[]::new);
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
    public boolean hasLoadedChanged(String className) {
        synchronized (loadedOfChanged) {
            return loadedOfChanged.contains(className);
        }
    }

    /**
     * Calls a public static method of the copy. Throws what that throws.
     */
    public @Nullable Object call(String className, String methodName, Object... arguments) throws Exception {
        Class<?> type = loadClass(PACKAGES + className);
        if (!equals(type.getClassLoader())) {
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

    /** The binary name of the class in a file below dev/coracle. */
    public static String className(String file) {
        return PACKAGES + file.substring(0, file.length() - ".java".length()).replace('/', '.');
    }

    /** The source of a file below dev/coracle. */
    public static String source(String file) {
        try {
            return Files.readString(ROOT.resolve(moduleOf(file))
                    .resolve("src/main/java/dev/coracle")
                    .resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String moduleOf(String file) {
        int slash = file.indexOf('/');
        if (slash < 0) {
            return "coracle-framework";
        }
        String folder = file.substring(0, slash);
        return "coracle-" + (folder.equals("raft") ? "core" : folder);
    }

    /**
     * Compiles sources against everything as it is.
     *
     * @param folders of classes, all that belongs to the copy
     * @param sources by their files below dev/coracle
     * @return the bytes of all classes that came out, by their binary names
     * @throws AssertionError with the compiler's words if it does not compile
     */
    public static Map<String, byte[]> compile(List<Path> folders, Map<String, String> sources) {
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
                            List.of("--release", "17", "-proc:none", "-nowarn", "-classpath", classPath(folders)),
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

    private static String classPath(List<Path> folders) {
        String others = System.getProperty("java.class.path");
        return Stream.concat(folders.stream().map(Path::toString), Stream.of(others))
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
