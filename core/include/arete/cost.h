/* The roofline: what an operation costs, what a device can do, how long it must take. One model serves everything:
 * choosing a solver, pruning the tuner's search, reporting a kernel as a fraction of its roof, prediction. */
#ifndef ARETE_COST_H
#define ARETE_COST_H

#include "arete/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The unit of a device that does the arithmetic. Only ever appended. */
typedef enum arete_unit {
    ARETE_UNIT_F32 = 0, /**< vector f32, accumulating f32 */
    ARETE_UNIT_F64 = 1,
    ARETE_UNIT_F16 = 2,         /**< vector half arithmetic */
    ARETE_UNIT_INT8 = 3,        /**< vector int8 dot products, accumulating int32 */
    ARETE_UNIT_MATRIX_F16 = 4,  /**< matrix unit, f16 in, f32 accumulated */
    ARETE_UNIT_MATRIX_BF16 = 5, /**< matrix unit, bf16 in, f32 accumulated */
    ARETE_UNIT_MATRIX_INT8 = 6,
    ARETE_UNIT_COUNT = 7
} arete_unit;

ARETE_API const char *arete_unit_name(arete_unit unit);

/** What one call costs. */
typedef struct arete_cost {
    double flops;          /**< by definition: a multiply-add is 2 */
    double flops_executed; /**< what the solver really does (Winograd does less, padding more) */
    double bytes;          /**< compulsory traffic: every input read once, every output written once */
    double launches;       /**< kernels enqueued */
    arete_unit unit;
} arete_cost;

typedef enum arete_bound { ARETE_BOUND_COMPUTE = 0, ARETE_BOUND_MEMORY = 1, ARETE_BOUND_LAUNCH = 2 } arete_bound;

ARETE_API const char *arete_bound_name(arete_bound bound);

/** What a device can do. peak[unit] 0: not there, or unknown. */
typedef struct arete_roofs {
    double peak[ARETE_UNIT_COUNT]; /**< operations a second */
    double bandwidth;              /**< bytes a second from global memory */
    double cache_bandwidth;        /**< bytes a second from the last cache; 0: unknown */
    uint64_t cache_bytes;          /**< the last cache; 0: unknown */
    double launch_seconds;         /**< one more queued kernel */
    double sync_seconds;           /**< enqueue one kernel and wait for it */
    bool measured;                 /**< false: derived from the device's own traits */
} arete_roofs;

/** The device's roofs: derived from its traits until arete_device_set_roofs() gave measured ones. Never probes. */
ARETE_API void arete_device_get_roofs(const arete_device *device, arete_roofs *roofs);

/** Gives measured roofs, for later estimates. Existing plans stay as they are. Any thread. */
ARETE_API void arete_device_set_roofs(arete_device *device, const arete_roofs *roofs);

/** Seconds that the cost takes at least: max(flops_executed/peak, bytes/bandwidth) + launches*launch_seconds, with
 *  the cache's bandwidth where the bytes fit it. *bound (may be NULL): which term is the largest. */
ARETE_API double arete_roofline_seconds(const arete_roofs *roofs, const arete_cost *cost, arete_bound *bound);

#ifdef __cplusplus
}
#endif
#endif
