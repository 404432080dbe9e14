/* Buffers and page-locked host memory. The driver aligns both to 256 bytes. */
#include "hip_internal.h"

static arete_status hip_memory_alloc(arete_device *device, uint64_t bytes, void **impl) {
    ar_hip_device *own = ar_hip_of(device);
    uint64_t limit = device->info.max_buffer_bytes;
    if (bytes > limit || bytes > SIZE_MAX) {
        return ar_fail(ARETE_E_MEMORY, "a buffer of %llu bytes: %s (%s) has %llu in all", (unsigned long long)bytes,
                       device->info.id, device->info.name, (unsigned long long)device->info.memory_bytes);
    }
    ar_hip_memory *made = ar_os_alloc(sizeof *made);
    if (!made) {
        return ar_fail_memory("a buffer's record", sizeof *made);
    }
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status == ARETE_OK) {
        void *at = NULL;
        int code = own->hip->memory_alloc(&at, (size_t)bytes);
        if (code || !at) {
            status = ar_hip_fail(own->hip, own, code ? code : 2, "a buffer of %llu bytes on %s, which has %llu in all",
                                 (unsigned long long)bytes, device->info.id,
                                 (unsigned long long)device->info.memory_bytes);
        }
        made->at = at;
        ar_hip_leave(device, token);
    }
    if (status != ARETE_OK) {
        ar_os_free(made);
        return status;
    }
    *impl = made;
    return ARETE_OK;
}

/* Work that uses it still finishes: both drivers' free waits for it, AMD's by its word, NVIDIA's by custom only, so
 * that it is waited for here. */
static void hip_memory_free(arete_device *device, void *impl) {
    ar_hip_device *own = ar_hip_of(device);
    ar_hip_memory *memory = impl;
    ar_hip_token token;
    if (!memory->adopted && ar_hip_enter(device, &token) == ARETE_OK) {
        own->hip->synchronize();
        own->hip->memory_free(memory->at);
        ar_hip_leave(device, token);
    }
    ar_os_free(memory);
}

static arete_status hip_host_alloc(arete_device *device, uint64_t bytes, void **memory) {
    ar_hip_device *own = ar_hip_of(device);
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    void *at = NULL;
    int code = bytes > SIZE_MAX ? 2 : own->hip->host_alloc(&at, (size_t)bytes, 0);
    if (code || !at) {
        status = ar_hip_fail(own->hip, own, code ? code : 2, "%llu bytes of pinned host memory for %s",
                             (unsigned long long)bytes, device->info.id);
    } else {
        *memory = at;
    }
    ar_hip_leave(device, token);
    return status;
}

static void hip_host_free(arete_device *device, void *memory) {
    ar_hip_token token;
    if (ar_hip_enter(device, &token) == ARETE_OK) {
        ar_hip_of(device)->hip->host_free(memory);
        ar_hip_leave(device, token);
    }
}

const ar_memory_ops ar_hip_memory_ops = {hip_memory_alloc, hip_memory_free, hip_host_alloc, hip_host_free};

static arete_status hip_pin(arete_queue *queue, uint64_t bytes, void **impl, void **pointer) {
    *impl = NULL;
    return hip_host_alloc(queue->device, bytes, pointer);
}

static void hip_unpin(arete_queue *queue, void *impl, void *pointer) {
    (void)impl;
    hip_host_free(queue->device, pointer);
}

static arete_status hip_map(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, bool write,
                            void **pointer) {
    (void)buffer, (void)offset, (void)bytes, (void)write, (void)pointer;
    return ar_fail(ARETE_E_UNSUPPORTED, "%s: a HIP buffer is not mapped; read and write it", queue->device->info.id);
}

static arete_status hip_unmap(arete_queue *queue, arete_buffer *buffer, void *pointer) {
    return hip_map(queue, buffer, 0, 0, false, &pointer);
}

const ar_host_ops ar_hip_host_ops = {hip_pin, hip_unpin, hip_map, hip_unmap};
