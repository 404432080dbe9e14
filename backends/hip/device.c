/* Devices of both flavours: finding them, making one current, the backend's table. */
#include <stdio.h>
#include <string.h>

#include "hip_internal.h"

enum { MOST_DEVICES = 64 };

ar_hip_device *ar_hip_device_make(const ar_hip *hip, int ordinal) {
    ar_hip_device *own = ar_os_alloc(sizeof *own);
    if (!own || !(own->lock = ar_mutex_create())) {
        ar_os_free(own);
        return NULL;
    }
    own->hip = hip;
    own->ordinal = own->native = ordinal;
    return own;
}

/* NVIDIA: the primary context is shared with all that use the runtime API, and made at the first use. The device's
 * lock is held. */
static arete_status context_make(arete_device *device) {
    ar_hip_device *own = ar_hip_of(device);
    int code = own->hip->context_retain(&own->context, own->native);
    if (code) {
        own->context = NULL;
        return ar_fail(code == 2 ? ARETE_E_MEMORY : ARETE_E_DEVICE, "making a context on %s (%s): CUDA_ERROR_%s (%d)",
                       device->info.id, device->info.name, ar_hip_name(code), code);
    }
    return ARETE_OK;
}

arete_status ar_hip_enter(arete_device *device, ar_hip_token *token) {
    ar_hip_device *own = ar_hip_of(device);
    const ar_hip *hip = own->hip;
    token->device = own->ordinal;
    int code;
    if (hip->use_device) {
        code = hip->current_device(&token->device);
        code = code || token->device == own->ordinal ? code : hip->use_device(own->ordinal);
    } else {
        ar_mutex_lock(own->lock);
        arete_status status = own->context ? ARETE_OK : context_make(device);
        void *context = own->context;
        ar_mutex_unlock(own->lock);
        if (status != ARETE_OK) {
            return status;
        }
        code = hip->context_push(context);
    }
    return code ? ar_hip_fail(hip, own, code, "making %s the thread's device", device->info.id) : ARETE_OK;
}

void ar_hip_leave(arete_device *device, ar_hip_token token) {
    ar_hip_device *own = ar_hip_of(device);
    void *context;
    if (!own->hip->use_device) {
        own->hip->context_pop(&context);
    } else if (token.device != own->ordinal) {
        own->hip->use_device(token.device);
    }
}

static void spares_free(ar_hip_device *own) {
    for (int timed = 0; timed < 2; timed++) {
        for (ar_hip_spare *spare = own->spare[timed], *next; spare; spare = next) {
            next = spare->next;
            own->hip->event_destroy(spare->native);
            ar_os_free(spare);
        }
    }
}

void ar_hip_device_free(ar_hip_device *own) {
    const ar_hip *hip = own->hip;
    void *context;
    if (own->spare[0] || own->spare[1]) {
        if (hip->use_device || hip->context_push(own->context) == 0) {
            spares_free(own);
            if (!hip->use_device) {
                hip->context_pop(&context);
            }
        }
    }
    if (own->context && !own->adopted) {
        hip->context_release(own->native);
    }
    ar_mutex_destroy(own->lock);
    ar_os_free(own);
}

static void note_add(char *note, size_t bytes, const char *text) {
    size_t used = strlen(note);
    snprintf(note + used, bytes - used, "%s", text);
}

static arete_status add_device(arete_context *context, const ar_hip *hip, int ordinal, char *note, size_t bytes) {
    ar_hip_device *own = ar_hip_device_make(hip, ordinal);
    if (!own) {
        return ar_fail_memory("a HIP device", sizeof *own);
    }
    ar_hip_description description;
    char line[400];
    int code = hip->device_get(&own->native, ordinal);
    arete_status status = code ? ar_hip_fail(hip, NULL, code, "asking for device %d", ordinal)
                               : ar_hip_describe(own, &description);
    if (status != ARETE_OK || !own->arch[0]) { /* a device that cannot be asked is left out, and the rest go on */
        snprintf(line, sizeof line, " [device %d left out: %.300s]", ordinal,
                 status != ARETE_OK ? arete_error_text() : "its architecture is not known");
        note_add(note, bytes, line);
        ar_hip_device_free(own);
        return ARETE_OK;
    }
    status = ar_context_add_device(context, &ar_backend_hip, own, &description.info, NULL, NULL);
    if (status != ARETE_OK) {
        ar_hip_device_free(own);
        return status;
    }
    snprintf(line, sizeof line, " %s (%s);", description.name, own->arch);
    note_add(note, bytes, line);
    return ARETE_OK;
}

static arete_status add_flavour(arete_context *context, int flavour, char *note, size_t bytes) {
    char why[320] = "";
    const ar_hip *hip = ar_hip_open(flavour, why, sizeof why);
    note_add(note, bytes, flavour ? " NVIDIA:" : "AMD:");
    if (!hip) {
        note_add(note, bytes, " ");
        note_add(note, bytes, why);
        note_add(note, bytes, ";");
        return ARETE_OK;
    }
    int count = 0, code = hip->device_count(&count);
    if (code || count < 1) {
        char line[96];
        snprintf(line, sizeof line, " no devices (%s, %d);", ar_hip_name(code), code);
        note_add(note, bytes, line);
        return ARETE_OK;
    }
    arete_status status = ARETE_OK;
    for (int i = 0; i < count && i < MOST_DEVICES && status == ARETE_OK; i++) {
        status = add_device(context, hip, i, note, bytes);
    }
    return status;
}

static arete_status hip_enumerate(arete_context *context, char *note, size_t bytes) {
    note[0] = '\0';
    arete_status status = ARETE_OK;
    for (int flavour = 0; flavour < AR_HIP_FLAVOURS && status == ARETE_OK; flavour++) {
        status = add_flavour(context, flavour, note, bytes);
    }
    size_t used = strlen(note);
    if (used && note[used - 1] == ';') {
        note[used - 1] = '\0';
    }
    return status;
}

static void hip_close(arete_device *device) {
    ar_hip_device_free(device->impl);
}

const ar_device_ops ar_hip_device_ops = {hip_enumerate, hip_close, NULL};

const ar_backend ar_backend_hip = {
    .abi = AR_BACKEND_ABI,
    .name = "hip",
    .device = &ar_hip_device_ops,
    .memory = &ar_hip_memory_ops,
    .queue = &ar_hip_queue_ops,
    .event = &ar_hip_event_ops,
    .program = &ar_hip_program_ops,
    .host = &ar_hip_host_ops,
};
