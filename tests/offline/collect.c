/* Every GPU-class program of the library, as text: makes plans for all families' cases on a GPU that is not there (the
 * double of a driver, tests/hip), by every solver that takes GPUs, and lets the double of a run-time compiler
 * (ARETE_DOUBLE_KEEP) write down what it is given. Prints how many plans were made, and why others were not.
 *
 *   collect all | few     every case, and all variants for the first case of a timed list | without the variants
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "cases.h"
#include "error.h"

static size_t made, refused, failed;

/* "name:param=value,..." */
static void solver_text(const ar_solver *solver, const ar_params *params, char *text, size_t bytes) {
    size_t at = (size_t)snprintf(text, bytes, "%s", solver->name);
    for (size_t i = 0; solver->param_names && solver->param_names[i]; i++)
        at += (size_t)snprintf(text + at, bytes - at, "%c%s=%lld", i ? ',' : ':', solver->param_names[i],
                               (long long)params->value[i]);
}

static void plan_one(arete_device *device, const ar_case *of, const char *solver, arete_plan **keep) {
    arete_plan *plan = NULL;
    arete_status status = of->work->plan(device, of->of, solver, &plan);
    made += status == ARETE_OK;
    refused += status == ARETE_E_UNSUPPORTED;
    if (status != ARETE_OK && status != ARETE_E_UNSUPPORTED) {
        failed++;
        printf("FAILED: %s %s, %s: %s\n", of->work->family->name, of->text, solver, arete_error_text());
    }
    if (keep)
        *keep = plan;
    else
        arete_plan_release(plan);
}

static void plan_case(arete_device *device, const ar_case *of, bool variants) {
    for (size_t i = 0; of->work->family->solvers[i]; i++) {
        const ar_solver *solver = of->work->family->solvers[i];
        arete_plan *plan = NULL;
        plan_one(device, of, solver->name, &plan);
        for (size_t n = 0; plan && variants && solver->candidate; n++) {
            ar_params params;
            char text[256];
            if (!solver->candidate(ar_plan_problem(plan), device, n, &params))
                break;
            solver_text(solver, &params, text, sizeof text);
            plan_one(device, of, text, NULL);
        }
        arete_plan_release(plan);
    }
}

static int collect(bool all, arete_device *device) {
    for (const ar_casework *const *work = ar_families; *work; work++) {
        for (size_t l = 0; l < (*work)->list_count; l++) {
            char text[AR_CASE_BYTES];
            const ar_case_list *list = &(*work)->lists[l];
            for (size_t i = 0; list->at(i, text, sizeof text); i++) {
                ar_case of;
                if (ar_case_of_list(*work, list, i, &of) != ARETE_OK) {
                    printf("left out: %s\n", arete_error_text()); /* what selftest is for */
                    continue;
                }
                plan_case(device, &of, all && i == 0 && list->timed);
                ar_case_free(&of);
            }
        }
    }
    printf("%zu plans, %zu refused (CPU-class solvers, and cases that a solver does not take), %zu failed\n", made,
           refused, failed);
    return failed || !made;
}

int main(int argc, char **argv) {
    arete_context_desc desc = {.backends = "hip", .log_level = ARETE_LOG_OFF, .cache_dir = "off", .tuning_dir = "off"};
    arete_context *context = NULL;
    arete_device *device = NULL;
    if (argc != 2 || arete_context_create(&desc, &context) != ARETE_OK ||
        arete_device_find(context, "hip:0", &device) != ARETE_OK) {
        fprintf(stderr, "usage: collect all|few, with the doubles' variables set: %s\n", arete_error_text());
        return 2;
    }
    int status = collect(strcmp(argv[1], "all") == 0, device);
    arete_context_release(context);
    return status;
}
