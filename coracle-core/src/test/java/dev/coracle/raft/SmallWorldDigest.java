package dev.coracle.raft;

import dev.coracle.raft.quorum.IdSet;
import dev.coracle.raft.tracker.Configuration;
import dev.coracle.raft.tracker.Inflights;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import org.jspecify.annotations.Nullable;

/**
 * The canonical form of a server, as 128 bits: every field of every object that it can reach, whatever its name, so that
 * a field that is added later counts at once. Left out is what is the same for the whole life of a world (configuration,
 * logger), and of three classes the layout of arrays, in whose place their logical content is taken. A class of the JDK
 * that is not known here is an error, not a guess.
 */
final class SmallWorldDigest {
    /** 128 bits. */
    record Value(long low, long high) {}

    /** How the objects of a class are walked. */
    private enum Kind {
        /** Decides nothing, or never changes. */
        CONSTANT,
        /** Compared by content: it does not matter whether two places share it. */
        VALUE,
        /** Has an identity: met again, only its number counts. */
        OBJECT
    }

    private record Shape(Kind kind, List<Field> fields) {}

    private static final List<Class<?>> CONSTANTS = List.of(
            RaftConfig.class,
            Log.class,
            RaftObserver.class,
            RaftLogger.class,
            RandomSource.class,
            ConfChangeCodec.class);
    private static final List<Class<?>> VALUES = List.of(Entry.class, Bytes.class, IdSet.class, Configuration.class);

    /** Fields that say where in an array something lies. */
    private static final Map<Class<?>, List<String>> LAYOUT = Map.of(
            Unstable.class, List.of("array", "start", "end"),
            Inflights.class, List.of("indexes", "sizes", "start"));

    private final Map<Class<?>, Shape> shapes = new HashMap<>();
    private final IdentityHashMap<Object, Integer> met = new IdentityHashMap<>();
    private long low;
    private long high;

    /** The digest of {@code parts}, in this order. */
    Value of(Object... parts) {
        met.clear();
        low = 0x243f6a8885a308d3L;
        high = 0x13198a2e03707344L;
        for (Object part : parts) {
            walk(part);
        }
        return new Value(low, high);
    }

    /** Mixes all bits of {@code value} (the finalizer of MurmurHash3). */
    static long mix(long value) {
        long mixed = (value ^ (value >>> 33)) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ (mixed >>> 33);
    }

    private void add(long value) {
        low = mix(low ^ value) + 0x9e3779b97f4a7c15L;
        high = mix(high * 0xd6e8feb86659fd93L + value);
    }

    private void walk(@Nullable Object value) {
        if (value == null) {
            add(-1);
        } else if (value instanceof Long number) {
            add(number);
        } else if (value instanceof Integer number) {
            add(number);
        } else if (value instanceof Boolean bool) {
            add(bool ? 1 : 0);
        } else if (value instanceof Enum<?> constant) {
            add(constant.ordinal());
        } else if (value instanceof String text) {
            add(text.length());
            text.chars().forEach(this::add);
        } else if (value.getClass().isArray()) {
            walkArray(value);
        } else if (value instanceof List<?> || value instanceof Deque<?> || value instanceof SortedSet<?>) {
            Collection<?> elements = (Collection<?>) value;
            add(elements.size());
            elements.forEach(this::walk);
        } else if (value instanceof SortedMap<?, ?> map) {
            add(map.size());
            map.forEach((key, element) -> {
                walk(key);
                walk(element);
            });
        } else {
            walkFields(value);
        }
    }

    private void walkArray(Object array) {
        int length = Array.getLength(array);
        add(length);
        if (array instanceof long[] numbers) {
            for (long number : numbers) {
                add(number);
            }
            return;
        }
        if (array instanceof byte[] bytes) {
            for (byte each : bytes) {
                add(each);
            }
            return;
        }
        for (int i = 0; i < length; i++) {
            walk(Array.get(array, i));
        }
    }

    private void walkFields(Object object) {
        Shape shape = shapes.get(object.getClass());
        if (shape == null) {
            shape = shapeOf(object);
            shapes.put(object.getClass(), shape);
        }
        if (shape.kind == Kind.CONSTANT) {
            return;
        }
        if (shape.kind == Kind.OBJECT) {
            Integer number = met.putIfAbsent(object, met.size());
            if (number != null) {
                add(-2 - number);
                return;
            }
        }
        add(object.getClass().getSimpleName().hashCode());
        try {
            for (Field field : shape.fields) {
                walkField(object, field);
            }
        } catch (IllegalAccessException closed) {
            throw new IllegalStateException(closed);
        }
        if (object instanceof Unstable unstable) {
            walk(unstable.slice(unstable.offset(), unstable.offset() + unstable.size()));
        } else if (object instanceof Inflights inflights) {
            walkRing(inflights);
        }
    }

    private void walkField(Object object, Field field) throws IllegalAccessException {
        Class<?> type = field.getType();
        if (type == long.class || type == int.class) {
            add(field.getLong(object));
        } else if (type == boolean.class) {
            add(field.getBoolean(object) ? 1 : 0);
        } else {
            walk(field.get(object));
        }
    }

    private void walkRing(Inflights inflights) {
        try {
            int start = field(Inflights.class, "start").getInt(inflights);
            long[] indexes = (long[]) field(Inflights.class, "indexes").get(inflights);
            long[] sizes = (long[]) field(Inflights.class, "sizes").get(inflights);
            for (int i = 0; i < inflights.count(); i++) {
                int slot = (start + i) % indexes.length;
                add(indexes[slot]);
                add(sizes[slot]);
            }
        } catch (IllegalAccessException closed) {
            throw new IllegalStateException(closed);
        }
    }

    private static Field field(Class<?> owner, String name) {
        try {
            Field field = owner.getDeclaredField(name);
            field.setAccessible(true);
            return field;
        } catch (NoSuchFieldException renamed) {
            throw new IllegalStateException("the layout of " + owner + " has changed", renamed);
        }
    }

    private static Shape shapeOf(Object object) {
        Class<?> type = object.getClass();
        if (CONSTANTS.stream().anyMatch(constant -> constant.isInstance(object))) {
            return new Shape(Kind.CONSTANT, List.of());
        }
        if (!type.getName().startsWith("dev.coracle.") || type.isHidden()) {
            throw new IllegalStateException("no canonical form of " + type);
        }
        List<String> layout = LAYOUT.getOrDefault(type, List.of());
        layout.forEach(name -> field(type, name));
        List<Field> fields = new ArrayList<>();
        for (Class<?> owner = type; owner != null && owner != Object.class; owner = owner.getSuperclass()) {
            for (Field field : owner.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !layout.contains(field.getName())) {
                    field.setAccessible(true);
                    fields.add(field);
                }
            }
        }
        fields.sort(Comparator.comparing(Field::getName));
        boolean byContent = type.isRecord() || VALUES.contains(type);
        return new Shape(byContent ? Kind.VALUE : Kind.OBJECT, List.copyOf(fields));
    }
}
