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

/* errors has room for two values of each case. */
static void judge(const ar_measured_run *run, const ar_forecast *t, ar_op_kind kind, double *errors,
                  ar_verdict *v) {
    double *naive = errors + run->count, got = 0, want = 0, plain = 0, within = 0, sum = 0;
    *v = (ar_verdict){.device = run->machine.name, .kind = kind};
    for (size_t i = 0; i < run->count; i++) {
        const ar_measured_op *one = &run->ops[i];
        ar_estimate e;
        if (one->op.kind != kind)
            continue;
        ar_forecast_estimate(t, &one->op, &e);
        errors[v->cases] = fabs(e.seconds / one->seconds - 1);
        naive[v->cases] = fabs(e.naive / one->seconds - 1);
        sum += errors[v->cases++];
        got += e.seconds;
        plain += e.naive;
        want += one->seconds;
        within += one->seconds >= e.low && one->seconds <= e.high;
    }
    if (v->cases == 0)
        return;
    v->mean = sum / (double)v->cases;
    v->median = median_of(errors, v->cases);
    v->naive_median = median_of(naive, v->cases);
    v->total = got / want - 1;
    v->naive_total = plain / want - 1;
    v->covered = within / (double)v->cases;
}

static arete_status one_device(const ar_experience *experience, size_t r, ar_validation *to) {
    const ar_measured_run *run = &experience->runs[r];
    ar_without without = {0};
    ar_lessons lessons = {0};
    ar_forecast *t = NULL;
    size_t left = 0;
    for (size_t k = 0; k < experience->count; k++) {
        without.run[k] = strcmp(experience->runs[k].machine.name, run->machine.name) == 0;
        left += !without.run[k];
    }
    if (left == 0)
        return ar_fail(ARETE_E_NOT_FOUND,
                       "%s is the only device that was measured: there is nothing to predict it from",
                       run->machine.name);
    double *errors = ar_os_alloc(2 * run->count * sizeof *errors);
    if (!errors)
        return ar_fail_memory("errors", 2 * run->count * sizeof *errors);
    arete_status status = ar_lessons_learn(experience, &without, &lessons);
    if (status == ARETE_OK)
        status = ar_forecast_open(experience, &run->machine, &without, &lessons, &t);
    for (int kind = 0; kind < AR_OP_KINDS && status == ARETE_OK; kind++) {
        judge(run, t, (ar_op_kind)kind, errors, &to->verdicts[to->count]);
        to->count += to->verdicts[to->count].cases > 0;
    }
    ar_forecast_close(t);
    ar_lessons_free(&lessons);
    ar_os_free(errors);
    return status;
}

/* Leave one workload out: the device's own runs count, without the records of that workload. */
static arete_status network(const ar_experience *experience, const ar_measured_run *run,
                            const ar_measured_network *one, const ar_lessons *lessons, ar_network_verdict *v) {
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
        *v = (ar_network_verdict){run->machine.name, one->word, one->seconds, sum.seconds,
                                  sum.low,           sum.high,  sum.naive};
    }
    ar_forecast_close(t);
    ar_workload_free(&w);
    return status;
}

static arete_status all_networks(const ar_experience *experience, ar_validation *to) {
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
            status = network(experience, run, &run->networks[i], &lessons, &to->networks[to->network_count]);
            to->network_count += status == ARETE_OK;
        }
    ar_lessons_free(&lessons);
    return status;
}

arete_status ar_validate(const ar_experience *experience, ar_validation *validation) {
    arete_status status = ARETE_OK;
    *validation =
        (ar_validation){.verdicts = ar_os_alloc((experience->count * AR_OP_KINDS + 1) * sizeof(ar_verdict))};
    if (!validation->verdicts)
        return ar_fail_memory("verdicts", experience->count * AR_OP_KINDS * sizeof(ar_verdict));
    for (size_t r = 0; r < experience->count && status == ARETE_OK; r++)
        status = one_device(experience, r, validation);
    if (status == ARETE_OK)
        status = all_networks(experience, validation);
    if (status != ARETE_OK)
        ar_validation_free(validation);
    return status;
}

void ar_validation_free(ar_validation *validation) {
    ar_os_free(validation->verdicts);
    ar_os_free(validation->networks);
    *validation = (ar_validation){0};
}
