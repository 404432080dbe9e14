/* Families of operations, their solvers, and how one is chosen. Core knows no operation: a family hands in a plain
 * problem value and a table of solvers; out comes a plan. */
#ifndef AR_SOLVER_H
#define AR_SOLVER_H

#include "objects.h"
#include "program.h"

#define AR_MAX_PARAMS 12
#define AR_MAX_KERNELS 8
#define AR_KEY_BYTES 512

/* A solver's parameters (tile sizes, splits), in the order of its param_names. */
typedef struct ar_params {
    int64_t value[AR_MAX_PARAMS];
} ar_params;

typedef struct ar_family ar_family;

/* What a solver is. Tables of these are asked in order; of equal estimates the first wins. */
typedef struct ar_solver {
    const char *name;               /* "cpu_packed": in records, logs, --solver */
    const char *const *param_names; /* NULL-terminated; NULL: no parameters */
    /* Can it run this problem on this device? false: *why (static text) says what it lacks. Called for every
     * candidate; must be cheap. A solver that applies but should only be chosen when forced or by a record says so
     * with an estimate of INFINITY. */
    bool (*applies)(const void *problem, const arete_device *device, const char **why);
    /* Untuned parameters. NULL: all zero. */
    void (*guess)(const void *problem, const arete_device *device, ar_params *params);
    /* Whether forced or recorded parameters can be run. NULL: those of guess() only. *why as above. */
    bool (*accepts)(const void *problem, const arete_device *device, const ar_params *params, const char **why);
    /* Seconds by the roofline model. */
    double (*estimate)(const void *problem, const arete_device *device, const arete_roofs *roofs,
                       const ar_params *params);
    /* The index-th parameter set worth trying by the tuner; false past the end. NULL: only guess()'s. */
    bool (*candidate)(const void *problem, const arete_device *device, size_t index, ar_params *params);
    /* Gets the kernels, sets plan->workspace, plan->cost's flops_executed and launches, plan->state. On failure it
     * leaves nothing behind. NULL: there is nothing to build. */
    arete_status (*build)(arete_plan *plan);
    /* Enqueues. args is the family's argument struct, already checked against the problem. */
    arete_status (*run)(const arete_plan *plan, arete_queue *queue, const void *args, arete_wait_list after,
                        arete_event **done);
} ar_solver;

struct ar_family {
    const char *name; /* "matmul": the first word of keys */
    size_t problem_bytes;
    const ar_solver *const *solvers; /* NULL-terminated */
    /* The problem's text form, unique to it: "m=128 n=64 ..." without the family's name. */
    void (*format)(const void *problem, char *text, size_t bytes);
    /* The cost by definition (flops, bytes, unit); flops_executed = flops, launches = 1. */
    void (*cost)(const void *problem, arete_cost *cost);
};

struct arete_plan {
    atomic_int references;
    bool holds_context; /* a caller's plan retains the device's context; a cached one must not (a circle) */
    arete_device *device;
    const ar_family *family;
    const ar_solver *solver;
    const char *choice;
    ar_params params;
    char key[AR_KEY_BYTES];    /* family name and problem text */
    char solver_text[256];     /* name and parameters */
    const ar_kernel *kernels[AR_MAX_KERNELS];
    uint64_t workspace;
    uint64_t packed_layout;    /* hash of the layout of packed operands, 0: takes none */
    uint64_t packed_bytes;
    arete_cost cost;
    double estimate;
    void *state;               /* the solver's own; freed with ar_os_free after... */
    void (*state_free)(void *state); /* ...this, if not NULL */
    /* the problem follows, aligned; see ar_plan_problem() */
    _Alignas(16) unsigned char problem[];
};

/* Whether the device runs work-items in step, so that groups of one leave all lanes but one idle: CPU-class solvers
 * refuse such devices. */
static inline bool ar_runs_in_step(const arete_device *device) {
    return device->info.subgroup_size > 1;
}

static inline const void *ar_plan_problem(const arete_plan *plan) {
    return plan->problem;
}

/*
 * Chooses a solver for the problem and builds the plan. forced: NULL, or "name" or "name:param=value,...".
 * Order: forced; a tuning record whose solver still applies; the lowest estimate. Problems must be zeroed before
 * they are filled: they are compared as bytes. cached: look in, and add to, the device's plan cache.
 * On success *plan holds one reference, the caller's.
 */
arete_status ar_solve(arete_device *device, const ar_family *family, const void *problem, const char *forced,
                      bool cached, arete_plan **plan);

/* The lowest estimate of the family's solvers for the problem, seconds, INFINITY when none takes it: for solvers of
 * other families that stand on this one. Sets no error text. */
double ar_solve_estimate(const arete_device *device, const ar_family *family, const void *problem,
                         const arete_roofs *roofs);

/* The queue's scratch or the caller's workspace, whichever is to be used, checked for size. Borrowed. */
arete_status ar_plan_scratch(const arete_plan *plan, arete_queue *queue, arete_buffer *given,
                             arete_buffer **scratch);

/* What every family asks before it runs a plan: given, of this family, for the queue's device. call: of the text. */
arete_status ar_plan_ready(const char *call, const arete_plan *plan, const arete_queue *queue,
                           const ar_family *family);

/* Whether the weights came as the plan wants them: packed by it, if they were packed (packed may be NULL); packed, if
 * ahead says that they would be. argument, packer: "packed_b", "arete_matmul_pack_b()", of the text. */
arete_status ar_plan_check_packed(const char *call, const arete_plan *plan, const arete_buffer *packed, bool ahead,
                                  const char *argument, const char *packer);

/* A hash of a text, for packed_layout. */
uint64_t ar_text_hash(const char *text);

ar_plan_cache *ar_plan_cache_create(uint32_t capacity);
void ar_plan_cache_free(ar_plan_cache *cache);

/* Tuning records of a device: a text file per device and driver, a line per problem:
 *   <family> <problem text> | <solver:params> | <seconds> | <library version> <date>
 * The system's file is read first, the user's over it; of two lines for a problem in one file the faster one
 * counts, so files merge by concatenation. Lines that are empty or start with # are passed over, others that cannot
 * be read are passed over with a warning that names file and line. */
bool ar_tuning_find(arete_device *device, const char *key, char *solver, size_t solver_bytes);
arete_status ar_tuning_put(arete_device *device, const char *key, const char *solver, double seconds, bool replace);
void ar_tuning_free(ar_tuning *tuning);

#endif
