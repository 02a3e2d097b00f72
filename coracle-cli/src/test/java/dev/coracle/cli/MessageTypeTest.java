package dev.coracle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.coracle.raft.Bytes;
import dev.coracle.raft.HardState;
import dev.coracle.raft.Message;
import dev.coracle.raft.MessageType;
import dev.coracle.raft.Snapshot;
import java.lang.reflect.RecordComponent;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** That the constants of {@link MessageType} and the records of {@link Message} belong to each other in pairs. */
class MessageTypeTest {
    @Test
    void eachTypeHasOneRecordAndEachRecordItsOwnType() throws ReflectiveOperationException {
        Map<MessageType, Class<?>> records = new EnumMap<>(MessageType.class);
        for (Class<?> record : records(Message.class).toList()) {
            MessageType type = zero(record).type();
            assertThat(records.put(type, record))
                    .as("another record of type %s", type)
                    .isNull();
            assertThat(record.getSimpleName().toUpperCase(Locale.ROOT))
                    .as("the record of type %s", type)
                    .isEqualTo(type.name().replace("_", ""));
        }
        assertThat(records).containsOnlyKeys(MessageType.values());
    }

    private static Stream<Class<?>> records(Class<?> type) {
        return type.isRecord()
                ? Stream.of(type)
                : Stream.of(type.getPermittedSubclasses()).flatMap(MessageTypeTest::records);
    }

    /** A message whose fields are all zero. */
    private static Message zero(Class<?> record) throws ReflectiveOperationException {
        Class<?>[] types = Stream.of(record.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new);
        Map<Class<?>, Object> zeros = Map.of(
                long.class,
                0L,
                boolean.class,
                false,
                List.class,
                List.of(),
                Bytes.class,
                Bytes.EMPTY,
                Snapshot.class,
                Snapshot.EMPTY,
                HardState.class,
                HardState.EMPTY);
        Object[] values = Stream.of(types).map(zeros::get).toArray();
        return (Message) record.getDeclaredConstructor(types).newInstance(values);
    }
}
