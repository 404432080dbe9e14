/* The roofs that a benchmark needs, in a second or two, by the parts of the probe. */
#include "roofs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "probe/ladder.h"
#include "probe/peak.h"
#include "probe/transfer.h"

/* Others may use the machine, too: the best of many short samples is what it can do. */
#define PATIENT_SECONDS 1.5

static const ar_series_rule short_rule = {
    .least = 7, .most = 40, .uncertainty = 0.01, .budget = 0.1, .warm_budget = 0.02};

void ar_note(char *text, size_t bytes, const char *what, const char *why) {
    size_t length = strlen(text);
    snprintf(text + length, bytes - length, "%s%s: %s", length ? "; " : "", what, why);
}

static ar_probe_result *new_result(ar_quantity quantity) {
    ar_probe_result *made = ar_os_alloc(sizeof *made);
    if (made)
        made->quantity = quantity;
    return made;
}

static void best_peak(const ar_bench_device *on, ar_peak_type type, ar_measured_roofs *into) {
    ar_peak_shape shapes[4];
    char why[256] = "no memory", won[64] = "";
    size_t count = ar_peak_shapes(on, type, AR_PEAK_FEW, shapes, 4);
    double best = 0;
    ar_probe_result *result = new_result(AR_PER_SECOND_OPERATIONS);
    for (size_t i = 0; i < count && result; i++) {
        result->ok = false;
        (void)ar_peak_measure(on, &shapes[i], &short_rule, PATIENT_SECONDS, result);
        if (!result->ok) {
            snprintf(why, sizeof why, "%s", result->why);
        } else if (result->best > best) {
            best = result->best;
            ar_peak_shape_text(&shapes[i], won, sizeof won);
        }
    }
    ar_os_free(result);
    into->roofs.peak[ar_peak_unit(type)] = best;
    if (best > 0)
        ar_note(into->how, sizeof into->how, ar_peak_type_name(type), won);
    else
        ar_note(into->missing, sizeof into->missing, ar_peak_type_name(type), why);
}

/* How many of a CPU's compute units really work side by side. */
static void measure_units(const ar_bench_device *on, ar_measured_roofs *into) {
    ar_peak_shape shape;
    char line[96];
    double all = into->roofs.peak[ARETE_UNIT_F32];
    ar_probe_result *result = new_result(AR_PER_SECOND_OPERATIONS);
    if (on->cpu && all > 0 && result && ar_peak_shapes(on, AR_PEAK_F32, AR_PEAK_FEW, &shape, 1) == 1) {
        shape.items = 1;
        (void)ar_peak_measure(on, &shape, &short_rule, PATIENT_SECONDS, result);
    }
    if (result && result->ok) {
        into->effective_units = all / result->best;
        snprintf(line, sizeof line, "only %.1f of %u; the machine is in use, or workers share a core",
                 into->effective_units, on->info->compute_units);
        if (into->effective_units < 0.9 * on->info->compute_units)
            ar_note(into->missing, sizeof into->missing, "compute units at work", line);
    }
    ar_os_free(result);
}

static double best_memory(const ar_bench_device *on, ar_memory_op op, uint64_t bytes, ar_memory_oracle *oracle) {
    uint32_t widths[2];
    size_t count = ar_memory_widths(on, widths);
    double best = 0;
    ar_probe_result *result = new_result(AR_PER_SECOND_BYTES);
    for (size_t i = 0; i < count && result; i++) {
        result->ok = false;
        (void)ar_memory_measure(on, op, bytes, widths[i], &short_rule, oracle, result);
        if (result->ok)
            best = fmax(best, result->best);
    }
    ar_os_free(result);
    return best;
}

void ar_rung_sizes(const ar_bench_device *on, uint64_t sizes[AR_RUNGS]) {
    uint64_t units = on->info->compute_units;
    sizes[0] = units * (24u << 10);
    sizes[1] = units * (384u << 10);
    sizes[2] = on->cache / 2;
    sizes[3] = on->bytes;
    for (int i = 0; i < AR_RUNGS - 1; i++)
        if (sizes[i] > on->cache / 2 || (i > 0 && sizes[i] <= sizes[i - 1]))
            sizes[i] = 0;
}

ar_rung ar_rung_of(uint64_t bytes, bool memory) {
    ar_rung rung = {.bytes = bytes};
    if (memory)
        snprintf(rung.name, sizeof rung.name, "memory");
    else if (bytes >> 20)
        snprintf(rung.name, sizeof rung.name, "cache %lluM", (unsigned long long)(bytes >> 20));
    else
        snprintf(rung.name, sizeof rung.name, "cache %lluK", (unsigned long long)(bytes >> 10));
    return rung;
}

static void measure_rungs(const ar_bench_device *on, ar_measured_roofs *into, ar_memory_oracle *oracle) {
    uint64_t sizes[AR_RUNGS];
    ar_rung_sizes(on, sizes);
    for (int i = 0; i < AR_RUNGS; i++) {
        ar_rung *rung = &into->rungs[i];
        *rung = ar_rung_of(sizes[i], i == AR_RUNGS - 1);
        if (sizes[i] > 0)
            rung->bandwidth = best_memory(on, AR_READ, sizes[i], oracle);
        if (rung->bandwidth == 0 && sizes[i] > 0)
            ar_note(into->missing, sizeof into->missing, rung->name, arete_error_text());
    }
    if (on->cache == 0)
        ar_note(into->missing, sizeof into->missing, "caches", "their size is unknown");
}

static arete_status measure_launch(const ar_bench_device *on, arete_roofs *roofs) {
    ar_series_rule rule = short_rule;
    ar_probe_result *result = new_result(AR_SECONDS);
    if (!result)
        return ar_fail_memory("samples", sizeof *result);
    rule.least = 5;
    rule.budget = 0.02;
    arete_status status = ar_launch_measure(on, 1, true, &rule, result);
    roofs->launch_seconds = result->best;
    rule.least = 31;
    if (status == ARETE_OK)
        status = ar_launch_measure(on, 1, false, &rule, result);
    roofs->sync_seconds = result->value;
    ar_os_free(result);
    return status;
}

arete_status ar_roofs_measure(arete_device *device, ar_measured_roofs *measured) {
    ar_bench_device on;
    ar_memory_oracle oracle = {0};
    memset(measured, 0, sizeof *measured);
    arete_device_get_roofs(device, &measured->roofs);
    if (arete_device_get_info(device)->kind == ARETE_DEVICE_REFERENCE) {
        ar_note(measured->missing, sizeof measured->missing, "reference", "has no kernels; roofs are estimates");
        return ARETE_OK;
    }
    arete_status status = ar_bench_device_open(device, 0, &on);
    if (status != ARETE_OK)
        return status;
    arete_roofs *roofs = &measured->roofs;
    memset(roofs->peak, 0, sizeof roofs->peak);
    best_peak(&on, AR_PEAK_F32, measured);
    if (on.info->has_f64)
        best_peak(&on, AR_PEAK_F64, measured);
    measure_units(&on, measured);
    measure_rungs(&on, measured, &oracle);
    measured->copy_bandwidth = best_memory(&on, AR_COPY, on.bytes, &oracle);
    measured->past_bandwidth = on.cpu ? best_memory(&on, AR_COPY_PAST, on.bytes, &oracle) : 0;
    if (measured->copy_bandwidth == 0)
        ar_note(measured->missing, sizeof measured->missing, "copy", arete_error_text());
    roofs->bandwidth = fmax(measured->rungs[AR_RUNGS - 1].bandwidth, measured->copy_bandwidth);
    measured->rungs[AR_RUNGS - 1].bandwidth = roofs->bandwidth;
    roofs->cache_bandwidth = measured->rungs[AR_RUNGS - 2].bandwidth;
    roofs->cache_bytes = on.cache;
    status = measure_launch(&on, roofs);
    roofs->measured = status == ARETE_OK && roofs->peak[ARETE_UNIT_F32] > 0 && roofs->bandwidth > 0;
    ar_bench_device_close(&on);
    return status;
}

arete_status ar_roofs_refresh(arete_device *device, ar_measured_roofs *measured) {
    ar_bench_device on;
    ar_memory_oracle oracle = {0};
    arete_status status = ar_bench_device_open(device, 0, &on);
    if (status != ARETE_OK)
        return status;
    ar_measured_roofs again = {.missing = ""};
    double *peak = measured->roofs.peak;
    best_peak(&on, AR_PEAK_F32, &again);
    if (on.info->has_f64)
        best_peak(&on, AR_PEAK_F64, &again);
    for (int unit = 0; unit < ARETE_UNIT_COUNT; unit++)
        peak[unit] = fmax(peak[unit], again.roofs.peak[unit]);
    ar_rung *memory = &measured->rungs[AR_RUNGS - 1];
    memory->bandwidth = fmax(memory->bandwidth, best_memory(&on, AR_READ, on.bytes, &oracle));
    measured->roofs.bandwidth = memory->bandwidth;
    if (on.cpu)
        measured->past_bandwidth =
            fmax(measured->past_bandwidth, best_memory(&on, AR_COPY_PAST, on.bytes, &oracle));
    ar_bench_device_close(&on);
    return ARETE_OK;
}

struct ar_read_probe {
    ar_bench_device on;
    ar_arg args[2][7];
    ar_launch launch[2];
    double traffic[2];
    int width; /* which of the two is faster here */
};

/* One launch after the other in turns; the shortest of each counts. On CPUs with pages of 4 KB one wide stream a core
 * waits at each page, narrow loads do less: a fifth between them. */
static arete_status faster_width(ar_read_probe *probe, size_t count) {
    enum { TURNS = 6 };
    double best[2] = {INFINITY, INFINITY}, seconds = 0;
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < count * TURNS && status == ARETE_OK; i++) {
        status = ar_time_launches(probe->on.queue, &probe->launch[i % count], 1, &seconds);
        best[i % count] = fmin(best[i % count], seconds / probe->traffic[i % count]);
    }
    probe->width = count > 1 && best[1] < best[0];
    return status;
}

arete_status ar_read_probe_open(arete_device *device, ar_read_probe **probe) {
    uint32_t widths[2];
    ar_read_probe *made = ar_os_alloc(sizeof *made);
    if (!made)
        return ar_fail_memory("a probe of memory", sizeof *made);
    arete_status status = ar_bench_device_open(device, 0, &made->on);
    if (status != ARETE_OK) {
        ar_os_free(made);
        return status;
    }
    size_t count = ar_memory_widths(&made->on, widths);
    for (size_t i = 0; i < count && status == ARETE_OK; i++) {
        status = ar_memory_launch(&made->on, AR_READ, made->on.bytes, widths[i], made->args[i], &made->launch[i],
                                  &made->traffic[i]);
        if (status == ARETE_OK && made->traffic[i] <= 0)
            status = ar_fail(ARETE_E_UNSUPPORTED, "the device's buffers are too small for reading from memory");
    }
    if (status == ARETE_OK)
        status = faster_width(made, count);
    if (status != ARETE_OK) {
        ar_read_probe_close(made);
        return status;
    }
    *probe = made;
    return ARETE_OK;
}

arete_status ar_read_probe_calls(void *probe, size_t count, double *seconds) {
    const ar_read_probe *of = probe;
    return ar_time_launches(of->on.queue, &of->launch[of->width], count, seconds);
}

double ar_read_probe_bytes(const ar_read_probe *probe) {
    return probe->traffic[probe->width];
}

void ar_read_probe_close(ar_read_probe *probe) {
    if (!probe)
        return;
    ar_bench_device_close(&probe->on);
    ar_os_free(probe);
}

const ar_rung *ar_roofs_rung(const ar_measured_roofs *measured, uint64_t working_set) {
    const ar_rung *memory = &measured->rungs[AR_RUNGS - 1], *fits = NULL;
    if (working_set > measured->roofs.cache_bytes)
        return memory;
    for (int i = 0; i < AR_RUNGS - 1; i++) {
        const ar_rung *rung = &measured->rungs[i];
        if (rung->bandwidth > 0 && (!fits || rung->bytes <= working_set))
            fits = rung;
    }
    return fits ? fits : memory;
}
