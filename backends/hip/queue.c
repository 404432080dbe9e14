/* Queues: streams, which are in order; what is enqueued on them.
 *
 * A command's event is made before the command is enqueued, so that a failure has enqueued nothing (but, at worst, the
 * waits and the event's own records, which do nothing by themselves).
 */
#include <stdio.h>
#include <string.h>

#include "hip_internal.h"

enum { NON_BLOCKING = 1, MOST_ARGUMENTS = 64, LOCAL_ALIGNMENT = 16 };

static arete_status hip_queue_create(arete_device *device, uint32_t flags, void **impl) {
    ar_hip_device *own = ar_hip_of(device);
    ar_hip_stream *made = ar_os_alloc(sizeof *made);
    if (!made) {
        return ar_fail_memory("a queue", sizeof *made);
    }
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status == ARETE_OK) {
        int code = own->hip->stream_create(&made->native, NON_BLOCKING);
        if (code) {
            status = ar_hip_fail(own->hip, own, code, "making a stream on %s", device->info.id);
        }
        ar_hip_leave(device, token);
    }
    if (status != ARETE_OK) {
        ar_os_free(made);
        return status;
    }
    made->timed = (flags & ARETE_QUEUE_PROFILING) != 0;
    *impl = made;
    return ARETE_OK;
}

/* Destroying a stream lets its work finish. */
static void hip_queue_destroy(arete_device *device, void *impl) {
    ar_hip_stream *stream = impl;
    ar_hip_token token;
    if (!stream->adopted && ar_hip_enter(device, &token) == ARETE_OK) {
        ar_hip_of(device)->hip->stream_destroy(stream->native);
        ar_hip_leave(device, token);
    }
    ar_os_free(stream);
}

/* What is enqueued is under way. */
static arete_status hip_queue_flush(arete_queue *queue) {
    (void)queue;
    return ARETE_OK;
}

/* The device is entered. */
static arete_status synchronize(arete_queue *queue) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    int code = own->hip->stream_synchronize(stream->native);
    return code ? ar_hip_fail(own->hip, own, code, "waiting for a stream of %s", queue->device->info.id) : ARETE_OK;
}

static arete_status hip_queue_finish(arete_queue *queue) {
    ar_hip_token token;
    arete_status status = ar_hip_enter(queue->device, &token);
    if (status == ARETE_OK) {
        status = synchronize(queue);
        ar_hip_leave(queue->device, token);
    }
    return status;
}

/* One command, between begin() and end(). */
typedef struct command {
    ar_hip_token token;
    ar_hip_event *event; /* NULL: none is asked for */
} command;

/* Enters the device, makes the event, enqueues the waits and the start. On failure the device was left. */
static arete_status begin(arete_queue *queue, const ar_when *when, command *c) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    c->event = NULL;
    arete_status status = ar_hip_enter(queue->device, &c->token);
    if (status != ARETE_OK) {
        return status;
    }
    if (when->done) {
        status = ar_hip_event_make(queue->device, stream->timed, &c->event);
    }
    for (size_t i = 0; i < when->count && status == ARETE_OK; i++) {
        const ar_hip_event *event = when->after[i]->impl;
        int code = own->hip->stream_wait(stream->native, event->native, 0);
        if (code) {
            status = ar_hip_fail(own->hip, own, code, "enqueueing a wait on %s", queue->device->info.id);
        }
    }
    if (status == ARETE_OK && c->event && c->event->start) {
        int code = own->hip->event_record(c->event->start->native, stream->native);
        if (code) {
            status = ar_hip_fail(own->hip, own, code, "recording an event on %s", queue->device->info.id);
        }
    }
    if (status != ARETE_OK) {
        if (c->event) {
            ar_hip_event_drop(own, c->event);
        }
        ar_hip_leave(queue->device, c->token);
    }
    return status;
}

/* Records the end, gives out the event, leaves the device. status: how the command itself went. */
static arete_status end(arete_queue *queue, const ar_when *when, command *c, arete_status status) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    if (status == ARETE_OK && c->event) {
        int code = own->hip->event_record(c->event->native, stream->native);
        if (code) {
            status = ar_hip_fail(own->hip, own, code, "recording an event on %s", queue->device->info.id);
        }
    }
    if (status == ARETE_OK && when->done) {
        *when->done = c->event;
    } else if (c->event) {
        ar_hip_event_drop(own, c->event);
    }
    ar_hip_leave(queue->device, c->token);
    return status;
}

static char *place(const arete_buffer *buffer, uint64_t offset) {
    const ar_hip_memory *memory = buffer->impl;
    return memory->at + offset;
}

static arete_status transfer_fail(ar_hip_device *own, int code, const char *what, const arete_queue *queue,
                                  uint64_t bytes) {
    return ar_hip_fail(own->hip, own, code, "%s %llu bytes on %s", what, (unsigned long long)bytes,
                       queue->device->info.id);
}

/* Host memory that is not pinned is copied through the driver's own: the call may then take as long as the copy. */
static arete_status hip_queue_write(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                    const void *from, ar_when when) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    command c;
    arete_status status = begin(queue, &when, &c);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->copy_in(place(to, offset), from, (size_t)bytes, stream->native);
    status = code ? transfer_fail(own, code, "writing", queue, bytes) : ARETE_OK;
    if (status == ARETE_OK && !when.done) {
        status = synchronize(queue);
    }
    return end(queue, &when, &c, status);
}

static arete_status hip_queue_read(arete_queue *queue, arete_buffer *from, uint64_t offset, uint64_t bytes, void *to,
                                   ar_when when) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    command c;
    arete_status status = begin(queue, &when, &c);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->copy_out(to, place(from, offset), (size_t)bytes, stream->native);
    status = code ? transfer_fail(own, code, "reading", queue, bytes) : ARETE_OK;
    if (status == ARETE_OK && !when.done) {
        status = synchronize(queue);
    }
    return end(queue, &when, &c, status);
}

static arete_status hip_queue_copy(arete_queue *queue, arete_buffer *from, uint64_t from_offset, arete_buffer *to,
                                   uint64_t to_offset, uint64_t bytes, ar_when when) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    command c;
    arete_status status = begin(queue, &when, &c);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->copy(place(to, to_offset), place(from, from_offset), (size_t)bytes, stream->native);
    status = code ? transfer_fail(own, code, "copying", queue, bytes) : ARETE_OK;
    return end(queue, &when, &c, status);
}

/* The driver sets 1, 2 or 4 bytes over and over. A longer pattern is written once, word by word, and then doubled. */
static int fill(const ar_hip *hip, char *at, uint64_t bytes, const void *pattern, size_t pattern_bytes,
                void *stream) {
    uint32_t words[4] = {0};
    memcpy(words, pattern, pattern_bytes);
    if (pattern_bytes == 1) {
        return hip->set_8(at, (unsigned char)*(const unsigned char *)pattern, (size_t)bytes, stream);
    }
    if (pattern_bytes == 2) {
        uint16_t half;
        memcpy(&half, pattern, sizeof half);
        return hip->set_16(at, half, (size_t)bytes / 2, stream);
    }
    bool same = true;
    for (size_t i = 1; i < pattern_bytes / 4; i++) {
        same = same && words[i] == words[0];
    }
    if (same) {
        return hip->set_32(at, words[0], (size_t)bytes / 4, stream);
    }
    int code = 0;
    for (size_t i = 0; i < pattern_bytes / 4 && !code; i++) {
        code = hip->set_32(at + 4 * i, words[i], 1, stream);
    }
    for (uint64_t done = pattern_bytes; done < bytes && !code;) {
        uint64_t more = bytes - done < done ? bytes - done : done;
        code = hip->copy(at + done, at, (size_t)more, stream);
        done += more;
    }
    return code;
}

static arete_status hip_queue_fill(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                   const void *pattern, size_t pattern_bytes, ar_when when) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    command c;
    arete_status status = begin(queue, &when, &c);
    if (status != ARETE_OK) {
        return status;
    }
    int code = fill(own->hip, place(to, offset), bytes, pattern, pattern_bytes, stream->native);
    status = code ? transfer_fail(own, code, "filling", queue, bytes) : ARETE_OK;
    return end(queue, &when, &c, status);
}

/* What a launch is made of, as the driver takes it. */
typedef struct shape {
    unsigned groups[3], items[3];
    unsigned local_bytes;
    uint32_t offsets[MOST_ARGUMENTS]; /* of local memory arguments, in the group's dynamic local memory */
    void *pointers[MOST_ARGUMENTS];
    void *arguments[MOST_ARGUMENTS]; /* where each argument's value lies */
} shape;

static arete_status shape_groups(const arete_queue *queue, const ar_launch *launch, shape *s) {
    const ar_hip_device *own = ar_hip_of(queue->device);
    const arete_device_info *info = &queue->device->info;
    uint64_t group = 1;
    for (uint32_t i = 0; i < 3; i++) {
        size_t global = i < launch->dims ? launch->global[i] : 1, local = i < launch->dims ? launch->local[i] : 1;
        if (local == 0 || global % local != 0) {
            return ar_fail(ARETE_E_DEVICE, "kernel %s: %zu work-items in groups of %zu (dimension %u): a multiple is "
                           "needed", launch->kernel->name, global, local, i);
        }
        if (global / local > own->grid[i] || local > info->max_group_dims[i]) {
            return ar_fail(ARETE_E_UNSUPPORTED, "kernel %s: %zu groups of %zu work-items in dimension %u, but %s takes "
                           "at most %u of %u", launch->kernel->name, global / local, local, i, info->id, own->grid[i],
                           info->max_group_dims[i]);
        }
        group *= local;
        s->groups[i] = (unsigned)(global / local);
        s->items[i] = (unsigned)local;
    }
    if (group > info->max_group_size) {
        return ar_fail(ARETE_E_UNSUPPORTED, "kernel %s: groups of %llu work-items, but %s takes at most %u",
                       launch->kernel->name, (unsigned long long)group, info->id, info->max_group_size);
    }
    return ARETE_OK;
}

/* A local memory argument is an offset here (LOCAL_POINTER in kernels/prelude.h). */
static arete_status shape_arguments(const arete_queue *queue, const ar_launch *launch, shape *s) {
    uint64_t local = 0;
    if (launch->arg_count > MOST_ARGUMENTS) {
        return ar_fail(ARETE_E_INTERNAL, "kernel %s: %u arguments, at most %d are taken", launch->kernel->name,
                       launch->arg_count, MOST_ARGUMENTS);
    }
    for (uint32_t i = 0; i < launch->arg_count; i++) {
        const ar_arg *arg = &launch->args[i];
        if (arg->kind == AR_ARG_BUFFER) {
            s->pointers[i] = arg->as.buffer ? place(arg->as.buffer, 0) : NULL;
            s->arguments[i] = &s->pointers[i];
        } else if (arg->kind == AR_ARG_LOCAL) {
            local = (local + LOCAL_ALIGNMENT - 1) / LOCAL_ALIGNMENT * LOCAL_ALIGNMENT;
            s->offsets[i] = (uint32_t)local;
            s->arguments[i] = &s->offsets[i];
            local += arg->bytes;
        } else { /* the driver takes them as void *, and changes none */
            const void *value = arg->kind == AR_ARG_STRUCT ? arg->as.object : (const void *)&arg->as;
            s->arguments[i] = (void *)(uintptr_t)value;
        }
    }
    if (local > queue->device->info.local_bytes) {
        return ar_fail(ARETE_E_UNSUPPORTED, "kernel %s: %llu bytes of local memory, but %s has %llu for a group",
                       launch->kernel->name, (unsigned long long)local, queue->device->info.id,
                       (unsigned long long)queue->device->info.local_bytes);
    }
    s->local_bytes = (unsigned)local;
    return ARETE_OK;
}

static arete_status hip_queue_launch(arete_queue *queue, const ar_launch *launch, ar_when when) {
    ar_hip_device *own = ar_hip_of(queue->device);
    const ar_hip_stream *stream = queue->impl;
    shape s;
    command c;
    arete_status status = shape_groups(queue, launch, &s);
    if (status == ARETE_OK) {
        status = shape_arguments(queue, launch, &s);
    }
    if (status == ARETE_OK) {
        status = begin(queue, &when, &c);
    }
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->launch(launch->kernel->impl, s.groups[0], s.groups[1], s.groups[2], s.items[0], s.items[1],
                                s.items[2], s.local_bytes, stream->native, s.arguments, NULL);
    if (code) {
        status = ar_hip_fail(own->hip, own, code, "kernel %s: launching %ux%ux%u groups of %ux%ux%u with %u bytes of "
                             "local memory on %s", launch->kernel->name, s.groups[0], s.groups[1], s.groups[2],
                             s.items[0], s.items[1], s.items[2], s.local_bytes, queue->device->info.id);
    }
    return end(queue, &when, &c, status);
}

static arete_status hip_queue_marker(arete_queue *queue, ar_when when) {
    command c;
    arete_status status = begin(queue, &when, &c);
    return status == ARETE_OK ? end(queue, &when, &c, ARETE_OK) : status;
}

const ar_queue_ops ar_hip_queue_ops = {
    .create = hip_queue_create,
    .destroy = hip_queue_destroy,
    .flush = hip_queue_flush,
    .finish = hip_queue_finish,
    .write = hip_queue_write,
    .read = hip_queue_read,
    .copy = hip_queue_copy,
    .fill = hip_queue_fill,
    .launch = hip_queue_launch,
    .marker = hip_queue_marker,
};
