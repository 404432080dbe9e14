/* Interop with HIP and CUDA applications, both ways: your streams, device memory and events in; ours out.
 *
 * Needs no vendor's headers. Handle types are forward-declared as <hip/hip_runtime_api.h> declares them. On a device of
 * an NVIDIA driver (arete_device_info.platform "CUDA driver") the same calls take and give CUDA's handles, cast:
 * CUstream or cudaStream_t, CUevent or cudaEvent_t, CUcontext; a CUdeviceptr is the pointer.
 */
#ifndef ARETE_HIP_H
#define ARETE_HIP_H

#include "arete/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ihipStream_t *arete_hip_stream;
typedef struct ihipEvent_t *arete_hip_event;
typedef struct ihipCtx_t *arete_hip_context;

/**
 * A device of the application's own CUcontext, instead of the primary one that Arete (and CUDA's runtime API) uses.
 * like: the Arete device of the same GPU. The context must outlive the Arete context; it is not retained, as CUDA
 * counts none. The device joins the context's list ("hip:N"); adopting the same context again gives the same device.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MISMATCH (like is no HIP device), ARETE_E_UNSUPPORTED (an AMD device:
 * it has one context, which is used already), ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_hip_adopt_context(arete_device *like, arete_hip_context hip_context,
                                               arete_device **device);

/**
 * Wraps the application's stream, which must outlive the queue. NULL is the device's default stream. Arete enqueues on
 * it and never waits on it of its own accord. flags: as for arete_queue_create().
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MISMATCH (no HIP device, or the stream is of another context),
 * ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_hip_adopt_stream(arete_device *device, arete_hip_stream hip_stream, uint32_t flags,
                                              arete_queue **queue);

/**
 * Wraps bytes of the application's device memory at pointer, which must outlive the buffer; it is not freed.
 * Returns ARETE_OK, ARETE_E_ARGUMENT (NULL, zero bytes, or no device memory), ARETE_E_MISMATCH, ARETE_E_RANGE (fewer
 * bytes were allocated there), ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_hip_adopt_pointer(arete_device *device, void *pointer, uint64_t bytes,
                                               arete_buffer **buffer);

/** Wraps the application's recorded event, to be waited for; it must outlive the Arete event.
 *  Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MISMATCH, ARETE_E_MEMORY. */
ARETE_API arete_status arete_hip_adopt_event(arete_device *device, arete_hip_event hip_event, arete_event **event);

/** The handles beneath; borrowed. NULL (-1) for an object of another backend. A queue on an adopted default stream
 *  gives NULL too. An event's is recorded at its command's end, and is used again once the Arete event is released.
 *  arete_hip_ordinal: the number that hipSetDevice and cuDeviceGet know the device by. */
ARETE_API int arete_hip_ordinal(const arete_device *device);
ARETE_API arete_hip_context arete_hip_context_of(arete_device *device);
ARETE_API arete_hip_stream arete_hip_stream_of(const arete_queue *queue);
ARETE_API void *arete_hip_pointer_of(const arete_buffer *buffer);
ARETE_API arete_hip_event arete_hip_event_of(const arete_event *event);

#ifdef __cplusplus
}
#endif
#endif
