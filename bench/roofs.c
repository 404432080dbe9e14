#include "roofs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "program.h"
#include "sources.h"

enum { CHAINS = 12, GPU_GROUP = 256, REPEATS = 7 };

/* Others may use the machine, too: the best of many short measurements is what it can do. */
#define REPEAT_SECONDS 0.1
#define PATIENT_SECONDS 1.5

/* What all measurements of a device share. */
typedef struct bench_device {
    arete_device *device;
    const arete_device_info *info;
    arete_queue *queue;
    arete_buffer *from, *to;
    uint64_t bytes; /* of each of the two */
    bool cpu;
} bench_device;

/* One way to shape the work. */
typedef struct shape {
    uint32_t width; /* vector lanes */
    size_t items, group;
} shape;

static void note(char *text, size_t bytes, const char *what, const char *why) {
    size_t length = strlen(text);
    snprintf(text + length, bytes - length, "%s%s: %s", length ? "; " : "", what, why);
}

uint64_t ar_last_cache(const arete_device *device) {
    const arete_device_info *info = arete_device_get_info(device);
    bool host = info->kind == ARETE_DEVICE_CPU || info->kind == ARETE_DEVICE_REFERENCE;
    return info->cache_bytes || !host ? info->cache_bytes : ar_os_last_cache_bytes();
}

static arete_status get_kernel(const bench_device *on, const char *real, uint32_t width, const char *name,
                               const ar_kernel **kernel) {
    char options[96];
    snprintf(options, sizeof options, "-DREAL=%s -DW=%u -DCHUNKED=%d%s", real, width, on->cpu ? 1 : 0,
             strcmp(real, "double") == 0 ? " -DNEEDS_F64" : "");
    return ar_kernel_get(on->device, &ar_source_roofs_roofs, options, name, kernel);
}

/* Seconds of count launches, queued, and one wait. */
static arete_status time_launches(const bench_device *on, const ar_launch *launch, size_t count, double *seconds) {
    double start = ar_os_seconds();
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < count && status == ARETE_OK; i++)
        status = ar_launch_run(on->queue, launch, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(on->queue);
    *seconds = ar_os_seconds() - start;
    return status;
}

/* The shortest of several. The first, which may compile, does not count. */
static arete_status best_time(const bench_device *on, const ar_launch *launch, double *best) {
    double seconds;
    arete_status status = time_launches(on, launch, 1, &seconds);
    *best = INFINITY;
    double start = ar_os_seconds();
    for (int i = 0; (i < REPEATS || ar_os_seconds() - start < REPEAT_SECONDS) && status == ARETE_OK; i++) {
        status = time_launches(on, launch, 1, &seconds);
        *best = fmin(*best, seconds);
    }
    return status;
}

static ar_launch launch_of(const ar_kernel *kernel, const ar_arg *args, uint32_t count, shape how) {
    return (ar_launch){.kernel = kernel,
                       .dims = 1,
                       .global = {how.items, 1, 1},
                       .local = {how.group, 1, 1},
                       .args = args,
                       .arg_count = count};
}

/* Operations a second of one shape; 0 and a reason when the figure cannot be trusted. */
static arete_status measure_peak(const bench_device *on, const char *real, shape how, double *rate, char *why) {
    const ar_kernel *kernel;
    *rate = 0;
    arete_status status = get_kernel(on, real, how.width, "peak", &kernel);
    int32_t steps = 1024;
    double once = 0, twice = 0;
    while (status == ARETE_OK) { /* so many that launching no longer counts: milliseconds */
        ar_arg args[] = {AR_BUFFER(on->from), AR_BUFFER(on->to), AR_I32(steps)};
        ar_launch launch = launch_of(kernel, args, 3, how);
        double seconds;
        once = INFINITY;
        for (int i = 0; i < 3 && status == ARETE_OK; i++) { /* the first may compile, any may be interrupted */
            status = time_launches(on, &launch, 1, &seconds);
            once = fmin(once, seconds);
        }
        if (once > 0.003 || steps >= 1 << 26)
            break;
        steps *= once < 0.0005 ? 8 : 2;
    }
    /* Both in turns, the best of each; longer while others' work makes them disagree. */
    once = twice = INFINITY;
    double start = ar_os_seconds(), spent = 0;
    bool agree = false;
    for (int i = 0;
         (i < REPEATS || spent < 2 * REPEAT_SECONDS || (!agree && spent < PATIENT_SECONDS)) && status == ARETE_OK;
         i++) {
        double seconds;
        for (int doubled = 0; doubled < 2 && status == ARETE_OK; doubled++) {
            double *best = doubled ? &twice : &once;
            ar_arg args[] = {AR_BUFFER(on->from), AR_BUFFER(on->to), AR_I32(steps << doubled)};
            ar_launch launch = launch_of(kernel, args, 3, how);
            status = time_launches(on, &launch, 1, &seconds);
            *best = fmin(*best, seconds);
        }
        agree = twice > 1.8 * once && twice < 2.2 * once;
        spent = ar_os_seconds() - start;
    }
    if (status != ARETE_OK)
        return status;
    if (!agree) {
        snprintf(why, 128, "twice the steps took %.2f times as long", twice / once);
        return ARETE_OK;
    }
    *rate = 2.0 * 2.0 * steps * CHAINS * how.width * (double)how.items / twice;
    return ARETE_OK;
}

static size_t group_size(const bench_device *on) {
    return on->cpu ? 1 : on->info->max_group_size < GPU_GROUP ? on->info->max_group_size : GPU_GROUP;
}

static void best_peak(const bench_device *on, const char *real, uint32_t native, double *peak,
                      ar_measured_roofs *into) {
    const char *type = strcmp(real, "double") == 0 ? "f64" : "f32";
    uint32_t widths[3] = {native > 1 ? native : 1, native > 1 ? native / 2 : 2, 4};
    char why[128] = "", line[64];
    uint32_t won = 0;
    double best = 0;
    for (int i = 0; i < (on->cpu ? 2 : 3); i++) {
        shape how = {widths[i], on->cpu ? 4 * on->info->compute_units : on->info->compute_units * 2048u,
                     group_size(on)};
        double rate = 0;
        for (int attempt = 0; attempt < 3 && rate == 0; attempt++) /* a busy machine spoils some */
            if (measure_peak(on, real, how, &rate, why) != ARETE_OK)
                snprintf(why, sizeof why, "%.120s", arete_error_text());
        if (rate > best) {
            best = rate;
            won = widths[i];
        }
    }
    if (best > 0) {
        *peak = best;
        snprintf(line, sizeof line, "%ux%d fma", won, CHAINS);
        note(into->how, sizeof into->how, type, line);
    } else {
        *peak = 0;
        note(into->missing, sizeof into->missing, type, why);
    }
}

/* How many of a CPU's compute units really work side by side. */
static void measure_units(const bench_device *on, ar_measured_roofs *into) {
    char why[128], line[96];
    double alone = 0, all = into->roofs.peak[ARETE_UNIT_F32];
    shape how = {on->info->vector_f32 > 1 ? on->info->vector_f32 : 1, 1, 1};
    if (!on->cpu || all <= 0 || measure_peak(on, "float", how, &alone, why) != ARETE_OK || alone <= 0)
        return;
    into->effective_units = all / alone;
    if (into->effective_units < 0.9 * on->info->compute_units) {
        snprintf(line, sizeof line, "only %.1f of %u; the machine is in use, or workers share a core",
                 into->effective_units, on->info->compute_units);
        note(into->missing, sizeof into->missing, "compute units at work", line);
    }
}

static size_t floor_multiple(uint64_t value, uint64_t of) {
    return (size_t)(value / of * of);
}

/* A launch that reads a working set passes times; args must hold 4. *traffic: bytes it reads, 0 when the set is too
 * small for the device. */
static arete_status read_launch(const bench_device *on, uint64_t working_set, uint32_t width, bool memory,
                                ar_arg *args, ar_launch *launch, double *traffic) {
    const ar_kernel *kernel;
    size_t items = on->cpu ? (memory ? 8u : 1u) * on->info->compute_units : on->info->compute_units * 1024u;
    arete_status status = get_kernel(on, "float", width, "read", &kernel);
    uint64_t vectors = floor_multiple(working_set / (4 * width), 16 * items);
    *traffic = 0;
    if (status != ARETE_OK || vectors == 0)
        return status;
    double once = (double)vectors * 4 * width;
    int32_t passes = memory ? 1 : (int32_t)fmax(2, ceil(4e8 / once / 2) * 2);
    args[0] = AR_BUFFER(on->from);
    args[1] = AR_BUFFER(on->to);
    args[2] = AR_I64((int64_t)vectors);
    args[3] = AR_I32(passes);
    *launch = launch_of(kernel, args, 4, (shape){width, items, group_size(on)});
    *traffic = once * passes;
    return ARETE_OK;
}

/* Bytes a second when reading a working set of so many bytes again and again. */
static arete_status measure_read(const bench_device *on, uint64_t working_set, uint32_t width, bool memory,
                                 double *rate) {
    ar_arg args[4];
    ar_launch launch;
    double traffic, best = 0;
    *rate = 0;
    arete_status status = read_launch(on, working_set, width, memory, args, &launch, &traffic);
    if (status == ARETE_OK && traffic > 0)
        status = best_time(on, &launch, &best);
    if (status == ARETE_OK && best > 0)
        *rate = traffic / best;
    return status;
}

static arete_status measure_copy(const bench_device *on, uint32_t width, double *rate) {
    const ar_kernel *kernel;
    *rate = 0;
    shape how = {width, on->cpu ? 8u * on->info->compute_units : on->info->compute_units * 1024u, group_size(on)};
    arete_status status = get_kernel(on, "float", width, "copy", &kernel);
    uint64_t vectors = floor_multiple(on->bytes / (4 * width), how.items);
    ar_arg args[] = {AR_BUFFER(on->from), AR_BUFFER(on->to), AR_I64((int64_t)vectors)};
    ar_launch launch = launch_of(kernel, args, 3, how);
    double best = 0;
    if (status == ARETE_OK)
        status = best_time(on, &launch, &best);
    if (status == ARETE_OK)
        *rate = 2.0 * (double)vectors * 4 * width / best;
    return status;
}

static arete_status measure_launch(const bench_device *on, arete_roofs *roofs) {
    const ar_kernel *kernel;
    arete_status status = get_kernel(on, "float", 1, "nothing", &kernel);
    ar_arg args[] = {AR_BUFFER(on->to)};
    ar_launch launch = launch_of(kernel, args, 1, (shape){1, 1, 1});
    double seconds, sync[31], queued = INFINITY;
    if (status == ARETE_OK)
        status = time_launches(on, &launch, 10, &seconds);
    for (int i = 0; i < 5 && status == ARETE_OK; i++) {
        status = time_launches(on, &launch, 500, &seconds);
        queued = fmin(queued, seconds / 500);
    }
    size_t count = 0;
    for (; count < 31 && status == ARETE_OK; count++)
        status = time_launches(on, &launch, 1, &sync[count]);
    if (status != ARETE_OK)
        return status;
    for (size_t i = 1; i < count; i++) /* few enough for insertion */
        for (size_t j = i; j > 0 && sync[j - 1] > sync[j]; j--) {
            double swap = sync[j];
            sync[j] = sync[j - 1];
            sync[j - 1] = swap;
        }
    roofs->launch_seconds = queued;
    roofs->sync_seconds = sync[count / 2];
    return ARETE_OK;
}

static void close_device(bench_device *on) {
    arete_buffer_release(on->from);
    arete_buffer_release(on->to);
    arete_queue_release(on->queue);
}

static arete_status open_device(arete_device *device, bench_device *on) {
    const ar_kernel *kernel = NULL;
    *on = (bench_device){.device = device, .info = arete_device_get_info(device)};
    on->cpu = on->info->kind == ARETE_DEVICE_CPU;
    uint64_t cache = ar_last_cache(device), most = on->info->max_buffer_bytes, room = on->info->memory_bytes / 8;
    most = most < room ? most : room;
    on->bytes = 4 * cache > (128u << 20) ? 4 * cache : 128u << 20;
    on->bytes = floor_multiple(on->bytes < most ? on->bytes : most, 4096);
    arete_status status = arete_queue_create(device, 0, &on->queue);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, on->bytes, &on->from);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, on->bytes, &on->to);
    if (status == ARETE_OK)
        status = get_kernel(on, "float", 1, "fill", &kernel);
    shape how = {1, on->cpu ? 8u * on->info->compute_units : on->info->compute_units * 1024u, group_size(on)};
    arete_buffer *both[2] = {on->from, on->to};
    for (int i = 0; i < 2 && status == ARETE_OK; i++) {
        double seconds;
        ar_arg args[] = {AR_BUFFER(both[i]), AR_I64((int64_t)(on->bytes / 4))};
        ar_launch launch = launch_of(kernel, args, 2, how);
        status = time_launches(on, &launch, 1, &seconds);
    }
    if (status != ARETE_OK)
        close_device(on);
    return status;
}

static uint32_t read_width(const bench_device *on, int variant) {
    uint32_t native = on->info->vector_f32 > 1 ? on->info->vector_f32 : 1;
    return variant == 0 ? (on->cpu ? native : 4) : (on->cpu ? 16 : 1);
}

static double best_read(const bench_device *on, uint64_t bytes, bool memory) {
    double best = 0, rate;
    for (int variant = 0; variant < (on->cpu && read_width(on, 0) == 16 ? 1 : 2); variant++)
        if (measure_read(on, bytes, read_width(on, variant), memory, &rate) == ARETE_OK)
            best = fmax(best, rate);
    return best;
}

/* Rungs: an L1's worth and an L2's worth a compute unit, half of the last cache, memory. */
static void measure_ladder(const bench_device *on, ar_measured_roofs *into) {
    uint64_t cache = ar_last_cache(on->device), units = on->info->compute_units;
    uint64_t sizes[AR_RUNGS] = {units * (24u << 10), units * (384u << 10), cache / 2, on->bytes};
    for (int i = 0; i < AR_RUNGS; i++) {
        ar_rung *rung = &into->rungs[i];
        bool memory = i == AR_RUNGS - 1;
        rung->bytes = sizes[i];
        if (memory)
            snprintf(rung->name, sizeof rung->name, "memory");
        else if (sizes[i] >> 20)
            snprintf(rung->name, sizeof rung->name, "cache %lluM", (unsigned long long)(sizes[i] >> 20));
        else
            snprintf(rung->name, sizeof rung->name, "cache %lluK", (unsigned long long)(sizes[i] >> 10));
        if (memory || (sizes[i] > 0 && sizes[i] <= cache / 2 && (i == 0 || sizes[i] > sizes[i - 1])))
            rung->bandwidth = best_read(on, rung->bytes, memory);
        if (rung->bandwidth == 0)
            note(into->missing, sizeof into->missing, rung->name, cache ? "no figure" : "cache size unknown");
    }
}

arete_status ar_roofs_measure(arete_device *device, ar_measured_roofs *measured) {
    bench_device on;
    memset(measured, 0, sizeof *measured);
    arete_device_get_roofs(device, &measured->roofs);
    if (arete_device_get_info(device)->kind == ARETE_DEVICE_REFERENCE) {
        note(measured->missing, sizeof measured->missing, "reference", "has no kernels; roofs are estimates");
        return ARETE_OK;
    }
    arete_status status = open_device(device, &on);
    if (status != ARETE_OK)
        return status;
    arete_roofs *roofs = &measured->roofs;
    memset(roofs->peak, 0, sizeof roofs->peak);
    best_peak(&on, "float", on.info->vector_f32, &roofs->peak[ARETE_UNIT_F32], measured);
    if (on.info->has_f64)
        best_peak(&on, "double", on.info->vector_f64, &roofs->peak[ARETE_UNIT_F64], measured);
    measure_units(&on, measured);
    measure_ladder(&on, measured);
    if (measure_copy(&on, read_width(&on, 0), &measured->copy_bandwidth) != ARETE_OK)
        note(measured->missing, sizeof measured->missing, "copy", arete_error_text());
    roofs->bandwidth = fmax(measured->rungs[AR_RUNGS - 1].bandwidth, measured->copy_bandwidth);
    measured->rungs[AR_RUNGS - 1].bandwidth = roofs->bandwidth;
    roofs->cache_bandwidth = measured->rungs[AR_RUNGS - 2].bandwidth;
    roofs->cache_bytes = ar_last_cache(device);
    status = measure_launch(&on, roofs);
    roofs->measured = status == ARETE_OK && roofs->peak[ARETE_UNIT_F32] > 0 && roofs->bandwidth > 0;
    close_device(&on);
    return status;
}

arete_status ar_roofs_refresh(arete_device *device, ar_measured_roofs *measured) {
    bench_device on;
    arete_status status = open_device(device, &on);
    if (status != ARETE_OK)
        return status;
    ar_measured_roofs again = {.missing = ""};
    double *peak = measured->roofs.peak, f32 = 0, f64 = 0;
    best_peak(&on, "float", on.info->vector_f32, &f32, &again);
    if (on.info->has_f64)
        best_peak(&on, "double", on.info->vector_f64, &f64, &again);
    peak[ARETE_UNIT_F32] = fmax(peak[ARETE_UNIT_F32], f32);
    peak[ARETE_UNIT_F64] = fmax(peak[ARETE_UNIT_F64], f64);
    double rate = best_read(&on, on.bytes, true);
    ar_rung *memory = &measured->rungs[AR_RUNGS - 1];
    memory->bandwidth = fmax(memory->bandwidth, rate);
    measured->roofs.bandwidth = memory->bandwidth;
    close_device(&on);
    return ARETE_OK;
}

struct ar_read_probe {
    bench_device on;
    ar_arg args[4];
    ar_launch launch;
    double traffic;
};

arete_status ar_read_probe_open(arete_device *device, ar_read_probe **probe) {
    ar_read_probe *made = ar_os_alloc(sizeof *made);
    if (!made)
        return ar_fail_memory("a probe of memory", sizeof *made);
    arete_status status = open_device(device, &made->on);
    if (status != ARETE_OK) {
        ar_os_free(made);
        return status;
    }
    status = read_launch(&made->on, made->on.bytes, read_width(&made->on, 0), true, made->args, &made->launch,
                         &made->traffic);
    if (status == ARETE_OK && made->traffic <= 0)
        status = ar_fail(ARETE_E_UNSUPPORTED, "the device's buffers are too small for reading from memory");
    if (status != ARETE_OK) {
        ar_read_probe_close(made);
        return status;
    }
    *probe = made;
    return ARETE_OK;
}

arete_status ar_read_probe_calls(void *probe, size_t count, double *seconds) {
    const ar_read_probe *of = probe;
    return time_launches(&of->on, &of->launch, count, seconds);
}

double ar_read_probe_bytes(const ar_read_probe *probe) {
    return probe->traffic;
}

void ar_read_probe_close(ar_read_probe *probe) {
    if (!probe)
        return;
    close_device(&probe->on);
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
