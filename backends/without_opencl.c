/* The interop entries of a library built without OpenCL: the ABI is the same, the answer is no. */
#ifndef ARETE_HAVE_OPENCL
#include "arete/opencl.h"

#include "error.h"

static arete_status without(void) {
    return ar_fail(ARETE_E_UNSUPPORTED, "this library was built without OpenCL (ARETE_OPENCL, opencl-headers)");
}

arete_status arete_opencl_adopt_device(arete_context *context, arete_cl_context cl_context,
                                       arete_cl_device_id cl_device, arete_device **device) {
    (void)context, (void)cl_context, (void)cl_device, (void)device;
    return without();
}

arete_status arete_opencl_adopt_queue(arete_device *device, arete_cl_command_queue cl_queue, arete_queue **queue) {
    (void)device, (void)cl_queue, (void)queue;
    return without();
}

arete_status arete_opencl_adopt_buffer(arete_device *device, arete_cl_mem cl_mem, arete_buffer **buffer) {
    (void)device, (void)cl_mem, (void)buffer;
    return without();
}

arete_status arete_opencl_adopt_event(arete_device *device, arete_cl_event cl_event, arete_event **event) {
    (void)device, (void)cl_event, (void)event;
    return without();
}

arete_cl_device_id arete_opencl_device(const arete_device *device) {
    (void)device;
    return NULL;
}

arete_cl_context arete_opencl_context(arete_device *device) {
    (void)device;
    return NULL;
}

arete_cl_command_queue arete_opencl_queue(const arete_queue *queue) {
    (void)queue;
    return NULL;
}

arete_cl_mem arete_opencl_mem(const arete_buffer *buffer) {
    (void)buffer;
    return NULL;
}

arete_cl_event arete_opencl_event(const arete_event *event) {
    (void)event;
    return NULL;
}
#else
typedef int ar_with_opencl; /* a file must not be empty */
#endif
