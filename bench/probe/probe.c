#include "probe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

static const struct {
    const char *name, *title;
    arete_status (*run)(ar_probing *, ar_probe_part *);
} table[] = {
    {"f32", "f32 arithmetic", ar_probe_f32},
    {"f64", "f64 arithmetic", ar_probe_f64},
    {"f16", "f16 arithmetic", ar_probe_f16},
    {"bf16", "bf16 arithmetic", ar_probe_bf16},
    {"int8", "int8 arithmetic", ar_probe_int8},
    {"matrix", "matrix units", ar_probe_matrix},
    {"units", "compute units side by side", ar_probe_units},
    {"bandwidth", "memory and caches: read, write, copy, triad", ar_probe_bandwidth},
    {"data", "data that compress, data that do not", ar_probe_data},
    {"local", "local memory", ar_probe_local},
    {"latency", "reads that wait for each other", ar_probe_latency},
    {"transfers", "host and device", ar_probe_transfers},
    {"launches", "starting kernels", ar_probe_launches},
    {"events", "event times against the host's clock", ar_probe_events},
    {"sustained", "burst and sustained arithmetic", ar_probe_sustained},
};

enum { PROBES = sizeof table / sizeof *table };

/* A result this far above the datasheet cannot be true. */
#define ABOVE_DATASHEET 1.03

void ar_probe_print_list(void) {
    for (size_t i = 0; i < PROBES; i++)
        printf("  %-10s %s\n", table[i].name, table[i].title);
}

/* Whether name stands in the comma-separated list; every name does in NULL. */
static bool listed(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at && *at;) {
        size_t word = strcspn(at, ",");
        if (word == length && strncmp(at, name, length) == 0)
            return true;
        at += word + (at[word] == ',');
    }
    return list == NULL;
}

static arete_status check_names(const char *only) {
    char all[256] = "";
    for (size_t i = 0; i < PROBES; i++)
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", i ? ", " : "", table[i].name);
    for (const char *at = only; at && *at;) {
        char word[32];
        size_t length = strcspn(at, ",");
        bool known = length == 0;
        snprintf(word, sizeof word, "%.*s", (int)(length < 31 ? length : 31), at);
        for (size_t i = 0; i < PROBES; i++)
            known |= strcmp(word, table[i].name) == 0;
        if (!known)
            return ar_fail(ARETE_E_NOT_FOUND, "there is no probe '%s'; there are: %s", word, all);
        at += length + (at[length] == ',');
    }
    return ARETE_OK;
}

static void remark(ar_probe_report *report, const char *sentence) {
    size_t length = strlen(report->notes);
    snprintf(report->notes + length, sizeof report->notes - length, "%s%s", length ? " " : "", sentence);
}

static void note_system(const ar_probing *p, ar_probe_report *report) {
    ar_reading now = ar_sensors_read(p->on.sensors);
    char line[200];
    if (p->on.info->clock_mhz == 0)
        remark(report, "The driver reports a clock of 0: no roof can be computed from it; all are measurements.");
    snprintf(line, sizeof line, "Clock %s, power %s, temperature %s%s%s.",
             now.clock_mhz > 0 ? "read" : "unavailable", now.watts > 0 ? "read" : "unavailable",
             now.celsius > 0 ? "read" : "unavailable", ar_sensors_source(p->on.sensors)[0] ? " from " : "",
             ar_sensors_source(p->on.sensors));
    remark(report, line);
    if (now.clock_mhz <= 0)
        remark(report, "Without a clock, samples 10% slower than the best are flagged as slow.");
}

static void suspect(ar_probe_part *part, double roof, const char *of) {
    for (size_t i = 0; i < part->count; i++) {
        ar_probe_result *r = &part->results[i];
        if (!r->ok || roof <= 0 || r->best <= ABOVE_DATASHEET * roof)
            continue;
        r->suspect = true;
        snprintf(
            r->why, sizeof r->why,
            "%.4g is %.0f%% above the datasheet's %s of %.4g: the clock may be above the one it is given for, the "
            "part may be another one, or data never left a cache",
            r->best, 100 * (r->best / roof - 1), of, roof);
    }
}

/* Figures that the datasheet rules out. Those of the caches have no roof there. */
static void hold_against(ar_probe_part *part, const ar_probing *p) {
    const ar_datasheet *sheet = p->spec->datasheet;
    for (int unit = 0; unit < ARETE_UNIT_COUNT; unit++)
        if (strcmp(part->name, arete_unit_name((arete_unit)unit)) == 0)
            suspect(part, sheet->peak[unit], "peak");
    if (strcmp(part->name, "data") == 0)
        suspect(part, sheet->bandwidth, "memory bandwidth");
}

static void run_one(ar_probing *p, ar_probe_part *part, arete_status (*run)(ar_probing *, ar_probe_part *)) {
    double start = ar_os_seconds();
    ar_reading before = ar_sensors_read(p->on.sensors);
    ar_part_end(part, run(p, part));
    ar_reading after = ar_sensors_read(p->on.sensors);
    part->seconds = ar_os_seconds() - start;
    if (after.clock_mhz > 0) {
        ar_part_fact(part, "clock_mhz_before", before.clock_mhz);
        ar_part_fact(part, "clock_mhz_after", after.clock_mhz);
    }
    if (after.watts > 0)
        ar_part_fact(part, "watts", after.watts);
    if (after.celsius > 0)
        ar_part_fact(part, "celsius", after.celsius);
    if (p->spec->datasheet)
        hold_against(part, p);
}

arete_status ar_probe_run(const ar_probe_spec *spec, ar_probe_report *report) {
    ar_probing p = {.spec = spec, .report = report};
    double start = ar_os_seconds();
    memset(report, 0, sizeof *report);
    report->quick = spec->quick;
    if (spec->datasheet)
        report->datasheet = *spec->datasheet;
    arete_device_get_roofs(spec->device, &report->roofs.roofs);
    arete_status status = check_names(spec->only);
    if (status == ARETE_OK)
        status = ar_bench_device_open(spec->device, 0, &p.on);
    if (status != ARETE_OK)
        return status;
    p.on.sensors = ar_sensors_open(spec->device);
    if (!p.on.sensors) {
        ar_bench_device_close(&p.on);
        return ar_fail_memory("sensors", 0);
    }
    p.rule = (ar_series_rule){.least = 10,
                              .most = AR_SERIES_MOST,
                              .uncertainty = 0.01,
                              .budget = spec->quick ? 0.08 : 0.25,
                              .warm_budget = spec->quick ? 0.02 : 0.1,
                              .sensors = p.on.sensors};
    note_system(&p, report);
    size_t chosen = 0;
    for (size_t i = 0; i < PROBES; i++)
        chosen += listed(spec->only, table[i].name);
    for (size_t i = 0; i < PROBES; i++) {
        if (!listed(spec->only, table[i].name))
            continue;
        ar_probe_part *part = &report->parts[report->count++];
        part->name = table[i].name;
        part->title = table[i].title;
        part->winner = -1;
        if (spec->told)
            spec->told(spec->user, report->count - 1, chosen, part->title);
        run_one(&p, part, table[i].run);
    }
    arete_roofs *roofs = &report->roofs.roofs;
    roofs->cache_bytes = p.on.cache;
    roofs->measured = roofs->peak[ARETE_UNIT_F32] > 0 && roofs->bandwidth > 0;
    report->seconds = ar_os_seconds() - start;
    ar_bench_device_close(&p.on);
    return ARETE_OK;
}

void ar_probe_report_free(ar_probe_report *report) {
    for (size_t i = 0; i < report->count; i++)
        ar_part_free(&report->parts[i]);
    report->count = 0;
}
