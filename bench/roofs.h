/* What this device can really do, measured in a second or two: arithmetic in registers, reading at several sizes,
 * copying, launching. Every result comes from code whose inputs the compiler cannot know and whose outputs are
 * used; arithmetic that does not take twice as long for twice the work is refused. */
#ifndef AR_ROOFS_H
#define AR_ROOFS_H

#include "probe/device.h"

#include "arete/cost.h"

/* Reading from a working set of that size, shared out over the compute units. */
typedef struct ar_rung {
    uint64_t bytes;
    double bandwidth; /* bytes a second; 0: could not be measured */
    char name[24];    /* "memory", "cache 16M" */
} ar_rung;

#define AR_RUNGS 4

/* t = seconds + bytes / bandwidth; bandwidth 0: not measured. */
typedef struct ar_transfer_cost {
    double seconds, bandwidth;
} ar_transfer_cost;

typedef struct ar_measured_roofs {
    arete_roofs roofs;      /* as core's model takes them; measured set when it holds measurements */
    double effective_units; /* f32 peak over that of one work-group alone, on CPUs; 0: not measured. Well below the
                             * device's compute units when others use the machine, or workers share a core. */
    double copy_bandwidth;  /* of global memory, bytes read plus bytes written, a second */
    double past_bandwidth;  /* the same with stores past the cache: reading and writing side by side. 0: not measured */
    /* Measured by ar_probe_run() alone, of global memory, by the median; 0: not. */
    double read_bandwidth, write_bandwidth, triad_bandwidth;
    double latency_seconds;        /* of a read that waits for the one before */
    ar_transfer_cost transfers[3]; /* to the device, from it, both at once */
    ar_rung rungs[AR_RUNGS];       /* rising sizes; the last one is global memory */
    char how[256];                 /* which variants won: "f32 16x12 fma, ..." */
    char missing[512];             /* what could not be measured, and why; empty when all was */
} ar_measured_roofs;

/* What a benchmark needs, by the parts of the probe (probe/): the best of few samples. Blocks for 1..3 seconds,
 * longer when its kernels are compiled for the first time. On a device without kernels (reference) roofs are the
 * estimates, and missing says so. Fails only for what makes all of it useless. */
arete_status ar_roofs_measure(arete_device *device, ar_measured_roofs *measured);

/* Measures arithmetic and reading from global memory once more and keeps the better figures: others may have used
 * the machine the first time, and memory's bandwidth drifts. */
arete_status ar_roofs_refresh(arete_device *device, ar_measured_roofs *measured);

/* Reading from global memory as something that can take turns with what it is compared to (race.h): memory's speed
 * drifts within minutes where machines are shared. */
typedef struct ar_read_probe ar_read_probe;
arete_status ar_read_probe_open(arete_device *device, ar_read_probe **probe);
/* count reads of ar_read_probe_bytes() each, queued; *seconds for all together. An ar_contender's calls(). */
arete_status ar_read_probe_calls(void *probe, size_t count, double *seconds);
double ar_read_probe_bytes(const ar_read_probe *probe);
void ar_read_probe_close(ar_read_probe *probe); /* NULL is fine */

/* The rung that bounds a working set of that size from above: the largest one not larger than it (the smallest
 * otherwise), global memory for sets past the last cache. Never NULL. */
const ar_rung *ar_roofs_rung(const ar_measured_roofs *measured, uint64_t working_set);

/* The working sets of the rungs: an L1's worth and an L2's worth a compute unit, half of the last cache, memory. */
void ar_rung_sizes(const ar_bench_device *on, uint64_t sizes[AR_RUNGS]);
/* A rung without its bandwidth: its name from its size. */
ar_rung ar_rung_of(uint64_t bytes, bool memory);
/* Writes "what: why" to the list of things in text. */
void ar_note(char *text, size_t bytes, const char *what, const char *why);

#endif
