/* What this device can really do, measured in a second or two: arithmetic in registers, reading at several sizes,
 * copying, launching. Every result comes from code whose inputs the compiler cannot know and whose outputs are
 * used; arithmetic that does not take twice as long for twice the work is refused. */
#ifndef AR_ROOFS_H
#define AR_ROOFS_H

#include "arete/cost.h"
#include "arete/queue.h"

/* Reading from a working set of that size, shared out over the compute units. */
typedef struct ar_rung {
    uint64_t bytes;
    double bandwidth; /* bytes a second; 0: could not be measured */
    char name[24];    /* "memory", "cache 16M" */
} ar_rung;

#define AR_RUNGS 4

typedef struct ar_measured_roofs {
    arete_roofs roofs;       /* as core's model takes them; measured set when it holds measurements */
    double effective_units;  /* f32 peak over that of one work-group alone, on CPUs; 0: not measured. Well below the
                              * device's compute units when others use the machine, or workers share a core. */
    double copy_bandwidth;   /* bytes read plus bytes written, a second */
    ar_rung rungs[AR_RUNGS]; /* rising sizes; the last one is global memory */
    char how[256];           /* which variants won: "f32 16x12 fma, ..." */
    char missing[512];       /* what could not be measured, and why; empty when all was */
} ar_measured_roofs;

/* Blocks for 1..3 seconds, longer when its kernels are compiled for the first time. On a device without kernels
 * (reference) roofs are the estimates, and missing says so. Fails only for what makes all of it useless. */
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

/* The last cache as the device knows it, on the host else as the operating system does; 0: unknown. */
uint64_t ar_last_cache(const arete_device *device);

#endif
