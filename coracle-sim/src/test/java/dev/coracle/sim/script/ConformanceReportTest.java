package dev.coracle.sim.script;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Conformance} prints and returns, with scripts of the smallest language. */
class ConformanceReportTest {
    private static final String PASSING = "vote cfg=(1) votes=(y)\n----\nVoteWon\n";

    @TempDir
    Path folder;

    private int status;

    @Test
    void printsALineForEachFileOfAFolderAndItsSubfoldersSorted() throws IOException {
        write("b.txt", PASSING);
        write("a/z.txt", PASSING);
        write("c.md", "no script");
        write(".hidden.txt", "no script");

        assertThat(run(folder)).isEqualTo("PASS " + at("a/z.txt") + "\nPASS " + at("b.txt") + "\n2 passed, 0 failed\n");
        assertThat(status).isZero();
    }

    @Test
    void takesAFileByWhateverNameItIsGiven() throws IOException {
        write("script", PASSING);

        assertThat(run(folder.resolve("script"))).endsWith("1 passed, 0 failed\n");
        assertThat(status).isZero();
    }

    @Test
    void showsTheFirstDifferenceAndGoesOnWithTheNextFile() throws IOException {
        write(
                "a.txt",
                "# The first difference is in line 8.\n" + PASSING + "\nvote  cfg=(1) votes=(n)\n----\nVoteWin\n");
        write("b.txt", PASSING);

        assertThat(run(folder))
                .isEqualTo("FAIL " + at("a.txt") + ":8\n"
                        + "  vote  cfg=(1) votes=(n)   (line 6)\n"
                        + "  8 expected: VoteWin\n"
                        + "  8 actual:   VoteLost\n"
                        + "                  ^\n"
                        + "PASS " + at("b.txt") + "\n"
                        + "1 passed, 1 failed\n");
        assertThat(status).isEqualTo(1);
    }

    @Test
    void showsAnAnswerThatEndsEarly() throws IOException {
        write("a.txt", "committed cfg=(1) idx=(5)\n----\n     idx\n>      5    (id=1)\n5\nmore\n");

        assertThat(run(folder))
                .isEqualTo("FAIL " + at("a.txt") + ":6\n"
                        + "  committed cfg=(1) idx=(5)   (line 1)\n"
                        + "  6 expected: more\n"
                        + "  6 actual:   (nothing more)\n"
                        + "0 passed, 1 failed\n");
    }

    @Test
    void showsAnAnswerThatGoesOn() throws IOException {
        write("a.txt", "vote cfg=(1) votes=(y)\n----\n\n");

        assertThat(run(folder))
                .contains("FAIL " + at("a.txt") + ":3\n")
                .contains("  3 expected: (nothing more)\n  3 actual:   VoteWon\n");
    }

    @Test
    void saysThatOnlyWhiteSpaceAtTheEndDiffers() throws IOException {
        write("a.txt", "vote cfg=(1) votes=(y)\n----\nVoteWon  \n");

        assertThat(run(folder))
                .isEqualTo("FAIL " + at("a.txt") + ":3\n"
                        + "  vote cfg=(1) votes=(y)   (line 1)\n"
                        + "  only the white space at the end of line 3 differs; a bar marks the end\n"
                        + "  3 expected: VoteWon  |\n"
                        + "  3 actual:   VoteWon|\n"
                        + "                     ^\n"
                        + "0 passed, 1 failed\n");
    }

    @Test
    void failsAMalformedScriptAtItsLine() throws IOException {
        write("a.txt", PASSING + "\nvote cfg=(1\n");

        assertThat(run(folder))
                .isEqualTo("FAIL " + at("a.txt") + ":5\n"
                        + "  cannot parse directive at column 6: vote cfg=(1\n"
                        + "0 passed, 1 failed\n");
        assertThat(status).isEqualTo(1);
    }

    @Test
    void failsACommandThatMakesNoSense() throws IOException {
        write("a.txt", PASSING + "\nvote cfg=(1) votes=(maybe)\n----\nVoteWon\n");

        assertThat(run(folder))
                .startsWith("FAIL " + at("a.txt") + ":5\n  vote cfg=(1) votes=(maybe): unknown vote: maybe\n");
    }

    @Test
    void failsAFileThatIsNoText() throws IOException {
        Files.write(folder.resolve("a.txt"), new byte[] {'v', (byte) 0xff});

        assertThat(run(folder)).startsWith("FAIL " + at("a.txt") + ":1\n  the file is not UTF-8\n");
        assertThat(status).isEqualTo(1);
    }

    @Test
    void namesAPathThatCannotBeReadAndRunsTheOthers() throws IOException {
        write("a.txt", PASSING);
        Path missing = folder.resolve("missing.txt");

        assertThat(run(missing, folder))
                .startsWith("cannot read " + missing + ": ")
                .endsWith("PASS " + at("a.txt") + "\n1 passed, 0 failed\n");
        assertThat(status).isEqualTo(2);
    }

    @Test
    void saysThatThereIsNothingToRun() {
        assertThat(run(folder)).isEqualTo("no script to run: no *.txt below " + folder + "\n0 passed, 0 failed\n");
        assertThat(status).isEqualTo(2);

        assertThat(run()).isEqualTo("no script to run: no path was given\n0 passed, 0 failed\n");
        assertThat(status).isEqualTo(2);
    }

    @Test
    void printsUtf8WhateverTheStreamsCharsetIs() throws IOException {
        write("a.txt", "committed\n----\n0\n");
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        status = Conformance.run(Arrays.asList(folder), new PrintStream(bytes, false, ISO_8859_1));

        assertThat(bytes.toString(UTF_8)).contains("actual:   <empty majority quorum>∞\n");
    }

    private void write(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private String at(String name) {
        return folder.resolve(name).toString();
    }

    private String run(Path... paths) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        status = Conformance.run(Arrays.asList(paths), new PrintStream(bytes, false, UTF_8));
        return bytes.toString(UTF_8);
    }
}
