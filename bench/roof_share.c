/* How near a measured time comes to what the device can do, and whether it is too good to be true. */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "os.h"

/* Roofs are themselves measurements: this much above one is still noise. */
#define ROOF_NOISE 1.05

void ar_roof_share_of(const ar_measured_roofs *measured, const arete_cost *cost, uint64_t working_set, bool rotated,
                      double seconds, ar_roof_share *share) {
    const arete_roofs *roofs = &measured->roofs;
    double read_median = share->read_median, read_best = share->read_best;
    memset(share, 0, sizeof *share);
    share->read_median = read_median;
    share->read_best = read_best;
    const ar_rung *rung = rotated ? &measured->rungs[AR_RUNGS - 1] : ar_roofs_rung(measured, working_set);
    share->peak = roofs->peak[cost->unit];
    share->bandwidth = roofs->measured ? rung->bandwidth : roofs->bandwidth;
    snprintf(share->level, sizeof share->level, "%s", roofs->measured ? rung->name : "memory");
    share->known = share->peak > 0 && share->bandwidth > 0 && seconds > 0;
    if (!share->known)
        return;
    double compute = cost->flops_executed / share->peak, memory = cost->bytes / share->bandwidth;
    /* At the best bandwidth that was ever seen: writes past the cache go beside reads. */
    bool from_memory = rung == &measured->rungs[AR_RUNGS - 1];
    double fastest = from_memory ? fmax(share->bandwidth, measured->past_bandwidth) : share->bandwidth;
    double least_memory = cost->bytes / fastest;
    if (rotated && read_median > 0) {
        share->bandwidth = read_median;
        memory = cost->bytes / read_median;
    }
    double launch = cost->launches * roofs->launch_seconds, most = fmax(compute, memory);
    share->bound = launch > most       ? ARETE_BOUND_LAUNCH
                   : compute >= memory ? ARETE_BOUND_COMPUTE
                                       : ARETE_BOUND_MEMORY;
    share->fraction = (most + launch) / seconds;
    if (!roofs->measured)
        return;
    if (compute > ROOF_NOISE * seconds) {
        share->fault = true;
        snprintf(share->why, sizeof share->why, "%.4g GFLOP/s executed, but the peak of %s is %.4g",
                 cost->flops_executed / seconds * 1e-9, arete_unit_name(cost->unit), share->peak * 1e-9);
    } else if (least_memory > ROOF_NOISE * seconds) {
        share->fault = true;
        snprintf(share->why, sizeof share->why, "%.4g GB/s, but %s gives %.4g", cost->bytes / seconds * 1e-9,
                 share->level, cost->bytes / least_memory * 1e-9);
    }
}

/* Bytes for one contender's sets: half of the device's memory for ours, and the peers' in host memory besides. */
static uint64_t room_for_copies(const ar_bench_spec *spec) {
    uint64_t device = arete_device_get_info(spec->device)->memory_bytes / 2, host = ar_os_memory_bytes() / 2;
    host /= spec->peer_count + 1;
    return host && host < device ? host : device;
}

size_t ar_bench_copies(const ar_bench_spec *spec, const ar_case *of, const arete_cost *cost) {
    const arete_roofs *roofs = &spec->roofs->roofs;
    double memory = roofs->bandwidth > 0 ? cost->bytes / roofs->bandwidth : 0;
    double compute = roofs->peak[cost->unit] > 0 ? cost->flops_executed / roofs->peak[cost->unit] : 0;
    bool bound = memory > compute && memory > roofs->launch_seconds && !of->stream;
    if (spec->rotation == AR_ROTATE_NONE || (spec->rotation == AR_ROTATE_AUTO && !bound) || of->working_set == 0)
        return 1;
    uint64_t cache = ar_last_cache(spec->device) ? ar_last_cache(spec->device) : 32u << 20;
    uint64_t wanted = (4 * cache + of->working_set - 1) / of->working_set;
    uint64_t room = room_for_copies(spec) / of->working_set;
    wanted = wanted < 2048 ? wanted : 2048;
    wanted = wanted < room ? wanted : room;
    return wanted < 1 ? 1 : (size_t)wanted;
}
