#include "validate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "network.h"
#include "os.h"

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_size);
    return count % 2 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2;
}

/* What is summed up of a device's cases of one kind. errors and naive have room for all of them. */
typedef struct tally {
    double *errors, *naive;
    double got, want, plain, within, sum;
} tally;

static void judge_run(const ar_measured_run *run, const ar_forecast *t, tally *y, ar_verdict *v) {
    for (size_t i = 0; i < run->count; i++) {
        const ar_measured_op *one = &run->ops[i];
        ar_estimate e;
        if (one->op.kind != v->kind)
            continue;
        ar_forecast_estimate(t, &one->op, &e);
        y->errors[v->cases] = fabs(e.seconds / one->seconds - 1);
        y->naive[v->cases] = fabs(e.naive / one->seconds - 1);
        y->sum += y->errors[v->cases++];
        y->got += e.seconds;
        y->plain += e.naive;
        y->want += one->seconds;
        y->within += one->seconds >= e.low && one->seconds <= e.high;
    }
}

static void conclude(tally *y, ar_verdict *v) {
    if (v->cases == 0)
        return;
    v->mean = y->sum / (double)v->cases;
    v->median = median_of(y->errors, v->cases);
    v->naive_median = median_of(y->naive, v->cases);
    v->total = y->got / y->want - 1;
    v->naive_total = y->plain / y->want - 1;
    v->covered = y->within / (double)v->cases;
}

/* All runs of the device, each with its own roofs, by what others' runs taught. */
static arete_status judge(const ar_experience *experience, size_t r, const ar_without *without,
                          const ar_lessons *lessons, ar_op_kind kind, double *errors, size_t room, ar_verdict *v) {
    tally y = {.errors = errors, .naive = errors + room};
    arete_status status = ARETE_OK;
    *v = (ar_verdict){.device = experience->runs[r].machine.name, .kind = kind};
    for (size_t k = r; k < experience->count && status == ARETE_OK; k++) {
        ar_forecast *t = NULL;
        if (!ar_run_same_device(&experience->runs[r], &experience->runs[k]))
            continue;
        status = ar_forecast_open(experience, &experience->runs[k].machine, without, lessons, &t);
        if (status == ARETE_OK)
            judge_run(&experience->runs[k], t, &y, v);
        ar_forecast_close(t);
    }
    conclude(&y, v);
    return status;
}

static arete_status one_device(const ar_experience *experience, size_t r, ar_validation *to) {
    const ar_measured_run *run = &experience->runs[r];
    ar_without without = {0};
    ar_lessons lessons = {0};
    size_t left = 0, room = 0;
    for (size_t k = 0; k < experience->count; k++) {
        without.run[k] = ar_run_same_device(run, &experience->runs[k]);
        left += !without.run[k];
        room += without.run[k] ? experience->runs[k].count : 0;
    }
    if (left == 0)
        return ar_fail(ARETE_E_NOT_FOUND,
                       "%s is the only device that was measured: there is nothing to predict it from",
                       run->machine.name);
    double *errors = ar_os_alloc(2 * (room + 1) * sizeof *errors);
    if (!errors)
        return ar_fail_memory("errors", 2 * (room + 1) * sizeof *errors);
    arete_status status = ar_lessons_learn(experience, &without, &lessons);
    for (int kind = 0; kind < AR_OP_KINDS && status == ARETE_OK; kind++) {
        status = judge(experience, r, &without, &lessons, (ar_op_kind)kind, errors, room, &to->verdicts[to->count]);
        to->count += to->verdicts[to->count].cases > 0;
    }
    ar_lessons_free(&lessons);
    ar_os_free(errors);
    return status;
}

/* Leave one workload out: the device's own runs count, without the records of that workload. */
static arete_status network(const ar_experience *experience, const ar_measured_run *run,
                            const ar_measured_network *one, const ar_lessons *lessons, FILE *details,
                            ar_network_verdict *v) {
    ar_workload w;
    ar_estimate sum;
    ar_forecast *t = NULL;
    arete_status status = ar_workload_load(one->word, NULL, 0, ARETE_DTYPE_NONE, &w);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s", run->path);
    ar_without without = {.group = w.name};
    status = ar_forecast_open(experience, &run->machine, &without, lessons, &t);
    if (status == ARETE_OK) {
        ar_network_predict(t, &w, &sum);
        if (details) {
            fprintf(details, "%s, %s: measured %.4g ms\n", run->machine.name, one->word, 1e3 * one->seconds);
            ar_network_explain(details, experience, t, run->machine.name, &w);
        }
        *v = (ar_network_verdict){run->machine.name, one->word, one->seconds, sum.seconds,
                                  sum.low,           sum.high,  sum.naive};
    }
    ar_forecast_close(t);
    ar_workload_free(&w);
    return status;
}

static arete_status all_networks(const ar_experience *experience, FILE *details, ar_validation *to) {
    ar_lessons lessons = {0};
    size_t count = 0;
    for (size_t r = 0; r < experience->count; r++)
        count += experience->runs[r].network_count;
    if (count == 0)
        return ARETE_OK;
    to->networks = ar_os_alloc(count * sizeof *to->networks);
    arete_status status = to->networks ? ar_lessons_learn(experience, NULL, &lessons)
                                       : ar_fail_memory("verdicts", count * sizeof *to->networks);
    for (size_t r = 0; r < experience->count; r++)
        for (size_t i = 0; i < experience->runs[r].network_count && status == ARETE_OK; i++) {
            const ar_measured_run *run = &experience->runs[r];
            status =
                network(experience, run, &run->networks[i], &lessons, details, &to->networks[to->network_count]);
            to->network_count += status == ARETE_OK;
        }
    ar_lessons_free(&lessons);
    return status;
}

arete_status ar_validate(const ar_experience *experience, FILE *details, ar_validation *validation) {
    arete_status status = ARETE_OK;
    *validation =
        (ar_validation){.verdicts = ar_os_alloc((experience->count * AR_OP_KINDS + 1) * sizeof(ar_verdict))};
    if (!validation->verdicts)
        return ar_fail_memory("verdicts", experience->count * AR_OP_KINDS * sizeof(ar_verdict));
    for (size_t r = 0; r < experience->count && status == ARETE_OK; r++)
        if (ar_run_is_first(experience, r))
            status = one_device(experience, r, validation);
    if (status == ARETE_OK)
        status = all_networks(experience, details, validation);
    if (status != ARETE_OK)
        ar_validation_free(validation);
    return status;
}

void ar_validation_free(ar_validation *validation) {
    ar_os_free(validation->verdicts);
    ar_os_free(validation->networks);
    *validation = (ar_validation){0};
}
