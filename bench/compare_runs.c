/* Two saved runs against each other. */
#include <math.h>
#include <string.h>

#include "chart/chart.h"
#include "error.h"
#include "os.h"
#include "saved.h"

static ar_comparison_row *add(ar_run_comparison *to) {
    ar_comparison_row *rows = ar_grown(to->rows, &to->room, to->count, sizeof *rows, "rows to compare");
    if (!rows)
        return NULL;
    to->rows = rows;
    ar_comparison_row *row = &to->rows[to->count++];
    memset(row, 0, sizeof *row);
    return row;
}

static void judge(ar_run_comparison *to, ar_comparison_row *row, double threshold) {
    if (row->change > 0 && fabs(log(row->change)) > row->noise) {
        row->regressed = row->change < 1 / (1 + threshold);
        row->improved = row->change > 1 + threshold;
    }
    if (row->is_case || to->roofs_count) {
        to->regressed += row->regressed;
        to->improved += row->improved;
    }
}

static const json_t *same_case(const json_t *run, const json_t *record) {
    static const char *const keys[] = {"op", "case", "dtype"};
    size_t i;
    json_t *other;
    json_array_foreach(json_object_get(run, "records"), i, other) {
        bool same = true;
        for (int k = 0; k < 3; k++)
            same &= strcmp(ar_json_text(other, keys[k]), ar_json_text(record, keys[k])) == 0;
        if (same)
            return other;
    }
    return NULL;
}

static bool passed(const json_t *record) {
    return record && strcmp(ar_json_text(record, "outcome"), "passed") == 0 &&
           ar_json_number(record, "seconds.median") > 0;
}

static arete_status compare_cases(const json_t *before, const json_t *after, double threshold,
                                  ar_run_comparison *to) {
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(before, "records"), i, record) {
        const json_t *other = same_case(after, record);
        if (!passed(record) && !passed(other))
            continue;
        ar_comparison_row *row = add(to);
        if (!row)
            return ARETE_E_MEMORY;
        snprintf(row->name, sizeof row->name, "%.30s %.512s", ar_json_text(record, "op"),
                 ar_json_text(record, "case"));
        row->is_case = true;
        to->cases++;
        row->before = passed(record) ? ar_json_number(record, "seconds.median") : 0;
        row->after = passed(other) ? ar_json_number(other, "seconds.median") : 0;
        row->noise = ar_json_number(record, "seconds.uncertainty") + ar_json_number(other, "seconds.uncertainty");
        row->change = row->before > 0 && row->after > 0 ? row->before / row->after : 0;
        judge(to, row, threshold);
        if (row->before > 0 && row->after <= 0) {
            row->regressed = true;
            to->regressed++;
            snprintf(row->why, sizeof row->why, "%.20s: %.130s", other ? ar_json_text(other, "outcome") : "missing",
                     other ? ar_json_text(other, "why") : "not in the second file");
        }
    }
    return ARETE_OK;
}

static arete_status compare_roof(const char *name, double before, double after, bool seconds, double threshold,
                                 ar_run_comparison *to) {
    if (!(before > 0 && after > 0))
        return ARETE_OK;
    ar_comparison_row *row = add(to);
    if (!row)
        return ARETE_E_MEMORY;
    snprintf(row->name, sizeof row->name, "%s", name);
    row->before = before;
    row->after = after;
    row->change = seconds ? before / after : after / before;
    judge(to, row, threshold);
    return ARETE_OK;
}

static arete_status compare_roofs(const json_t *before, const json_t *after, double threshold,
                                  ar_run_comparison *to) {
    static const struct {
        const char *key, *name;
        bool seconds;
    } rows[] = {{"roofs.bandwidth", "memory bandwidth", false},
                {"roofs.cache_bandwidth", "last cache", false},
                {"roofs.latency_seconds", "random read", true},
                {"roofs.launch_seconds", "one more launch", true},
                {"roofs.sync_seconds", "launch and wait", true},
                {"roofs.transfers.to_device.bandwidth", "to the device", false},
                {"roofs.transfers.from_device.bandwidth", "from the device", false}};
    const char *unit;
    json_t *value;
    arete_status status = ARETE_OK;
    json_object_foreach((json_t *)(uintptr_t)ar_json_at(before, "roofs.peak"), unit, value) {
        char name[48];
        snprintf(name, sizeof name, "%.24s peak", unit);
        if (status == ARETE_OK)
            status = compare_roof(name, json_number_value(value),
                                  ar_json_number(ar_json_at(after, "roofs.peak"), unit), false, threshold, to);
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows && status == ARETE_OK; i++)
        status = compare_roof(rows[i].name, ar_json_number(before, rows[i].key), ar_json_number(after, rows[i].key),
                              rows[i].seconds, threshold, to);
    return status;
}

arete_status ar_runs_compare(const json_t *before, const json_t *after, double threshold, ar_run_comparison *into) {
    memset(into, 0, sizeof *into);
    into->roofs_count = json_array_size(json_object_get(before, "records")) == 0;
    arete_status status = compare_roofs(before, after, threshold, into);
    if (status == ARETE_OK)
        status = compare_cases(before, after, threshold, into);
    if (status != ARETE_OK)
        ar_run_comparison_free(into);
    return status;
}

void ar_run_comparison_free(ar_run_comparison *comparison) {
    ar_os_free(comparison->rows);
    comparison->rows = NULL;
    comparison->count = 0;
}

static const char *verdict(const ar_comparison_row *row) {
    return row->why[0] ? "LOST" : row->regressed ? "slower" : row->improved ? "faster" : "";
}

void ar_run_comparison_print(FILE *to, const ar_run_comparison *comparison, double threshold, bool colour) {
    double log_sum = 0;
    size_t counted = 0;
    fprintf(to, "%-52s %12s %12s %9s %7s\n", "", "before", "after", "change", "noise");
    for (size_t i = 0; i < comparison->count; i++) {
        const ar_comparison_row *row = &comparison->rows[i];
        char before[32], after[32];
        bool seconds = row->is_case || row->before < 1;
        ar_chart_value(row->before, seconds ? "s" : "/s", before, sizeof before);
        ar_chart_value(row->after, seconds ? "s" : "/s", after, sizeof after);
        fprintf(to, "%-52s %12s %12s ", row->name, row->before > 0 ? before : "-", row->after > 0 ? after : "-");
        if (row->change > 0)
            fprintf(to, "%8.3fx %6.1f%%", row->change, 100 * row->noise);
        else
            fprintf(to, "%9s %7s", "-", "-");
        fprintf(to, " %s%s%s%s%s\n",
                colour ? (row->regressed  ? "\033[31m"
                          : row->improved ? "\033[32m"
                                          : "")
                       : "",
                verdict(row), colour ? "\033[0m" : "", row->why[0] ? " " : "", row->why);
        if (row->is_case && row->change > 0) {
            log_sum += log(row->change);
            counted++;
        }
    }
    if (counted)
        fprintf(to, "geometric mean of %zu cases: %.3fx\n", counted, exp(log_sum / (double)counted));
    fprintf(to, "%zu slower or lost, %zu faster, beyond %.3g%% and the noise%s\n", comparison->regressed,
            comparison->improved, 100 * threshold,
            comparison->roofs_count ? "" : " (cases; roofs drift with the machine and do not count)");
}

json_t *ar_run_comparison_json(const ar_run_comparison *comparison, double threshold) {
    json_t *rows = json_array();
    for (size_t i = 0; i < comparison->count; i++) {
        const ar_comparison_row *row = &comparison->rows[i];
        json_array_append_new(rows, json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:s, s:s}", "name", row->name, "kind",
                                              row->is_case ? "case" : "roof", "before", row->before, "after",
                                              row->after, "change", row->change, "noise", row->noise, "verdict",
                                              verdict(row), "why", row->why));
    }
    return json_pack("{s:f, s:I, s:I, s:o}", "threshold", threshold, "regressed", (json_int_t)comparison->regressed,
                     "improved", (json_int_t)comparison->improved, "rows", rows);
}
