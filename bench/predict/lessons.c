/* What predicting each measured device from the others teaches: which tuning is best, and how wide intervals are.
 */
#include <math.h>
#include <stdlib.h>

#include "error.h"
#include "os.h"
#include "forecast_state.h"

#define PART                                                                                                       \
    0.97 /* of the known errors that an interval of 90% takes in: a device's cases err together, so that their     \
          * number says less than it seems */
#define TRY_EVERY 3  /* of the cases, to choose the tuning */
#define UNTAUGHT 3.0 /* in units of doubt, where there are no known errors at all */

static arete_status note(ar_lessons *to, const ar_lesson *one) {
    ar_lesson *list = ar_grown(to->list, &to->room, to->count, sizeof *list, "errors of prediction");
    if (!list)
        return ARETE_E_MEMORY;
    to->list = list;
    to->list[to->count++] = *one;
    return ARETE_OK;
}

/* One measured device from the others: into lessons where given, and its part of the loss: the mean log error of
 * cases and half that of the total, summed over kinds. */
static arete_status examine(const ar_experience *experience, const ar_without *without, size_t r,
                            const ar_tuning *tuning, ar_lessons *lessons, double loss[2]) {
    const ar_measured_run *run = &experience->runs[r];
    double off[AR_OP_KINDS] = {0}, count[AR_OP_KINDS] = {0}, got[AR_OP_KINDS] = {0}, want[AR_OP_KINDS] = {0};
    ar_without others = *without;
    ar_forecast *t = NULL;
    for (size_t k = 0; k < experience->count; k++)
        others.run[k] |= ar_run_same_device(run, &experience->runs[k]);
    arete_status status = ar_forecast_open_bare(experience, &run->machine, &others, tuning, &t);
    if (status != ARETE_OK)
        return status;
    double away = ar_forecast_distance(t);
    size_t step = lessons ? 1 : TRY_EVERY;
    for (size_t i = 0; i < run->count && status == ARETE_OK && isfinite(away); i += step) {
        ar_op_kind kind = run->ops[i].op.kind;
        ar_estimate e;
        ar_forecast_estimate(t, &run->ops[i].op, &e);
        double error = fabs(log(run->ops[i].seconds / e.seconds));
        off[kind] += error;
        count[kind]++;
        got[kind] += e.seconds;
        want[kind] += run->ops[i].seconds;
        if (lessons)
            status = note(lessons, &(ar_lesson){error / e.doubt, away, kind});
    }
    ar_forecast_close(t);
    for (int k = 0; k < AR_OP_KINDS; k++)
        if (count[k] > 0) {
            loss[0] += off[k] / count[k] + fabs(log(got[k] / want[k])) / 2;
            loss[1]++;
        }
    return status;
}

static arete_status examine_all(const ar_experience *experience, const ar_without *without, const ar_tuning *tuning,
                                ar_lessons *lessons, double *loss) {
    double sums[2] = {0, 0};
    arete_status status = ARETE_OK;
    for (size_t r = 0; r < experience->count && status == ARETE_OK; r++)
        if (!without->run[r])
            status = examine(experience, without, r, tuning, lessons, sums);
    *loss = sums[1] > 0 ? sums[0] / sums[1] : 0;
    return status;
}

arete_status ar_lessons_learn(const ar_experience *experience, const ar_without *without, ar_lessons *lessons) {
    static const double years[] = {0.15, 0.25}, clocks[] = {0.4, 0.8}, slacks[] = {1, 2}, units[] = {1, 3};
    static const ar_without none;
    double best = INFINITY, loss;
    arete_status status = ARETE_OK;
    *lessons = (ar_lessons){0};
    for (int i = 0; i < 16 && status == ARETE_OK; i++) {
        ar_tuning one = {2, slacks[i & 1], years[i >> 1 & 1], clocks[i >> 2 & 1], units[i >> 3 & 1]};
        status = examine_all(experience, without ? without : &none, &one, NULL, &loss);
        if (status == ARETE_OK && loss < best) {
            best = loss;
            lessons->tuning = one;
        }
    }
    if (status == ARETE_OK)
        status = examine_all(experience, without ? without : &none, &lessons->tuning, lessons, &loss);
    if (status != ARETE_OK)
        ar_lessons_free(lessons);
    return status;
}

void ar_lessons_free(ar_lessons *lessons) {
    ar_os_free(lessons->list);
    *lessons = (ar_lessons){0};
}

typedef struct weighted {
    double error, weight;
} weighted;

static int by_error(const void *a, const void *b) {
    const weighted *x = a, *y = b;
    return (x->error > y->error) - (x->error < y->error);
}

static double quantile(weighted *list, size_t count, double part) {
    double total = 0, at = 0;
    for (size_t i = 0; i < count; i++)
        total += list[i].weight;
    qsort(list, count, sizeof *list, by_error);
    for (size_t i = 0; i < count; i++) {
        at += list[i].weight;
        if (at >= part * total)
            return list[i].error;
    }
    return count ? list[count - 1].error : UNTAUGHT;
}

/* Errors of the same kind, and of devices about as far from their nearest as the target is, count most. */
static arete_status take_lessons(ar_forecast *t, const ar_lessons *lessons) {
    double own = fmin(ar_forecast_distance(t), 8);
    weighted *list = ar_os_alloc((lessons->count + 1) * sizeof *list);
    if (!list)
        return ar_fail_memory("errors of prediction", lessons->count * sizeof *list);
    for (int k = 0; k < AR_OP_KINDS; k++) {
        for (size_t i = 0; i < lessons->count; i++) {
            const ar_lesson *one = &lessons->list[i];
            double alike = exp(-fabs(own - fmin(one->away, 8)) / 1.5);
            list[i] = (weighted){one->error, (1e-3 + alike) * ((int)one->kind == k ? 1 : 0.1)};
        }
        t->spread[k] = quantile(list, lessons->count, PART);
    }
    ar_os_free(list);
    return ARETE_OK;
}

arete_status ar_forecast_open(const ar_experience *experience, const ar_machine *target, const ar_without *without,
                              const ar_lessons *lessons, ar_forecast **forecast) {
    ar_forecast *t = NULL;
    arete_status status = ar_forecast_open_bare(experience, target, without, &lessons->tuning, &t);
    if (status == ARETE_OK)
        status = take_lessons(t, lessons);
    if (status != ARETE_OK)
        ar_forecast_close(t);
    else
        *forecast = t;
    return status;
}
