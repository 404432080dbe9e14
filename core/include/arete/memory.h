/* Buffers: device memory. Tensors: a view of elements in a buffer. */
#ifndef ARETE_MEMORY_H
#define ARETE_MEMORY_H

#include "arete/device.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arete_buffer arete_buffer;

/**
 * Allocates bytes (> 0) of uninitialised memory on the device. On success *buffer holds one reference, the
 * caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY (the text names the size and the device's limit),
 * ARETE_E_DEVICE. Any thread.
 */
ARETE_API arete_status arete_buffer_create(arete_device *device, uint64_t bytes, arete_buffer **buffer);

ARETE_API void arete_buffer_retain(arete_buffer *buffer);

/** Drops one reference. Work already enqueued on the buffer still finishes. NULL is fine. */
ARETE_API void arete_buffer_release(arete_buffer *buffer);

ARETE_API uint64_t arete_buffer_size(const arete_buffer *buffer);
ARETE_API arete_device *arete_buffer_device(const arete_buffer *buffer);

/**
 * Allocates bytes (> 0) of host memory that the device reaches directly (pinned), where its driver has such: transfers
 * from and to it run at full speed and do not block the call that enqueues them. Plain memory, aligned to 256 bytes,
 * elsewhere. Freed by arete_host_free() with the same device, before the context goes, once no transfer uses it.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY, ARETE_E_DEVICE; on failure *memory is unchanged. Any thread.
 */
ARETE_API arete_status arete_host_alloc(arete_device *device, uint64_t bytes, void **memory);
ARETE_API void arete_host_free(arete_device *device, void *memory); /**< memory NULL is fine */

#define ARETE_MAX_RANK 8

/**
 * A view of elements in a buffer; a plain value that owns nothing.
 *
 * Element (i0, i1, ...) is at byte  offset + size_of(dtype) * (i0*strides[0] + i1*strides[1] + ...).
 * offset is in bytes and a multiple of the element size; strides are in elements, >= 0; a zero stride repeats.
 * buffer NULL means "absent" for an optional operand, and "shape only" where a plan is made.
 * All strides zero (with dims that are not) mean tight row-major: the last dimension is contiguous.
 */
typedef struct arete_tensor {
    arete_buffer *buffer;
    uint64_t offset;
    arete_dtype dtype;
    uint32_t rank;
    int64_t dims[ARETE_MAX_RANK];
    int64_t strides[ARETE_MAX_RANK];
} arete_tensor;

/** A tight row-major tensor of rank dims (at most ARETE_MAX_RANK; more gives rank 0 and dtype none). */
ARETE_API arete_tensor arete_tensor_make(arete_buffer *buffer, uint64_t offset, arete_dtype dtype, uint32_t rank,
                                         const int64_t *dims);

/** Bytes from the first to past the last element, at the tensor's strides; 0 when a dimension is 0. */
ARETE_API uint64_t arete_tensor_extent(const arete_tensor *tensor);

/** Number of elements; 1 for rank 0. */
ARETE_API int64_t arete_tensor_elements(const arete_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
