/* The picture. Lines first, then labels, then dots; labels of roofs never lie on each other: those of level roofs
 * stand in a column at the right, moved apart, those of rising ones along their lines, one behind another where
 * lines are close. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "chart.h"
#include "error.h"
#include "os.h"

enum { LABELS = 1200 };

const char ar_chart_style[] =
    "svg.roofline { font: 12px system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; }\n"
    ".rl-back { fill: #fff; } .rl-frame { fill: none; stroke: #8a919c; }\n"
    ".rl-grid { stroke: #e4e7ec; } .rl-fine { stroke: #f2f4f7; }\n"
    ".rl-text { fill: #1c2430; } .rl-soft { fill: #5b6472; }\n"
    ".rl-halo { stroke: #fff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }\n"
    ".rl-roof { fill: none; stroke: #3a4454; stroke-width: 1.6; } .rl-lead { fill: none; stroke: #aab1bc; }\n"
    ".rl-sheet { stroke-dasharray: 6 4; stroke: #8a919c; }\n"
    ".rl-dot { stroke: #fff; stroke-width: 1; fill-opacity: .92; } .rl-fault { stroke: #d01c3a; stroke-width: 2; "
    "}\n"
    ".rl-dot:hover { stroke: #1c2430; stroke-width: 2; }\n"
    ".rl-c0 { fill: #2563c9; } .rl-c1 { fill: #d9660c; } .rl-c2 { fill: #12876a; } .rl-c3 { fill: #a23b92; }\n"
    ".rl-c4 { fill: #b08a00; } .rl-c5 { fill: #1b93b8; } .rl-c6 { fill: #8b5a3c; } .rl-c7 { fill: #66707e; }\n"
    ".rl-l0 { stroke: #2563c9; } .rl-l1 { stroke: #d9660c; } .rl-l2 { stroke: #12876a; } .rl-l3 { stroke: #a23b92; "
    "}\n"
    ".rl-l4 { stroke: #b08a00; } .rl-l5 { stroke: #1b93b8; } .rl-l6 { stroke: #8b5a3c; } .rl-l7 { stroke: #66707e; "
    "}\n"
    "@media screen and (prefers-color-scheme: dark) {\n"
    ".rl-back { fill: #14181f; } .rl-frame { stroke: #6b7585; } .rl-grid { stroke: #2a313c; } .rl-fine { stroke: "
    "#1e242d; }\n"
    ".rl-text { fill: #e8ecf2; } .rl-soft { fill: #a3adbb; } .rl-halo { stroke: #14181f; }\n"
    ".rl-roof { stroke: #c3cbd7; } .rl-lead { stroke: #566070; } .rl-sheet { stroke: #7d8797; }\n"
    ".rl-dot { stroke: #14181f; } .rl-fault { stroke: #ff6b81; } .rl-dot:hover { stroke: #fff; }\n"
    ".rl-c0 { fill: #6ea4ff; } .rl-c1 { fill: #ff9a4d; } .rl-c2 { fill: #4fd1ad; } .rl-c3 { fill: #e78ad6; }\n"
    ".rl-c4 { fill: #e6c34a; } .rl-c5 { fill: #5cc9ea; } .rl-c6 { fill: #cf9b7a; } .rl-c7 { fill: #aab4c3; }\n"
    ".rl-l0 { stroke: #6ea4ff; } .rl-l1 { stroke: #ff9a4d; } .rl-l2 { stroke: #4fd1ad; } .rl-l3 { stroke: #e78ad6; "
    "}\n"
    ".rl-l4 { stroke: #e6c34a; } .rl-l5 { stroke: #5cc9ea; } .rl-l6 { stroke: #cf9b7a; } .rl-l7 { stroke: #aab4c3; "
    "}\n"
    "}\n";

typedef struct box {
    double x, y, w, h;
} box;

typedef struct view {
    FILE *to;
    const ar_chart *chart;
    double width, height, left, right, top, bottom; /* the plot lies between */
    bool narrow;
    box taken[LABELS]; /* labels and dots that others must not cover */
    size_t taken_count;
} view;

static double px(const view *v, double x) {
    return v->left + (log10(x) - v->chart->x0) / (v->chart->x1 - v->chart->x0) * (v->right - v->left);
}

static double py(const view *v, double y) {
    return v->bottom - (log10(y) - v->chart->y0) / (v->chart->y1 - v->chart->y0) * (v->bottom - v->top);
}

/* Width of a label of 12 units high letters; on the large side. */
static double text_width(const char *text, double size) {
    return 0.58 * size * (double)strlen(text);
}

static bool overlaps(const view *v, box b) {
    for (size_t i = 0; i < v->taken_count; i++) {
        const box *o = &v->taken[i];
        if (b.x < o->x + o->w && o->x < b.x + b.w && b.y < o->y + o->h && o->y < b.y + b.h)
            return true;
    }
    return false;
}

static void take(view *v, box b) {
    if (v->taken_count < LABELS)
        v->taken[v->taken_count++] = b;
}

/* "0.1", "20", "1k" for the axes: digit * 10^power. */
static void tick_text(int digit, int power, char *text, size_t bytes) {
    static const char *const prefix[] = {"", "k", "M", "G", "T", "P"};
    static const char *const zeros[] = {"", "0", "00"};
    if (power >= 0 && power < 18)
        snprintf(text, bytes, "%d%s%s", digit, zeros[power % 3], prefix[power / 3]);
    else
        snprintf(text, bytes, "%.*f", power < 0 ? -power : 0, digit * pow(10, power));
}

static void draw_grid(view *v) {
    const ar_chart *c = v->chart;
    char text[32];
    for (int p = (int)floor(c->x0); p <= (int)ceil(c->x1); p++)
        for (int m = 1; m < 10; m++) {
            double x = log10(m) + p;
            if (x < c->x0 || x > c->x1)
                continue;
            double at = px(v, pow(10, x));
            fprintf(v->to, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/>", m == 1 ? "rl-grid" : "rl-fine", at, v->top,
                    v->bottom);
            if (m > 1)
                continue;
            tick_text(m, p, text, sizeof text);
            fprintf(v->to, "<text class=\"rl-soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%s</text>\n", at,
                    v->bottom + 17, text);
        }
    for (int p = (int)floor(c->y0); p <= (int)ceil(c->y1); p++)
        for (int m = 1; m < 10; m++) {
            double y = log10(m) + p;
            if (y < c->y0 || y > c->y1)
                continue;
            double at = py(v, pow(10, y));
            fprintf(v->to, "<path class=\"%s\" d=\"M%.1f %.1fH%.1f\"/>", m == 1 ? "rl-grid" : "rl-fine", v->left,
                    at, v->right);
            if (m != 1 && !((m == 2 || m == 5) && c->y1 - c->y0 < 2.5))
                continue;
            tick_text(m, p, text, sizeof text);
            fprintf(v->to, "<text class=\"rl-soft\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n",
                    v->left - 6, at + 4, text);
        }
    fprintf(
        v->to,
        "<rect class=\"rl-frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>"
        "<text class=\"rl-text\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">operations for each byte moved</text>"
        "<text class=\"rl-text\" transform=\"translate(%.1f %.1f) rotate(-90)\" text-anchor=\"middle\">operations "
        "a "
        "second</text>\n",
        v->left, v->top, v->right - v->left, v->bottom - v->top, (v->left + v->right) / 2, v->bottom + 37, 13.0,
        (v->top + v->bottom) / 2);
}

/* The best rising roof for a level one, and the best level one for a rising one: where lines end. Measured roofs
 * meet measured ones, those of datasheets others of datasheets where there are any. */
static double extreme(const ar_chart *chart, bool rising, bool datasheet, size_t run) {
    double most = 0, any = 0;
    for (size_t i = 0; i < chart->roof_count; i++) {
        const ar_chart_roof *r = &chart->roofs[i];
        if (r->rising != rising || r->run != run)
            continue;
        any = fmax(any, r->value);
        if (r->datasheet == datasheet)
            most = fmax(most, r->value);
    }
    return most > 0 ? most : any;
}

static void line_class(const view *v, const ar_chart_roof *roof, char *text, size_t bytes) {
    if (v->chart->run_count > 1)
        snprintf(text, bytes, "rl-roof rl-l%zu", roof->run % 8);
    else
        snprintf(text, bytes, "rl-roof%s", roof->datasheet ? " rl-sheet" : "");
}

static void roof_text(const view *v, const ar_chart_roof *roof, char *text, size_t bytes) {
    char value[32];
    ar_chart_value(roof->value, roof->rising ? "B/s" : v->narrow ? "" : "FLOP/s", value, sizeof value);
    if (v->chart->run_count > 1)
        snprintf(text, bytes, "%c %s", (char)('A' + roof->run), value);
    else if (v->narrow && !roof->rising)
        snprintf(text, bytes, "%s %s%s", roof->name, value, roof->datasheet ? "*" : "");
    else
        snprintf(text, bytes, "%s%s %s", roof->name, roof->datasheet ? " datasheet" : "", value);
}

/* Room for the longest label of a level roof. */
static double label_column(const view *v) {
    double widest = 40;
    for (size_t i = 0; i < v->chart->roof_count; i++) {
        char text[80];
        if (v->chart->roofs[i].rising)
            continue;
        roof_text(v, &v->chart->roofs[i], text, sizeof text);
        widest = fmax(widest, text_width(text, 12));
    }
    return widest + 18;
}

/* Level roofs: a line to the right edge, and a label in the column beside it, moved apart from its neighbours. */
static void draw_levels(view *v) {
    const ar_chart *chart = v->chart;
    const ar_chart_roof *order[AR_CHART_ROOFS];
    double at[AR_CHART_ROOFS];
    size_t count = 0;
    for (size_t i = 0; i < chart->roof_count; i++)
        if (!chart->roofs[i].rising)
            order[count++] = &chart->roofs[i];
    for (size_t i = 1; i < count; i++) /* by falling value: from the top */
        for (size_t j = i; j > 0 && order[j - 1]->value < order[j]->value; j--) {
            const ar_chart_roof *swap = order[j];
            order[j] = order[j - 1];
            order[j - 1] = swap;
        }
    for (size_t i = 0; i < count; i++)
        at[i] = fmax(py(v, order[i]->value), i ? at[i - 1] + 15 : v->top + 6);
    for (size_t i = count; i-- > 0;) { /* and back up where the lower end would leave the picture */
        double most = i + 1 < count ? at[i + 1] - 15 : v->bottom;
        at[i] = fmin(at[i], most);
    }
    for (size_t i = 0; i < count; i++) {
        char name[32], text[80];
        double y = py(v, order[i]->value), rising = extreme(chart, true, order[i]->datasheet, order[i]->run);
        double from = rising > 0 ? fmax(px(v, order[i]->value / rising), v->left) : v->left;
        line_class(v, order[i], name, sizeof name);
        roof_text(v, order[i], text, sizeof text);
        fprintf(v->to, "<path class=\"%s\" d=\"M%.1f %.1fH%.1f\"/>", name, from, y, v->right);
        fprintf(v->to, "<path class=\"rl-lead\" d=\"M%.1f %.1fL%.1f %.1f\"/>", v->right, y, v->right + 9, at[i]);
        fprintf(v->to, "<text class=\"rl-text\" x=\"%.1f\" y=\"%.1f\">", v->right + 12, at[i] + 4);
        ar_put_escaped(v->to, text);
        fputs("</text>\n", v->to);
    }
}

/* Where a rising line enters the plot, and where it ends at its highest level roof. */
static void rising_ends(const view *v, const ar_chart_roof *roof, double from[2], double end[2]) {
    double peak = extreme(v->chart, false, roof->datasheet, roof->run), x = pow(10, v->chart->x0);
    double least = pow(10, v->chart->y0);
    if (roof->value * x < least)
        x = least / roof->value;
    double last = peak > 0 ? peak / roof->value : pow(10, v->chart->x1);
    from[0] = px(v, x);
    from[1] = py(v, roof->value * x);
    end[0] = fmin(px(v, last), v->right);
    end[1] = py(v, roof->value * fmin(last, pow(10, v->chart->x1)));
}

/* Whether a mark lies where a label would: from `start` on along a line through `from`, above it. */
static bool covers_mark(const view *v, const double from[2], double angle, double start, double width) {
    for (size_t i = 0; i < v->chart->dot_count; i++) {
        double x = px(v, v->chart->dots[i].x) - from[0], y = from[1] - py(v, v->chart->dots[i].y);
        double along = x * cos(angle) + y * sin(angle), above = y * cos(angle) - x * sin(angle);
        if (along > start - 8 && along < start + width + 8 && above > -6 && above < 22)
            return true;
    }
    return false;
}

/* Numbers of marks keep off the label, too. */
static void take_along(view *v, double x, double y, double angle, double width) {
    for (double at = 0; at < width; at += 9)
        take(v,
             (box){x + (at - 9 * sin(angle)) * cos(angle) - 6, y - at * sin(angle) - 9 * cos(angle) - 6, 12, 12});
}

static void draw_rising(view *v) {
    const ar_chart *chart = v->chart;
    double angle =
        atan2((v->bottom - v->top) / (chart->y1 - chart->y0), (v->right - v->left) / (chart->x1 - chart->x0));
    double occupied[AR_CHART_ROOFS], distance[AR_CHART_ROOFS]; /* along the lines, and across them */
    size_t labels = 0;
    for (size_t i = 0; i < chart->roof_count; i++) {
        const ar_chart_roof *roof = &chart->roofs[i];
        double from[2], end[2];
        char name[32], text[80];
        if (!roof->rising)
            continue;
        rising_ends(v, roof, from, end);
        line_class(v, roof, name, sizeof name);
        fprintf(v->to, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", name, from[0], from[1], end[0], end[1]);
        roof_text(v, roof, text, sizeof text);
        double length = hypot(end[0] - from[0], end[1] - from[1]), width = text_width(text, 12);
        double across = (from[1] * cos(angle) + from[0] * sin(angle)), start = 18;
        for (size_t j = 0; j < labels; j++) /* behind the labels of close lines */
            if (fabs(distance[j] - across) < 20)
                start = fmax(start, occupied[j] + 14);
        double wanted = start;
        while (start + width <= length && covers_mark(v, from, angle, start, width))
            start += 10;
        if (start + width > length)
            start = wanted;
        if (start + width > length)
            continue; /* no room: the table has it */
        distance[labels] = across;
        occupied[labels++] = start + width;
        double x = from[0] + start * cos(angle), y = from[1] - start * sin(angle);
        take_along(v, x, y, angle, width);
        fprintf(v->to, "<text class=\"rl-text rl-halo\" transform=\"translate(%.1f %.1f) rotate(%.1f)\" dy=\"-5\">",
                x, y, -angle * 57.29577951308232);
        ar_put_escaped(v->to, text);
        fputs("</text>\n", v->to);
    }
}

static void put_tip(FILE *to, const ar_chart_dot *dot) {
    char rate[32], time[32];
    ar_chart_value(dot->y, "FLOP/s", rate, sizeof rate);
    ar_chart_value(ar_json_number(dot->record, "seconds.median"), "s", time, sizeof time);
    fprintf(to, "<title>#%zu ", dot->number);
    ar_put_escaped(to, ar_json_text(dot->record, "op"));
    fputc(' ', to);
    ar_put_escaped(to, ar_json_text(dot->record, "case"));
    fprintf(to, "\n%.0f%% of its roof, bound by %s\n%s, %.3g operations a byte, %s a call\n",
            100 * ar_json_number(dot->record, "roof.fraction"), ar_chart_bound(dot->bound), rate, dot->x, time);
    ar_put_escaped(to, ar_json_text(dot->record, "dtype"));
    fputs(", ", to);
    ar_put_escaped(to, ar_json_text(dot->record, "solver"));
    fputs(dot->fault ? "\nabove its roof: a measurement fault</title>" : "</title>", to);
}

/* Bound by compute: a disc; memory: a square; launch: a triangle. */
static void put_mark(FILE *to, double x, double y, double r, char bound, const char *classes,
                     const ar_chart_dot *tip) {
    if (bound == 'm')
        fprintf(to, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">", classes, x - r * .9,
                y - r * .9, 1.8 * r, 1.8 * r);
    else if (bound == 'l')
        fprintf(to, "<path class=\"%s\" d=\"M%.1f %.1fl%.1f %.1fh%.1fz\">", classes, x, y - r * 1.1, r * 1.1, r * 2,
                -2.2 * r);
    else
        fprintf(to, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", classes, x, y, r);
    if (tip)
        put_tip(to, tip);
    fputs(bound == 'm' ? "</rect>\n" : bound == 'l' ? "</path>\n" : "</circle>\n", to);
}

static int colour_of(const view *v, const ar_chart_dot *dot) {
    return v->chart->run_count > 1 ? (int)(dot->run % 8) : dot->family % 8;
}

static void draw_dots(view *v) {
    const ar_chart *chart = v->chart;
    double r = chart->dot_count > 80 ? 3.6 : 5;
    for (size_t i = 0; i < chart->dot_count; i++) {
        const ar_chart_dot *dot = &chart->dots[i];
        double x = px(v, dot->x), y = fmin(py(v, dot->y), v->bottom - r);
        char classes[48];
        snprintf(classes, sizeof classes, "rl-dot rl-c%d%s", colour_of(v, dot), dot->fault ? " rl-fault" : "");
        put_mark(v->to, x, y, r, dot->bound, classes, dot);
        take(v, (box){x - r, y - r, 2 * r, 2 * r});
    }
    /* Numbers, which lead to the table, where there is room for them: at one of eight places. */
    static const double around[8][2] = {{1, -.4},  {1, .9},  {-1, -.4}, {-1, .9},
                                        {0, -1.6}, {0, 1.9}, {1, -1.2}, {-1, -1.2}};
    for (size_t i = 0; i < chart->dot_count && chart->run_count == 1; i++) {
        const ar_chart_dot *dot = &chart->dots[i];
        char text[16];
        double x = px(v, dot->x), y = fmin(py(v, dot->y), v->bottom - r);
        snprintf(text, sizeof text, "%zu", dot->number);
        double w = text_width(text, 11) + 1;
        for (int k = 0; k < 8; k++) {
            double side = around[k][0], left = side > 0 ? x + r + 2 : side < 0 ? x - r - 2 - w : x - w / 2;
            box place = {left, y + around[k][1] * r - 3, w, 10};
            if (place.x < v->left || place.x + w > v->right || place.y < v->top || place.y + 10 > v->bottom ||
                overlaps(v, place))
                continue;
            take(v, place);
            fprintf(v->to, "<text class=\"rl-soft rl-halo\" font-size=\"10.5\" x=\"%.1f\" y=\"%.1f\">%s</text>\n",
                    left, place.y + 8.5, text);
            break;
        }
    }
}

/* Below the axis: what colours and shapes mean, in as many lines as it takes. */
static void draw_legend(view *v) {
    const ar_chart *chart = v->chart;
    static const char bounds[] = {'c', 'm', 'l'};
    double x = v->left, y = v->bottom + 60;
    size_t colours = chart->run_count > 1 ? chart->run_count : (size_t)chart->family_count;
    for (size_t i = 0; i < colours + (chart->dot_count ? 3 : 0); i++) {
        char text[96], classes[24] = "rl-soft";
        bool shape = i >= colours;
        if (shape)
            snprintf(text, sizeof text, "bound by %s", ar_chart_bound(bounds[i - colours]));
        else if (chart->run_count > 1)
            snprintf(text, sizeof text, "%c %.48s, %.24s", (char)('A' + i),
                     ar_json_text(chart->runs[i], "device.name"), ar_json_text(chart->runs[i], "date"));
        else
            snprintf(text, sizeof text, "%s", chart->families[i]);
        double width = 18 + text_width(text, 12) + 14;
        if (x + width > v->width - 4 && x > v->left) {
            x = v->left;
            y += 19;
        }
        if (!shape)
            snprintf(classes, sizeof classes, "rl-c%zu", i % 8);
        put_mark(v->to, x + 6, y - 4, 5, shape ? bounds[i - colours] : 'c', classes, NULL);
        fprintf(v->to, "<text class=\"rl-text\" x=\"%.1f\" y=\"%.1f\">", x + 16, y);
        ar_put_escaped(v->to, text);
        fputs("</text>\n", v->to);
        x += width;
    }
}

void ar_chart_draw(FILE *to, const ar_chart *chart, int width, int height, bool alone) {
    bool narrow = width < 640;
    double legend = chart->run_count > 1 ? 24 + 19.0 * (double)chart->run_count : narrow ? 66 : 30;
    view *v = ar_os_alloc(sizeof *v);
    if (!v)
        return;
    *v = (view){.to = to, .chart = chart, .width = width, .height = height, .narrow = narrow};
    v->left = narrow ? 50 : 62;
    v->right = width - label_column(v);
    v->top = 14;
    v->bottom = height - 46 - legend;
    fprintf(to,
            "<svg class=\"roofline\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Roofline: operations a second "
            "against "
            "operations for each byte\"%s>\n",
            width, height, alone ? " xmlns=\"http://www.w3.org/2000/svg\" width=\"100%\"" : "");
    if (alone)
        fprintf(to, "<style>\n%s</style>\n", ar_chart_style);
    fprintf(to, "<rect class=\"rl-back\" width=\"%d\" height=\"%d\"/>\n", width, height);
    draw_grid(v);
    draw_levels(v);
    draw_rising(v);
    draw_dots(v);
    draw_legend(v);
    fputs("</svg>\n", to);
    ar_os_free(v);
}

arete_status ar_chart_svg(const json_t *runs, const char *path) {
    ar_chart chart;
    arete_status status = ar_chart_make(runs, &chart);
    if (status != ARETE_OK)
        return status;
    FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!to) {
        ar_chart_free(&chart);
        return ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    }
    ar_chart_draw(to, &chart, 1000, 600, true);
    ar_chart_free(&chart);
    bool wrong = ferror(to) != 0;
    wrong |= to == stdout ? fflush(to) != 0 : fclose(to) != 0;
    return wrong ? ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno)) : ARETE_OK;
}
