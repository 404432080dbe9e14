/* Queues, events and transfers: checks here, the work in the backend. */
#include "backend.h"

arete_queue *ar_queue_wrap(arete_device *device, void *impl, uint32_t flags) {
    arete_queue *queue = ar_os_alloc(sizeof *queue);
    if (queue) {
        atomic_init(&queue->references, 1);
        queue->device = device;
        queue->impl = impl;
        queue->flags = flags;
        arete_context_retain(device->context);
    }
    return queue;
}

arete_event *ar_event_wrap(arete_device *device, void *impl) {
    arete_event *event = ar_os_alloc(sizeof *event);
    if (event) {
        atomic_init(&event->references, 1);
        event->device = device;
        event->impl = impl;
        arete_context_retain(device->context);
    }
    return event;
}

arete_status arete_queue_create(arete_device *device, uint32_t flags, arete_queue **queue) {
    if (!device || !queue) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_create: %s is NULL", device ? "queue" : "device");
    }
    if (flags & ~(uint32_t)ARETE_QUEUE_PROFILING) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_create: flags is 0x%x; known is ARETE_QUEUE_PROFILING", flags);
    }
    void *impl = NULL;
    arete_status status = device->backend->queue->create(device, flags, &impl);
    if (status != ARETE_OK) {
        return status;
    }
    arete_queue *made = ar_queue_wrap(device, impl, flags);
    if (!made) {
        device->backend->queue->destroy(device, impl);
        return ar_fail_memory("a queue's handle", sizeof *made);
    }
    *queue = made;
    return ARETE_OK;
}

void arete_queue_retain(arete_queue *queue) {
    if (queue) {
        atomic_fetch_add(&queue->references, 1);
    }
}

void arete_queue_release(arete_queue *queue) {
    if (queue && atomic_fetch_sub(&queue->references, 1) == 1) {
        arete_context *context = queue->device->context;
        queue->device->backend->queue->destroy(queue->device, queue->impl);
        arete_buffer_release(queue->scratch);
        ar_os_free(queue);
        arete_context_release(context);
    }
}

arete_device *arete_queue_device(const arete_queue *queue) {
    return queue ? queue->device : NULL;
}

arete_status arete_queue_flush(arete_queue *queue) {
    return queue ? queue->device->backend->queue->flush(queue)
                 : ar_fail(ARETE_E_ARGUMENT, "arete_queue_flush: queue is NULL");
}

arete_status arete_queue_finish(arete_queue *queue) {
    return queue ? queue->device->backend->queue->finish(queue)
                 : ar_fail(ARETE_E_ARGUMENT, "arete_queue_finish: queue is NULL");
}

arete_status arete_queue_reserve(arete_queue *queue, uint64_t bytes) {
    if (!queue) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_reserve: queue is NULL");
    }
    if (bytes <= arete_buffer_size(queue->scratch)) {
        return ARETE_OK;
    }
    arete_buffer *scratch = NULL;
    arete_status status = arete_buffer_create(queue->device, bytes, &scratch);
    if (status != ARETE_OK) {
        return ar_fail_within(status, "scratch memory of a queue");
    }
    arete_buffer_release(queue->scratch); /* enqueued work that uses it still finishes */
    queue->scratch = scratch;
    return ARETE_OK;
}

/* The events of a wait list, checked. */
static arete_status check_wait(const char *call, const arete_device *device, arete_wait_list after) {
    if (after.count && !after.events) {
        return ar_fail(ARETE_E_ARGUMENT, "%s: after.events is NULL, but after.count is %zu", call, after.count);
    }
    for (size_t i = 0; i < after.count; i++) {
        if (!after.events[i]) {
            return ar_fail(ARETE_E_ARGUMENT, "%s: after.events[%zu] is NULL", call, i);
        }
        if (after.events[i]->device != device) {
            return ar_fail(ARETE_E_MISMATCH, "%s: after.events[%zu] belongs to %s, the queue to %s; wait for it with "
                           "arete_event_wait()", call, i, after.events[i]->device->info.id, device->info.id);
        }
    }
    return ARETE_OK;
}

/* A buffer's range and owner, checked. */
static arete_status check_range(const char *call, const char *name, const arete_queue *queue,
                                const arete_buffer *buffer, uint64_t offset, uint64_t bytes) {
    if (!queue || !buffer) {
        return ar_fail(ARETE_E_ARGUMENT, "%s: %s is NULL", call, queue ? name : "queue");
    }
    if (buffer->device != queue->device) {
        return ar_fail(ARETE_E_MISMATCH, "%s: %s belongs to %s, the queue to %s", call, name, buffer->device->info.id,
                       queue->device->info.id);
    }
    if (offset > buffer->bytes || bytes > buffer->bytes - offset) {
        return ar_fail(ARETE_E_RANGE, "%s: %llu bytes at offset %llu reach past the end of %s, which has %llu bytes",
                       call, (unsigned long long)bytes, (unsigned long long)offset, name,
                       (unsigned long long)buffer->bytes);
    }
    return ARETE_OK;
}

/* Runs one backend command with the event bookkeeping around it: CALL uses `when`. The event's handle is made
 * first, so that nothing is enqueued when there is no memory for it. */
typedef struct pending {
    arete_event *event;
    ar_when when;
} pending;

static arete_status begin(pending *p, arete_queue *queue, arete_wait_list after, bool wants_event) {
    *p = (pending){.when = {.count = after.count, .after = after.events}};
    if (wants_event) {
        p->event = ar_event_wrap(queue->device, NULL);
        if (!p->event) {
            return ar_fail_memory("an event's handle", sizeof *p->event);
        }
        p->when.done = &p->event->impl;
    }
    return ARETE_OK;
}

static arete_status end(pending *p, arete_status status, arete_event **done) {
    if (status == ARETE_OK) {
        if (done) {
            *done = p->event;
        }
    } else if (p->event) {
        arete_context *context = p->event->device->context;
        ar_os_free(p->event); /* it has no impl */
        arete_context_release(context);
    }
    return status;
}

static arete_status nothing(arete_queue *queue, arete_wait_list after, arete_event **done) {
    if (!done && !after.count) {
        return ARETE_OK;
    }
    pending p;
    arete_status status = begin(&p, queue, after, done != NULL);
    return status == ARETE_OK ? end(&p, queue->device->backend->queue->marker(queue, p.when), done) : status;
}

arete_status ar_queue_marker(arete_queue *queue, arete_wait_list after, arete_event **done) {
    arete_status status = check_wait("marker", queue->device, after);
    return status == ARETE_OK ? nothing(queue, after, done) : status;
}

arete_status arete_queue_write(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                               const void *host, arete_wait_list after, arete_event **done) {
    arete_status status = check_range("arete_queue_write", "buffer", queue, buffer, offset, bytes);
    if (status == ARETE_OK) {
        status = check_wait("arete_queue_write", queue->device, after);
    }
    if (status != ARETE_OK) {
        return status;
    }
    if (bytes == 0) {
        return nothing(queue, after, done);
    }
    if (!host) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_write: host is NULL");
    }
    pending p;
    status = begin(&p, queue, after, done != NULL);
    return status == ARETE_OK
               ? end(&p, queue->device->backend->queue->write(queue, buffer, offset, bytes, host, p.when), done)
               : status;
}

arete_status arete_queue_read(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, void *host,
                              arete_wait_list after, arete_event **done) {
    arete_status status = check_range("arete_queue_read", "buffer", queue, buffer, offset, bytes);
    if (status == ARETE_OK) {
        status = check_wait("arete_queue_read", queue->device, after);
    }
    if (status != ARETE_OK) {
        return status;
    }
    if (bytes == 0) {
        return nothing(queue, after, done);
    }
    if (!host) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_read: host is NULL");
    }
    pending p;
    status = begin(&p, queue, after, done != NULL);
    return status == ARETE_OK
               ? end(&p, queue->device->backend->queue->read(queue, buffer, offset, bytes, host, p.when), done)
               : status;
}

arete_status arete_queue_copy(arete_queue *queue, arete_buffer *from, uint64_t from_offset, arete_buffer *to,
                              uint64_t to_offset, uint64_t bytes, arete_event **done) {
    arete_status status = check_range("arete_queue_copy", "from", queue, from, from_offset, bytes);
    if (status == ARETE_OK) {
        status = check_range("arete_queue_copy", "to", queue, to, to_offset, bytes);
    }
    if (status != ARETE_OK) {
        return status;
    }
    if (bytes == 0) {
        return nothing(queue, ARETE_WAIT_NONE, done);
    }
    if (from == to && from_offset < to_offset + bytes && to_offset < from_offset + bytes) {
        return ar_fail(ARETE_E_ALIAS, "arete_queue_copy: the ranges at %llu and %llu of one buffer overlap over %llu "
                       "bytes; copy through another buffer", (unsigned long long)from_offset,
                       (unsigned long long)to_offset, (unsigned long long)bytes);
    }
    pending p;
    status = begin(&p, queue, ARETE_WAIT_NONE, done != NULL);
    return status == ARETE_OK ? end(&p, queue->device->backend->queue->copy(queue, from, from_offset, to, to_offset,
                                                                            bytes, p.when), done)
                              : status;
}

arete_status arete_queue_fill(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes,
                              const void *pattern, size_t pattern_bytes, arete_event **done) {
    arete_status status = check_range("arete_queue_fill", "buffer", queue, buffer, offset, bytes);
    if (status != ARETE_OK) {
        return status;
    }
    if (!pattern || pattern_bytes == 0 || pattern_bytes > 16 || (pattern_bytes & (pattern_bytes - 1))) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_queue_fill: %s %zu; a pattern of 1, 2, 4, 8 or 16 bytes is wanted",
                       pattern ? "pattern_bytes is" : "pattern is NULL, pattern_bytes", pattern_bytes);
    }
    if (offset % pattern_bytes || bytes % pattern_bytes) {
        return ar_fail(ARETE_E_RANGE, "arete_queue_fill: offset %llu and bytes %llu must be multiples of the "
                       "pattern's %zu bytes", (unsigned long long)offset, (unsigned long long)bytes, pattern_bytes);
    }
    if (bytes == 0) {
        return nothing(queue, ARETE_WAIT_NONE, done);
    }
    pending p;
    status = begin(&p, queue, ARETE_WAIT_NONE, done != NULL);
    return status == ARETE_OK ? end(&p, queue->device->backend->queue->fill(queue, buffer, offset, bytes, pattern,
                                                                            pattern_bytes, p.when), done)
                              : status;
}

arete_status ar_launch_run(arete_queue *queue, const ar_launch *launch, arete_wait_list after, arete_event **done) {
    if (after.count) {
        arete_status status = check_wait("launch", queue->device, after);
        if (status != ARETE_OK) {
            return status;
        }
    }
    pending p;
    arete_status status = begin(&p, queue, after, done != NULL);
    return status == ARETE_OK ? end(&p, queue->device->backend->queue->launch(queue, launch, p.when), done) : status;
}

void arete_event_retain(arete_event *event) {
    if (event) {
        atomic_fetch_add(&event->references, 1);
    }
}

void arete_event_release(arete_event *event) {
    if (event && atomic_fetch_sub(&event->references, 1) == 1) {
        arete_context *context = event->device->context;
        event->device->backend->event->release(event->device, event->impl);
        ar_os_free(event);
        arete_context_release(context);
    }
}

arete_status arete_event_wait(arete_event *event) {
    return event ? event->device->backend->event->wait(event)
                 : ar_fail(ARETE_E_ARGUMENT, "arete_event_wait: event is NULL");
}

arete_status arete_event_query(arete_event *event, bool *complete) {
    return event && complete ? event->device->backend->event->query(event, complete)
                             : ar_fail(ARETE_E_ARGUMENT, "arete_event_query: %s is NULL", event ? "complete" : "event");
}

arete_status arete_event_seconds(arete_event *event, double *seconds) {
    return event && seconds
               ? event->device->backend->event->seconds(event, seconds)
               : ar_fail(ARETE_E_ARGUMENT, "arete_event_seconds: %s is NULL", event ? "seconds" : "event");
}
