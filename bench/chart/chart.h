/* A roofline drawn from saved runs (README.md, "A saved run"): as SVG, as a page, in a terminal, as CSV. Everything
 * is read from JSON, so what was just measured and what was saved long ago look alike. */
#ifndef AR_CHART_H
#define AR_CHART_H

#include <jansson.h>
#include <stdio.h>

#include "arete/base.h"

enum { AR_CHART_ROOFS = 24, AR_CHART_FAMILIES = 8, AR_CHART_RUNS = 8 };

/* A line of the roofline: a peak (operations a second, level) or a bandwidth (bytes a second, rising). */
typedef struct ar_chart_roof {
    char name[32]; /* "f32", "memory", "cache 16M" */
    double value;
    bool rising, datasheet;
    size_t run; /* which of the runs it belongs to */
} ar_chart_roof;

/* A case that ran: where it stands, and how it is shown. */
typedef struct ar_chart_dot {
    double x, y;          /* executed operations for each byte, and a second */
    const json_t *record; /* borrowed */
    int family;           /* index in the chart's families */
    char bound;           /* 'c'ompute, 'm'emory, 'l'aunch */
    bool fault;
    size_t number, run; /* number: its line in the table, from 1 */
} ar_chart_dot;

typedef struct ar_chart {
    const json_t *runs[AR_CHART_RUNS];
    size_t run_count;
    ar_chart_roof roofs[AR_CHART_ROOFS];
    size_t roof_count;
    ar_chart_dot *dots;
    size_t dot_count;
    size_t elsewhere; /* records without a place: nothing computed, failed or skipped */
    char families[AR_CHART_FAMILIES][24];
    int family_count;
    double x0, x1, y0, y1; /* the range, as powers of 10 */
} ar_chart;

/* runs: an array of runs, at most AR_CHART_RUNS, or a single run; it must stay as long as the chart does. One run
 * shows every roof; several show the f32 peak and the memory of each. ARETE_E_MEMORY. */
arete_status ar_chart_make(const json_t *runs, ar_chart *chart);
void ar_chart_free(ar_chart *chart);

/* The picture by itself, size in its own units. alone: a whole file with its style; else a part of a page. */
void ar_chart_draw(FILE *to, const ar_chart *chart, int width, int height, bool alone);
extern const char ar_chart_style[]; /* CSS of the picture, light and dark */

/* Whole files; "-" is standard output. runs: an array, or a single run. ARETE_E_IO, ARETE_E_MEMORY. */
arete_status ar_chart_svg(const json_t *runs, const char *path);
arete_status ar_chart_html(const json_t *runs, const char *path);
arete_status ar_chart_csv(const json_t *runs, const char *path);

/* In characters; columns: the terminal's width. */
arete_status ar_chart_text(FILE *to, const json_t *runs, int columns, bool colour);

/* Reading JSON: "" and 0 for what is not there. key may be a path of two, "roof.fraction". */
const char *ar_json_text(const json_t *object, const char *key);
double ar_json_number(const json_t *object, const char *key);
const json_t *ar_json_at(const json_t *object, const char *key);

/* Text with <, >, & and " escaped. */
void ar_put_escaped(FILE *to, const char *text);
/* "234 GFLOP/s", "1.2 TB/s": a value in its unit with a fitting prefix, three digits. */
void ar_chart_value(double value, const char *unit, char *text, size_t bytes);
/* The colour class of a family or device: 0..7. */
const char *ar_chart_bound(char bound);

#endif
