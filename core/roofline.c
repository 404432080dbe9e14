/* The one roofline model: time >= max(flops/peak, bytes/bandwidth) + launches. */
#include <math.h>

#include "arete/cost.h"

const char *arete_unit_name(arete_unit unit) {
    static const char *const names[ARETE_UNIT_COUNT] = {"f32",        "f64",         "f16",        "int8",
                                                        "matrix-f16", "matrix-bf16", "matrix-int8"};
    return (unsigned)unit < ARETE_UNIT_COUNT ? names[unit] : "?";
}

const char *arete_bound_name(arete_bound bound) {
    static const char *const names[] = {"compute", "memory", "launch"};
    return (unsigned)bound < 3 ? names[bound] : "?";
}

double arete_roofline_seconds(const arete_roofs *roofs, const arete_cost *cost, arete_bound *bound) {
    double peak = (unsigned)cost->unit < ARETE_UNIT_COUNT ? roofs->peak[cost->unit] : 0;
    bool cached = roofs->cache_bandwidth > 0 && cost->bytes <= (double)roofs->cache_bytes;
    double bandwidth = cached ? roofs->cache_bandwidth : roofs->bandwidth;
    double compute = cost->flops_executed > 0 ? (peak > 0 ? cost->flops_executed / peak : INFINITY) : 0;
    double memory = cost->bytes > 0 ? (bandwidth > 0 ? cost->bytes / bandwidth : INFINITY) : 0;
    double launch = cost->launches * roofs->launch_seconds;
    double work = fmax(compute, memory);
    if (bound) {
        *bound = launch > work ? ARETE_BOUND_LAUNCH : memory > compute ? ARETE_BOUND_MEMORY : ARETE_BOUND_COMPUTE;
    }
    return work + launch;
}
