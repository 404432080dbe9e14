/* Events: an impl is the cl_event itself. */
#include "opencl_internal.h"

static void cl_event_release(arete_device *device, void *impl) {
    ar_cl_of(device)->cl->clReleaseEvent(impl);
}

static arete_status cl_event_status(arete_event *event, cl_int *state) {
    const ar_cl *cl = ar_cl_of(event->device)->cl;
    cl_int code = cl->clGetEventInfo(event->impl, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof *state, state, NULL);
    if (code) {
        return ar_cl_fail(code, "asking for an event's status on %s", event->device->info.id);
    }
    if (*state < 0) {
        return ar_cl_fail(*state, "a command on %s failed while it ran", event->device->info.id);
    }
    return ARETE_OK;
}

/* clWaitForEvents need not flush, so the command's queue is flushed first. User events have no queue. */
static arete_status cl_event_wait(arete_event *event) {
    const ar_cl *cl = ar_cl_of(event->device)->cl;
    cl_event native = event->impl;
    cl_int state = CL_COMPLETE;
    arete_status status = cl_event_status(event, &state);
    if (status || state == CL_COMPLETE) {
        return status;
    }
    cl_command_queue queue = NULL;
    if (state == CL_QUEUED && !cl->clGetEventInfo(native, CL_EVENT_COMMAND_QUEUE, sizeof queue, &queue, NULL) &&
        queue) {
        cl->clFlush(queue);
    }
    cl_int code = cl->clWaitForEvents(1, &native);
    status = cl_event_status(event, &state); /* says why, where the wait only says that it failed */
    if (!status && code) {
        status = ar_cl_fail(code, "waiting for an event on %s", event->device->info.id);
    }
    return status;
}

static arete_status cl_event_query(arete_event *event, bool *complete) {
    cl_int state = CL_QUEUED;
    arete_status status = cl_event_status(event, &state);
    if (!status) {
        *complete = state == CL_COMPLETE;
    }
    return status;
}

static arete_status cl_event_seconds(arete_event *event, double *seconds) {
    const ar_cl *cl = ar_cl_of(event->device)->cl;
    cl_ulong start = 0, end = 0;
    cl_int code = cl->clGetEventProfilingInfo(event->impl, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
    if (!code) {
        code = cl->clGetEventProfilingInfo(event->impl, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    }
    if (code == CL_PROFILING_INFO_NOT_AVAILABLE) {
        return ar_fail(ARETE_E_UNSUPPORTED, "the event has no times: %s (%d); make the queue with "
                       "ARETE_QUEUE_PROFILING, and wait for the event first", ar_cl_name(code), (int)code);
    }
    if (code) {
        return ar_cl_fail(code, "asking for an event's times on %s", event->device->info.id);
    }
    /* A clock that reads under a millisecond was made up: rusticl counts the states, 1 ns each. */
    if (end < 1000000 || end < start) {
        return ar_fail(ARETE_E_UNSUPPORTED, "the clock of %s (%s) is useless: a command started at %llu and ended "
                       "at %llu ns; time it on the host", event->device->info.id, event->device->info.platform,
                       (unsigned long long)start, (unsigned long long)end);
    }
    *seconds = (double)(end - start) * 1e-9;
    return ARETE_OK;
}

const ar_event_ops ar_cl_event_ops = {cl_event_release, cl_event_wait, cl_event_query, cl_event_seconds};
