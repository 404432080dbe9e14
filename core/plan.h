/* The plan cache and the end of a plan, for solver.c. */
#ifndef AR_PLAN_H
#define AR_PLAN_H

#include "solver.h"

void ar_plan_free(arete_plan *plan);

/* The cached plan of that problem and forced solver, with one more reference; NULL when there is none. */
arete_plan *ar_plan_cache_find(arete_device *device, const ar_family *family, const void *problem, const char *forced);

/* Keeps a plan that holds no context (the device owns the cache); takes a reference of its own. */
arete_status ar_plan_cache_add(arete_device *device, arete_plan *plan, const char *forced);

/* Drops the plans of that key. */
void ar_plan_cache_drop(arete_device *device, const char *key);

#endif
