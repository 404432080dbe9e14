/* Buffers and tensors. */
#include "backend.h"

arete_buffer *ar_buffer_wrap(arete_device *device, void *impl, uint64_t bytes) {
    arete_buffer *buffer = ar_os_alloc(sizeof *buffer);
    if (buffer) {
        atomic_init(&buffer->references, 1);
        buffer->device = device;
        buffer->impl = impl;
        buffer->bytes = bytes;
        arete_context_retain(device->context);
    }
    return buffer;
}

arete_status arete_buffer_create(arete_device *device, uint64_t bytes, arete_buffer **buffer) {
    if (!device || !buffer) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_buffer_create: %s is NULL", device ? "buffer" : "device");
    }
    if (bytes == 0) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_buffer_create: bytes is 0; a buffer holds at least one byte");
    }
    if (device->info.max_buffer_bytes && bytes > device->info.max_buffer_bytes) {
        return ar_fail(ARETE_E_MEMORY, "arete_buffer_create: %llu bytes asked for, but %s (%s) allocates at most %llu "
                       "in one buffer; split the data or take another device", (unsigned long long)bytes,
                       device->info.id, device->info.name, (unsigned long long)device->info.max_buffer_bytes);
    }
    void *impl = NULL;
    arete_status status = device->backend->memory->alloc(device, bytes, &impl);
    if (status != ARETE_OK) {
        return status;
    }
    arete_buffer *made = ar_buffer_wrap(device, impl, bytes);
    if (!made) {
        device->backend->memory->free(device, impl);
        return ar_fail_memory("a buffer's handle", sizeof *made);
    }
    *buffer = made;
    return ARETE_OK;
}

void arete_buffer_retain(arete_buffer *buffer) {
    if (buffer) {
        atomic_fetch_add(&buffer->references, 1);
    }
}

void arete_buffer_release(arete_buffer *buffer) {
    if (buffer && atomic_fetch_sub(&buffer->references, 1) == 1) {
        arete_context *context = buffer->device->context;
        buffer->device->backend->memory->free(buffer->device, buffer->impl);
        ar_os_free(buffer);
        arete_context_release(context);
    }
}

arete_status arete_host_alloc(arete_device *device, uint64_t bytes, void **memory) {
    if (!device || !memory || bytes == 0) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_host_alloc: %s", !device   ? "device is NULL"
                                                                 : !memory ? "memory is NULL"
                                                                           : "bytes is 0");
    }
    if (device->backend->memory->host_alloc) {
        return device->backend->memory->host_alloc(device, bytes, memory);
    }
    void *made = bytes > SIZE_MAX ? NULL : ar_os_alloc_aligned((size_t)bytes, 256);
    if (!made) {
        return ar_fail_memory("host memory", bytes);
    }
    *memory = made;
    return ARETE_OK;
}

void arete_host_free(arete_device *device, void *memory) {
    if (!device || !memory) {
        return;
    }
    if (device->backend->memory->host_free) {
        device->backend->memory->host_free(device, memory);
    } else {
        ar_os_free_aligned(memory);
    }
}

uint64_t arete_buffer_size(const arete_buffer *buffer) {
    return buffer ? buffer->bytes : 0;
}

arete_device *arete_buffer_device(const arete_buffer *buffer) {
    return buffer ? buffer->device : NULL;
}

arete_tensor arete_tensor_make(arete_buffer *buffer, uint64_t offset, arete_dtype dtype, uint32_t rank,
                               const int64_t *dims) {
    arete_tensor tensor = {.buffer = buffer, .offset = offset};
    if (rank > ARETE_MAX_RANK) {
        return tensor;
    }
    tensor.dtype = dtype;
    tensor.rank = rank;
    int64_t stride = 1;
    for (uint32_t i = rank; i-- > 0;) {
        tensor.dims[i] = dims[i];
        tensor.strides[i] = stride;
        if (dims[i] > 0 && stride <= INT64_MAX / dims[i]) {
            stride *= dims[i];
        }
    }
    return tensor;
}

int64_t arete_tensor_elements(const arete_tensor *tensor) {
    int64_t elements = 1;
    for (uint32_t i = 0; tensor && i < tensor->rank && i < ARETE_MAX_RANK; i++) {
        elements *= tensor->dims[i];
    }
    return tensor ? elements : 0;
}

uint64_t arete_tensor_extent(const arete_tensor *tensor) {
    if (!tensor) {
        return 0;
    }
    bool tight = true;
    for (uint32_t i = 0; i < tensor->rank && i < ARETE_MAX_RANK; i++) {
        tight = tight && tensor->strides[i] == 0;
        if (tensor->dims[i] <= 0) {
            return 0;
        }
    }
    size_t element = arete_dtype_size(tensor->dtype);
    if (tight) {
        return (uint64_t)arete_tensor_elements(tensor) * element;
    }
    uint64_t last = 0;
    for (uint32_t i = 0; i < tensor->rank && i < ARETE_MAX_RANK; i++) {
        last += (uint64_t)(tensor->dims[i] - 1) * (uint64_t)tensor->strides[i];
    }
    return (last + 1) * element;
}
