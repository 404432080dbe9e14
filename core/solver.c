/* How a solver is chosen: forced, recorded by the tuner, or of the lowest estimate. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "plan.h"

/* "name:param=value,..." */
static void format_solver(const ar_solver *solver, const ar_params *params, char *text, size_t bytes) {
    int at = snprintf(text, bytes, "%s", solver->name);
    for (size_t i = 0; solver->param_names && solver->param_names[i] && at > 0 && (size_t)at < bytes; i++) {
        at += snprintf(text + at, bytes - (size_t)at, "%c%s=%" PRId64, i ? ',' : ':', solver->param_names[i],
                       params->value[i]);
    }
}

/* Reads ":param=value,..." over params; at points to the ':' or the end. */
static arete_status parse_params(const ar_solver *solver, const char *at, ar_params *params) {
    while (*at) {
        const char *name = ++at, *equals = strchr(name, '=');
        size_t length = equals ? (size_t)(equals - name) : 0, i = 0;
        while (equals && solver->param_names && solver->param_names[i] &&
               (strncmp(solver->param_names[i], name, length) != 0 || solver->param_names[i][length])) {
            i++;
        }
        if (!equals || !solver->param_names || !solver->param_names[i]) {
            return ar_fail(ARETE_E_FORMAT, "solver: \"%s\" is no parameter=value of %s", name, solver->name);
        }
        char *end = NULL;
        params->value[i] = strtoll(equals + 1, &end, 10);
        if (end == equals + 1 || (*end && *end != ',')) {
            return ar_fail(ARETE_E_FORMAT, "solver: \"%s\" of %s needs an integer", name, solver->name);
        }
        at = end;
    }
    return ARETE_OK;
}

typedef struct choice {
    const ar_solver *solver;
    ar_params params;
    double estimate;
    const char *how;
} choice;

static void guess(const ar_solver *solver, const arete_device *device, const void *problem, ar_params *params) {
    memset(params, 0, sizeof *params);
    if (solver->guess) {
        solver->guess(problem, device, params);
    }
}

/* The solver that text names, with its parameters; applies is checked. */
static arete_status choose_named(const arete_device *device, const ar_family *family, const void *problem,
                                 const char *text, const arete_roofs *roofs, choice *chosen) {
    size_t length = strcspn(text, ":"), at = 0;
    char names[512];
    names[0] = '\0';
    for (size_t i = 0; family->solvers[i]; i++) {
        const ar_solver *solver = family->solvers[i];
        int put = snprintf(names + at, sizeof names - at, "%s%s", i ? ", " : "", solver->name);
        at = put > 0 && at + (size_t)put < sizeof names ? at + (size_t)put : at;
        if (strncmp(solver->name, text, length) != 0 || solver->name[length]) {
            continue;
        }
        const char *why = "";
        if (!solver->applies(problem, device, &why)) {
            return ar_fail(ARETE_E_UNSUPPORTED, "solver %s cannot run this problem on %s: %s", solver->name,
                           device->info.id, why);
        }
        guess(solver, device, problem, &chosen->params);
        arete_status status = parse_params(solver, text + length, &chosen->params);
        if (status == ARETE_OK && text[length] && solver->accepts &&
            !solver->accepts(problem, device, &chosen->params, &why)) {
            status = ar_fail(ARETE_E_UNSUPPORTED, "solver %s does not take the parameters of \"%s\": %s", solver->name,
                             text, why);
        }
        chosen->solver = solver;
        chosen->estimate = solver->estimate(problem, device, roofs, &chosen->params);
        return status;
    }
    return ar_fail(ARETE_E_NOT_FOUND, "%s has no solver \"%.*s\"; it has %s", family->name, (int)length, text, names);
}

static arete_status choose_estimated(const arete_device *device, const ar_family *family, const void *problem,
                                     const arete_roofs *roofs, choice *chosen) {
    size_t candidates = 0, at = 0;
    char reasons[1024];
    reasons[0] = '\0';
    for (size_t i = 0; family->solvers[i]; i++) {
        const ar_solver *solver = family->solvers[i];
        const char *why = "";
        if (!solver->applies(problem, device, &why)) {
            int put = snprintf(reasons + at, sizeof reasons - at, "; %s: %s", solver->name, why);
            at = put > 0 && at + (size_t)put < sizeof reasons ? at + (size_t)put : at;
            continue;
        }
        choice one = {.solver = solver};
        guess(solver, device, problem, &one.params);
        one.estimate = solver->estimate(problem, device, roofs, &one.params);
        candidates++;
        if (!chosen->solver || one.estimate < chosen->estimate) {
            *chosen = one;
        }
    }
    if (!chosen->solver) {
        return ar_fail(ARETE_E_UNSUPPORTED, "no solver of %s runs this problem on %s (%s)%s", family->name,
                       device->info.id, device->info.name, reasons);
    }
    chosen->how = candidates == 1 ? "only" : "estimate";
    return ARETE_OK;
}

double ar_solve_estimate(const arete_device *device, const ar_family *family, const void *problem,
                         const arete_roofs *roofs) {
    double least = INFINITY;
    for (size_t i = 0; family->solvers[i]; i++) {
        const ar_solver *solver = family->solvers[i];
        const char *why = "";
        ar_params params;
        if (!solver->applies(problem, device, &why)) {
            continue;
        }
        guess(solver, device, problem, &params);
        least = fmin(least, solver->estimate(problem, device, roofs, &params));
    }
    return least;
}

static arete_status choose(arete_device *device, const ar_family *family, const void *problem, const char *key,
                           const char *forced, choice *chosen) {
    arete_roofs roofs;
    arete_device_get_roofs(device, &roofs);
    if (forced) {
        chosen->how = "forced";
        return choose_named(device, family, problem, forced, &roofs, chosen);
    }
    char recorded[256];
    if (ar_tuning_find(device, key, recorded, sizeof recorded)) {
        if (choose_named(device, family, problem, recorded, &roofs, chosen) == ARETE_OK) {
            chosen->how = "tuned";
            return ARETE_OK;
        }
        ar_log(device->context, ARETE_LOG_WARN, "tuning record of \"%s\" is passed over: %s", key, arete_error_text());
        *chosen = (choice){0};
    }
    return choose_estimated(device, family, problem, &roofs, chosen);
}

static arete_status plan_make(arete_device *device, const ar_family *family, const void *problem, const char *forced,
                              arete_plan **plan) {
    arete_plan *made = ar_os_alloc(sizeof *made + family->problem_bytes);
    if (!made) {
        return ar_fail_memory("a plan", sizeof *made + family->problem_bytes);
    }
    atomic_init(&made->references, 1);
    made->device = device;
    made->family = family;
    memcpy(made->problem, problem, family->problem_bytes);
    int at = snprintf(made->key, sizeof made->key, "%s ", family->name);
    family->format(problem, made->key + at, sizeof made->key - (size_t)at);
    choice chosen = {0};
    arete_status status = choose(device, family, problem, made->key, forced, &chosen);
    if (status == ARETE_OK) {
        made->solver = chosen.solver;
        made->params = chosen.params;
        made->choice = chosen.how;
        made->estimate = chosen.estimate;
        format_solver(made->solver, &made->params, made->solver_text, sizeof made->solver_text);
        family->cost(problem, &made->cost);
        status = made->solver->build ? made->solver->build(made) : ARETE_OK;
    }
    if (status != ARETE_OK) {
        ar_plan_free(made);
        return status;
    }
    ar_log(device->context, ARETE_LOG_INFO, "%s: %s (%s, about %.3g ms) on %s", made->key, made->solver_text,
           made->choice, 1e3 * made->estimate, device->info.id);
    *plan = made;
    return ARETE_OK;
}

arete_status ar_solve(arete_device *device, const ar_family *family, const void *problem, const char *forced,
                      bool cached, arete_plan **plan) {
    if (!cached) {
        arete_status status = plan_make(device, family, problem, forced, plan);
        if (status == ARETE_OK) {
            (*plan)->holds_context = true;
            arete_context_retain(device->context);
        }
        return status;
    }
    arete_plan *found = ar_plan_cache_find(device, family, problem, forced);
    if (!found) {
        arete_status status = plan_make(device, family, problem, forced, &found);
        if (status == ARETE_OK) {
            status = ar_plan_cache_add(device, found, forced);
        }
        if (status != ARETE_OK) {
            arete_plan_release(found);
            return status;
        }
    }
    *plan = found;
    return ARETE_OK;
}

uint64_t ar_text_hash(const char *text) {
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (; *text; text++) {
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    }
    return hash;
}
