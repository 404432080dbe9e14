/* Interop with OpenCL applications, both ways: your context, queues, memory and events in; ours out.
 * Needs no OpenCL headers: handle types are forward-declared exactly as <CL/cl.h> declares them. */
#ifndef ARETE_OPENCL_H
#define ARETE_OPENCL_H

#include "arete/queue.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct _cl_device_id *arete_cl_device_id;
typedef struct _cl_context *arete_cl_context;
typedef struct _cl_command_queue *arete_cl_command_queue;
typedef struct _cl_mem *arete_cl_mem;
typedef struct _cl_event *arete_cl_event;

/**
 * Makes a device out of the application's cl_context and one of its cl_device_id. Both are retained until the
 * Arete context goes. The device joins the context's list ("opencl:N"); adopting the same pair again gives the
 * same device. Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MISMATCH (the device is not in that cl_context),
 * ARETE_E_UNSUPPORTED (older than OpenCL 1.2), ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_opencl_adopt_device(arete_context *context, arete_cl_context cl_context,
                                                 arete_cl_device_id cl_device, arete_device **device);

/**
 * Wraps the application's queue, which is retained. Arete enqueues on it and never waits on it of its own accord.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MISMATCH (of another cl_context or device), ARETE_E_UNSUPPORTED (an
 * out-of-order queue: Arete relies on order within a queue), ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_opencl_adopt_queue(arete_device *device, arete_cl_command_queue cl_queue,
                                                arete_queue **queue);

/** Wraps the application's cl_mem (a buffer or sub-buffer), which is retained. Returns ARETE_OK,
 *  ARETE_E_ARGUMENT (an image), ARETE_E_MISMATCH (of another cl_context), ARETE_E_MEMORY, ARETE_E_DEVICE. */
ARETE_API arete_status arete_opencl_adopt_buffer(arete_device *device, arete_cl_mem cl_mem, arete_buffer **buffer);

/** Wraps the application's cl_event, which is retained, to be waited for. Returns as arete_opencl_adopt_buffer. */
ARETE_API arete_status arete_opencl_adopt_event(arete_device *device, arete_cl_event cl_event, arete_event **event);

/** The handles beneath; borrowed (retain them to keep them). NULL for an object of another backend. A device's
 *  cl_context may be made by this call; NULL also when that fails. */
ARETE_API arete_cl_device_id arete_opencl_device(const arete_device *device);
ARETE_API arete_cl_context arete_opencl_context(arete_device *device);
ARETE_API arete_cl_command_queue arete_opencl_queue(const arete_queue *queue);
ARETE_API arete_cl_mem arete_opencl_mem(const arete_buffer *buffer);
ARETE_API arete_cl_event arete_opencl_event(const arete_event *event);

#ifdef __cplusplus
}
#endif
#endif
