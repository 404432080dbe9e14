/* Plans: a chosen solver, its compiled kernels and its sizes; made once, run many times. */
#ifndef ARETE_PLAN_H
#define ARETE_PLAN_H

#include "arete/cost.h"
#include "arete/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Immutable; may be run from several threads on several queues of its device at once. */
typedef struct arete_plan arete_plan;

ARETE_API void arete_plan_retain(arete_plan *plan);

/** Drops one reference; runs already enqueued still finish. NULL is fine. */
ARETE_API void arete_plan_release(arete_plan *plan);

ARETE_API arete_device *arete_plan_device(const arete_plan *plan);

/** The chosen solver with its parameters, "cpu_packed:mc=192,nc=256"; what desc.solver takes. Never NULL. */
ARETE_API const char *arete_plan_solver(const arete_plan *plan);

/** The problem's text form, also the key of tuning records and the repro line of tests. Never NULL. */
ARETE_API const char *arete_plan_problem(const arete_plan *plan);

/** How the solver was chosen: "forced", "tuned", "estimate" (lowest time by the roofline) or "only". Never NULL. */
ARETE_API const char *arete_plan_choice(const arete_plan *plan);

/** Scratch bytes that a run needs (0: none): from the queue, see arete_queue_reserve(), or from the call. */
ARETE_API uint64_t arete_plan_workspace(const arete_plan *plan);

/** What a run costs; flops_executed and launches are the chosen solver's. */
ARETE_API void arete_plan_cost(const arete_plan *plan, arete_cost *cost);

/** The model's estimate of the chosen solver's time, seconds. */
ARETE_API double arete_plan_estimate(const arete_plan *plan);

/**
 * Keeps a tuning record: on this device and driver, problems of the plan's text form are given the plan's solver
 * and parameters from now on, in this context and, if the tuning directory is there, in later processes. seconds
 * is what was measured; a record that is already there is replaced only by a faster one, unless replace is true.
 * Cached one-shot plans of the problem are dropped.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY, ARETE_E_IO (kept in this context only).
 */
ARETE_API arete_status arete_plan_record(const arete_plan *plan, double seconds, bool replace);

#ifdef __cplusplus
}
#endif
#endif
