/* From runs to lines and dots. */
#include "chart.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "os.h"

const json_t *ar_json_at(const json_t *object, const char *key) {
    char first[64];
    const char *dot = strchr(key, '.');
    if (!dot)
        return json_object_get(object, key);
    snprintf(first, sizeof first, "%.*s", (int)(dot - key), key);
    return ar_json_at(json_object_get(object, first), dot + 1);
}

const char *ar_json_text(const json_t *object, const char *key) {
    const char *text = json_string_value(ar_json_at(object, key));
    return text ? text : "";
}

double ar_json_number(const json_t *object, const char *key) {
    return json_number_value(ar_json_at(object, key));
}

void ar_put_escaped(FILE *to, const char *text) {
    for (; text && *text; text++) {
        const char *as = *text == '<'   ? "&lt;"
                         : *text == '>' ? "&gt;"
                         : *text == '&' ? "&amp;"
                         : *text == '"' ? "&quot;"
                                        : NULL;
        if (as)
            fputs(as, to);
        else
            fputc(*text, to);
    }
}

void ar_chart_value(double value, const char *unit, char *text, size_t bytes) {
    static const char prefixes[] = {'n', 'u', 'm', ' ', 'k', 'M', 'G', 'T', 'P'};
    int at = 3;
    while (value >= 999.5 && at < 8) {
        value /= 1000;
        at++;
    }
    while (value > 0 && value < 0.9995 && at > 0) {
        value *= 1000;
        at--;
    }
    int digits = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    if (prefixes[at] == ' ')
        snprintf(text, bytes, "%.*f %s", digits, value, unit);
    else
        snprintf(text, bytes, "%.*f %c%s", digits, value, prefixes[at], unit);
}

const char *ar_chart_bound(char bound) {
    return bound == 'c' ? "compute" : bound == 'm' ? "memory" : bound == 'l' ? "launch" : "unknown";
}

static void add_roof(ar_chart *chart, const char *name, double value, bool rising, bool datasheet, size_t run) {
    if (value <= 0 || chart->roof_count == AR_CHART_ROOFS)
        return;
    ar_chart_roof *roof = &chart->roofs[chart->roof_count++];
    *roof = (ar_chart_roof){.value = value, .rising = rising, .datasheet = datasheet, .run = run};
    snprintf(roof->name, sizeof roof->name, "%s", name);
}

static void add_roofs(ar_chart *chart, const json_t *run, size_t index) {
    const char *unit;
    json_t *value;
    size_t i;
    bool alone = chart->run_count == 1;
    json_object_foreach((json_t *)(uintptr_t)ar_json_at(run, "roofs.peak"), unit, value) {
        if (alone || strcmp(unit, "f32") == 0)
            add_roof(chart, unit, json_number_value(value), false, false, index);
    }
    json_array_foreach(ar_json_at(run, "roofs.levels"), i, value) {
        const char *name = ar_json_text(value, "name");
        if (alone || strcmp(name, "memory") == 0)
            add_roof(chart, name, ar_json_number(value, "bandwidth"), true, false, index);
    }
    if (!json_array_size(ar_json_at(run, "roofs.levels")))
        add_roof(chart, "memory", ar_json_number(run, "roofs.bandwidth"), true, false, index);
    if (!alone)
        return;
    json_object_foreach((json_t *)(uintptr_t)ar_json_at(run, "datasheet.peak"), unit, value) {
        add_roof(chart, unit, json_number_value(value), false, true, index);
    }
    add_roof(chart, "memory", ar_json_number(run, "datasheet.bandwidth"), true, true, index);
}

static int family_of(ar_chart *chart, const char *name) {
    for (int i = 0; i < chart->family_count; i++)
        if (strcmp(chart->families[i], name) == 0)
            return i;
    if (chart->family_count == AR_CHART_FAMILIES)
        return AR_CHART_FAMILIES - 1;
    snprintf(chart->families[chart->family_count], sizeof chart->families[0], "%s", name);
    return chart->family_count++;
}

static void add_dots(ar_chart *chart, const json_t *run, size_t index) {
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(run, "records"), i, record) {
        double seconds = ar_json_number(record, "seconds.median"), bytes = ar_json_number(record, "bytes");
        double flops = ar_json_number(record, "flops_executed");
        if (!(seconds > 0 && bytes > 0 && flops > 0) || strcmp(ar_json_text(record, "outcome"), "failed") == 0) {
            chart->elsewhere++;
            continue;
        }
        const char *bound = ar_json_text(record, "roof.bound");
        chart->dots[chart->dot_count++] = (ar_chart_dot){.x = flops / bytes,
                                                         .y = flops / seconds,
                                                         .record = record,
                                                         .family = family_of(chart, ar_json_text(record, "op")),
                                                         .bound = bound[0] ? bound[0] : '?',
                                                         .fault = json_is_true(ar_json_at(record, "roof.fault")),
                                                         .number = i + 1,
                                                         .run = index};
    }
}

/* Whole picture: every ridge with room at both sides, every dot. */
static void set_range(ar_chart *chart) {
    double x0 = INFINITY, x1 = 0, y0 = INFINITY, y1 = 0, slow = INFINITY;
    for (size_t i = 0; i < chart->roof_count; i++) {
        const ar_chart_roof *level = &chart->roofs[i];
        for (size_t j = 0; j < chart->roof_count && !level->rising; j++) {
            const ar_chart_roof *rising = &chart->roofs[j];
            if (!rising->rising || rising->run != level->run)
                continue;
            x0 = fmin(x0, level->value / rising->value / 8);
            x1 = fmax(x1, level->value / rising->value * 6);
            slow = fmin(slow, rising->value);
        }
        if (!level->rising)
            y1 = fmax(y1, level->value * 2);
    }
    for (size_t i = 0; i < chart->dot_count; i++) {
        x0 = fmin(x0, chart->dots[i].x / 1.6);
        x1 = fmax(x1, chart->dots[i].x * 1.6);
        y0 = fmin(y0, chart->dots[i].y / 1.6);
        y1 = fmax(y1, chart->dots[i].y * 1.6);
    }
    if (!(x1 > 0) || !isfinite(x0)) { /* neither roofs nor dots */
        x0 = 0.1;
        x1 = 100;
        y1 = fmax(y1, 1e9);
    }
    if (isfinite(slow))
        y0 = fmin(y0, fmax(slow * x0 * 2, y1 * 1e-3));
    y0 = isfinite(y0) ? y0 : y1 * 1e-3;
    y0 = fmax(y0, y1 * 1e-7); /* a dot far below all others does not squeeze them */
    x0 = fmax(x0, x1 * 1e-7);
    chart->x0 = log10(x0);
    chart->x1 = log10(x1);
    chart->y0 = log10(y0);
    chart->y1 = log10(y1);
}

arete_status ar_chart_make(const json_t *runs, ar_chart *chart) {
    size_t records = 0;
    memset(chart, 0, sizeof *chart);
    bool list = json_is_array(runs);
    chart->run_count = list ? json_array_size(runs) : 1;
    chart->run_count = chart->run_count < AR_CHART_RUNS ? chart->run_count : AR_CHART_RUNS;
    for (size_t i = 0; i < chart->run_count; i++) {
        chart->runs[i] = list ? json_array_get(runs, i) : runs;
        records += json_array_size(json_object_get(chart->runs[i], "records"));
    }
    chart->dots = ar_os_alloc((records + 1) * sizeof *chart->dots);
    if (!chart->dots)
        return ar_fail_memory("the chart's dots", records * sizeof *chart->dots);
    for (size_t i = 0; i < chart->run_count; i++) {
        add_roofs(chart, chart->runs[i], i);
        add_dots(chart, chart->runs[i], i);
    }
    set_range(chart);
    return ARETE_OK;
}

void ar_chart_free(ar_chart *chart) {
    ar_os_free(chart->dots);
    chart->dots = NULL;
}
