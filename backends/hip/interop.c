/* Interop with HIP and CUDA applications: theirs in, ours out. */
#include "arete/hip.h"

#include <string.h>

#include "hip_internal.h"

static bool is_ours(const arete_device *device) {
    return device && device->backend == &ar_backend_hip;
}

static arete_status check_owner(const arete_device *device) {
    if (!device) {
        return ar_fail(ARETE_E_ARGUMENT, "device is NULL");
    }
    return is_ours(device) ? ARETE_OK
                           : ar_fail(ARETE_E_MISMATCH, "device is %s, which is not a HIP device", device->info.id);
}

/* The device of the context's list that stands for that context; NULL: none yet. */
static arete_device *known_device(arete_context *context, const void *native) {
    for (size_t i = 0; i < arete_device_count(context); i++) {
        arete_device *device = arete_device_at(context, i);
        if (is_ours(device)) {
            ar_mutex_lock(ar_hip_of(device)->lock);
            bool same = ar_hip_of(device)->context == native;
            ar_mutex_unlock(ar_hip_of(device)->lock);
            if (same) {
                return device;
            }
        }
    }
    return NULL;
}

arete_status arete_hip_adopt_context(arete_device *like, arete_hip_context hip_context, arete_device **device) {
    arete_status status = check_owner(like);
    if (status != ARETE_OK) {
        return status;
    }
    if (!hip_context || !device) {
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !hip_context ? "hip_context" : "device");
    }
    ar_hip_device *own = ar_hip_of(like);
    if (own->hip->use_device) {
        return ar_fail(ARETE_E_UNSUPPORTED, "%s is an AMD device: it has one context, which %s uses already",
                       like->info.id, like->info.id);
    }
    arete_device *known = known_device(like->context, hip_context);
    if (known) {
        *device = known;
        return ARETE_OK;
    }
    ar_hip_device *made = ar_hip_device_make(own->hip, own->ordinal);
    if (!made) {
        return ar_fail_memory("a HIP device", sizeof *made);
    }
    made->native = own->native;
    made->context = hip_context;
    made->adopted = true;
    memcpy(made->arch, own->arch, sizeof made->arch);
    memcpy(made->grid, own->grid, sizeof made->grid);
    status = ar_context_add_device(like->context, &ar_backend_hip, made, &like->info, NULL, device);
    if (status != ARETE_OK) {
        ar_hip_device_free(made);
    }
    return status;
}

/* Whether the stream lives in the device's context; where the driver does not say, it is believed. */
static arete_status check_stream(arete_device *device, void *native) {
    ar_hip_device *own = ar_hip_of(device);
    void *context = NULL;
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    if (native && own->hip->stream_context) {
        int code = own->hip->stream_context(native, &context);
        if (code) {
            status = ar_fail(ARETE_E_ARGUMENT, "hip_stream is no valid handle: CUDA_ERROR_%s (%d)", ar_hip_name(code),
                             code);
        } else if (context != own->context) {
            status = ar_fail(ARETE_E_MISMATCH, "hip_stream is of another context than %s; adopt that one with "
                             "arete_hip_adopt_context()", device->info.id);
        }
    }
    ar_hip_leave(device, token);
    return status;
}

arete_status arete_hip_adopt_stream(arete_device *device, arete_hip_stream hip_stream, uint32_t flags,
                                    arete_queue **queue) {
    arete_status status = check_owner(device);
    if (status == ARETE_OK && (!queue || (flags & ~(uint32_t)ARETE_QUEUE_PROFILING))) {
        status = ar_fail(ARETE_E_ARGUMENT, "%s", !queue ? "queue is NULL" : "flags has bits other than "
                                                                            "ARETE_QUEUE_PROFILING");
    }
    if (status == ARETE_OK) {
        status = check_stream(device, hip_stream);
    }
    if (status != ARETE_OK) {
        return status;
    }
    ar_hip_stream *own = ar_os_alloc(sizeof *own);
    arete_queue *made = own ? ar_queue_wrap(device, own, flags) : NULL;
    if (!made) {
        ar_os_free(own);
        return ar_fail_memory("a queue", sizeof *own);
    }
    *own = (ar_hip_stream){.native = hip_stream, .adopted = true, .timed = (flags & ARETE_QUEUE_PROFILING) != 0};
    *queue = made;
    return ARETE_OK;
}

static arete_status check_range(arete_device *device, char *pointer, uint64_t bytes) {
    ar_hip_device *own = ar_hip_of(device);
    void *base = NULL;
    size_t whole = 0;
    ar_hip_token token;
    arete_status status = ar_hip_enter(device, &token);
    if (status != ARETE_OK) {
        return status;
    }
    int code = own->hip->memory_range(&base, &whole, pointer);
    ar_hip_leave(device, token);
    if (code) {
        return ar_fail(ARETE_E_ARGUMENT, "pointer is not in device memory of %s: %s (%d)", device->info.id,
                       ar_hip_name(code), code);
    }
    uint64_t before = (uint64_t)(pointer - (char *)base);
    return before > whole || bytes > whole - before
               ? ar_fail(ARETE_E_RANGE, "bytes is %llu, but the memory at pointer has %llu", (unsigned long long)bytes,
                         (unsigned long long)(before > whole ? 0 : whole - before))
               : ARETE_OK;
}

arete_status arete_hip_adopt_pointer(arete_device *device, void *pointer, uint64_t bytes, arete_buffer **buffer) {
    arete_status status = check_owner(device);
    if (status == ARETE_OK && (!pointer || !buffer || bytes == 0)) {
        status = ar_fail(ARETE_E_ARGUMENT, "%s", !pointer  ? "pointer is NULL"
                                                 : !buffer ? "buffer is NULL"
                                                           : "bytes is 0");
    }
    if (status == ARETE_OK) {
        status = check_range(device, pointer, bytes);
    }
    if (status != ARETE_OK) {
        return status;
    }
    ar_hip_memory *own = ar_os_alloc(sizeof *own);
    arete_buffer *made = own ? ar_buffer_wrap(device, own, bytes) : NULL;
    if (!made) {
        ar_os_free(own);
        return ar_fail_memory("a buffer's record", sizeof *own);
    }
    *own = (ar_hip_memory){.at = pointer, .adopted = true};
    *buffer = made;
    return ARETE_OK;
}

arete_status arete_hip_adopt_event(arete_device *device, arete_hip_event hip_event, arete_event **event) {
    arete_status status = check_owner(device);
    if (status == ARETE_OK && (!hip_event || !event)) {
        status = ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !hip_event ? "hip_event" : "event");
    }
    if (status != ARETE_OK) {
        return status;
    }
    ar_hip_event *own = ar_os_alloc(sizeof *own);
    arete_event *made = own ? ar_event_wrap(device, own) : NULL;
    if (!made) {
        ar_os_free(own);
        return ar_fail_memory("an event", sizeof *own);
    }
    own->native = hip_event;
    *event = made;
    return ARETE_OK;
}

int arete_hip_ordinal(const arete_device *device) {
    return is_ours(device) ? ar_hip_of(device)->ordinal : -1;
}

arete_hip_context arete_hip_context_of(arete_device *device) {
    ar_hip_token token;
    if (!is_ours(device) || ar_hip_enter(device, &token) != ARETE_OK) { /* entering makes it */
        return NULL;
    }
    ar_hip_leave(device, token);
    return ar_hip_of(device)->context;
}

arete_hip_stream arete_hip_stream_of(const arete_queue *queue) {
    return queue && is_ours(queue->device) ? ((const ar_hip_stream *)queue->impl)->native : NULL;
}

void *arete_hip_pointer_of(const arete_buffer *buffer) {
    return buffer && is_ours(buffer->device) ? ((const ar_hip_memory *)buffer->impl)->at : NULL;
}

arete_hip_event arete_hip_event_of(const arete_event *event) {
    return event && is_ours(event->device) ? ((const ar_hip_event *)event->impl)->native : NULL;
}
