#include "transfer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "host.h"
#include "os.h"

enum { QUEUED = 500 };

const char *ar_way_name(ar_way way) {
    static const char *const names[] = {"to_device", "from_device", "both"};
    return names[way];
}

const char *ar_host_kind_name(ar_host_kind kind) {
    static const char *const names[] = {"pageable", "pinned", "mapped"};
    return names[kind];
}

ar_line ar_line_fit(const double *amounts, const double *seconds, size_t count) {
    double w = 0, x = 0, y = 0, xx = 0, xy = 0;
    ar_line line = {0};
    for (size_t i = 0; i < count; i++) {
        double weight = 1 / (seconds[i] * seconds[i]);
        w += weight;
        x += weight * amounts[i];
        y += weight * seconds[i];
        xx += weight * amounts[i] * amounts[i];
        xy += weight * amounts[i] * seconds[i];
    }
    double spread = w * xx - x * x, slope = spread > 0 ? (w * xy - x * y) / spread : 0;
    if (count < 2 || !(slope > 0))
        return line;
    line.rate = 1 / slope;
    line.seconds = fmax((y - slope * x) / w, 0);
    for (size_t i = 0; i < count; i++)
        line.worst = fmax(line.worst, fabs(line.seconds + slope * amounts[i] - seconds[i]) / seconds[i]);
    return line;
}

void ar_transfer_close(ar_transfer *t) {
    ar_pinned *pinned = t->pinned;
    for (int i = 0; i < 2; i++) {
        ar_os_free_aligned(t->pageable[i]);
        if (pinned)
            ar_pinned_drop(&pinned[i]);
    }
    ar_os_free(pinned);
    arete_queue_release(t->other);
}

static void fill_host(void *to, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes / 4; i++)
        ((uint32_t *)to)[i] = ar_filled(i);
}

/* Page-locked memory is tried; without it the other kinds are measured all the same. */
static void take_pinned(ar_transfer *t) {
    ar_pinned *pinned = ar_os_alloc(2 * sizeof *pinned);
    t->pinned = pinned;
    if (!pinned)
        return;
    arete_status status = ar_pinned_take(t->on->queue, t->bytes, &pinned[0]);
    if (status == ARETE_OK)
        status = ar_pinned_take(t->on->queue, t->bytes, &pinned[1]);
    if (status == ARETE_OK) {
        fill_host(pinned[0].pointer, t->bytes);
        memset(pinned[1].pointer, 0, (size_t)t->bytes);
        return;
    }
    snprintf(t->no_pinned, sizeof t->no_pinned, "%.190s", arete_error_text());
    for (int i = 0; i < 2; i++)
        ar_pinned_drop(&pinned[i]);
    ar_os_free(pinned);
    t->pinned = NULL;
}

arete_status ar_transfer_open(const ar_bench_device *on, uint64_t bytes, ar_transfer *t) {
    *t = (ar_transfer){.on = on, .bytes = bytes < on->bytes ? bytes : on->bytes};
    arete_status status = arete_queue_create(on->device, 0, &t->other);
    for (int i = 0; i < 2 && status == ARETE_OK; i++) {
        t->pageable[i] = ar_os_alloc_aligned((size_t)t->bytes, 4096);
        if (!t->pageable[i])
            status = ar_fail_memory("host memory", t->bytes);
    }
    if (status != ARETE_OK) {
        ar_transfer_close(t);
        return status;
    }
    fill_host(t->pageable[0], t->bytes);
    memset(t->pageable[1], 0, (size_t)t->bytes);
    take_pinned(t);
    return ARETE_OK;
}

typedef struct timed {
    ar_transfer *of;
    ar_host_kind kind;
    ar_way way;
    uint64_t bytes;
    void *source, *sink;
} timed;

static arete_status map_and_copy(const timed *t) {
    arete_buffer *buffer = t->way == AR_TO_DEVICE ? t->of->on->to : t->of->on->from;
    void *pointer = NULL;
    arete_status status = ar_buffer_map(t->of->on->queue, buffer, 0, t->bytes, t->way == AR_TO_DEVICE, &pointer);
    if (status != ARETE_OK)
        return status;
    if (t->way == AR_TO_DEVICE)
        memcpy(pointer, t->source, (size_t)t->bytes);
    else
        memcpy(t->sink, pointer, (size_t)t->bytes);
    return ar_buffer_unmap(t->of->on->queue, buffer, pointer);
}

static arete_status both_ways(const timed *t) {
    arete_event *there = NULL, *back = NULL;
    arete_status status =
        arete_queue_write(t->of->on->queue, t->of->on->to, 0, t->bytes, t->source, ARETE_WAIT_NONE, &there);
    if (status == ARETE_OK)
        status = arete_queue_flush(t->of->on->queue);
    if (status == ARETE_OK)
        status = arete_queue_read(t->of->other, t->of->on->from, 0, t->bytes, t->sink, ARETE_WAIT_NONE, &back);
    if (status == ARETE_OK)
        status = arete_queue_finish(t->of->other);
    arete_status finished = arete_queue_finish(t->of->on->queue);
    arete_event_release(there);
    arete_event_release(back);
    return status == ARETE_OK ? finished : status;
}

static arete_status sample(void *state, double *seconds) {
    const timed *t = state;
    arete_queue *queue = t->of->on->queue;
    double start = ar_os_seconds();
    arete_status status;
    if (t->way == AR_BOTH_WAYS)
        status = both_ways(t);
    else if (t->kind == AR_MAPPED)
        status = map_and_copy(t);
    else if (t->way == AR_TO_DEVICE)
        status = arete_queue_write(queue, t->of->on->to, 0, t->bytes, t->source, ARETE_WAIT_NONE, NULL);
    else
        status = arete_queue_read(queue, t->of->on->from, 0, t->bytes, t->sink, ARETE_WAIT_NONE, NULL);
    *seconds = ar_os_seconds() - start;
    return status;
}

/* Data is the same hash everywhere: what came must be it. */
static arete_status check(const timed *t) {
    arete_status status = ARETE_OK;
    uint64_t words = t->bytes / 4, at[3] = {0, words / 2, words - 1};
    for (int i = 0; i < 3 && status == ARETE_OK; i++) {
        uint32_t got = 0;
        if (t->way != AR_FROM_DEVICE)
            status = arete_queue_read(t->of->on->queue, t->of->on->to, 4 * at[i], 4, &got, ARETE_WAIT_NONE, NULL);
        if (status == ARETE_OK && t->way != AR_FROM_DEVICE && got != ar_filled(at[i]))
            status = ar_fail(ARETE_E_DEVICE, "word %llu arrived as %08x", (unsigned long long)at[i], got);
        if (status == ARETE_OK && t->way != AR_TO_DEVICE && ((uint32_t *)t->sink)[at[i]] != ar_filled(at[i]))
            status = ar_fail(ARETE_E_DEVICE, "word %llu came back wrong", (unsigned long long)at[i]);
    }
    return status;
}

arete_status ar_transfer_measure(ar_transfer *transfer, ar_host_kind kind, ar_way way, uint64_t bytes,
                                 const ar_series_rule *rule, ar_probe_result *result) {
    ar_pinned *pinned = transfer->pinned;
    timed state = {transfer, kind, way, bytes, transfer->pageable[0], transfer->pageable[1]};
    arete_status status = ARETE_OK;
    if (kind == AR_PINNED && !pinned)
        status = ar_fail(ARETE_E_UNSUPPORTED, "no page-locked memory: %s", transfer->no_pinned);
    else if (kind == AR_MAPPED && way == AR_BOTH_WAYS)
        status = ar_fail(ARETE_E_UNSUPPORTED, "mapping goes one way at a time");
    if (kind == AR_PINNED && pinned) {
        state.source = pinned[0].pointer;
        state.sink = pinned[1].pointer;
    }
    ar_sampler sampler = {&state, sample};
    if (status == ARETE_OK)
        status = ar_series_take(rule, &sampler, 1, &result->series);
    if (status == ARETE_OK)
        status = check(&state);
    if (status != ARETE_OK) {
        ar_result_fail(result);
        return status;
    }
    result->amount = (double)bytes * (way == AR_BOTH_WAYS ? 2 : 1);
    ar_result_settle(result);
    return ARETE_OK;
}

static arete_status sample_queued(void *state, double *seconds) {
    const ar_launch_sampler *of = state;
    return ar_time_launches(of->queue, of->launch, QUEUED, seconds);
}

arete_status ar_launch_measure(const ar_bench_device *on, size_t groups, bool queued, const ar_series_rule *rule,
                               ar_probe_result *result) {
    const ar_kernel *kernel;
    arete_status status = ar_memory_kernel(on, 1, "nothing", &kernel);
    ar_arg args[] = {AR_BUFFER(on->to)};
    size_t group = ar_group_size(on, 64);
    ar_launch launch = ar_launch_of(kernel, args, 1, (ar_shape){1, groups * group, group});
    ar_launch_sampler state = {on->queue, &launch};
    ar_sampler sampler = {&state, queued ? sample_queued : ar_sample_launch};
    if (status == ARETE_OK)
        status = ar_series_take(rule, &sampler, 1, &result->series);
    if (status != ARETE_OK) {
        ar_result_fail(result);
        return status;
    }
    result->amount = queued ? QUEUED : 1;
    ar_result_settle(result);
    return ARETE_OK;
}
