package dev.coracle.raft;

import static dev.coracle.raft.TestServer.bytes;
import static dev.coracle.raft.TestServer.entries;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class EntryTest {
    @Test
    void anEmptyEntryHasNoPayloadAndYetASize() {
        for (byte[] data : new byte[][] {null, {}}) {
            Entry entry = new Entry(1, 1, EntryType.NORMAL, data);

            assertThat(entry.payloadSize()).isZero();
            assertThat(entry.isEmpty()).isTrue();
            assertThat(entry.encodedSize()).isPositive();
        }
        assertThat(Entries.payloadSize(entries(1, 1, 1, 1))).isZero();
    }

    /** Sizes of the bytes that etcd's newest encoder makes of these entries. */
    @ParameterizedTest
    @CsvSource({
        // Term, index, type, bytes of data or -1 for none; the size.
        "1, 11, NORMAL, -1, 4",
        "1, 12, NORMAL, 3, 9",
        "1, 12, NORMAL, 0, 6",
        "1, 5, CONF_CHANGE_V2, -1, 6",
        "127, 127, NORMAL, -1, 4",
        "128, 127, NORMAL, -1, 5",
        "1, 16384, NORMAL, -1, 6",
        "1, 1, NORMAL, 128, 135",
        "9223372036854775807, 1, NORMAL, -1, 12",
        "-1, 1, NORMAL, -1, 13",
    })
    void theEncodedSizeIsThatOfTheWire(long term, long index, EntryType type, int length, int size) {
        byte[] data = length < 0 ? null : bytes(length);

        assertThat(new Entry(term, index, type, data).encodedSize()).isEqualTo(size);
    }

    @Test
    void theIdIsTermAndIndex() {
        assertThat(new Entry(3, 7, EntryType.NORMAL, null).id()).isEqualTo(new EntryId(3, 7));
        assertThat(Entry.normal(bytes("x")).at(3, 7))
                .isEqualTo(new Entry(3, 7, EntryType.NORMAL, bytes("x")))
                .isNotEqualTo(new Entry(3, 8, EntryType.NORMAL, bytes("x")))
                .isNotEqualTo(new Entry(4, 7, EntryType.NORMAL, bytes("x")))
                .isNotEqualTo(new Entry(3, 7, EntryType.CONF_CHANGE, bytes("x")))
                .isNotEqualTo(new Entry(3, 7, EntryType.NORMAL, bytes("y")))
                .isNotEqualTo(new Entry(3, 7, EntryType.NORMAL, null));
    }

    @ParameterizedTest
    @CsvSource({
        // Three entries of 4 bytes; the limit; how many fit, but at least one.
        "0, 1",
        "1, 1",
        "4, 1",
        "7, 1",
        "8, 2",
        "11, 2",
        "12, 3",
        "9223372036854775807, 3",
    })
    void aLimitCutsWhereTheNextEntryWouldExceedIt(long limit, int fitting) {
        List<Entry> all = entries(4, 4, 5, 6);

        assertThat(Entries.limit(all, limit)).isEqualTo(all.subList(0, fitting));
        assertThat(Entries.limit(List.of(), limit)).isEmpty();
    }

    @Test
    void headAndTailFollowEachOther() {
        assertThat(Entries.concat(entries(1, 1, 1), entries(3, 2))).isEqualTo(entries(1, 1, 1, 2));
        assertThat(Entries.concat(List.of(), entries(3, 2))).isEqualTo(entries(3, 2));
        assertThat(Entries.concat(entries(3, 2), List.of())).isEqualTo(entries(3, 2));
    }

    @ParameterizedTest
    @CsvSource({
        "1, 1, 1, 1, true",
        "2, 1, 1, 9, true",
        "1, 9, 2, 1, false",
        "1, 2, 1, 1, true",
        "1, 1, 1, 2, false",
    })
    void anIdIsAtLeastAnotherByTermThenByIndex(
            long term, long index, long otherTerm, long otherIndex, boolean atLeast) {
        assertThat(new EntryId(term, index).isAtLeast(new EntryId(otherTerm, otherIndex)))
                .isEqualTo(atLeast);
    }
}
