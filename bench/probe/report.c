/* A report as JSON, and for people. */
#include <math.h>
#include <stdio.h>

#include "probe.h"

static json_t *number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

static json_t *series_json(const ar_series *series) {
    const ar_statistics *s = &series->seconds;
    json_t *samples = json_array();
    for (size_t i = 0; i < series->count; i++)
        json_array_append_new(samples, number(series->samples[i]));
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:s, s:I, s:o}", "median", s->median, "min", s->min, "p25",
                     s->p25, "p75", s->p75, "spread", s->spread, "uncertainty", s->uncertainty, "stopped",
                     ar_stop_name(series->stop), "warm_samples", (json_int_t)series->warm, "samples", samples);
}

static json_t *result_json(const ar_probe_result *r) {
    static const char *const units[] = {"op/s", "B/s", "s"};
    json_t *json = json_pack("{s:s, s:s, s:b}", "name", r->name, "unit", units[r->quantity], "ok", (int)r->ok);
    if (r->why[0])
        json_object_set_new(json, "why", json_string(r->why));
    if (r->series.count == 0)
        return json;
    json_object_update_new(json,
                           json_pack("{s:o, s:o, s:o, s:o}", "value", number(r->value), "best", number(r->best),
                                     "amount", number(r->amount), "seconds", series_json(&r->series)));
    json_t *flagged = json_array();
    for (size_t i = 0; i < r->series.count; i++)
        if (r->series.flagged[i])
            json_array_append_new(flagged, json_integer((json_int_t)i));
    json_object_set_new(json, "flagged", flagged);
    json_object_set_new(json, "suspect", json_boolean(r->suspect));
    if (r->series.clock_mhz[0] > 0) {
        json_t *clocks = json_array();
        for (size_t i = 0; i < r->series.count; i++)
            json_array_append_new(clocks, number((double)r->series.clock_mhz[i]));
        json_object_set_new(json, "clock_mhz", clocks);
    }
    return json;
}

json_t *ar_probes_json(const ar_probe_report *report) {
    json_t *list = json_array();
    for (size_t i = 0; i < report->count; i++) {
        const ar_probe_part *part = &report->parts[i];
        json_t *results = json_array();
        for (size_t j = 0; j < part->count; j++)
            json_array_append_new(results, result_json(&part->results[j]));
        json_t *json = json_pack("{s:s, s:s, s:s, s:f, s:s, s:o}", "name", part->name, "title", part->title,
                                 "outcome", ar_outcome_name(part->outcome), "seconds", part->seconds, "summary",
                                 part->summary, "results", results);
        if (part->why[0])
            json_object_set_new(json, "why", json_string(part->why));
        if (part->winner >= 0)
            json_object_set_new(json, "winner", json_integer(part->winner));
        json_object_set_new(json, "facts", part->facts ? json_deep_copy(part->facts) : json_object());
        json_array_append_new(list, json);
    }
    return list;
}

json_t *ar_datasheet_json(const ar_datasheet *sheet) {
    if (!sheet || !sheet->part[0])
        return json_null();
    json_t *peak = json_object();
    for (int unit = 0; unit < ARETE_UNIT_COUNT; unit++)
        if (sheet->peak[unit] > 0)
            json_object_set_new(peak, arete_unit_name((arete_unit)unit), json_real(sheet->peak[unit]));
    json_t *json = json_pack("{s:s, s:o}", "part", sheet->part, "peak", peak);
    if (json && sheet->bandwidth > 0)
        json_object_set_new(json, "bandwidth", json_real(sheet->bandwidth));
    return json;
}

static void print_result(FILE *to, const ar_probe_part *part, size_t index) {
    static const char *const units[] = {"GFLOP/s", "GB/s", "us"};
    const ar_probe_result *r = &part->results[index];
    double scale = r->quantity == AR_SECONDS ? 1e6 : 1e-9;
    if (!r->ok) {
        fprintf(to, "    %-40s %s\n", r->name, r->why);
        return;
    }
    fprintf(to, "  %c %-40s %10.4g %-7s best %-9.4g +-%.1f%% of %zu samples%s%s\n",
            (int)index == part->winner ? '*' : ' ', r->name, r->value * scale, units[r->quantity], r->best * scale,
            100 * r->series.seconds.uncertainty, r->series.count,
            r->series.flagged_count > r->series.count / 4 ? ", many slow" : "", r->suspect ? ", SUSPECT" : "");
    if (r->suspect)
        fprintf(to, "      %s\n", r->why);
}

void ar_probe_print(FILE *to, const ar_probe_report *report, bool verbose) {
    for (size_t i = 0; i < report->count; i++) {
        const ar_probe_part *part = &report->parts[i];
        if (part->outcome == AR_PASSED)
            fprintf(to, "%-10s %s\n", part->name, part->summary);
        else
            fprintf(to, "%-10s %s: %s\n", part->name, ar_outcome_name(part->outcome), part->why);
        for (size_t j = 0; j < part->count; j++)
            if (verbose || part->results[j].suspect)
                print_result(to, part, j);
    }
    if (report->notes[0])
        fprintf(to, "%s\n", report->notes);
    if (report->datasheet.part[0])
        fprintf(to, "Held against the datasheet of %s.\n", report->datasheet.part);
    fprintf(to, "%.1f seconds%s.\n", report->seconds, report->quick ? " (quick)" : "");
}
