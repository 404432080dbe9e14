/* A report as one page that needs nothing else: what was measured on, the roofs, a table of the cases. */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "record.h"

static void put_text(FILE *to, const char *text) {
    for (; text && *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '&':
            fputs("&amp;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default:
            fputc(*text, to);
        }
    }
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *key) {
    return json_number_value(json_object_get(object, key));
}

static void put_head(FILE *to, const json_t *report) {
    const json_t *device = json_object_get(report, "device");
    fputs("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Arete: ",
          to);
    put_text(to, text_of(device, "name"));
    fputs(
        "</title>\n<style>\n"
        ":root { color-scheme: light dark; }\n"
        "body { font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 75em; padding: 0 1em; }\n"
        "table { border-collapse: collapse; font-variant-numeric: tabular-nums; }\n"
        ".wide { overflow-x: auto; }\n"
        "th, td { padding: .25em .8em; text-align: right; border-bottom: 1px solid #8884; white-space: nowrap; }\n"
        "th:first-child, td:first-child { text-align: left; }\n"
        ".bar { display: inline-block; height: .7em; background: #2a7; vertical-align: baseline; }\n"
        ".bad { color: #c33; font-weight: bold; }\n"
        "</style></head><body>\n<h1>",
        to);
    put_text(to, text_of(device, "name"));
    fputs("</h1>\n<p>", to);
    put_text(to, text_of(device, "platform"));
    fputs(" ", to);
    put_text(to, text_of(device, "driver"));
    fprintf(to, ", %.0f compute units; ", number_of(device, "compute_units"));
    put_text(to, text_of(report, "cpu"));
    fputs("; Arete ", to);
    put_text(to, text_of(report, "arete"));
    fputs(".</p>\n", to);
}

static void put_roofs(FILE *to, const json_t *roofs) {
    const char *unit;
    json_t *value, *level;
    size_t i;
    fputs("<h2>Roofs, measured in the same run</h2>\n<table><tr><th>roof</th><th></th></tr>\n", to);
    json_object_foreach(json_object_get(roofs, "peak"), unit, value) {
        fprintf(to, "<tr><td>%s</td><td>%.1f GFLOP/s</td></tr>\n", unit, json_number_value(value) * 1e-9);
    }
    json_array_foreach(json_object_get(roofs, "levels"), i, level) {
        fputs("<tr><td>read from ", to);
        put_text(to, text_of(level, "name"));
        fprintf(to, "</td><td>%.1f GB/s</td></tr>\n", number_of(level, "bandwidth") * 1e-9);
    }
    fprintf(to,
            "<tr><td>one more queued launch</td><td>%.1f µs</td></tr>\n"
            "<tr><td>one launch and a wait</td><td>%.1f µs</td></tr></table>\n",
            number_of(roofs, "launch_seconds") * 1e6, number_of(roofs, "sync_seconds") * 1e6);
}

static void put_check(FILE *to, const json_t *record) {
    const json_t *check = json_object_get(record, "check");
    if (!json_is_object(check)) {
        fputs("<td class=\"bad\">", to);
        put_text(to, text_of(record, "outcome"));
        fputs("</td>", to);
    } else {
        bool passed = json_is_true(json_object_get(check, "passed"));
        fprintf(to, "<td%s>%.1e of %.1e</td>", passed ? "" : " class=\"bad\"", number_of(check, "max_error"),
                number_of(check, "tolerance"));
    }
}

static void put_record(FILE *to, const json_t *record, const json_t *peers) {
    const json_t *roof = json_object_get(record, "roof");
    double fraction = number_of(roof, "fraction");
    const char *name;
    json_t *peer;
    fputs("<tr><td>", to);
    put_text(to, text_of(record, "op"));
    fputs(" ", to);
    put_text(to, text_of(record, "case"));
    fputs("</td><td>", to);
    put_text(to, text_of(record, "solver"));
    fprintf(to, "</td><td>%.4g</td><td>%.4g</td><td>%.1f</td><td>%.1f</td>",
            number_of(json_object_get(record, "seconds"), "median") * 1e3,
            number_of(json_object_get(record, "seconds_sync"), "median") * 1e3, number_of(record, "gflops"),
            number_of(record, "gbps"));
    fprintf(to, "<td%s>%.0f%% %s <span class=\"bar\" style=\"width:%.0fpx\"></span></td>",
            json_is_true(json_object_get(roof, "fault")) ? " class=\"bad\"" : "", 100 * fraction,
            text_of(roof, "bound"), 80 * (fraction < 1.2 ? fraction : 1.2));
    put_check(to, record);
    json_object_foreach((json_t *)(uintptr_t)peers, name, peer) {
        const json_t *ran = json_object_get(json_object_get(record, "peers"), name);
        if (json_object_get(ran, "ratio")) {
            fprintf(to, "<td>%.2f</td>", number_of(ran, "ratio"));
        } else {
            fputs("<td title=\"", to);
            put_text(to, text_of(ran, "why"));
            fputs("\">–</td>", to);
        }
    }
    fputs("</tr>\n", to);
}

static void put_records(FILE *to, const json_t *report) {
    const json_t *peers = json_object_get(report, "peers");
    const char *name;
    json_t *value;
    size_t i;
    fputs(
        "<h2>Cases</h2>\n<p>ms: median seconds per call over at least 10 queued calls and one wait; sync: one "
        "call, one "
        "wait. Roof: the share of the device's limit that is reached, and which limit. Check: largest error "
        "relative "
        "to the sum of magnitudes, of what is allowed. A library's column: its time over Arete's, in the same run; "
        "above 1, Arete is faster.</p>\n<div class=\"wide\"><table>\n<tr><th>case</th><th>solver</th><th>ms</th>"
        "<th>sync ms</th><th>GFLOP/s</th><th>GB/s</th><th>roof</th><th>check</th>",
        to);
    json_object_foreach((json_t *)(uintptr_t)peers, name, value) {
        fputs("<th title=\"", to);
        put_text(to, text_of(value, "version"));
        fputs("\">", to);
        put_text(to, name);
        fputs("</th>", to);
    }
    fputs("</tr>\n", to);
    json_array_foreach(json_object_get(report, "records"), i, value) {
        put_record(to, value, peers);
    }
    fputs("</table></div>\n</body></html>\n", to);
}

arete_status ar_html_write(const json_t *report, const char *path) {
    FILE *to = fopen(path, "w");
    if (!to) {
        return ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    }
    put_head(to, report);
    put_roofs(to, json_object_get(report, "roofs"));
    put_records(to, report);
    bool wrong = ferror(to) != 0;
    return fclose(to) != 0 || wrong ? ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno)) : ARETE_OK;
}
