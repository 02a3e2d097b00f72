package dev.coracle.sim.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.List;
import org.junit.jupiter.api.Test;

class DataDrivenTest {
    @Test
    void readsCommandInputAndAnswerWithTheirLines() throws GrammarException {
        List<Directive> directives = parse("""
                # A comment.

                first a b=c
                some

                # input, no comment
                ----
                one
                two

                second
                ----
                """);

        assertThat(directives).hasSize(2);
        Directive first = directives.get(0);
        assertThat(first.command()).isEqualTo("first");
        assertThat(first.arguments()).containsExactly(word("a"), argument("b", "c"));
        assertThat(first.input()).isEqualTo("some\n\n# input, no comment");
        assertThat(first.expected()).isEqualTo("one\ntwo\n");
        assertThat(first.line()).isEqualTo(3);
        assertThat(first.expectedLine()).isEqualTo(8);
        assertThat(directives.get(1).expected()).isEmpty();
        assertThat(directives.get(1).line()).isEqualTo(11);
    }

    @Test
    void readsAllFormsOfArguments() throws GrammarException {
        assertThat(arguments("do  word \"quoted\" k=v k= k=1,2 k=(1,  2) k=(a(b,c), d e) k=() k=a=b k=x(y"))
                .containsExactly(
                        word("word"),
                        word("\"quoted\""),
                        argument("k", "v"),
                        argument("k", ""),
                        argument("k", "1,2"),
                        argument("k", "1", "2"),
                        argument("k", "a(b,c)", "d e"),
                        argument("k", ""),
                        argument("k", "a=b"),
                        argument("k", "x(y"));
    }

    @Test
    void keepsSpacesInsideParenthesesExceptBehindCommas() throws GrammarException {
        assertThat(arguments("do k=( a , b )")).containsExactly(argument("k", " a ", "b "));
    }

    @Test
    void joinsContinuedLines() throws GrammarException {
        List<Directive> directives = parse("do \\\n   a \\\n b=c\n----\nok\n");

        assertThat(directives).singleElement().satisfies(directive -> {
            assertThat(directive.text()).isEqualTo("do  a  b=c");
            assertThat(directive.line()).isEqualTo(1);
            assertThat(directive.expectedLine()).isEqualTo(5);
        });
    }

    @Test
    void endsAnAnswerAtALineOfWhiteSpace() throws GrammarException {
        assertThat(parse("do\n----\n  kept \n \t\nagain\n----\nlast"))
                .extracting(Directive::command, Directive::expected)
                .containsExactly(tuple("do", "  kept \n"), tuple("again", "last\n"));
    }

    @Test
    void readsAnswersWithEmptyLinesBetweenDoubledSeparators() throws GrammarException {
        List<Directive> directives = parse("do\n----\n----\none\n\n----\ntwo\n----\n----\n\nnext\n----\n");

        assertThat(directives)
                .extracting(Directive::command, Directive::expected)
                .containsExactly(tuple("do", "one\n\n----\ntwo\n"), tuple("next", ""));
        assertThat(directives.get(0).expectedLine()).isEqualTo(4);
    }

    @Test
    void readsACommandWithoutSeparatorToTheEnd() throws GrammarException {
        assertThat(parse("do\ninput\n\nmore"))
                .extracting(Directive::input, Directive::expected)
                .containsExactly(tuple("input\n\nmore", ""));
    }

    @Test
    void dropsCarriageReturnsAtTheEndsOfLines() throws GrammarException {
        assertThat(parse("do a\r\nx\r\n----\r\nok\r\n\r\nnext\r\n----\r\n"))
                .extracting(Directive::text, Directive::input, Directive::expected)
                .containsExactly(tuple("do a", "x", "ok\n"), tuple("next", "", ""));
    }

    @Test
    void passesSubtestsThatAreWellFormed() throws GrammarException {
        assertThat(parse("subtest a\nsubtest b\ndo\n----\nok\n\nsubtest end b\nsubtest end\n"))
                .extracting(Directive::command)
                .containsExactly("do");
    }

    @Test
    void findsNoDirectivesInEmptyFilesAndComments() throws GrammarException {
        assertThat(parse("")).isEmpty();
        assertThat(parse("\n  \n# nothing \\\n")).isEmpty();
    }

    @Test
    void refusesArgumentsThatItCannotRead() {
        refuses("\ndo a k=(1,(2)\n----\n", 2, "cannot parse directive at column 6: do a k=(1,(2)");
        refuses("do k=(1)x\n", 1, "cannot parse directive at column 4: do k=(1)x");
        refuses("do =x\n", 1, "cannot parse directive at column 4: do =x");
    }

    @Test
    void refusesAContinuationOfNothing() {
        refuses("do a \\", 1, "nothing follows the \\ at the end of the line");
    }

    @Test
    void refusesDoubledSeparatorsThatDoNotEndTheAnswer() {
        refuses("do\n----\n----\none\n----\n", 5, "no doubled separator ends the answer");
        refuses("do\n----\n----\none\n----\n----\nnext\n", 7, "the line after a doubled separator is not empty");
    }

    @Test
    void refusesSubtestsThatAreNotWellFormed() {
        refuses("subtest\n", 1, "not of the form: subtest NAME, or: subtest end [NAME]");
        refuses("subtest a=b\n", 1, "not of the form: subtest NAME, or: subtest end [NAME]");
        refuses("subtest end a b\n", 1, "not of the form: subtest NAME, or: subtest end [NAME]");
        refuses("subtest a b\n", 1, "a subtest has one name, not \"a b\"");
        refuses("\nsubtest end\n", 2, "no subtest has begun");
        refuses("subtest a\nsubtest end b\n", 2, "subtest a is ended as b");
        refuses("subtest a\nsubtest b\nsubtest end\n\n", 4, "subtest a has no end");
    }

    @Test
    void refusesLinesWithoutBound() {
        refuses("do\n" + "x".repeat(65_537) + "\n", 2, "the line has 65537 characters, more than 65536");
    }

    private static void refuses(String text, int line, String reason) {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOf(GrammarException.class)
                .hasMessage("script.txt:" + line + ": " + reason)
                .extracting("line", "reason")
                .containsExactly(line, reason);
    }

    private static List<Directive> parse(String text) throws GrammarException {
        return DataDriven.parse("script.txt", text);
    }

    private static List<Argument> arguments(String line) throws GrammarException {
        return parse(line).get(0).arguments();
    }

    private static Argument word(String key) {
        return new Argument(key, List.of());
    }

    private static Argument argument(String key, String... values) {
        return new Argument(key, List.of(values));
    }
}
