package dev.coracle.testkit.history;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A page that shows a wrong part of a history among all that happened to the same partition at the time: a row for each
 * client, a bar for each operation from its call to its end. One file that needs no others.
 */
public final class HistoryPicture {
    private static final int MAX_SHOWN = 200;
    private static final int SHOWN_BEFORE = 6;
    private static final int CHARACTER = 8;
    private static final int GAP = 14;
    private static final int BAR = 24;
    private static final int ROW = 30;
    private static final int MARGIN = 16;
    private static final int TIME_ROWS = 3;
    /** Room for the last time, which is written to the right of its line. */
    private static final int LAST_TIME = 80;

    private static final String STYLE = """
            :root { color-scheme: light dark; --text: #1f2328; --back: #ffffff; --line: #d0d7de; --soft: #f3f5f7;
                --wrong: #cf222e; --ok: #dbe9f9; --failed: #ffffff; --unknown: #fdf0cd; }
            @media (prefers-color-scheme: dark) { :root { --text: #e6edf3; --back: #0d1117; --line: #3d444d;
                --soft: #151b23; --wrong: #c93c37; --ok: #1c3553; --failed: #0d1117; --unknown: #4a3a10; } }
            body { font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--back); margin: 24px; }
            h1 { font-size: 20px; }
            p { max-width: 80em; margin: 0.4em 0; overflow-wrap: anywhere; }
            .scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; margin: 16px 0; }
            .scroll { display: flex; }
            svg { display: block; flex: none; }
            svg.names { position: sticky; left: 0; background: var(--back); border-right: 1px solid var(--line); }
            svg text { font: 13px ui-monospace, monospace; fill: var(--text); }
            .band { fill: var(--soft); }
            .rule { stroke: var(--wrong); stroke-dasharray: 3 4; opacity: 0.6; }
            rect.ok { fill: var(--ok); stroke: var(--line); }
            rect.failed { fill: var(--failed); stroke: var(--line); stroke-dasharray: 4 3; }
            rect.unknown { fill: var(--unknown); stroke: var(--line); stroke-dasharray: 4 3; }
            rect.wrong { fill: var(--wrong); stroke: var(--wrong); }
            svg text.wrong { fill: #ffffff; font-weight: 600; }
            svg text.time { font-size: 11px; }
            .key span { display: inline-block; padding: 0 8px; margin-right: 12px; border: 1px solid var(--line);
                border-radius: 3px; }
            """;

    private final WrongPart<?, ?> part;
    private final StringBuilder svg = new StringBuilder();

    private HistoryPicture(WrongPart<?, ?> part) {
        this.part = part;
    }

    /** The page, as HTML with its style and drawing in it. */
    public static String html(WrongPart<?, ?> part) {
        return new HistoryPicture(part).page(part);
    }

    /** A call or an end. At equal times calls come first, so that operations that touch overlap. */
    private record Moment(long time, boolean isEnd) implements Comparable<Moment> {
        @Override
        public int compareTo(Moment other) {
            return time != other.time ? Long.compare(time, other.time) : Boolean.compare(isEnd, other.isEnd);
        }
    }

    /** A bar: an operation and where it is drawn. */
    private static final class Bar {
        final String label;
        final String tip;
        final String row;
        final String kind;
        final boolean isWrong;
        final Moment from;
        final Moment to;

        Bar(String label, String tip, String row, String kind, boolean isWrong, long from, long to) {
            this.label = label;
            this.tip = tip;
            this.row = row;
            this.kind = kind;
            this.isWrong = isWrong;
            this.from = new Moment(from, false);
            this.to = new Moment(to, true);
        }

        int width() {
            return label.length() * CHARACTER + 12;
        }
    }

    private <I, O extends @Nullable Object> String page(WrongPart<I, O> wrong) {
        List<Bar> bars = bars(wrong);
        draw(bars);
        StringBuilder page =
                new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<title>");
        page.append(escaped(part.headline())).append("</title>\n<style>\n").append(STYLE);
        page.append("</style></head><body>\n<h1>")
                .append(escaped(part.headline()))
                .append("</h1>\n");
        part.explanation()
                .forEach(line -> page.append("<p>").append(escaped(line)).append("</p>\n"));
        page.append("<div class=\"scroll\">\n").append(svg).append("</div>\n");
        page.append("<p class=\"key\"><span style=\"background: var(--wrong); color: #fff\">the wrong part</span>"
                + "<span style=\"background: var(--ok)\">other operations then</span>"
                + "<span style=\"background: var(--unknown); border-style: dashed\">outcome unknown</span>"
                + "<span style=\"border-style: dashed\">certainly failed</span>"
                + "Order and overlap are as they were; distances are not.</p>\n");
        page.append("<script>document.querySelector('rect.wrong').scrollIntoView({inline: 'center'});</script>\n");
        return page.append("</body></html>\n").toString();
    }

    /** The operations of the part, the others while it went on, and a few before, each as far as it is in that time. */
    private static <I, O extends @Nullable Object> List<Bar> bars(WrongPart<I, O> wrong) {
        Set<Operation<I, O>> inPart = new HashSet<>(wrong.operations());
        long begin =
                wrong.operations().stream().mapToLong(Operation::call).min().orElseThrow();
        long to = wrong.operations().stream()
                .filter(operation -> operation.end() != Long.MAX_VALUE)
                .mapToLong(Operation::end)
                .max()
                .orElseThrow();
        long from = wrong.all().stream()
                .filter(operation -> operation.outcome() == Outcome.OK && operation.end() < begin)
                .sorted(Comparator.<Operation<I, O>>comparingLong(Operation::end)
                        .reversed())
                .limit(SHOWN_BEFORE)
                .mapToLong(Operation::call)
                .min()
                .orElse(begin);
        List<Operation<I, O>> shown = new ArrayList<>(wrong.operations());
        wrong.all().stream()
                .filter(other -> !inPart.contains(other) && other.call() <= to && other.end() >= from)
                .sorted(Comparator.<Operation<I, O>>comparingLong(Operation::end)
                        .reversed())
                .limit(MAX_SHOWN)
                .forEach(shown::add);
        shown.sort(Comparator.<Operation<I, O>>comparingLong(Operation::call).thenComparingInt(Operation::id));
        List<Bar> bars = new ArrayList<>();
        for (Operation<I, O> operation : shown) {
            String kind = switch (operation.outcome()) {
                case OK -> "ok";
                case FAILED -> "failed";
                case UNKNOWN -> "unknown";
            };
            String at = operation.isStale() ? " @ " + operation.replica() : "";
            String end = operation.end() == Long.MAX_VALUE ? "still waiting" : String.valueOf(operation.end());
            bars.add(new Bar(
                    wrong.label(operation) + at,
                    "operation " + operation.id() + " of " + operation.client() + at + ", " + operation.call() + " to "
                            + end + ": " + wrong.label(operation),
                    operation.client(),
                    kind,
                    inPart.contains(operation),
                    Math.max(from, operation.call()),
                    Math.min(to, operation.end())));
        }
        return bars;
    }

    private void draw(List<Bar> bars) {
        Map<String, List<List<Bar>>> rows = rows(bars);
        Map<Moment, Integer> places = places(bars);
        int right = places.values().stream().mapToInt(Integer::intValue).max().orElse(0);
        int lines = rows.values().stream().mapToInt(List::size).sum();
        int bottom = MARGIN + lines * ROW;
        int height = bottom + TIME_ROWS * 14 + MARGIN;
        int nameWidth = rows.keySet().stream().mapToInt(String::length).max().orElse(0) * CHARACTER + 2 * MARGIN;
        int width = right + LAST_TIME + MARGIN;
        drawRows(rows, nameWidth, height, true);
        drawRows(rows, width, height, false);
        drawTimes(bars, places, bottom);
        int y = MARGIN;
        for (List<List<Bar>> row : rows.values()) {
            for (List<Bar> line : row) {
                for (Bar bar : line) {
                    drawBar(bar, place(places, bar.from), y + (ROW - BAR) / 2, place(places, bar.to));
                }
                y += ROW;
            }
        }
        svg.append("</svg>\n");
    }

    /** The rows' background, as the whole of the drawing that has their names and as the begin of the other. */
    private void drawRows(Map<String, List<List<Bar>>> rows, int width, int height, boolean isNames) {
        svg.append("<svg class=\"%s\" width=\"%d\" height=\"%d\" role=\"img\">%n"
                .formatted(isNames ? "names" : "bars", width, height));
        int y = MARGIN;
        boolean isBand = true;
        for (Map.Entry<String, List<List<Bar>>> row : rows.entrySet()) {
            int rowHeight = row.getValue().size() * ROW;
            if (isBand) {
                svg.append(
                        "<rect class=\"band\" y=\"%d\" width=\"%d\" height=\"%d\"/>%n".formatted(y, width, rowHeight));
            }
            if (isNames) {
                svg.append("<text x=\"%d\" y=\"%d\">%s</text>%n".formatted(MARGIN, y + 20, escaped(row.getKey())));
            }
            isBand = !isBand;
            y += rowHeight;
        }
        svg.append(isNames ? "</svg>\n" : "");
    }

    /** For each client its bars, in as many lines as it takes that none covers another. */
    private static Map<String, List<List<Bar>>> rows(List<Bar> bars) {
        Map<String, List<List<Bar>>> rows = new LinkedHashMap<>();
        bars.stream()
                .map(bar -> bar.row)
                .distinct()
                .sorted(Comparator.comparingInt(String::length).thenComparing(Comparator.naturalOrder()))
                .forEach(row -> rows.put(row, new ArrayList<>()));
        for (Bar bar : bars) {
            List<List<Bar>> lines = Objects.requireNonNull(rows.get(bar.row));
            List<Bar> free = null;
            for (List<Bar> line : lines) {
                if (free == null && line.get(line.size() - 1).to.compareTo(bar.from) < 0) {
                    free = line;
                }
            }
            if (free == null) {
                free = new ArrayList<>();
                lines.add(free);
            }
            free.add(bar);
        }
        return rows;
    }

    /** Where each time is drawn: in order, and as far apart as the texts need. */
    private static Map<Moment, Integer> places(List<Bar> bars) {
        TreeSet<Moment> times = new TreeSet<>();
        Map<Moment, List<Bar>> ending = new HashMap<>();
        bars.forEach(bar -> {
            times.add(bar.from);
            times.add(bar.to);
            ending.computeIfAbsent(bar.to, end -> new ArrayList<>()).add(bar);
        });
        Map<Moment, Integer> places = new LinkedHashMap<>();
        int place = 0;
        for (Moment moment : times) {
            place += GAP;
            for (Bar bar : ending.getOrDefault(moment, List.of())) {
                place = Math.max(place, place(places, bar.from) + bar.width());
            }
            places.put(moment, place);
        }
        return places;
    }

    private static int place(Map<Moment, Integer> places, Moment moment) {
        return Objects.requireNonNull(places.get(moment));
    }

    private void drawTimes(List<Bar> bars, Map<Moment, Integer> places, int bottom) {
        TreeSet<Moment> times = new TreeSet<>();
        bars.stream().filter(bar -> bar.isWrong).forEach(bar -> {
            times.add(bar.from);
            times.add(bar.to);
        });
        int number = 0;
        for (Moment moment : times) {
            int x = place(places, moment);
            svg.append("<line class=\"rule\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>%n"
                    .formatted(x, MARGIN, x, bottom + 4));
            svg.append("<text class=\"time\" x=\"%d\" y=\"%d\">%d</text>%n"
                    .formatted(x, bottom + 14 + number++ % TIME_ROWS * 14, moment.time));
        }
    }

    private void drawBar(Bar bar, int x, int y, int right) {
        svg.append("<g><title>").append(escaped(bar.tip)).append("</title>");
        svg.append("<rect class=\"%s\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\"/>"
                .formatted(bar.isWrong ? "wrong" : bar.kind, x, y, right - x, BAR));
        svg.append("<text%s x=\"%d\" y=\"%d\">%s</text></g>%n"
                .formatted(bar.isWrong ? " class=\"wrong\"" : "", x + 6, y + 17, escaped(bar.label)));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
