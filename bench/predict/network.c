#include "network.h"

#include <math.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "record.h"
#include "stage.h"

#define COPIES_MOST 64 /* of a repeated operation */

typedef struct step {
    ar_case of;
    ar_stage stage;
    bool open;
    size_t count;
} step;

typedef struct network {
    step *steps;
    size_t count;
    arete_queue *queue; /* one for all: in order */
    uint64_t bytes;
} network;

static void close_network(network *n) {
    for (size_t i = 0; i < n->count; i++) {
        if (n->steps[i].open)
            ar_stage_close(&n->steps[i].stage);
        ar_case_free(&n->steps[i].of);
    }
    ar_os_free(n->steps);
    arete_queue_release(n->queue);
}

/* The stage's calls go to the network's queue from here on. */
static arete_status join_queue(network *n, ar_stage *stage) {
    arete_status status = arete_queue_finish(stage->queue);
    if (status != ARETE_OK)
        return status;
    arete_queue_release(stage->queue);
    arete_queue_retain(n->queue);
    stage->queue = n->queue;
    return arete_queue_reserve(n->queue, arete_plan_workspace(stage->plan));
}

static arete_status open_step(network *n, arete_device *device, const ar_workload_op *one, const char *text,
                              uint64_t bytes_most) {
    step *s = &n->steps[n->count];
    arete_status status = ar_case_make(text, &s->of);
    if (status != ARETE_OK)
        return status;
    n->count++;
    s->count = (size_t)one->count;
    size_t copies = s->count < COPIES_MOST ? s->count : COPIES_MOST;
    n->bytes += 2 * copies * s->of.working_set; /* packed weights are a second copy, and so is the host's side */
    if (n->bytes > bytes_most)
        return ar_fail(ARETE_E_MEMORY, "its operands need more than %.3g GB", (double)bytes_most * 1e-9);
    ar_stage_spec spec = {.of = &s->of, .device = device, .data = {.seed = 1}};
    status = ar_stage_open(&spec, &s->stage);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s '%s'", one->label, text);
    s->open = true;
    status = ar_stage_load(&s->stage, copies);
    return status == ARETE_OK ? join_queue(n, &s->stage) : status;
}

static arete_status open_network(network *n, arete_device *device, const ar_workload *w, uint64_t bytes_most,
                                 ar_network_time *time) {
    char text[AR_CASE_BYTES];
    n->steps = ar_os_alloc(w->op_count * sizeof *n->steps);
    if (!n->steps)
        return ar_fail_memory("a network", w->op_count * sizeof *n->steps);
    arete_status status = arete_queue_create(device, 0, &n->queue);
    for (size_t i = 0; i < w->op_count && status == ARETE_OK; i++) {
        if (ar_workload_op_case(&w->ops[i], text, sizeof text)) {
            status = open_step(n, device, &w->ops[i], text, bytes_most);
            time->operations += (double)w->ops[i].count;
        } else {
            time->left_out += (double)w->ops[i].count;
            if (!time->why[0])
                snprintf(time->why, sizeof time->why, "%s", w->ops[i].label);
        }
    }
    return status;
}

static arete_status pass(network *n, double *seconds) {
    arete_status status = ARETE_OK;
    double start = ar_os_seconds();
    for (size_t i = 0; i < n->count && status == ARETE_OK; i++)
        for (size_t c = 0; c < n->steps[i].count && status == ARETE_OK; c++)
            status = ar_stage_run(&n->steps[i].stage, c % n->steps[i].stage.copies, NULL);
    arete_status finished = arete_queue_finish(n->queue);
    *seconds = ar_os_seconds() - start;
    return status == ARETE_OK ? finished : status;
}

arete_status ar_network_measure(arete_device *device, const ar_workload *w, double budget, uint64_t bytes_most,
                                ar_network_time *time) {
    network n = {0};
    size_t count = 0;
    double seconds;
    *time = (ar_network_time){0};
    arete_status status = open_network(&n, device, w, bytes_most, time);
    if (status == ARETE_OK)
        status = pass(&n, &seconds); /* kernels are compiled at their first run */
    double start = ar_os_seconds();
    while (status == ARETE_OK && count < AR_NETWORK_SAMPLES && (count < 3 || ar_os_seconds() - start < budget))
        status = pass(&n, &time->samples[count++]);
    close_network(&n);
    if (status == ARETE_OK)
        ar_statistics_of(time->samples, count, &time->seconds);
    return status;
}

/* Whether all that ar_network_measure() lays out stays in the last cache from one pass to the next. */
static bool stays_in_cache(const ar_workload *w, const ar_machine *m) {
    ar_workload_sum sum;
    ar_workload_total(w, &sum);
    return sum.bytes < m->cache / 2;
}

void ar_network_predict(const ar_forecast *forecast, const ar_workload *w, ar_estimate *sum) {
    const ar_machine *m = ar_forecast_target(forecast);
    char text[AR_CASE_BYTES];
    *sum = (ar_estimate){.seconds = m->wait, .low = m->wait / 2, .high = 2 * m->wait};
    for (size_t i = 0; i < w->op_count; i++) {
        ar_estimate e;
        ar_op op = w->ops[i].op;
        double count = (double)w->ops[i].count;
        if (!ar_workload_op_case(&w->ops[i], text, sizeof text))
            continue;
        op.warm = stays_in_cache(w, m);
        ar_forecast_estimate(forecast, &op, &e);
        sum->seconds += count * e.seconds;
        sum->low += count * e.low;
        sum->high += count * e.high;
        sum->naive += count * e.naive;
        sum->distance = fmax(sum->distance, e.distance);
    }
}

/* Seconds of the operation as it was measured for that workload on that device; 0: it was not. */
static double measured_alone(const ar_experience *e, const char *device, const char *group, const ar_op *op) {
    double shape[AR_FEATURES];
    ar_op_cost cost;
    ar_op_shape(op, shape);
    ar_op_count(op, &cost);
    for (size_t r = e->count; r-- > 0;) {
        const ar_measured_run *run = &e->runs[r];
        for (size_t i = 0; strcmp(run->machine.name, device) == 0 && i < run->count; i++) {
            const ar_measured_op *one = &run->ops[i];
            if (one->op.kind == op->kind && strcmp(one->group, group) == 0 && one->op.dtype == op->dtype &&
                (op->kind == AR_OP_LAYER ? fabs(one->shape[0] - shape[0]) < 0.03 && one->op.layer == op->layer
                                         : memcmp(one->shape, shape, sizeof shape) == 0 &&
                                               fabs(one->cost.flops - cost.flops) < 0.01 * cost.flops))
                return one->seconds;
        }
    }
    return 0;
}

void ar_network_explain(FILE *to, const ar_experience *experience, const ar_forecast *forecast, const char *device,
                        const ar_workload *w) {
    char text[AR_CASE_BYTES];
    double sum = 0, both = 0, predicted = 0;
    for (size_t i = 0; i < w->op_count; i++) {
        const ar_workload_op *one = &w->ops[i];
        ar_estimate e;
        if (!ar_workload_op_case(one, text, sizeof text))
            continue;
        ar_op op = one->op;
        op.warm = stays_in_cache(w, ar_forecast_target(forecast));
        ar_forecast_estimate(forecast, &op, &e);
        double count = (double)one->count, alone = measured_alone(experience, device, w->name, &one->op);
        predicted += count * e.seconds;
        fprintf(to, "    %-20s %4.0f x %9.4g ms", one->label, count, 1e3 * e.seconds);
        if (alone > 0) {
            fprintf(to, ", alone %9.4g ms (%+6.1f%%)", 1e3 * alone, 100 * (e.seconds / alone - 1));
            sum += count * alone;
            both += count * e.seconds;
        }
        fprintf(to, ", nearest at %.2f\n", e.distance);
    }
    fprintf(to, "    sum %.4g ms; of operations that were measured alone: predicted %.4g ms, measured %.4g ms\n",
            1e3 * predicted, 1e3 * both, 1e3 * sum);
}

json_t *ar_network_json(const char *word, const ar_workload *w, const ar_network_time *time) {
    json_t *samples = json_array();
    for (size_t i = 0; i < time->seconds.count; i++)
        json_array_append_new(samples, json_real(time->samples[i]));
    return json_pack("{s:s, s:s, s:s, s:{s:f, s:f, s:f, s:o}, s:f, s:f}", "workload", word, "name", w->name,
                     "dtype", arete_dtype_name(w->dtype), "seconds", "median", time->seconds.median, "min",
                     time->seconds.min, "spread", time->seconds.spread, "samples", samples, "operations",
                     time->operations, "left_out", time->left_out);
}

arete_status ar_networks_write(const arete_device *device, const ar_measured_roofs *roofs, json_t *networks,
                               const char *path) {
    char date[16];
    ar_os_date(date, sizeof date);
    json_t *json = json_pack("{s:s, s:i, s:s, s:o, s:o, s:O}", "arete", arete_version(), "schema", 1, "date", date,
                             "device", ar_device_json(device), "roofs", ar_roofs_json(roofs), "networks", networks);
    arete_status status = json ? ar_json_write(json, path) : ar_fail_memory("JSON", 0);
    json_decref(json);
    return status;
}
