package dev.coracle.testkit.history;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

class HistoryPictureTest {
    private final History<Register.Input<String>, Object> history = new History<>();

    @Test
    void barsOverlapIfAndOnlyIfTheOperationsDo() throws Exception {
        write("c1", "<a&b>", 10, 20);
        write("c2", "second", 20, 20);
        history.unknown(history.invoke("c3", Register.write("lost"), 15), 40);
        history.failed(history.invoke("c4", Register.write("never"), 21), 30);
        history.ok(history.invoke("c1", Register.read(), 50), "wrong", 60);

        String page = HistoryPicture.html(LinearizabilityChecker.check(new Register<>(), history)
                .wrongPart()
                .orElseThrow());

        List<Element> bars = bars(page);
        assertThat(bars)
                .extracting(bar -> text(bar, "text"))
                .containsExactly(
                        "write <a&b> -> ok",
                        "read -> wrong",
                        "write second -> ok",
                        "write lost -> unknown",
                        "write never -> failed");
        assertThat(bars)
                .extracting(bar -> rectangle(bar).getAttribute("class"))
                .containsExactly("ok", "wrong", "ok", "unknown", "failed");
        assertThat(text(bars.get(3), "title")).isEqualTo("operation 2 of c3, 15 to 40: write lost -> unknown");
        long[][] times = {{10, 20}, {50, 60}, {20, 20}, {15, 40}, {21, 30}};
        for (int one = 0; one < times.length; one++) {
            for (int other = 0; other < times.length; other++) {
                boolean isBefore = times[one][1] < times[other][0];
                assertThat(end(bars.get(one)) < begin(bars.get(other)))
                        .as("bar %d is drawn before bar %d", one, other)
                        .isEqualTo(isBefore);
            }
        }
    }

    private void write(String client, String value, long call, long end) {
        history.ok(history.invoke(client, Register.write(value), call), null, end);
    }

    private static List<Element> bars(String page) throws Exception {
        String drawing = page.substring(page.lastIndexOf("<svg"), page.lastIndexOf("</svg>") + "</svg>".length());
        NodeList groups = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(drawing)))
                .getElementsByTagName("g");
        List<Element> bars = new ArrayList<>();
        for (int at = 0; at < groups.getLength(); at++) {
            bars.add((Element) groups.item(at));
        }
        return bars;
    }

    private static Element rectangle(Element bar) {
        return (Element) bar.getElementsByTagName("rect").item(0);
    }

    private static String text(Element bar, String name) {
        return bar.getElementsByTagName(name).item(0).getTextContent();
    }

    private static int begin(Element bar) {
        return Integer.parseInt(rectangle(bar).getAttribute("x"));
    }

    private static int end(Element bar) {
        return begin(bar) + Integer.parseInt(rectangle(bar).getAttribute("width"));
    }
}
