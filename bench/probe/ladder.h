/* The speed of memory: reading, writing, copying, triad over working sets of any size, of data that compress or do
 * not; the sizes where it falls; local memory; the time of a dependent read. */
#ifndef AR_LADDER_H
#define AR_LADDER_H

#include "device.h"
#include "result.h"

typedef enum ar_memory_op { AR_READ, AR_WRITE, AR_COPY, AR_TRIAD, AR_MEMORY_OPS,
               /* a copy whose stores go past the cache; no figure of its own, but what a device cannot exceed */
               AR_COPY_PAST = AR_MEMORY_OPS } ar_memory_op;

const char *ar_memory_op_name(ar_memory_op op); /* "read" */

/* What the host knows of the data in on->from: the xor of its first elements, so far as it was asked for. */
typedef struct ar_memory_oracle {
    uint64_t count;
    uint32_t value;
    bool alike; /* filled with kind 1 */
} ar_memory_oracle;

/* One kernel over a working set (bytes, all arrays together). Bytes count what the definition moves: a written line
 * that is read first, as caches do, counts once. Sets too small to be split over the device's work-items are gone
 * over by each compute unit for itself (reading only). A result that is not what the host expects is a failure. */
arete_status ar_memory_measure(const ar_bench_device *on, ar_memory_op op, uint64_t working_set, uint32_t width,
                               const ar_series_rule *rule, ar_memory_oracle *oracle, ar_probe_result *result);

/* A launch that somebody else times: args has room for 7. *traffic: bytes that it moves; 0: the set is too small.
 */
arete_status ar_memory_launch(const ar_bench_device *on, ar_memory_op op, uint64_t working_set, uint32_t width,
                              ar_arg *args, ar_launch *launch, double *traffic);

/* Vector widths (32-bit lanes) worth trying for memory; gives how many, at most 2. */
size_t ar_memory_widths(const ar_bench_device *on, uint32_t *widths);

/* Where bandwidth falls from one plateau to the next: between sizes `below` and `above`. */
typedef struct ar_knee {
    uint64_t below, above;
    double from, to; /* bytes a second */
} ar_knee;

/* sizes rise; gives how many were found, at most room. */
size_t ar_find_knees(const uint64_t *sizes, const double *rates, size_t count, ar_knee *knees, size_t room);

/* Reads from local memory by every compute unit at once. */
arete_status ar_local_measure(const ar_bench_device *on, const ar_series_rule *rule, ar_probe_result *result);

/* Seconds of a read whose address is the result of the one before, in a set of so many bytes gone through in random
 * order, a cache line each. set: a buffer of at least that size, overwritten. */
arete_status ar_chase_measure(const ar_bench_device *on, arete_buffer *set, uint64_t working_set,
                              const ar_series_rule *rule, ar_probe_result *result);

#endif
