#include "tune.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "solver.h"

typedef struct search {
    const ar_tune_spec *spec;
    const ar_case *of;
    ar_tune_result *result;
    double started;
} search;

static void tell(const search *s, const char *solver, double seconds, const char *why) {
    if (s->spec->told)
        s->spec->told(s->spec->user, solver, seconds, why);
}

/* "name:mc=192,nc=256", what a plan is forced by. */
static void solver_text(const ar_solver *solver, const ar_params *params, char *text, size_t bytes) {
    size_t used = (size_t)snprintf(text, bytes, "%s", solver->name);
    for (int i = 0; solver->param_names && solver->param_names[i] && used < bytes; i++)
        used += (size_t)snprintf(text + used, bytes - used, "%c%s=%lld", i ? ',' : ':', solver->param_names[i],
                                 (long long)params->value[i]);
}

/* Median seconds per call over a few samples of at least 10 queued calls each; ends early when it is clear that the
 * best so far is out of reach. */
static arete_status time_stage(ar_stage *stage, double best, double *seconds) {
    double samples[7];
    size_t calls = 10, count = 0, next = 0;
    arete_status status = ar_stage_run(stage, 0, NULL); /* loads code, touches pages */
    if (status == ARETE_OK)
        status = arete_queue_finish(stage->queue);
    double spent = 0;
    while (count < 7 && (count == 0 || spent < 1) && status == ARETE_OK) {
        double start = ar_os_seconds();
        for (size_t i = 0; i < calls && status == ARETE_OK; i++) {
            status = ar_stage_run(stage, next, NULL);
            next = next + 1 < stage->copies ? next + 1 : 0;
        }
        if (status == ARETE_OK)
            status = arete_queue_finish(stage->queue);
        double took = ar_os_seconds() - start;
        if (took < 0.002 && calls < 1000) {
            calls *= 4;
            continue;
        }
        spent += took;
        samples[count++] = took / (double)calls;
        if (took / (double)calls > 1.5 * best)
            break;
    }
    ar_statistics of;
    ar_statistics_of(samples, count, &of);
    *seconds = of.median;
    return status;
}

/* The case's first set of operands must come out right before any time counts. */
static arete_status check_stage(ar_stage *stage, bool *passed, char *why, size_t bytes) {
    ar_comparison comparison;
    arete_status status = ar_stage_restore(stage, 0, false);
    if (status == ARETE_OK)
        status = ar_stage_run(stage, 0, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(stage->queue);
    if (status == ARETE_OK)
        status = ar_check_values(stage, 0, 5e7, &comparison);
    if (status != ARETE_OK)
        return status;
    *passed = comparison.passed;
    if (!comparison.passed)
        ar_comparison_text(stage->spec.of, &comparison, why, bytes);
    return ARETE_OK;
}

static arete_status record_winner(const ar_tune_spec *spec, const ar_case *of, const ar_tune_result *result) {
    arete_plan *plan;
    arete_status status = of->work->plan(spec->device, of->of, result->solver, &plan);
    if (status != ARETE_OK)
        return status;
    status = arete_plan_record(plan, result->seconds, true);
    arete_plan_release(plan);
    return status;
}

static ar_stage_spec stage_of(const search *s, const char *solver) {
    return (ar_stage_spec){.of = s->of, .device = s->spec->device, .solver = solver, .data = s->spec->data};
}

static arete_status load(const search *s, ar_stage *stage) {
    arete_cost cost;
    arete_plan_cost(stage->plan, &cost);
    ar_bench_spec rotation = {
        .device = s->spec->device, .rotation = s->spec->rotation, .roofs = s->spec->roofs, .peer_count = 1};
    return ar_stage_load(stage, ar_bench_copies(&rotation, s->of, &cost));
}

/* Checks and times one; seconds INFINITY when it is refused or wrong. */
static void try_one(search *s, const char *solver, double *seconds) {
    ar_stage stage;
    char why[512] = "";
    bool passed = false;
    double best = s->result->seconds > 0 ? s->result->seconds : INFINITY;
    ar_stage_spec how = stage_of(s, solver);
    *seconds = INFINITY;
    arete_status status = ar_stage_open(&how, &stage);
    if (status == ARETE_OK) {
        status = load(s, &stage);
        if (status == ARETE_OK)
            status = check_stage(&stage, &passed, why, sizeof why);
        if (status == ARETE_OK && passed)
            status = time_stage(&stage, best, seconds);
        ar_stage_close(&stage);
    }
    if (status != ARETE_OK) {
        snprintf(why, sizeof why, "%.500s", arete_error_text());
        s->result->refused++;
        *seconds = INFINITY;
    } else if (!passed) {
        s->result->wrong++;
    }
    s->result->tried++;
    tell(s, solver ? solver : "(chosen)", isfinite(*seconds) ? *seconds : 0, why);
}

static void keep_better(search *s, const char *solver, double seconds) {
    if (seconds < (s->result->seconds > 0 ? s->result->seconds : INFINITY)) {
        s->result->seconds = seconds;
        snprintf(s->result->solver, sizeof s->result->solver, "%s", solver);
    }
}

static void search_solver(search *s, const ar_solver *solver, const void *problem) {
    const arete_device *device = s->spec->device;
    const char *why = "";
    if (!solver->applies(problem, device, &why)) {
        tell(s, solver->name, 0, why);
        return;
    }
    ar_params params;
    for (size_t index = 0; !s->result->out_of_time; index++) {
        memset(&params, 0, sizeof params);
        bool more = solver->candidate && solver->candidate(problem, device, index, &params);
        if (!more && index > 0)
            return;
        if (!more && solver->guess)
            solver->guess(problem, device, &params);
        char text[256];
        double seconds;
        solver_text(solver, &params, text, sizeof text);
        double estimate = solver->estimate ? solver->estimate(problem, device, &s->spec->roofs->roofs, &params) : 0;
        if (s->result->seconds > 0 && isfinite(estimate) && estimate > s->spec->prune * s->result->seconds) {
            s->result->pruned++;
        } else if (isfinite(estimate) || s->spec->only) {
            try_one(s, text, &seconds);
            keep_better(s, text, seconds);
        } else {
            s->result->held_back++;
            tell(s, text, 0, "asks to be chosen by name only");
        }
        s->result->out_of_time = ar_os_seconds() - s->started > s->spec->budget;
        if (!more)
            return;
    }
}

/* The search's times are of different moments. Before anything is kept, the winner runs against what would have
 * been chosen anyway, in turns; it stays the winner only when its median is the lower one. */
static arete_status final_race(search *s) {
    ar_tune_result *result = s->result;
    ar_stage stages[2];
    const char *names[2] = {result->before, result->solver};
    size_t opened = 0;
    arete_status status = ARETE_OK;
    ar_timing *timings = ar_os_alloc(2 * sizeof *timings);
    if (!timings)
        return ar_fail_memory("samples", 2 * sizeof *timings);
    for (; opened < 2 && status == ARETE_OK; opened += status == ARETE_OK) {
        ar_stage_spec how = stage_of(s, names[opened]);
        status = ar_stage_open(&how, &stages[opened]);
        if (status == ARETE_OK && (status = load(s, &stages[opened])) != ARETE_OK)
            ar_stage_close(&stages[opened]);
    }
    if (status == ARETE_OK) {
        ar_own_calls own[2] = {{.stage = &stages[0]}, {.stage = &stages[1]}};
        ar_contender contenders[2] = {ar_own_contender(&own[0]), ar_own_contender(&own[1])};
        ar_race_rule rule = ar_race_rule_default();
        rule.stop.budget = 1;
        ar_race(&rule, contenders, 2, timings);
        double before = timings[0].queued.median, after = timings[1].queued.median;
        result->before_seconds = before;
        result->seconds = after;
        if (before <= after) {
            result->seconds = before;
            snprintf(result->solver, sizeof result->solver, "%s", result->before);
        }
    }
    while (opened-- > 0)
        ar_stage_close(&stages[opened]);
    ar_os_free(timings);
    return status;
}

arete_status ar_tune_case(const ar_tune_spec *spec, const ar_case *of, ar_tune_result *result) {
    search s = {.spec = spec, .of = of, .result = result, .started = ar_os_seconds()};
    memset(result, 0, sizeof *result);
    arete_plan *plan;
    arete_status status = of->work->plan(spec->device, of->of, NULL, &plan);
    if (status != ARETE_OK)
        return status;
    snprintf(result->before, sizeof result->before, "%s", arete_plan_solver(plan));
    double seconds;
    try_one(&s, result->before, &seconds);
    if (isfinite(seconds)) {
        result->before_seconds = seconds;
        keep_better(&s, result->before, seconds);
    }
    const ar_family *family = of->work->family;
    for (size_t i = 0; family->solvers[i] && !result->out_of_time; i++)
        if (!spec->only || strcmp(spec->only, family->solvers[i]->name) == 0)
            search_solver(&s, family->solvers[i], ar_plan_problem(plan));
    arete_plan_release(plan);
    if (!(result->seconds > 0))
        return ar_fail(ARETE_E_UNSUPPORTED, "no solver computes %s here", of->text);
    if (result->before_seconds > 0 && strcmp(result->before, result->solver) != 0 &&
        (status = final_race(&s)) != ARETE_OK)
        return status;
    return record_winner(spec, of, result);
}
