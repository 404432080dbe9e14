#include "model_profile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

typedef struct row {
    arete_model_step step;
    double seconds, roof; /* roof: the least that the device needs, with the wait that each step of a profile has */
    const char *bound;
} row;

/* Steps are waited for one by one, so that what a launch with a wait costs belongs to the roof. */
static void hold_against(const ar_measured_roofs *m, row *r) {
    const arete_cost *cost = &r->step.cost;
    ar_roof_share share = {0};
    ar_roof_share_of(m, cost, (uint64_t)cost->bytes, false, r->seconds, &share);
    if (!share.known)
        return;
    double compute = cost->flops_executed / share.peak, memory = cost->bytes / share.bandwidth;
    double launches = cost->launches > 1 ? cost->launches - 1 : 0;
    double wait = m->roofs.sync_seconds + launches * m->roofs.launch_seconds;
    r->roof = (compute > memory ? compute : memory) + wait;
    r->bound = wait > compute && wait > memory ? "launch" : compute >= memory ? "compute" : "memory";
}

static void print_row(const row *r) {
    const arete_cost *cost = &r->step.cost;
    printf("%9.1f %8.1f %7.1f ", r->seconds * 1e6, cost->flops / r->seconds * 1e-9,
           cost->bytes / r->seconds * 1e-9);
    if (r->bound)
        printf("%4.0f%% %-7s", 100 * r->roof / r->seconds, r->bound);
    else
        printf("   -  %-7s", "-");
    printf("  %-9s %-28.28s %s (%s): %s\n", r->step.family, r->step.solver, r->step.name, r->step.op,
           r->step.problem);
}

typedef struct total {
    const char *op;
    size_t steps;
    double seconds, roof, flops, bytes;
} total;

static int by_time(const void *a, const void *b) {
    const total *x = a, *y = b;
    return (x->seconds < y->seconds) - (x->seconds > y->seconds);
}

static void print_totals(const row *rows, size_t steps, total *totals) {
    size_t count = 0;
    double all = 0;
    for (size_t i = 0; i < steps; i++) {
        size_t t = 0;
        while (t < count && strcmp(totals[t].op, rows[i].step.op) != 0)
            t++;
        if (t == count)
            totals[count++] = (total){.op = rows[i].step.op};
        totals[t].steps++;
        totals[t].seconds += rows[i].seconds;
        totals[t].roof += rows[i].roof;
        totals[t].flops += rows[i].step.cost.flops;
        totals[t].bytes += rows[i].step.cost.bytes;
        all += rows[i].seconds;
    }
    qsort(totals, count, sizeof *totals, by_time);
    printf("\n%9s %6s %6s %8s %7s %5s  %s\n", "us", "share", "steps", "GFLOP/s", "GB/s", "roof", "operator");
    for (size_t t = 0; t < count; t++)
        printf("%9.1f %5.1f%% %6zu %8.1f %7.1f %4.0f%%  %s\n", totals[t].seconds * 1e6,
               100 * totals[t].seconds / all, totals[t].steps, totals[t].flops / totals[t].seconds * 1e-9,
               totals[t].bytes / totals[t].seconds * 1e-9, 100 * totals[t].roof / totals[t].seconds, totals[t].op);
    printf("%9.1f us in %zu steps, each waited for\n", all * 1e6, steps);
}

arete_status ar_model_profile_print(ar_session *s) {
    arete_model_info info;
    ar_measured_roofs *roofs = calloc(1, sizeof *roofs);
    arete_model_get_info(s->model, &info);
    double *seconds = calloc(info.steps + 1, sizeof *seconds);
    row *rows = calloc(info.steps + 1, sizeof *rows);
    total *totals = calloc(info.steps + 1, sizeof *totals);
    arete_status status = roofs && seconds && rows && totals ? ARETE_OK : ARETE_E_MEMORY;
    if (status == ARETE_OK)
        status = ar_roofs_measure(arete_model_device(s->model), roofs);
    if (status == ARETE_OK)
        status = ar_session_profile(s, seconds, info.steps);
    if (status == ARETE_OK) {
        printf("roofs    %s: f32 %.1f GFLOP/s, memory %.1f GB/s, launch with a wait %.1f us\n",
               roofs->roofs.measured ? "measured" : "estimated", roofs->roofs.peak[ARETE_UNIT_F32] * 1e-9,
               roofs->roofs.bandwidth * 1e-9, roofs->roofs.sync_seconds * 1e6);
        printf("%9s %8s %7s %5s %-7s  %-9s %-28s %s\n", "us", "GFLOP/s", "GB/s", "roof", "bound", "family",
               "solver", "node, problem");
        for (size_t k = 0; k < info.steps; k++) {
            rows[k] =
                (row){.step = arete_model_get_step(s->model, k), .seconds = seconds[k] > 0 ? seconds[k] : 1e-9};
            hold_against(roofs, &rows[k]);
            print_row(&rows[k]);
        }
        print_totals(rows, info.steps, totals);
    }
    free(roofs);
    free(seconds);
    free(rows);
    free(totals);
    return status;
}
