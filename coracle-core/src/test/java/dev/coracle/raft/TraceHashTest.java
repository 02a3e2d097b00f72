package dev.coracle.raft;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** A field that the hash does not see is one in which two runs may differ without anybody noticing. */
class TraceHashTest {
    private interface Adder {
        void add(TraceHash hash, Object value);
    }

    @TestFactory
    List<DynamicTest> everyFieldOfEveryMessageCounts() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Class<?> type : recordsBelow(Message.class)) {
            tests.add(DynamicTest.dynamicTest(
                    type.getSimpleName(), () -> allDiffer(type, (hash, message) -> hash.add((Message) message))));
        }
        return tests;
    }

    @Test
    void everyFieldOfAReadyCounts() throws ReflectiveOperationException {
        allDiffer(Ready.class, (hash, ready) -> hash.add((Ready) ready));
    }

    @Test
    void theOrderCounts() {
        TraceHash one = new TraceHash();
        one.add(1);
        one.add(2);
        TraceHash other = new TraceHash();
        other.add(2);
        other.add(1);
        assertThat(one.value()).isNotEqualTo(other.value());
    }

    @Test
    void absentBytesAreNotEmptyOnes() {
        TraceHash absent = new TraceHash();
        absent.add(new Entry(1, 1, EntryType.NORMAL, null));
        TraceHash empty = new TraceHash();
        empty.add(new Entry(1, 1, EntryType.NORMAL, new byte[0]));
        assertThat(absent.value()).isNotEqualTo(empty.value());
    }

    private static List<Class<?>> recordsBelow(Class<?> sealed) {
        List<Class<?>> records = new ArrayList<>();
        for (Class<?> type : sealed.getPermittedSubclasses()) {
            if (type.isRecord()) {
                records.add(type);
            } else {
                records.addAll(recordsBelow(type));
            }
        }
        return records;
    }

    private static void allDiffer(Class<?> type, Adder adder) throws ReflectiveOperationException {
        Map<Long, Object> byHash = new LinkedHashMap<>();
        for (Object value : variants(type)) {
            TraceHash hash = new TraceHash();
            adder.add(hash, value);
            Object same = byHash.put(hash.value(), value);
            assertThat(same).as("has the hash of %s", value).isNull();
        }
    }

    /** A value of the type, and for each field in it, however deep, one that differs in that field alone. */
    private static List<Object> variants(Type type) throws ReflectiveOperationException {
        if (type == long.class || type == Long.class) {
            return List.of(1L, 2L);
        } else if (type == boolean.class) {
            return List.of(false, true);
        } else if (type == Bytes.class) {
            return List.of(Bytes.of((byte) 1), Bytes.of((byte) 2), Bytes.of((byte) 1, (byte) 1));
        } else if (type == Entry.class) {
            byte[] one = {1};
            byte[] other = {2};
            return List.of(
                    new Entry(1, 1, EntryType.NORMAL, one, one),
                    new Entry(2, 1, EntryType.NORMAL, one, one),
                    new Entry(1, 2, EntryType.NORMAL, one, one),
                    new Entry(1, 1, EntryType.CONF_CHANGE, one, one),
                    new Entry(1, 1, EntryType.NORMAL, other, one),
                    new Entry(1, 1, EntryType.NORMAL, one, other));
        } else if (type == Message.class) {
            return List.of(new Message.Unreachable(1), new Message.Unreachable(2), new Message.Hup());
        } else if (type instanceof ParameterizedType list && list.getRawType() == List.class) {
            List<Object> lists = new ArrayList<>();
            List<Object> elements = variants(list.getActualTypeArguments()[0]);
            elements.forEach(element -> lists.add(List.of(element)));
            lists.add(List.of());
            lists.add(List.of(elements.get(0), elements.get(0)));
            return lists;
        } else if (type instanceof Class<?> enumeration && enumeration.isEnum()) {
            return Arrays.asList(enumeration.getEnumConstants());
        } else if (type instanceof Class<?> record && record.isRecord()) {
            return recordVariants(record);
        }
        throw new IllegalArgumentException("no values of " + type);
    }

    private static List<Object> recordVariants(Class<?> type) throws ReflectiveOperationException {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        Object[] first = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            types[i] = components[i].getType();
            first[i] = variants(components[i].getGenericType()).get(0);
        }
        List<Object> values = new ArrayList<>();
        values.add(type.getDeclaredConstructor(types).newInstance(first));
        for (int i = 0; i < components.length; i++) {
            List<Object> ofField = variants(components[i].getGenericType());
            for (Object other : ofField.subList(1, ofField.size())) {
                Object[] changed = first.clone();
                changed[i] = other;
                values.add(type.getDeclaredConstructor(types).newInstance(changed));
            }
        }
        return values;
    }
}
