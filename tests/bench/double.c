#include "double.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "os.h"
#include "solver.h"

planted double_fault;

typedef struct double_problem {
    int64_t n;
} double_problem;

static bool applies(const void *problem, const arete_device *device, const char **why) {
    (void)problem;
    (void)device;
    *why = "it was told not to";
    return double_fault != CANNOT;
}

static double estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params) {
    (void)problem;
    (void)device;
    (void)roofs;
    (void)params;
    return 1e-6;
}

static arete_status build(arete_plan *plan) {
    plan->workspace = 64;
    return ARETE_OK;
}

static arete_status run(const arete_plan *plan, arete_queue *queue, const void *args, arete_wait_list after,
                        arete_event **done) {
    (void)plan, (void)queue, (void)args, (void)after, (void)done;
    return ARETE_E_INTERNAL; /* run_case() does not come this way */
}

static const ar_solver solver = {
    .name = "doubler", .applies = applies, .estimate = estimate, .build = build, .run = run};
static const ar_solver *const solvers[] = {&solver, NULL};

static void format(const void *of, char *text, size_t bytes) {
    snprintf(text, bytes, "n=%lld", (long long)((const double_problem *)of)->n);
}

static void cost(const void *of, arete_cost *into) {
    double n = (double)((const double_problem *)of)->n;
    *into = (arete_cost){.flops = n, .flops_executed = n, .bytes = 8 * n, .launches = 1};
}

static const ar_family family = {
    .name = "double", .problem_bytes = sizeof(double_problem), .solvers = solvers, .format = format, .cost = cost};

static arete_status parse(const char *text, void *into) {
    ((double_problem *)into)->n = ar_case_number(text, "n", 1);
    return ARETE_OK;
}

static size_t operands(const void *of, ar_operand out[AR_MAX_OPERANDS]) {
    int64_t n = ((const double_problem *)of)->n;
    for (int i = 0; i < 2; i++)
        out[i] = (ar_operand){.name = i ? "y" : "x",
                              .role = i ? AR_OUTPUT : AR_INPUT,
                              .low = -1,
                              .high = 1,
                              .tensor = arete_tensor_make(NULL, 0, ARETE_F32, 1, &n)};
    return 2;
}

static arete_status plan(arete_device *device, const void *of, const char *forced, arete_plan **into) {
    return ar_solve(device, &family, of, forced, false, into);
}

static arete_status pack(const arete_plan *of, arete_queue *queue, const void *c, const arete_tensor *tensors,
                         arete_buffer **packed) {
    (void)of, (void)queue, (void)c, (void)tensors;
    *packed = NULL;
    return ARETE_OK;
}

static arete_status poke(arete_queue *queue, arete_buffer *buffer, uint64_t at) {
    return arete_queue_write(queue, buffer, at, 1, "!", ARETE_WAIT_NONE, NULL);
}

static arete_status plant(arete_queue *queue, const arete_tensor *t, uint64_t extent, arete_buffer *workspace) {
    static float jitter = 1e-6f;
    float wrong = 2.125f;
    switch (double_fault) {
    case WRITES_BEFORE:
        return poke(queue, t[1].buffer, t[1].offset - 1);
    case WRITES_BEHIND:
        return poke(queue, t[1].buffer, t[1].offset + extent);
    case CHANGES_INPUT:
        return poke(queue, t[0].buffer, t[0].offset + 2);
    case BEHIND_WORKSPACE:
        return poke(queue, workspace, 64);
    case WRONG_VALUE:
        return arete_queue_write(queue, t[1].buffer, t[1].offset + extent - 4, 4, &wrong, ARETE_WAIT_NONE, NULL);
    case DIFFERS:
        jitter = -jitter;
        wrong = jitter;
        return arete_queue_write(queue, t[1].buffer, t[1].offset, 4, &wrong, ARETE_WAIT_NONE, NULL);
    default:
        return ARETE_OK;
    }
}

static arete_status run_case(const arete_plan *of, arete_queue *queue, const void *c, const arete_tensor *t,
                             arete_buffer *packed, arete_buffer *workspace, arete_wait_list after,
                             arete_event **done) {
    (void)of, (void)packed, (void)after, (void)done;
    size_t n = (size_t)((const double_problem *)c)->n;
    if (double_fault == FAILS)
        return ar_fail(ARETE_E_DEVICE, "planted");
    float *values = malloc(n * sizeof *values + 1);
    arete_status status = arete_queue_read(queue, t[0].buffer, t[0].offset, n * 4, values, ARETE_WAIT_NONE, NULL);
    for (size_t i = 0; i < n; i++)
        values[i] *= 2;
    size_t written = double_fault == NOT_WRITTEN ? n - 1 : n;
    if (status == ARETE_OK)
        status = arete_queue_write(queue, t[1].buffer, t[1].offset, written * 4, values, ARETE_WAIT_NONE, NULL);
    free(values);
    return status == ARETE_OK ? plant(queue, t, n * 4, workspace) : status;
}

static void expect(const void *of, const void *const *host, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    (void)of;
    (void)output;
    for (size_t i = 0; i < count; i++) {
        float x;
        memcpy(&x, (const char *)host[0] + 4 * elements[i], 4);
        values[i] = 2 * (double)x;
        magnitudes[i] = double_fault == DIFFERS ? 1e9 : values[i] < 0 ? -values[i] : values[i];
    }
}

static double tolerance(const void *of, const arete_plan *p, size_t output) {
    (void)of, (void)p, (void)output;
    return 1e-6;
}

const ar_casework double_casework = {.family = &family,
                                     .case_bytes = sizeof(double_problem),
                                     .parse = parse,
                                     .format = format,
                                     .operands = operands,
                                     .plan = plan,
                                     .pack = pack,
                                     .run = run_case,
                                     .expect = expect,
                                     .tolerance = tolerance};

void double_case(int64_t n, ar_case *of) {
    memset(of, 0, sizeof *of);
    of->work = &double_casework;
    of->of = ar_os_alloc(sizeof(double_problem));
    ((double_problem *)of->of)->n = n;
    format(of->of, of->text, sizeof of->text);
    snprintf(of->dtype, sizeof of->dtype, "f32");
    of->count = operands(of->of, of->operands);
    of->working_set = 8 * (uint64_t)n;
}
