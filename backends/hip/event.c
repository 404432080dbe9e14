/* Events: one native event at the command's end, and on queues with profiling one at its start. Native events are dear
 * to make and to destroy, so released ones are kept by the device and recorded again. */
#include "hip_internal.h"

enum { DISABLE_TIMING = 2, NOT_READY = 600 };

static arete_status spare_take(arete_device *device, bool timed, ar_hip_spare **spare) {
    ar_hip_device *own = ar_hip_of(device);
    ar_mutex_lock(own->lock);
    ar_hip_spare *found = own->spare[timed];
    if (found) {
        own->spare[timed] = found->next;
    }
    ar_mutex_unlock(own->lock);
    if (!found) {
        found = ar_os_alloc(sizeof *found);
        if (!found) {
            return ar_fail_memory("an event", sizeof *found);
        }
        int code = own->hip->event_create(&found->native, timed ? 0 : DISABLE_TIMING);
        if (code) {
            ar_os_free(found);
            return ar_hip_fail(own->hip, own, code, "making an event on %s", device->info.id);
        }
    }
    *spare = found;
    return ARETE_OK;
}

static void spare_give(ar_hip_device *own, bool timed, ar_hip_spare *spare) {
    ar_mutex_lock(own->lock);
    spare->next = own->spare[timed];
    own->spare[timed] = spare;
    ar_mutex_unlock(own->lock);
}

arete_status ar_hip_event_make(arete_device *device, bool timed, ar_hip_event **event) {
    ar_hip_device *own = ar_hip_of(device);
    ar_hip_event *made = ar_os_alloc(sizeof *made);
    if (!made) {
        return ar_fail_memory("an event", sizeof *made);
    }
    arete_status status = spare_take(device, timed, &made->end);
    if (status == ARETE_OK && timed) {
        status = spare_take(device, true, &made->start);
        if (status != ARETE_OK) {
            spare_give(own, true, made->end);
        }
    }
    if (status != ARETE_OK) {
        ar_os_free(made);
        return status;
    }
    made->native = made->end->native;
    *event = made;
    return ARETE_OK;
}

void ar_hip_event_drop(ar_hip_device *own, ar_hip_event *event) {
    if (event->end) {
        spare_give(own, event->start != NULL, event->end);
    }
    if (event->start) {
        spare_give(own, true, event->start);
    }
    ar_os_free(event);
}

static void hip_event_release(arete_device *device, void *impl) {
    ar_hip_event_drop(ar_hip_of(device), impl);
}

static arete_status hip_event_wait(arete_event *event) {
    ar_hip_device *own = ar_hip_of(event->device);
    const ar_hip_event *mine = event->impl;
    ar_hip_token token;
    arete_status status = ar_hip_enter(event->device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->event_synchronize(mine->native);
    if (code) {
        status = ar_hip_fail(own->hip, own, code, "waiting for a command on %s", event->device->info.id);
    }
    ar_hip_leave(event->device, token);
    return status;
}

static arete_status hip_event_query(arete_event *event, bool *complete) {
    ar_hip_device *own = ar_hip_of(event->device);
    const ar_hip_event *mine = event->impl;
    ar_hip_token token;
    arete_status status = ar_hip_enter(event->device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->event_query(mine->native);
    if (code && code != NOT_READY) {
        status = ar_hip_fail(own->hip, own, code, "a command on %s failed", event->device->info.id);
    } else {
        *complete = code == 0;
    }
    ar_hip_leave(event->device, token);
    return status;
}

static arete_status hip_event_seconds(arete_event *event, double *seconds) {
    ar_hip_device *own = ar_hip_of(event->device);
    const ar_hip_event *mine = event->impl;
    if (!mine->start) {
        return ar_fail(ARETE_E_UNSUPPORTED, "the event has no times: make the queue with ARETE_QUEUE_PROFILING%s",
                       mine->end ? "" : "; an adopted event has an end alone");
    }
    ar_hip_token token;
    arete_status status = ar_hip_enter(event->device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    float milliseconds = 0;
    int code = own->hip->event_elapsed(&milliseconds, mine->start->native, mine->end->native);
    if (code == NOT_READY) {
        status = ar_fail(ARETE_E_UNSUPPORTED, "the event has no times yet: wait for it first");
    } else if (code) {
        status = ar_hip_fail(own->hip, own, code, "asking for an event's times on %s", event->device->info.id);
    } else {
        *seconds = 1e-3 * (double)milliseconds;
    }
    ar_hip_leave(event->device, token);
    return status;
}

const ar_event_ops ar_hip_event_ops = {hip_event_release, hip_event_wait, hip_event_query, hip_event_seconds};
