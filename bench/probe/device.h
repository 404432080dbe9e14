/* What all measurements of a device share: a queue, two buffers with known content, kernels, timed launches. */
#ifndef AR_PROBE_DEVICE_H
#define AR_PROBE_DEVICE_H

#include "program.h"
#include "series.h"

#include "arete/queue.h"

typedef struct ar_bench_device {
    arete_device *device;
    const arete_device_info *info;
    arete_queue *queue;
    arete_buffer *from, *to; /* filled with bits that do not compress (ar_filled) */
    uint64_t bytes;          /* of each of the two */
    uint64_t cache;          /* the last cache; 0: unknown */
    bool cpu;                /* wants CPU-class kernels */
    ar_sensors *sensors;     /* NULL: not asked for */
} ar_bench_device;

/* How a launch is cut. */
typedef struct ar_shape {
    uint32_t width; /* vector lanes */
    size_t items, group;
} ar_shape;

/* bytes: wanted for each buffer; less where the device has little memory; 0: 4 times the last cache. Fills them. On
 * failure nothing is left. */
arete_status ar_bench_device_open(arete_device *device, uint64_t bytes, ar_bench_device *on);
void ar_bench_device_close(ar_bench_device *on);

/* Element i of the two buffers as they are filled, seen as bits. */
uint32_t ar_filled(uint64_t i);
/* Fills buffer again: kind 0 as above, 1 all alike. */
arete_status ar_bench_device_fill(const ar_bench_device *on, arete_buffer *buffer, int kind);

/* A kernel of probe/memory.cl at that vector width. */
arete_status ar_memory_kernel(const ar_bench_device *on, uint32_t width, const char *name,
                              const ar_kernel **kernel);

ar_launch ar_launch_of(const ar_kernel *kernel, const ar_arg *args, uint32_t count, ar_shape how);

/* Seconds of count launches, queued, and one wait. */
arete_status ar_time_launches(arete_queue *queue, const ar_launch *launch, size_t count, double *seconds);

/* A sampler's state: one launch, waited for. */
typedef struct ar_launch_sampler {
    arete_queue *queue;
    const ar_launch *launch;
} ar_launch_sampler;
arete_status ar_sample_launch(void *state, double *seconds); /* of an ar_launch_sampler */

/* The work-group for GPU-shaped kernels, at most wanted. 1 on CPUs. */
size_t ar_group_size(const ar_bench_device *on, size_t wanted);

/* The last cache as the device knows it, on the host else as the operating system does; 0: unknown. */
uint64_t ar_last_cache(const arete_device *device);

#endif
