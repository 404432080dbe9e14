/* The probes of arithmetic. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "peak.h"
#include "probe.h"

enum { MOST_SHAPES = 16 };

/* How long others' work may disturb a figure before it is given up. */
#define PATIENT_SECONDS 1.0
#define SUSTAINED_SECONDS 3.0
#define QUICK_SUSTAINED_SECONDS 0.6
#define IDLE_SECONDS 0.2

/* The fastest that is right; -1: none. */
static int fastest(const ar_probe_part *part) {
    int won = -1;
    for (size_t i = 0; i < part->count; i++)
        if (part->results[i].ok && (won < 0 || part->results[i].best > part->results[won].best))
            won = (int)i;
    return won;
}

static arete_status probe_type(ar_probing *p, ar_probe_part *part, ar_peak_type type) {
    ar_peak_shape shapes[MOST_SHAPES];
    const char *absent = ar_peak_absent(p->on.info, type);
    double *roof = &p->report->roofs.roofs.peak[ar_peak_unit(type)];
    *roof = 0;
    if (absent)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s", absent);
    size_t count = ar_peak_shapes(&p->on, type, p->spec->quick ? AR_PEAK_QUICK : AR_PEAK_ALL, shapes, MOST_SHAPES);
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < count; i++) {
        char text[48];
        ar_peak_shape_text(&shapes[i], text, sizeof text);
        ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_OPERATIONS, "%s", text);
        if (!result)
            return ARETE_E_MEMORY;
        arete_status one = ar_peak_measure(&p->on, &shapes[i], &p->rule, PATIENT_SECONDS, result);
        status = one == ARETE_OK ? status : one;
    }
    part->winner = fastest(part);
    if (part->winner < 0)
        return status != ARETE_OK ? status
                                  : ar_fail(ARETE_E_DEVICE, "no shape gave a figure: %s",
                                            part->count ? part->results[0].why : "none was tried");
    const ar_probe_result *won = &part->results[part->winner];
    *roof = won->best;
    snprintf(part->summary, sizeof part->summary, "%.1f GFLOP/s at best, %.1f by the median: %s", won->best * 1e-9,
             won->value * 1e-9, won->name);
    ar_note(p->report->roofs.how, sizeof p->report->roofs.how, part->name, won->name);
    return ARETE_OK;
}

arete_status ar_probe_f32(ar_probing *p, ar_probe_part *part) {
    return probe_type(p, part, AR_PEAK_F32);
}

arete_status ar_probe_f64(ar_probing *p, ar_probe_part *part) {
    return probe_type(p, part, AR_PEAK_F64);
}

arete_status ar_probe_f16(ar_probing *p, ar_probe_part *part) {
    return probe_type(p, part, AR_PEAK_F16);
}

arete_status ar_probe_int8(ar_probing *p, ar_probe_part *part) {
    return probe_type(p, part, AR_PEAK_INT8);
}

arete_status ar_probe_bf16(ar_probing *p, ar_probe_part *part) {
    (void)p;
    (void)part;
    return ar_fail(ARETE_E_UNSUPPORTED, "OpenCL C has no bf16 arithmetic: bf16 is storage, computed in f32");
}

/* Said, so that nobody takes the vector units' figures for all that the device has. */
arete_status ar_probe_matrix(ar_probing *p, ar_probe_part *part) {
    (void)part;
    return ar_fail(
        ARETE_E_UNSUPPORTED,
        p->on.cpu ? "OpenCL C has no way to a CPU's matrix units"
                  : "not measured by this version: OpenCL C reaches matrix units by a vendor's own means only");
}

/* The first shape, which every effort includes: the CPU's or the GPU's most likely best. */
static arete_status first_shape(ar_probing *p, ar_peak_shape *shape) {
    return ar_peak_shapes(&p->on, AR_PEAK_F32, AR_PEAK_QUICK, shape, 1) == 1
               ? ARETE_OK
               : ar_fail(ARETE_E_UNSUPPORTED, "no shape suits the device");
}

arete_status ar_probe_units(ar_probing *p, ar_probe_part *part) {
    ar_peak_shape shape;
    double all = p->report->roofs.roofs.peak[ARETE_UNIT_F32];
    if (!p->on.cpu)
        return ar_fail(ARETE_E_UNSUPPORTED, "only asked of CPUs, whose workers may share a core");
    arete_status status = first_shape(p, &shape);
    if (status != ARETE_OK)
        return status;
    ar_probe_result *result = ar_result_add(part, AR_PER_SECOND_OPERATIONS, "one work-group alone");
    if (!result)
        return ARETE_E_MEMORY;
    shape.items = 1;
    status = ar_peak_measure(&p->on, &shape, &p->rule, PATIENT_SECONDS, result);
    if (!result->ok || all <= 0)
        return status != ARETE_OK
                   ? status
                   : ar_fail(ARETE_E_DEVICE, "%s", result->ok ? "no f32 peak to hold it against" : result->why);
    double units = all / result->best;
    p->report->roofs.effective_units = units;
    part->winner = 0;
    ar_part_fact(part, "effective_units", units);
    bool fewer = units < 0.9 * p->on.info->compute_units;
    snprintf(part->summary, sizeof part->summary, "%.2f of %u work side by side%s", units,
             p->on.info->compute_units,
             !fewer                       ? ""
             : p->on.info->workers_pinned ? ": others use the machine"
                                          : ": others use the machine, or workers share a core (POCL_AFFINITY=1)");
    if (fewer)
        ar_note(p->report->roofs.missing, sizeof p->report->roofs.missing, "compute units at work", part->summary);
    return ARETE_OK;
}

/* Long stretches of the same work: the clock that a device holds, after the one it starts with. */
arete_status ar_probe_sustained(ar_probing *p, ar_probe_part *part) {
    ar_peak_shape shape;
    ar_peak_loop loop;
    int32_t steps;
    double wanted = p->spec->quick ? QUICK_SUSTAINED_SECONDS : SUSTAINED_SECONDS, one = wanted / 60;
    arete_status status = first_shape(p, &shape);
    if (status == ARETE_OK)
        status = ar_peak_open(&p->on, &shape, &loop);
    if (status != ARETE_OK)
        return status;
    ar_probe_result *burst =
        ar_result_add(part, AR_PER_SECOND_OPERATIONS, "first tenth, after %.1f s of rest", IDLE_SECONDS);
    ar_probe_result *last = ar_result_add(part, AR_PER_SECOND_OPERATIONS, "second half of %.1f s", wanted);
    burst = last ? last - 1 : NULL;
    if (!burst) {
        ar_peak_close(&loop);
        return ARETE_E_MEMORY;
    }
    status = ar_peak_calibrate(&loop, one, &steps);
    ar_peak_set_steps(&loop, steps);
    ar_os_sleep(IDLE_SECONDS);
    double samples[60];
    for (size_t i = 0; i < 60 && status == ARETE_OK; i++) {
        status = ar_time_launches(p->on.queue, &loop.launch, 1, &samples[i]);
        ar_series *into = i < 6 ? &burst->series : i >= 30 ? &last->series : NULL;
        if (into && status == ARETE_OK) {
            into->clock_mhz[into->count] = (float)ar_sensors_clock(p->on.sensors);
            into->samples[into->count++] = samples[i];
        }
    }
    ar_series_finish(&burst->series);
    ar_series_finish(&last->series);
    burst->amount = last->amount = ar_peak_step_operations(&shape) * steps * (double)shape.items;
    ar_result_settle(burst);
    ar_result_settle(last);
    ar_peak_close(&loop);
    if (status != ARETE_OK || !burst->ok || !last->ok)
        return status != ARETE_OK ? status : ar_fail(ARETE_E_DEVICE, "no time was measured");
    part->winner = 1;
    ar_part_fact(part, "sustained_over_burst", last->value / burst->best);
    snprintf(part->summary, sizeof part->summary, "%.0f%% of the burst is held: %.1f of %.1f GFLOP/s",
             100 * last->value / burst->best, last->value * 1e-9, burst->best * 1e-9);
    return ARETE_OK;
}

/* The same launches by the device's clock and by the host's. */
arete_status ar_probe_events(ar_probing *p, ar_probe_part *part) {
    ar_peak_shape shape;
    ar_peak_loop loop;
    int32_t steps;
    arete_queue *queue = NULL;
    arete_status status = first_shape(p, &shape);
    if (status == ARETE_OK)
        status = ar_peak_open(&p->on, &shape, &loop);
    if (status != ARETE_OK)
        return status;
    ar_probe_result *by_host = ar_result_add(part, AR_SECONDS, "by the host's clock");
    ar_probe_result *by_event = ar_result_add(part, AR_SECONDS, "by events");
    by_host = by_event ? by_event - 1 : NULL;
    status = by_host ? arete_queue_create(p->on.device, ARETE_QUEUE_PROFILING, &queue) : ARETE_E_MEMORY;
    if (status == ARETE_OK)
        status = ar_peak_calibrate(&loop, 0.01, &steps);
    if (status == ARETE_OK)
        ar_peak_set_steps(&loop, steps);
    for (int i = 0; i < 12 && status == ARETE_OK; i++) {
        arete_event *event = NULL;
        double start = ar_os_seconds(), device = 0;
        status = ar_launch_run(queue, &loop.launch, ARETE_WAIT_NONE, &event);
        if (status == ARETE_OK)
            status = arete_event_wait(event);
        double host = ar_os_seconds() - start;
        if (status == ARETE_OK)
            status = arete_event_seconds(event, &device);
        arete_event_release(event);
        if (i < 2 || status != ARETE_OK) /* warming up */
            continue;
        by_host->series.samples[by_host->series.count++] = host;
        by_event->series.samples[by_event->series.count++] = device;
    }
    arete_queue_release(queue);
    ar_peak_close(&loop);
    if (status != ARETE_OK)
        return status;
    ar_series_finish(&by_host->series);
    ar_series_finish(&by_event->series);
    by_host->amount = by_event->amount = 1;
    ar_result_settle(by_host);
    ar_result_settle(by_event);
    double ratio = by_event->value / by_host->value;
    ar_part_fact(part, "event_over_host", ratio);
    by_event->suspect = !(ratio > 0.9 && ratio < 1.02);
    snprintf(part->summary, sizeof part->summary, "events show %.1f%% of the host's time%s", 100 * ratio,
             by_event->suspect ? ": not to be trusted, figures are by the host's clock" : "");
    if (by_event->suspect)
        snprintf(by_event->why, sizeof by_event->why, "%s", part->summary);
    return ARETE_OK;
}
