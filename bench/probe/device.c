#include "device.h"

#include <stdio.h>

#include "error.h"
#include "os.h"
#include "sources.h"

enum { LEAST_BYTES = 128 << 20 };

uint64_t ar_last_cache(const arete_device *device) {
    const arete_device_info *info = arete_device_get_info(device);
    bool host = info->kind == ARETE_DEVICE_CPU || info->kind == ARETE_DEVICE_REFERENCE;
    return info->cache_bytes || !host ? info->cache_bytes : ar_os_last_cache_bytes();
}

uint32_t ar_filled(uint64_t i) {
    uint32_t z = (uint32_t)i * 2654435761u + (uint32_t)(i >> 32);
    z = (z ^ (z >> 15)) * 2246822519u;
    z = (z ^ (z >> 13)) * 3266489917u;
    return 0x3f000000u | ((z ^ (z >> 16)) >> 9);
}

arete_status ar_memory_kernel(const ar_bench_device *on, uint32_t width, const char *name,
                              const ar_kernel **kernel) {
    char options[64];
    snprintf(options, sizeof options, "-DW=%u -DCHUNKED=%d", width, on->cpu ? 1 : 0);
    return ar_kernel_get(on->device, &ar_source_probe_memory, options, name, kernel);
}

ar_launch ar_launch_of(const ar_kernel *kernel, const ar_arg *args, uint32_t count, ar_shape how) {
    return (ar_launch){.kernel = kernel,
                       .dims = 1,
                       .global = {how.items, 1, 1},
                       .local = {how.group, 1, 1},
                       .args = args,
                       .arg_count = count};
}

arete_status ar_time_launches(arete_queue *queue, const ar_launch *launch, size_t count, double *seconds) {
    double start = ar_os_seconds();
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < count && status == ARETE_OK; i++)
        status = ar_launch_run(queue, launch, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(queue);
    *seconds = ar_os_seconds() - start;
    return status;
}

arete_status ar_sample_launch(void *state, double *seconds) {
    const ar_launch_sampler *of = state;
    return ar_time_launches(of->queue, of->launch, 1, seconds);
}

size_t ar_group_size(const ar_bench_device *on, size_t wanted) {
    size_t most = on->info->max_group_size ? on->info->max_group_size : 1;
    return on->cpu ? 1 : most < wanted ? most : wanted;
}

arete_status ar_bench_device_fill(const ar_bench_device *on, arete_buffer *buffer, int kind) {
    const ar_kernel *kernel;
    double seconds;
    arete_status status = ar_memory_kernel(on, 1, "fill", &kernel);
    ar_shape how = {1, on->info->compute_units * (on->cpu ? 1u : 1024u), 0};
    how.group = ar_group_size(on, 256);
    how.items = how.items / how.group * how.group;
    ar_arg args[] = {AR_BUFFER(buffer), AR_I64((int64_t)(arete_buffer_size(buffer) / 4)), AR_I32(kind)};
    ar_launch launch = ar_launch_of(kernel, args, 3, how);
    return status == ARETE_OK ? ar_time_launches(on->queue, &launch, 1, &seconds) : status;
}

arete_status ar_bench_device_open(arete_device *device, uint64_t bytes, ar_bench_device *on) {
    *on =
        (ar_bench_device){.device = device, .info = arete_device_get_info(device), .cache = ar_last_cache(device)};
    on->cpu = on->info->kind == ARETE_DEVICE_CPU;
    uint64_t most = on->info->max_buffer_bytes, room = on->info->memory_bytes / 8;
    most = most < room ? most : room;
    if (bytes == 0)
        bytes = 4 * on->cache > LEAST_BYTES ? 4 * on->cache : LEAST_BYTES;
    on->bytes = (bytes < most ? bytes : most) / 4096 * 4096;
    if (on->info->kind == ARETE_DEVICE_REFERENCE)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s has no kernels to measure with", on->info->id);
    arete_status status = arete_queue_create(device, 0, &on->queue);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, on->bytes, &on->from);
    if (status == ARETE_OK)
        status = arete_buffer_create(device, on->bytes, &on->to);
    if (status == ARETE_OK)
        status = ar_bench_device_fill(on, on->from, 0);
    if (status == ARETE_OK)
        status = ar_bench_device_fill(on, on->to, 0);
    if (status != ARETE_OK)
        ar_bench_device_close(on);
    return status;
}

void ar_bench_device_close(ar_bench_device *on) {
    arete_buffer_release(on->from);
    arete_buffer_release(on->to);
    arete_queue_release(on->queue);
    ar_sensors_close(on->sensors);
}
