/* The roofline in characters, and as CSV. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "chart.h"
#include "error.h"
#include "os.h"

enum { ROWS = 20, MOST_COLUMNS = 160, LEAST_COLUMNS = 50, LEFT = 8 };

typedef struct cell {
    char mark;
    signed char colour; /* of a family or run; -1: none */
} cell;

typedef struct canvas {
    const ar_chart *chart;
    int width;
    cell cells[ROWS][MOST_COLUMNS];
} canvas;

static int column_of(const canvas *c, double x) {
    return (int)lround((log10(x) - c->chart->x0) / (c->chart->x1 - c->chart->x0) * (c->width - 1));
}

static int row_of(const canvas *c, double y) {
    return ROWS - 1 - (int)lround((log10(y) - c->chart->y0) / (c->chart->y1 - c->chart->y0) * (ROWS - 1));
}

static void set(canvas *c, int row, int column, char mark, int colour) {
    if (row >= 0 && row < ROWS && column >= 0 && column < c->width)
        c->cells[row][column] = (cell){mark, (signed char)colour};
}

static double best(const ar_chart *chart, bool rising, size_t run) {
    double most = 0;
    for (size_t i = 0; i < chart->roof_count; i++)
        if (chart->roofs[i].rising == rising && !chart->roofs[i].datasheet && chart->roofs[i].run == run)
            most = fmax(most, chart->roofs[i].value);
    return most;
}

static void draw_roofs(canvas *c) {
    const ar_chart *chart = c->chart;
    for (size_t i = 0; i < chart->roof_count; i++) {
        const ar_chart_roof *r = &chart->roofs[i];
        double peak = best(chart, false, r->run), band = best(chart, true, r->run);
        for (int column = 0; column < c->width && !r->datasheet; column++) {
            double x = pow(10, chart->x0 + (chart->x1 - chart->x0) * column / (c->width - 1));
            if (r->rising && (peak <= 0 || r->value * x <= peak))
                set(c, row_of(c, r->value * x), column, '/', -1);
            if (!r->rising && (band <= 0 || band * x >= r->value))
                set(c, row_of(c, r->value), column, '-', -1);
        }
    }
    for (size_t i = 0; i < chart->roof_count; i++) { /* names over the level lines, at the right */
        const ar_chart_roof *r = &chart->roofs[i];
        int length = (int)strlen(r->name), row = row_of(c, r->value);
        for (int k = 0; k < length && !r->rising && !r->datasheet; k++)
            set(c, row, c->width - length - 1 + k, r->name[k], -1);
    }
}

static void print_canvas(FILE *to, const canvas *c, bool colour) {
    static const int codes[] = {34, 33, 32, 35, 36, 31, 94, 90};
    const ar_chart *chart = c->chart;
    for (int row = 0; row < ROWS; row++) {
        char text[32] = "";
        if ((ROWS - 1 - row) % 4 == 3 || row == ROWS - 1)
            ar_chart_value(pow(10, chart->y0 + (chart->y1 - chart->y0) * (ROWS - 1 - row) / (ROWS - 1)), "", text,
                           sizeof text);
        fprintf(to, "%*s |", LEFT - 2, text);
        for (int column = 0; column < c->width; column++) {
            cell one = c->cells[row][column];
            if (colour && one.colour >= 0)
                fprintf(to, "\033[1;%dm%c\033[0m", codes[one.colour % 8], one.mark);
            else
                fputc(one.mark ? one.mark : ' ', to);
        }
        fputc('\n', to);
    }
    fprintf(to, "%*s+", LEFT - 1, "");
    for (int column = 0; column < c->width; column++)
        fputc('-', to);
    char low[32], middle[32], high[32];
    ar_chart_value(pow(10, chart->x0), "", low, sizeof low);
    ar_chart_value(pow(10, (chart->x0 + chart->x1) / 2), "", middle, sizeof middle);
    ar_chart_value(pow(10, chart->x1), "", high, sizeof high);
    int half = c->width / 2;
    fprintf(to, "\n%*s%-*s%-*s%*s\n", LEFT, "", half, low, c->width - half - 8, middle, 8, high);
    fprintf(to, "%*soperations a second against operations for each byte; upper case: bound by compute\n", LEFT,
            "");
}

arete_status ar_chart_text(FILE *to, const json_t *runs, int columns, bool colour) {
    static const char letters[] = "mcralsxyz";
    ar_chart chart;
    arete_status status = ar_chart_make(runs, &chart);
    if (status != ARETE_OK)
        return status;
    canvas *c = ar_os_alloc(sizeof *c);
    if (!c) {
        ar_chart_free(&chart);
        return ar_fail_memory("a picture", sizeof *c);
    }
    c->chart = &chart;
    c->width = (columns < LEAST_COLUMNS  ? LEAST_COLUMNS
                : columns > MOST_COLUMNS ? MOST_COLUMNS
                                         : columns) -
               LEFT - 1;
    draw_roofs(c);
    for (size_t i = 0; i < chart.dot_count; i++) {
        const ar_chart_dot *dot = &chart.dots[i];
        char mark = chart.run_count > 1 ? (char)('a' + dot->run) : chart.families[dot->family][0];
        if (!(mark >= 'a' && mark <= 'z'))
            mark = letters[dot->family % 9];
        int shown = chart.run_count > 1 ? (int)dot->run : dot->family;
        set(c, row_of(c, dot->y), column_of(c, dot->x), dot->bound == 'c' ? (char)(mark - 'a' + 'A') : mark, shown);
    }
    print_canvas(to, c, colour);
    if (chart.dot_count && chart.run_count == 1) {
        fprintf(to, "%*s", LEFT, "");
        for (int i = 0; i < chart.family_count; i++)
            fprintf(to, "%s%c %s", i ? ", " : "", chart.families[i][0], chart.families[i]);
        fputc('\n', to);
    }
    ar_os_free(c);
    ar_chart_free(&chart);
    return ARETE_OK;
}

static void field(FILE *to, const char *text) {
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text == '\n' ? ' ' : *text, to);
    }
    fputs("\",", to);
}

static void csv_run(FILE *to, const ar_chart *chart, size_t index) {
    const json_t *run = chart->runs[index];
    for (size_t i = 0; i < chart->roof_count; i++) {
        const ar_chart_roof *r = &chart->roofs[i];
        if (r->run != index)
            continue;
        field(to, ar_json_text(run, "device.name"));
        fprintf(to, "%s,", r->datasheet ? "datasheet" : "roof");
        field(to, r->name);
        fprintf(to, ",,,,%.9g,%s,,,\n", r->value, r->rising ? "B/s" : "op/s");
    }
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(run, "records"), i, record) {
        double bytes = ar_json_number(record, "bytes");
        field(to, ar_json_text(run, "device.name"));
        field(to, ar_json_text(record, "op"));
        field(to, ar_json_text(record, "case"));
        field(to, ar_json_text(record, "dtype"));
        field(to, ar_json_text(record, "solver"));
        fprintf(to, "%.9g,%.6g,%.9g,op/s,%.4f,%s,%s\n", ar_json_number(record, "seconds.median"),
                bytes > 0 ? ar_json_number(record, "flops_executed") / bytes : 0,
                ar_json_number(record, "gflops") * 1e9, ar_json_number(record, "roof.fraction"),
                ar_json_text(record, "roof.bound"), ar_json_text(record, "outcome"));
    }
}

arete_status ar_chart_csv(const json_t *runs, const char *path) {
    ar_chart chart;
    arete_status status = ar_chart_make(runs, &chart);
    if (status != ARETE_OK)
        return status;
    FILE *to = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (!to) {
        ar_chart_free(&chart);
        return ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno));
    }
    fputs("device,kind,name,dtype,solver,seconds,intensity,value,unit,fraction,bound,outcome\n", to);
    for (size_t i = 0; i < chart.run_count; i++)
        csv_run(to, &chart, i);
    ar_chart_free(&chart);
    bool wrong = ferror(to) != 0;
    wrong |= to == stdout ? fflush(to) != 0 : fclose(to) != 0;
    return wrong ? ar_fail(ARETE_E_IO, "%s: %s", path, strerror(errno)) : ARETE_OK;
}
