/* In-order queues, and what is enqueued on them. An impl is the cl_command_queue itself.
 *
 * Nothing here allocates: a wait list is copied to the stack, and one that is too long for it goes before the
 * command as barriers, which order everything after them in an in-order queue.
 */
#include "opencl_internal.h"

enum { WAIT_ROOM = 32 };

typedef struct wait_list {
    cl_uint count;
    cl_event events[WAIT_ROOM];
} wait_list;

static cl_event const *wait_events(const wait_list *waits) {
    return waits->count ? waits->events : NULL;
}

/* An event of another queue whose command was not even handed to the device might never complete: OpenCL asks for a
 * flush of that queue. A released queue was flushed by that, so that its handle is not asked for here. */
static void flush_origin(const ar_cl *cl, cl_command_queue queue, cl_event event) {
    cl_int state = CL_COMPLETE;
    cl_command_queue origin = NULL;
    if (!cl->clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL) &&
        state == CL_QUEUED &&
        !cl->clGetEventInfo(event, CL_EVENT_COMMAND_QUEUE, sizeof origin, &origin, NULL) && origin &&
        origin != queue) {
        cl->clFlush(origin);
    }
}

/* when.after as OpenCL's list; all but the last WAIT_ROOM are enqueued as barriers. A command that is refused after
 * such a barrier has only made its queue wait for what it was to wait for. */
static arete_status wait_list_take(arete_queue *queue, const ar_when *when, wait_list *waits) {
    waits->count = 0;
    const ar_cl *cl = ar_cl_of(queue->device)->cl;
    for (size_t i = 0; i < when->count; i++) {
        if (waits->count == WAIT_ROOM) {
            cl_int code = cl->clEnqueueBarrierWithWaitList(queue->impl, waits->count, waits->events, NULL);
            if (code) {
                return ar_cl_fail(code, "enqueueing a wait for %u events on %s", (unsigned)waits->count,
                                  queue->device->info.id);
            }
            waits->count = 0;
        }
        cl_event event = when->after[i]->impl;
        flush_origin(cl, queue->impl, event);
        waits->events[waits->count++] = event;
    }
    return ARETE_OK;
}

static cl_event *done_of(ar_when when) {
    return (cl_event *)(void *)when.done;
}

static arete_status cl_queue_create(arete_device *device, uint32_t flags, void **impl) {
    ar_cl_device *own = ar_cl_of(device);
    cl_context context;
    arete_status status = ar_cl_context(device, &context);
    if (status) {
        return status;
    }
    cl_command_queue_properties properties = flags & ARETE_QUEUE_PROFILING ? CL_QUEUE_PROFILING_ENABLE : 0;
    cl_int code = CL_SUCCESS;
    cl_command_queue queue = own->cl->clCreateCommandQueue(context, own->id, properties, &code);
    if (!queue || code) {
        return ar_cl_fail(code, "making a queue on %s", device->info.id);
    }
    *impl = queue;
    return ARETE_OK;
}

static void cl_queue_destroy(arete_device *device, void *impl) {
    const ar_cl *cl = ar_cl_of(device)->cl;
    cl->clFlush(impl); /* what was enqueued still runs, and its events can be waited for without the queue */
    cl->clReleaseCommandQueue(impl);
}

static arete_status cl_queue_flush(arete_queue *queue) {
    cl_int code = ar_cl_of(queue->device)->cl->clFlush(queue->impl);
    return code ? ar_cl_fail(code, "flushing a queue on %s", queue->device->info.id) : ARETE_OK;
}

static arete_status cl_queue_finish(arete_queue *queue) {
    cl_int code = ar_cl_of(queue->device)->cl->clFinish(queue->impl);
    return code ? ar_cl_fail(code, "finishing a queue on %s", queue->device->info.id) : ARETE_OK;
}

static arete_status transfer_fail(cl_int code, const char *what, arete_queue *queue, uint64_t bytes) {
    return ar_cl_fail(code, "%s %llu bytes on %s", what, (unsigned long long)bytes, queue->device->info.id);
}

static arete_status cl_queue_write(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                   const void *from, ar_when when) {
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    cl_int code = ar_cl_of(queue->device)
                      ->cl->clEnqueueWriteBuffer(queue->impl, to->impl, when.done ? CL_FALSE : CL_TRUE,
                                                 (size_t)offset, (size_t)bytes, from, waits.count,
                                                 wait_events(&waits), done_of(when));
    return code ? transfer_fail(code, "writing", queue, bytes) : ARETE_OK;
}

static arete_status cl_queue_read(arete_queue *queue, arete_buffer *from, uint64_t offset, uint64_t bytes, void *to,
                                  ar_when when) {
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    cl_int code = ar_cl_of(queue->device)
                      ->cl->clEnqueueReadBuffer(queue->impl, from->impl, when.done ? CL_FALSE : CL_TRUE,
                                                (size_t)offset, (size_t)bytes, to, waits.count, wait_events(&waits),
                                                done_of(when));
    return code ? transfer_fail(code, "reading", queue, bytes) : ARETE_OK;
}

static arete_status cl_queue_copy(arete_queue *queue, arete_buffer *from, uint64_t from_offset, arete_buffer *to,
                                  uint64_t to_offset, uint64_t bytes, ar_when when) {
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    cl_int code = ar_cl_of(queue->device)
                      ->cl->clEnqueueCopyBuffer(queue->impl, from->impl, to->impl, (size_t)from_offset,
                                                (size_t)to_offset, (size_t)bytes, waits.count, wait_events(&waits),
                                                done_of(when));
    return code ? transfer_fail(code, "copying", queue, bytes) : ARETE_OK;
}

static arete_status cl_queue_fill(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                  const void *pattern, size_t pattern_bytes, ar_when when) {
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    cl_int code = ar_cl_of(queue->device)
                      ->cl->clEnqueueFillBuffer(queue->impl, to->impl, pattern, pattern_bytes, (size_t)offset,
                                                (size_t)bytes, waits.count, wait_events(&waits), done_of(when));
    return code ? transfer_fail(code, "filling", queue, bytes) : ARETE_OK;
}

/* The kernel's lock is held. */
static cl_int set_arguments(const ar_cl *cl, cl_kernel kernel, const ar_launch *launch, uint32_t *at) {
    cl_int code = CL_SUCCESS;
    uint32_t i = 0;
    for (; i < launch->arg_count; i++) {
        const ar_arg *arg = &launch->args[i];
        if (arg->kind == AR_ARG_BUFFER) {
            cl_mem mem = arg->as.buffer ? arg->as.buffer->impl : NULL;
            code = cl->clSetKernelArg(kernel, i, sizeof mem, &mem);
        } else {
            const void *value = arg->kind == AR_ARG_LOCAL    ? NULL
                                : arg->kind == AR_ARG_STRUCT ? arg->as.object
                                                             : (const void *)&arg->as;
            code = cl->clSetKernelArg(kernel, i, arg->bytes, value);
        }
        if (code) {
            break;
        }
    }
    *at = i;
    return code;
}

static arete_status launch_fail(cl_int code, arete_queue *queue, const ar_launch *launch, uint32_t at) {
    const arete_device_info *info = &queue->device->info;
    if (at < launch->arg_count) {
        const ar_arg *arg = &launch->args[at];
        const char *kind = arg->kind == AR_ARG_BUFFER ? "a buffer"
                           : arg->kind == AR_ARG_LOCAL ? "local memory"
                           : arg->kind == AR_ARG_STRUCT ? "a struct"
                                                       : "a value";
        return ar_cl_fail(code, "kernel %s: argument %u (%s, %u bytes)", launch->kernel->name, at, kind,
                          arg->kind == AR_ARG_BUFFER ? (unsigned)sizeof(cl_mem) : arg->bytes);
    }
    size_t global[3] = {1, 1, 1}, local[3] = {1, 1, 1};
    for (uint32_t i = 0; i < launch->dims && i < 3; i++) {
        global[i] = launch->global[i];
        local[i] = launch->local[i];
    }
    return ar_cl_fail(code, "kernel %s: launching %zux%zux%zu work-items in groups of %zux%zux%zu on %s (at most "
                      "%u in a group)", launch->kernel->name, global[0], global[1], global[2], local[0], local[1],
                      local[2], info->id, info->max_group_size);
}

static arete_status cl_queue_launch(arete_queue *queue, const ar_launch *launch, ar_when when) {
    const ar_cl *cl = ar_cl_of(queue->device)->cl;
    ar_cl_kernel *own = launch->kernel->impl;
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    uint32_t at;
    ar_mutex_lock(own->lock);
    cl_int code = set_arguments(cl, own->kernel, launch, &at);
    if (!code) {
        code = cl->clEnqueueNDRangeKernel(queue->impl, own->kernel, launch->dims, NULL, launch->global,
                                          launch->local, waits.count, wait_events(&waits), done_of(when));
    }
    ar_mutex_unlock(own->lock);
    return code ? launch_fail(code, queue, launch, at) : ARETE_OK;
}

static arete_status cl_queue_marker(arete_queue *queue, ar_when when) {
    wait_list waits;
    arete_status status = wait_list_take(queue, &when, &waits);
    if (status) {
        return status;
    }
    cl_int code = ar_cl_of(queue->device)
                      ->cl->clEnqueueMarkerWithWaitList(queue->impl, waits.count, wait_events(&waits),
                                                        done_of(when));
    return code ? ar_cl_fail(code, "enqueueing a marker on %s", queue->device->info.id) : ARETE_OK;
}

const ar_queue_ops ar_cl_queue_ops = {
    .create = cl_queue_create,
    .destroy = cl_queue_destroy,
    .flush = cl_queue_flush,
    .finish = cl_queue_finish,
    .write = cl_queue_write,
    .read = cl_queue_read,
    .copy = cl_queue_copy,
    .fill = cl_queue_fill,
    .launch = cl_queue_launch,
    .marker = cl_queue_marker,
};
