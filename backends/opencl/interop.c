/* Interop with OpenCL applications: theirs in, ours out. The public handle types are <CL/cl.h>'s own. */
#include "arete/opencl.h"

#include "opencl_internal.h"

static bool is_ours(const arete_device *device) {
    return device && device->backend == &ar_backend_opencl;
}

/* Their mistakes are ARETE_E_ARGUMENT; what is no mistake keeps its status. */
static arete_status adopt_fail(cl_int code, const char *argument) {
    switch (code) {
    case CL_INVALID_CONTEXT:
    case CL_INVALID_DEVICE:
    case CL_INVALID_COMMAND_QUEUE:
    case CL_INVALID_MEM_OBJECT:
    case CL_INVALID_EVENT:
        return ar_fail(ARETE_E_ARGUMENT, "%s is no valid handle: %s (%d)", argument, ar_cl_name(code), (int)code);
    default:
        return ar_cl_fail(code, "%s", argument);
    }
}

static arete_status check_owner(const arete_device *device) {
    if (!device) {
        return ar_fail(ARETE_E_ARGUMENT, "device is NULL");
    }
    if (!is_ours(device)) {
        return ar_fail(ARETE_E_MISMATCH, "device is %s, which is not an OpenCL device", device->info.id);
    }
    return ARETE_OK;
}

static arete_status holds_device(const ar_cl *cl, cl_context native, cl_device_id id) {
    size_t bytes = 0;
    cl_int code = cl->clGetContextInfo(native, CL_CONTEXT_DEVICES, 0, NULL, &bytes);
    if (code) {
        return adopt_fail(code, "cl_context");
    }
    cl_device_id *ids = ar_os_alloc(bytes ? bytes : 1);
    if (!ids) {
        return ar_fail_memory("a list of devices", bytes);
    }
    code = cl->clGetContextInfo(native, CL_CONTEXT_DEVICES, bytes, ids, NULL);
    bool found = false;
    for (size_t i = 0; !code && i < bytes / sizeof *ids; i++) {
        found = found || ids[i] == id;
    }
    ar_os_free(ids);
    return code    ? adopt_fail(code, "cl_context")
           : found ? ARETE_OK
                   : ar_fail(ARETE_E_MISMATCH, "cl_device is not one of cl_context's devices");
}

/* The device of the context's list that stands for the pair; NULL: none yet. */
static arete_device *known_device(arete_context *context, cl_context native, cl_device_id id) {
    for (size_t i = 0; i < arete_device_count(context); i++) {
        arete_device *device = arete_device_at(context, i);
        if (!is_ours(device)) {
            continue;
        }
        ar_cl_device *own = ar_cl_of(device);
        ar_mutex_lock(own->lock);
        bool same = own->id == id && own->context == native;
        ar_mutex_unlock(own->lock);
        if (same) {
            return device;
        }
    }
    return NULL;
}

/* Holds the pair until the device is freed. */
static ar_cl_device *hold_pair(const ar_cl *cl, cl_platform_id platform, cl_context native, cl_device_id id) {
    ar_cl_device *own = ar_cl_device_make(cl, platform, id);
    cl_device_id parent = NULL;
    if (own) {
        if (!cl->clGetDeviceInfo(id, CL_DEVICE_PARENT_DEVICE, sizeof parent, &parent, NULL) && parent &&
            cl->clRetainDevice && cl->clReleaseDevice) {
            own->counted = !cl->clRetainDevice(id);
        }
        own->context = native;
        cl->clRetainContext(native);
    }
    return own;
}

static arete_status adopt_new(arete_context *context, const ar_cl *cl, cl_context native, cl_device_id id,
                              arete_device **device) {
    arete_status status = holds_device(cl, native, id);
    if (status) {
        return status;
    }
    cl_platform_id platform = NULL;
    cl_int code = cl->clGetDeviceInfo(id, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    if (code) {
        return adopt_fail(code, "cl_device");
    }
    ar_cl_description description;
    status = ar_cl_describe(cl, platform, id, &description);
    if (status) {
        return status;
    }
    ar_cl_device *own = NULL;
    if (description.version < 12) {
        status = ar_fail(ARETE_E_UNSUPPORTED, "cl_device is %s, of OpenCL %u.%u: 1.2 is needed",
                         description.info.name, description.version / 10, description.version % 10);
    } else if (!(own = hold_pair(cl, platform, native, id))) {
        status = ar_fail_memory("an OpenCL device", sizeof *own);
    } else {
        status = ar_context_add_device(context, &ar_backend_opencl, own, &description.info, NULL, device);
    }
    if (status && own) {
        ar_cl_device_free(own);
    }
    ar_cl_describe_free(&description);
    return status;
}

arete_status arete_opencl_adopt_device(arete_context *context, arete_cl_context cl_context,
                                       arete_cl_device_id cl_device, arete_device **device) {
    if (!context || !cl_context || !cl_device || !device) {
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL",
                       !context ? "context" : !cl_context ? "cl_context" : !cl_device ? "cl_device" : "device");
    }
    char why[384] = "";
    const ar_cl *cl = ar_cl_open(why, sizeof why);
    if (!cl) {
        return ar_fail(ARETE_E_DEVICE, "no OpenCL here: %s", why);
    }
    arete_status status = ARETE_OK;
    ar_mutex_lock(cl->adopting);
    arete_device *known = known_device(context, cl_context, cl_device);
    if (known) {
        *device = known;
    } else {
        status = adopt_new(context, cl, cl_context, cl_device, device);
    }
    ar_mutex_unlock(cl->adopting);
    return status;
}

static arete_status other_context(const arete_device *device, const char *argument) {
    return ar_fail(ARETE_E_MISMATCH, "%s belongs to another cl_context than %s; adopt that context's device with "
                   "arete_opencl_adopt_device()", argument, device->info.id);
}

arete_status arete_opencl_adopt_queue(arete_device *device, arete_cl_command_queue cl_queue, arete_queue **queue) {
    arete_status status = check_owner(device);
    if (status) {
        return status;
    }
    if (!cl_queue || !queue) {
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !cl_queue ? "cl_queue" : "queue");
    }
    ar_cl_device *own = ar_cl_of(device);
    const ar_cl *cl = own->cl;
    cl_context expected = NULL, native = NULL;
    cl_device_id id = NULL;
    cl_command_queue_properties properties = 0;
    status = ar_cl_context(device, &expected);
    if (status) {
        return status;
    }
    cl_int code = cl->clGetCommandQueueInfo(cl_queue, CL_QUEUE_CONTEXT, sizeof native, &native, NULL);
    code = code ? code : cl->clGetCommandQueueInfo(cl_queue, CL_QUEUE_DEVICE, sizeof id, &id, NULL);
    code = code ? code
                : cl->clGetCommandQueueInfo(cl_queue, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    if (code) {
        return adopt_fail(code, "cl_queue");
    }
    if (native != expected) {
        return other_context(device, "cl_queue");
    }
    if (id != own->id) {
        return ar_fail(ARETE_E_MISMATCH, "cl_queue is of another cl_device than %s", device->info.id);
    }
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE) {
        return ar_fail(ARETE_E_UNSUPPORTED, "cl_queue is an out-of-order queue: make it without "
                       "CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE");
    }
    uint32_t flags = properties & CL_QUEUE_PROFILING_ENABLE ? ARETE_QUEUE_PROFILING : 0;
    arete_queue *made = ar_queue_wrap(device, cl_queue, flags);
    if (!made) {
        return ar_fail_memory("a queue", sizeof *made);
    }
    cl->clRetainCommandQueue(cl_queue);
    *queue = made;
    return ARETE_OK;
}

arete_status arete_opencl_adopt_buffer(arete_device *device, arete_cl_mem cl_mem_given, arete_buffer **buffer) {
    arete_status status = check_owner(device);
    if (status) {
        return status;
    }
    if (!cl_mem_given || !buffer) {
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !cl_mem_given ? "cl_mem" : "buffer");
    }
    const ar_cl *cl = ar_cl_of(device)->cl;
    cl_context expected = NULL, native = NULL;
    cl_mem_object_type type = 0;
    size_t bytes = 0;
    status = ar_cl_context(device, &expected);
    if (status) {
        return status;
    }
    cl_int code = cl->clGetMemObjectInfo(cl_mem_given, CL_MEM_TYPE, sizeof type, &type, NULL);
    code = code ? code : cl->clGetMemObjectInfo(cl_mem_given, CL_MEM_CONTEXT, sizeof native, &native, NULL);
    code = code ? code : cl->clGetMemObjectInfo(cl_mem_given, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    if (code) {
        return adopt_fail(code, "cl_mem");
    }
    if (type != CL_MEM_OBJECT_BUFFER) {
        return ar_fail(ARETE_E_ARGUMENT, "cl_mem is of type 0x%x: a buffer (0x%x) is needed, not an image",
                       (unsigned)type, (unsigned)CL_MEM_OBJECT_BUFFER);
    }
    if (native != expected) {
        return other_context(device, "cl_mem");
    }
    arete_buffer *made = ar_buffer_wrap(device, cl_mem_given, bytes);
    if (!made) {
        return ar_fail_memory("a buffer's record", sizeof *made);
    }
    cl->clRetainMemObject(cl_mem_given);
    *buffer = made;
    return ARETE_OK;
}

arete_status arete_opencl_adopt_event(arete_device *device, arete_cl_event cl_event_given, arete_event **event) {
    arete_status status = check_owner(device);
    if (status) {
        return status;
    }
    if (!cl_event_given || !event) {
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !cl_event_given ? "cl_event" : "event");
    }
    const ar_cl *cl = ar_cl_of(device)->cl;
    cl_context expected = NULL, native = NULL;
    status = ar_cl_context(device, &expected);
    if (status) {
        return status;
    }
    cl_int code = cl->clGetEventInfo(cl_event_given, CL_EVENT_CONTEXT, sizeof native, &native, NULL);
    if (code) {
        return adopt_fail(code, "cl_event");
    }
    if (native != expected) {
        return other_context(device, "cl_event");
    }
    arete_event *made = ar_event_wrap(device, cl_event_given);
    if (!made) {
        return ar_fail_memory("an event", sizeof *made);
    }
    cl->clRetainEvent(cl_event_given);
    *event = made;
    return ARETE_OK;
}

arete_cl_device_id arete_opencl_device(const arete_device *device) {
    return is_ours(device) ? ar_cl_of(device)->id : NULL;
}

arete_cl_context arete_opencl_context(arete_device *device) {
    cl_context context = NULL;
    return is_ours(device) && !ar_cl_context(device, &context) ? context : NULL;
}

arete_cl_command_queue arete_opencl_queue(const arete_queue *queue) {
    return queue && is_ours(queue->device) ? queue->impl : NULL;
}

arete_cl_mem arete_opencl_mem(const arete_buffer *buffer) {
    return buffer && is_ours(buffer->device) ? buffer->impl : NULL;
}

arete_cl_event arete_opencl_event(const arete_event *event) {
    return event && is_ours(event->device) ? event->impl : NULL;
}
