package dev.coracle.wal;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LaterCharactersTest {
    @Test
    void aRangeBeginsAndEndsWhereItSays() {
        assertThat(LaterCharacters.contains(0x870)).isTrue();
        assertThat(LaterCharacters.contains(0x87a)).isTrue();
        assertThat(LaterCharacters.contains(0x88e)).isTrue();
        assertThat(LaterCharacters.contains(0x86f)).isFalse();
        assertThat(LaterCharacters.contains(0x88f)).isFalse();
        assertThat(LaterCharacters.contains('a')).isFalse();
        assertThat(LaterCharacters.contains(0x323af)).isTrue();
        assertThat(LaterCharacters.contains(0x323b0)).isFalse();
    }

    /** Of Java 17 it has every one, of later ones none that Go knows. */
    @Test
    void noneOfThemIsInTheTablesOfJava17() {
        for (int character = 0; character <= Character.MAX_CODE_POINT; character++) {
            if (Runtime.version().feature() == 17 && LaterCharacters.contains(character)) {
                assertThat(Character.isDefined(character)).isFalse();
            }
        }
        assertThat(DumpQuote.of("\u061d\u087a".getBytes(java.nio.charset.StandardCharsets.UTF_8)))
                .isEqualTo("\"\\u061d\\u087a\"");
    }
}
