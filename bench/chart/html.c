/* A page that needs nothing else: a section for each run with its roofline, its roofs, its cases and its probes;
 * before them, where there are several runs, what they have in common. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "chart.h"
#include "error.h"

static const char style[] =
    ":root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6472; --line: #dde1e7; --back: #fff; --card: "
    "#f6f7f9;\n"
    "  --good: #12876a; --bad: #c81e3a; }\n"
    "@media screen and (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a3adbb; --line: "
    "#2d3440;\n"
    "  --back: #14181f; --card: #1c222b; --good: #4fd1ad; --bad: #ff6b81; } }\n"
    "* { box-sizing: border-box; }\n"
    "body { font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; margin: 0 "
    "auto;\n"
    "  padding: 1.2em 1em 4em; max-width: 78em; color: var(--ink); background: var(--back); }\n"
    "h1 { font-size: 1.5em; margin: .2em 0; } h2 { font-size: 1.2em; margin: 1.8em 0 .4em; } p { margin: .4em 0; "
    "}\n"
    ".soft { color: var(--soft); } .bad { color: var(--bad); font-weight: 600; }\n"
    ".facts { display: flex; flex-wrap: wrap; gap: .6em; margin: 1em 0; }\n"
    ".facts div { background: var(--card); border-radius: .5em; padding: .5em .9em; }\n"
    ".facts b { display: block; font-size: 1.15em; font-variant-numeric: tabular-nums; }\n"
    ".wide { overflow-x: auto; } svg { width: 100%; height: auto; display: block; } .small { display: none; }\n"
    "@media (max-width: 640px) { .large { display: none; } .small { display: block; } body { padding: .8em .5em; } "
    "}\n"
    "table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .93em; }\n"
    "th, td { padding: .22em .7em; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; "
    "}\n"
    "th { color: var(--soft); font-weight: 600; } .left { text-align: left; }\n"
    ".bar { display: inline-block; height: .6em; border-radius: .2em; background: var(--good); }\n"
    ".bad .bar { background: var(--bad); } .track { display: inline-block; width: 6em; text-align: left; }\n"
    "summary { cursor: pointer; } a { color: inherit; }\n"
    "@media print { body { max-width: none; font-size: 10px; padding: 0; } .wide { overflow: visible; }\n"
    "  section { break-after: page; } section:last-child { break-after: auto; } h2 { break-after: avoid; }\n"
    "  tr, svg { break-inside: avoid; } .large { display: block; } .small { display: none; } }\n";

static void put_value(FILE *to, const char *tag, double value, const char *unit) {
    char text[32];
    ar_chart_value(value, unit, text, sizeof text);
    if (value > 0)
        fprintf(to, "<%s>%s</%s>", tag, text, tag);
    else
        fprintf(to, "<%s class=\"soft\">–</%s>", tag, tag);
}

static void put_fact(FILE *to, const char *name, double value, const char *unit) {
    if (value <= 0)
        return;
    fputs("<div>", to);
    put_value(to, "b", value, unit);
    fprintf(to, "<span class=\"soft\">%s</span></div>\n", name);
}

/* The mean share of the roof of the cases that ran. */
static double mean_fraction(const json_t *run) {
    double sum = 0;
    size_t n = 0, i;
    json_t *record;
    json_array_foreach(json_object_get(run, "records"), i, record) {
        double fraction = ar_json_number(record, "roof.fraction");
        if (fraction > 0 && !json_is_true(ar_json_at(record, "roof.fault"))) {
            sum += log(fraction);
            n++;
        }
    }
    return n ? exp(sum / (double)n) : 0;
}

static void put_head(FILE *to, const json_t *run, size_t index) {
    fprintf(to, "<section id=\"run%zu\">\n<h1>", index);
    ar_put_escaped(to, ar_json_text(run, "device.name"));
    fputs("</h1>\n<p class=\"soft\">", to);
    ar_put_escaped(to, ar_json_text(run, "device.platform"));
    fputc(' ', to);
    ar_put_escaped(to, ar_json_text(run, "device.driver"));
    fprintf(to, " · %.0f compute units", ar_json_number(run, "device.compute_units"));
    if (ar_json_text(run, "cpu")[0]) {
        fputs(" · host ", to);
        ar_put_escaped(to, ar_json_text(run, "cpu"));
    }
    fputs(" · Arete ", to);
    ar_put_escaped(to, ar_json_text(run, "arete"));
    fputs(" · ", to);
    ar_put_escaped(to, ar_json_text(run, "date"));
    fputs("</p>\n<div class=\"facts\">\n", to);
    put_fact(to, "f32 peak", ar_json_number(run, "roofs.peak.f32"), "FLOP/s");
    put_fact(to, "f64 peak", ar_json_number(run, "roofs.peak.f64"), "FLOP/s");
    put_fact(to, "f16 peak", ar_json_number(run, "roofs.peak.f16"), "FLOP/s");
    put_fact(to, "memory", ar_json_number(run, "roofs.bandwidth"), "B/s");
    put_fact(to, "random read", ar_json_number(run, "roofs.latency_seconds"), "s");
    put_fact(to, "one more launch", ar_json_number(run, "roofs.launch_seconds"), "s");
    put_fact(to, "a launch and a wait", ar_json_number(run, "roofs.sync_seconds"), "s");
    double mean = mean_fraction(run);
    if (mean > 0)
        fprintf(to, "<div><b>%.0f%%</b><span class=\"soft\">of the roof, mean of the cases</span></div>\n",
                100 * mean);
    fputs("</div>\n", to);
}

static void put_charts(FILE *to, const json_t *runs) {
    ar_chart chart;
    if (ar_chart_make(runs, &chart) != ARETE_OK)
        return;
    fputs("<div class=\"large\">", to);
    ar_chart_draw(to, &chart, 1100, 620, false);
    fputs("</div>\n<div class=\"small\">", to);
    ar_chart_draw(to, &chart, 430, 560, false);
    fputs("</div>\n", to);
    if (chart.dot_count && chart.run_count == 1)
        fputs("<p class=\"soft\">Numbers lead to the table of cases; a pointer on a mark shows the case. A mark "
              "stands at the "
              "operations that the solver executed.</p>\n",
              to);
    if (chart.elsewhere)
        fprintf(to, "<p class=\"soft\">%zu cases have no place here: they compute nothing, or did not run.</p>\n",
                chart.elsewhere);
    ar_chart_free(&chart);
}

static void put_roof_row(FILE *to, const char *what, const char *name, double measured, double sheet,
                         const char *unit) {
    fprintf(to, "<tr><td class=\"left\">%s", what);
    ar_put_escaped(to, name);
    fputs("</td>", to);
    put_value(to, "td", measured, unit);
    put_value(to, "td", sheet, unit);
    if (measured > 0 && sheet > 0)
        fprintf(to, "<td%s>%.0f%%</td></tr>\n", measured > 1.03 * sheet ? " class=\"bad\"" : "",
                100 * measured / sheet);
    else
        fputs("<td class=\"soft\">–</td></tr>\n", to);
}

static void put_roofs(FILE *to, const json_t *run) {
    const char *unit, *part = ar_json_text(run, "datasheet.part");
    json_t *value;
    size_t i;
    const json_t *sheet = ar_json_at(run, "datasheet.peak");
    fprintf(to, "<h2>Roofs</h2>\n<div class=\"wide\"><table><tr><th class=\"left\"></th><th>%s</th><th>datasheet",
            json_is_true(ar_json_at(run, "roofs.measured")) ? "measured" : "estimated");
    if (part[0]) {
        fputs(" of ", to);
        ar_put_escaped(to, part);
    }
    fputs("</th><th>share</th></tr>\n", to);
    json_object_foreach((json_t *)(uintptr_t)ar_json_at(run, "roofs.peak"), unit, value) {
        put_roof_row(to, "arithmetic ", unit, json_number_value(value), ar_json_number(sheet, unit), "FLOP/s");
    }
    json_object_foreach((json_t *)(uintptr_t)sheet, unit, value) {
        if (!(ar_json_number(ar_json_at(run, "roofs.peak"), unit) > 0))
            put_roof_row(to, "arithmetic ", unit, 0, json_number_value(value), "FLOP/s");
    }
    json_array_foreach(ar_json_at(run, "roofs.levels"), i, value) {
        const char *name = ar_json_text(value, "name");
        put_roof_row(to, "read ", name, ar_json_number(value, "bandwidth"),
                     strcmp(name, "memory") == 0 ? ar_json_number(run, "datasheet.bandwidth") : 0, "B/s");
    }
    static const struct {
        const char *key, *name;
    } more[] = {{"write_bandwidth", "write memory"},
                {"copy_bandwidth", "copy memory"},
                {"triad_bandwidth", "triad memory"}};
    for (i = 0; i < 3; i++)
        if (ar_json_number(ar_json_at(run, "roofs"), more[i].key) > 0)
            put_roof_row(to, "", more[i].name, ar_json_number(ar_json_at(run, "roofs"), more[i].key), 0, "B/s");
    fputs("</table></div>\n", to);
    if (ar_json_text(run, "roofs.missing")[0]) {
        fputs("<p class=\"soft\">Not measured: ", to);
        ar_put_escaped(to, ar_json_text(run, "roofs.missing"));
        fputs("</p>\n", to);
    }
    if (ar_json_text(run, "notes")[0]) {
        fputs("<p class=\"soft\">", to);
        ar_put_escaped(to, ar_json_text(run, "notes"));
        fputs("</p>\n", to);
    }
}

static void put_check(FILE *to, const json_t *record) {
    const json_t *check = json_object_get(record, "check");
    bool passed = json_is_true(json_object_get(check, "passed"));
    if (!json_is_object(check)) {
        fputs("<td class=\"bad\" title=\"", to);
        ar_put_escaped(to, ar_json_text(record, "why"));
        fputs("\">", to);
        ar_put_escaped(to, ar_json_text(record, "outcome"));
        fputs("</td>", to);
    } else {
        fprintf(to, "<td%s>%.1e of %.1e</td>", passed ? "" : " class=\"bad\"", ar_json_number(check, "max_error"),
                ar_json_number(check, "tolerance"));
    }
}

static void put_peers(FILE *to, const json_t *record, const json_t *peers) {
    const char *name;
    json_t *peer;
    json_object_foreach((json_t *)(uintptr_t)peers, name, peer) {
        const json_t *ran = json_object_get(json_object_get(record, "peers"), name);
        if (json_object_get(ran, "ratio")) {
            fprintf(to, "<td>%.2f</td>", ar_json_number(ran, "ratio"));
        } else {
            fputs("<td class=\"soft\" title=\"", to);
            ar_put_escaped(to, ar_json_text(ran, "why"));
            fputs("\">–</td>", to);
        }
    }
}

static void put_record(FILE *to, const json_t *record, size_t number, const json_t *peers) {
    double fraction = ar_json_number(record, "roof.fraction"), bytes = ar_json_number(record, "bytes");
    bool fault = json_is_true(ar_json_at(record, "roof.fault"));
    fprintf(to, "<tr><td>%zu</td><td class=\"left\">", number);
    ar_put_escaped(to, ar_json_text(record, "op"));
    fputc(' ', to);
    ar_put_escaped(to, ar_json_text(record, "case"));
    fputs("</td><td class=\"left\">", to);
    ar_put_escaped(to, ar_json_text(record, "dtype"));
    fputs("</td><td class=\"left\">", to);
    ar_put_escaped(to, ar_json_text(record, "solver"));
    fputs("</td>", to);
    put_value(to, "td", ar_json_number(record, "seconds.median"), "s");
    put_value(to, "td", ar_json_number(record, "seconds_sync.median"), "s");
    fprintf(to, "<td>%.1f</td><td>%.1f</td><td>%.3g</td>", ar_json_number(record, "gflops"),
            ar_json_number(record, "gbps"), bytes > 0 ? ar_json_number(record, "flops_executed") / bytes : 0);
    fprintf(to, "<td class=\"left%s\" title=\"", fault ? " bad" : "");
    ar_put_escaped(to, ar_json_text(record, "roof.why"));
    if (fraction > 0)
        fprintf(
            to,
            "\"><span class=\"track\"><span class=\"bar\" style=\"width:%.1fem\"></span></span> %.0f%%%s %s</td>",
            5 * (fraction < 1.2 ? fraction : 1.2), 100 * fraction, fault ? "!" : "",
            ar_json_text(record, "roof.bound"));
    else
        fputs("\">–</td>", to);
    put_check(to, record);
    put_peers(to, record, peers);
    fputs("</tr>\n", to);
}

static void put_records(FILE *to, const json_t *run) {
    const json_t *peers = json_object_get(run, "peers");
    const char *name;
    json_t *value;
    size_t i;
    if (!json_array_size(json_object_get(run, "records")))
        return;
    fputs("<h2>Cases</h2>\n<div class=\"wide\"><table>\n<tr><th>#</th><th class=\"left\">case</th><th "
          "class=\"left\">type"
          "</th><th class=\"left\">solver</th><th>a call</th><th>with a "
          "wait</th><th>GFLOP/s</th><th>GB/s</th><th>FLOP/B"
          "</th><th class=\"left\">of its roof</th><th>largest error</th>",
          to);
    json_object_foreach((json_t *)(uintptr_t)peers, name, value) {
        fputs("<th title=\"", to);
        ar_put_escaped(to, ar_json_text(value, "version"));
        fputs("\">", to);
        ar_put_escaped(to, name);
        fputs("</th>", to);
    }
    fputs("</tr>\n", to);
    json_array_foreach(json_object_get(run, "records"), i, value) {
        put_record(to, value, i + 1, peers);
    }
    fputs("</table></div>\n<p class=\"soft\">A call: the median over samples of at least 10 queued calls and one "
          "wait. Of its "
          "roof: the least time that the measured roofs allow over the time taken, and what sets it. Largest "
          "error: relative "
          "to the sum of magnitudes, of what is allowed.",
          to);
    if (json_object_size(peers))
        fputs(" A library's column: its time over Arete's in the same run; above 1, Arete is faster.", to);
    fputs("</p>\n", to);
}

static void put_probes(FILE *to, const json_t *run) {
    size_t i, j;
    json_t *probe, *result;
    if (!json_array_size(json_object_get(run, "probes")))
        return;
    fputs("<h2>Probes</h2>\n<div class=\"wide\"><table>\n", to);
    json_array_foreach(json_object_get(run, "probes"), i, probe) {
        const char *outcome = ar_json_text(probe, "outcome");
        bool passed = strcmp(outcome, "passed") == 0;
        fputs("<tr><td class=\"left\">", to);
        ar_put_escaped(to, ar_json_text(probe, "title"));
        fprintf(to, "</td><td class=\"left%s\">", strcmp(outcome, "failed") == 0 ? " bad" : passed ? "" : " soft");
        ar_put_escaped(to, ar_json_text(probe, passed ? "summary" : "why"));
        fputs("</td></tr>\n", to);
    }
    fputs(
        "</table></div>\n<details><summary>Every figure</summary><div class=\"wide\"><table>\n<tr><th "
        "class=\"left\">probe"
        "</th><th "
        "class=\"left\">what</th><th>median</th><th>best</th><th>uncertainty</th><th>samples</th><th>slow</th><th "
        "class=\"left\"></th></tr>\n",
        to);
    json_array_foreach(json_object_get(run, "probes"), i, probe) {
        json_array_foreach(json_object_get(probe, "results"), j, result) {
            const char *unit = ar_json_text(result, "unit");
            unit = strcmp(unit, "op/s") == 0 ? "FLOP/s" : unit;
            fputs("<tr><td class=\"left\">", to);
            ar_put_escaped(to, ar_json_text(probe, "name"));
            fputs("</td><td class=\"left\">", to);
            ar_put_escaped(to, ar_json_text(result, "name"));
            fputs("</td>", to);
            put_value(to, "td", ar_json_number(result, "value"), unit);
            put_value(to, "td", ar_json_number(result, "best"), unit);
            fprintf(to, "<td>%.1f%%</td><td>%zu</td><td>%zu</td><td class=\"left%s\">",
                    100 * ar_json_number(result, "seconds.uncertainty"),
                    json_array_size(ar_json_at(result, "seconds.samples")),
                    json_array_size(json_object_get(result, "flagged")),
                    json_is_true(json_object_get(result, "suspect")) ? " bad" : " soft");
            ar_put_escaped(to, ar_json_text(result, "why"));
            fputs("</td></tr>\n", to);
        }
    }
    fputs("</table></div></details>\n", to);
}

static const json_t *same_case(const json_t *run, const json_t *record) {
    size_t i;
    json_t *other;
    json_array_foreach(json_object_get(run, "records"), i, other) {
        if (strcmp(ar_json_text(other, "op"), ar_json_text(record, "op")) == 0 &&
            strcmp(ar_json_text(other, "case"), ar_json_text(record, "case")) == 0)
            return other;
    }
    return NULL;
}

static void put_common_roofs(FILE *to, const json_t *runs) {
    static const struct {
        const char *key, *name, *unit;
    } rows[] = {{"peak.f32", "f32 peak", "FLOP/s"},
                {"peak.f64", "f64 peak", "FLOP/s"},
                {"peak.f16", "f16 peak", "FLOP/s"},
                {"peak.int8", "int8 peak", "OP/s"},
                {"bandwidth", "memory", "B/s"},
                {"cache_bandwidth", "last cache", "B/s"},
                {"latency_seconds", "random read", "s"},
                {"launch_seconds", "one more launch", "s"},
                {"transfers.to_device.bandwidth", "host to device", "B/s"},
                {"transfers.from_device.bandwidth", "device to host", "B/s"}};
    size_t i;
    json_t *run;
    fputs("<div class=\"wide\"><table><tr><th class=\"left\"></th>", to);
    json_array_foreach(runs, i, run) {
        fprintf(to, "<th><a href=\"#run%zu\">%c ", i, (char)('A' + i % 26));
        ar_put_escaped(to, ar_json_text(run, "device.name"));
        fputs("</a></th>", to);
    }
    fputs("</tr>\n", to);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        fprintf(to, "<tr><td class=\"left\">%s</td>", rows[row].name);
        json_array_foreach(runs, i, run) {
            put_value(to, "td", ar_json_number(json_object_get(run, "roofs"), rows[row].key), rows[row].unit);
        }
        fputs("</tr>\n", to);
    }
    fputs("</table></div>\n", to);
}

static void put_common(FILE *to, const json_t *runs) {
    size_t i, j;
    json_t *record, *run;
    const json_t *first = json_array_get(runs, 0);
    fprintf(to, "<section>\n<h1>%zu runs side by side</h1>\n", json_array_size(runs));
    put_charts(to, runs);
    put_common_roofs(to, runs);
    if (json_array_size(json_object_get(first, "records"))) {
        fputs("<h2>Cases of the first run: a call, and how many times the first run's speed</h2>\n<div "
              "class=\"wide\"><table>"
              "<tr><th class=\"left\">case</th>",
              to);
        json_array_foreach(runs, j, run) {
            fprintf(to, "<th>%c</th>", (char)('A' + j % 26));
        }
        fputs("</tr>\n", to);
    }
    json_array_foreach(json_object_get(first, "records"), i, record) {
        double mine = ar_json_number(record, "seconds.median");
        fputs("<tr><td class=\"left\">", to);
        ar_put_escaped(to, ar_json_text(record, "op"));
        fputc(' ', to);
        ar_put_escaped(to, ar_json_text(record, "case"));
        fputs("</td>", to);
        json_array_foreach(runs, j, run) {
            double theirs = ar_json_number(same_case(run, record), "seconds.median");
            char text[32];
            ar_chart_value(theirs, "s", text, sizeof text);
            if (theirs > 0 && mine > 0 && j > 0)
                fprintf(to, "<td>%s <span class=\"soft\">%.2fx</span></td>", text, mine / theirs);
            else
                fprintf(to, "<td>%s</td>", theirs > 0 ? text : "–");
        }
        fputs("</tr>\n", to);
    }
    if (json_array_size(json_object_get(first, "records")))
        fputs("</table></div>\n", to);
    fputs("</section>\n", to);
}

static void put_run(FILE *to, const json_t *run, size_t index) {
    put_head(to, run, index);
    put_charts(to, run);
    put_roofs(to, run);
    put_records(to, run);
    put_probes(to, run);
    fputs("</section>\n", to);
}

arete_status ar_chart_html(const json_t *runs, const char *path) {
    FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    size_t i;
    json_t *run;
    bool several = json_is_array(runs) && json_array_size(runs) > 1;
    if (!to)
        return ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n<meta name=\"viewport\" "
          "content=\"width=device-"
          "width, initial-scale=1\">\n<title>Arete: ",
          to);
    ar_put_escaped(to, ar_json_text(json_is_array(runs) ? json_array_get(runs, 0) : runs, "device.name"));
    fprintf(to, "%s</title>\n<style>\n%s%s</style></head><body>\n", several ? " and others" : "", style,
            ar_chart_style);
    if (several)
        put_common(to, runs);
    if (!json_is_array(runs))
        put_run(to, runs, 0);
    else
        json_array_foreach(runs, i, run) {
            put_run(to, run, i);
        }
    fputs("</body></html>\n", to);
    bool wrong = ferror(to) != 0;
    wrong |= to == stdout ? fflush(to) != 0 : fclose(to) != 0;
    return wrong ? ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno)) : ARETE_OK;
}
