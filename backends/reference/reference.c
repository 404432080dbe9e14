/* The reference backend: a device of host memory and host queues, always there.
 *
 * It runs plain C functions and no kernels: its program table is NULL. A buffer's impl is its memory itself, so
 * that a family's reference solver computes on buffer->impl. A command runs in the call that enqueues it, on the
 * calling thread; nothing is ever pending, so events are complete when they are made, and flush, finish and wait
 * return at once. An event carries how long its command took.
 */
#include <stdio.h>
#include <string.h>

#include "../backends.h"

enum { ALIGNMENT = 128 }; /* what OpenCL promises at least: the size of its largest type */

typedef struct reference_event {
    double seconds;
} reference_event;

static arete_status reference_enumerate(arete_context *context, char *note, size_t note_bytes) {
    char name[128] = "";
    ar_os_cpu_name(name, sizeof name);
    uint64_t memory = ar_os_memory_bytes();
    arete_device_info info = {
        .backend = ar_backend_reference.name,
        .name = name[0] ? name : "host",
        .vendor = "Arete",
        .platform = "",
        .driver = ARETE_VERSION_STRING,
        .kind = ARETE_DEVICE_REFERENCE,
        .compute_units = 1, /* the calling thread */
        .memory_bytes = memory,
        .max_buffer_bytes = memory,
        .cache_bytes = ar_os_last_cache_bytes(),
        .cache_line = 64,
        .unified_memory = true,
        .max_group_size = 1,
        .max_group_dims = {1, 1, 1},
        .vector_f32 = 1,
        .vector_f64 = 1,
        .has_f64 = true,
        .has_int64_atomics = true,
        .extensions = "",
    };
    snprintf(note, note_bytes, "host functions");
    return ar_context_add_device(context, &ar_backend_reference, NULL, &info, NULL, NULL);
}

static void reference_close(arete_device *device) {
    (void)device;
}

static arete_status reference_alloc(arete_device *device, uint64_t bytes, void **impl) {
    (void)device;
    void *memory = bytes <= SIZE_MAX ? ar_os_alloc_aligned((size_t)bytes, ALIGNMENT) : NULL;
    if (!memory) {
        return ar_fail_memory("a buffer on the reference device", bytes);
    }
    *impl = memory;
    return ARETE_OK;
}

static void reference_free(arete_device *device, void *impl) {
    (void)device;
    ar_os_free_aligned(impl);
}

/* Queues keep no state, but impl must be something. */
static arete_status reference_queue_create(arete_device *device, uint32_t flags, void **impl) {
    (void)flags;
    *impl = device;
    return ARETE_OK;
}

static void reference_queue_destroy(arete_device *device, void *impl) {
    (void)device;
    (void)impl;
}

static arete_status reference_nothing_pending(arete_queue *queue) {
    (void)queue;
    return ARETE_OK;
}

/* Made before the command runs, so that a failure leaves everything as it was. */
static arete_status event_make(ar_when when, reference_event **event) {
    *event = NULL;
    if (!when.done) {
        return ARETE_OK;
    }
    *event = ar_os_alloc(sizeof **event);
    return *event ? ARETE_OK : ar_fail_memory("an event", sizeof **event);
}

static void event_give(ar_when when, reference_event *event, double started) {
    if (event) {
        event->seconds = ar_os_seconds() - started;
        *when.done = event;
    }
}

static unsigned char *at(arete_buffer *buffer, uint64_t offset) {
    return (unsigned char *)buffer->impl + offset;
}

static arete_status reference_move(void *to, const void *from, uint64_t bytes, ar_when when) {
    reference_event *event;
    arete_status status = event_make(when, &event);
    if (status) {
        return status;
    }
    double started = ar_os_seconds();
    memcpy(to, from, (size_t)bytes);
    event_give(when, event, started);
    return ARETE_OK;
}

static arete_status reference_write(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                    const void *from, ar_when when) {
    (void)queue;
    return reference_move(at(to, offset), from, bytes, when);
}

static arete_status reference_read(arete_queue *queue, arete_buffer *from, uint64_t offset, uint64_t bytes,
                                   void *to, ar_when when) {
    (void)queue;
    return reference_move(to, at(from, offset), bytes, when);
}

static arete_status reference_copy(arete_queue *queue, arete_buffer *from, uint64_t from_offset, arete_buffer *to,
                                   uint64_t to_offset, uint64_t bytes, ar_when when) {
    (void)queue;
    return reference_move(at(to, to_offset), at(from, from_offset), bytes, when);
}

static arete_status reference_fill(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes,
                                   const void *pattern, size_t pattern_bytes, ar_when when) {
    (void)queue;
    reference_event *event;
    arete_status status = event_make(when, &event);
    if (status) {
        return status;
    }
    double started = ar_os_seconds();
    unsigned char *memory = at(to, offset);
    for (uint64_t done = 0; done < bytes; done += pattern_bytes) {
        memcpy(memory + done, pattern, pattern_bytes);
    }
    event_give(when, event, started);
    return ARETE_OK;
}

static arete_status reference_launch(arete_queue *queue, const ar_launch *launch, ar_when when) {
    (void)queue;
    (void)when;
    return ar_fail(ARETE_E_UNSUPPORTED, "kernel %s: the reference device runs C functions and no kernels; choose "
                   "another device", launch->kernel->name);
}

static arete_status reference_marker(arete_queue *queue, ar_when when) {
    (void)queue;
    reference_event *event;
    arete_status status = event_make(when, &event);
    if (!status) {
        event_give(when, event, ar_os_seconds());
    }
    return status;
}

static void reference_event_release(arete_device *device, void *impl) {
    (void)device;
    ar_os_free(impl);
}

static arete_status reference_event_wait(arete_event *event) {
    (void)event;
    return ARETE_OK;
}

static arete_status reference_event_query(arete_event *event, bool *complete) {
    (void)event;
    *complete = true;
    return ARETE_OK;
}

static arete_status reference_event_seconds(arete_event *event, double *seconds) {
    *seconds = ((const reference_event *)event->impl)->seconds;
    return ARETE_OK;
}

static const ar_device_ops device_ops = {reference_enumerate, reference_close, NULL};
static const ar_memory_ops memory_ops = {.alloc = reference_alloc, .free = reference_free};
static const ar_queue_ops queue_ops = {
    .create = reference_queue_create,
    .destroy = reference_queue_destroy,
    .flush = reference_nothing_pending,
    .finish = reference_nothing_pending,
    .write = reference_write,
    .read = reference_read,
    .copy = reference_copy,
    .fill = reference_fill,
    .launch = reference_launch,
    .marker = reference_marker,
};
static const ar_event_ops event_ops = {reference_event_release, reference_event_wait, reference_event_query,
                                       reference_event_seconds};

const ar_backend ar_backend_reference = {
    .abi = AR_BACKEND_ABI,
    .name = "reference",
    .device = &device_ops,
    .memory = &memory_ops,
    .queue = &queue_ops,
    .event = &event_ops,
    .program = NULL,
    .host = NULL,
};
