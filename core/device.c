/* Devices: the context's list, selectors, sub-devices, roofs derived from traits. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "context.h"
#include "solver.h"

static void info_free(arete_device_info *info) {
    const char *const strings[] = {info->id,       info->backend, info->name,      info->vendor,
                                   info->platform, info->driver,  info->extensions};
    for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++) {
        ar_os_free((void *)(uintptr_t)strings[i]);
    }
}

static bool copy_text(const char **field) {
    const char *from = *field ? *field : "";
    while (isspace((unsigned char)*from)) {
        from++;
    }
    char *copy = ar_os_strdup(from);
    if (copy) {
        for (size_t n = strlen(copy); n && isspace((unsigned char)copy[n - 1]); n--) {
            copy[n - 1] = '\0';
        }
    }
    *field = copy;
    return copy != NULL;
}

/* Makes info's strings its own. On failure those made are freed. */
static bool info_own(arete_device_info *info, const char *id, const char *backend) {
    info->id = id;
    info->backend = backend;
    const char **const fields[] = {&info->id,       &info->backend, &info->name,      &info->vendor,
                                   &info->platform, &info->driver,  &info->extensions};
    size_t count = sizeof fields / sizeof fields[0], done = 0;
    while (done < count && copy_text(fields[done])) {
        done++;
    }
    for (size_t i = done; i < count; i++) {
        *fields[i] = NULL;
    }
    if (done < count) {
        info_free(info);
    }
    return done == count;
}

/* "opencl:0" for the n-th device of a backend, "opencl:0.1" for the n-th part of opencl:0. */
static void make_id(const arete_context *context, const ar_backend *backend, const arete_device *parent, char *id,
                    size_t bytes) {
    size_t index = 0, length = parent ? strlen(parent->info.id) : 0;
    for (size_t i = 0; i < context->device_count; i++) {
        const arete_device *device = context->devices[i];
        if (parent) {
            const char *rest = device->info.id + length;
            index += strncmp(device->info.id, parent->info.id, length) == 0 && *rest == '.' && !strchr(rest + 1, '.');
        } else {
            index += device->backend == backend && !strchr(device->info.id, '.');
        }
    }
    if (parent) {
        snprintf(id, bytes, "%s.%zu", parent->info.id, index);
    } else if (strcmp(backend->name, "reference") == 0) {
        snprintf(id, bytes, "%s", backend->name);
    } else {
        snprintf(id, bytes, "%s:%zu", backend->name, index);
    }
}

/* Roofs from what the driver says, until they were measured: good enough to rank solvers. A clock of 0 is taken for
 * 1.5 GHz; a CPU core issues one full-width f32 FMA a cycle, a GPU compute unit 128 lanes of it. */
static void derive_roofs(const arete_device_info *info, arete_roofs *roofs) {
    double clock = info->clock_mhz ? info->clock_mhz * 1e6 : 1.5e9, units = info->compute_units;
    memset(roofs, 0, sizeof *roofs);
    if (info->kind == ARETE_DEVICE_REFERENCE) {
        clock = 2e9;
        units = 1;
    }
    bool cpu = info->kind == ARETE_DEVICE_CPU || info->kind == ARETE_DEVICE_REFERENCE;
    double lanes = cpu ? (info->vector_f32 ? info->vector_f32 : 1) : 128;
    roofs->peak[ARETE_UNIT_F32] = 2 * lanes * clock * units;
    roofs->peak[ARETE_UNIT_F64] = info->has_f64 ? roofs->peak[ARETE_UNIT_F32] / (cpu ? 2 : 32) : 0;
    roofs->peak[ARETE_UNIT_F16] = info->has_f16 ? roofs->peak[ARETE_UNIT_F32] * (cpu ? 1 : 2) : 0;
    roofs->peak[ARETE_UNIT_INT8] = roofs->peak[ARETE_UNIT_F32];
    roofs->bandwidth = cpu ? 20e9 + 5e9 * (units < 16 ? units : 16) : 10e9 * units;
    roofs->cache_bandwidth = cpu ? 40e9 * units : 3 * roofs->bandwidth;
    roofs->cache_bytes = info->cache_bytes;
    roofs->launch_seconds = cpu ? 2e-6 : 5e-6;
    roofs->sync_seconds = 30e-6;
}

arete_status ar_context_add_device(arete_context *context, const ar_backend *backend, void *impl,
                                   const arete_device_info *info, const arete_device *parent, arete_device **device) {
    arete_status status = ARETE_OK;
    arete_device *made = ar_os_alloc(sizeof *made);
    char id[64];
    ar_mutex_lock(context->lock);
    arete_device **list = ar_os_realloc(context->devices, (context->device_count + 1) * sizeof *list);
    if (list) {
        context->devices = list;
    }
    make_id(context, backend, parent, id, sizeof id);
    if (!made || !list) {
        status = ar_fail_memory("a device", sizeof *made);
        goto out;
    }
    made->info = *info;
    if (!info_own(&made->info, id, backend->name)) {
        status = ar_fail_memory("a device's texts", 0);
        goto out;
    }
    if (context->vector_width && info->kind == ARETE_DEVICE_CPU) {
        made->info.vector_f32 = context->vector_width;
        made->info.vector_f64 = info->has_f64 ? context->vector_width / 2 : 0;
    }
    made->info.cache_line = info->cache_line < 64 ? 64 : info->cache_line;
    made->context = context;
    made->backend = backend;
    made->impl = impl;
    made->lock = ar_mutex_create();
    made->plans = ar_plan_cache_create(context->plan_cache_capacity);
    if (!made->lock || !made->plans) {
        ar_mutex_destroy(made->lock);
        ar_plan_cache_free(made->plans);
        info_free(&made->info);
        status = ar_fail_memory("a device", sizeof *made);
        goto out;
    }
    derive_roofs(&made->info, &made->roofs);
    context->devices[context->device_count++] = made;
    if (device) {
        *device = made;
    }
    made = NULL;
out:
    ar_mutex_unlock(context->lock);
    ar_os_free(made);
    return status;
}

void ar_device_free(arete_device *device) {
    ar_plan_cache_free(device->plans);
    ar_programs_free(device);
    ar_tuning_free(device->tuning);
    device->backend->device->close(device);
    info_free(&device->info);
    ar_mutex_destroy(device->lock);
    ar_os_free(device);
}

size_t arete_device_count(const arete_context *context) {
    if (!context) {
        return 0;
    }
    ar_mutex_lock(context->lock);
    size_t count = context->device_count;
    ar_mutex_unlock(context->lock);
    return count;
}

arete_device *arete_device_at(const arete_context *context, size_t index) {
    if (!context) {
        return NULL;
    }
    ar_mutex_lock(context->lock);
    arete_device *device = index < context->device_count ? context->devices[index] : NULL;
    ar_mutex_unlock(context->lock);
    return device;
}

static bool contains(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; *text; text++) {
        size_t i = 0;
        while (i < length && tolower((unsigned char)text[i]) == tolower((unsigned char)part[i])) {
            i++;
        }
        if (i == length) {
            return true;
        }
    }
    return false;
}

/* "opencl:0 (name), reference (name)" for error texts. */
static void list_devices(const arete_context *context, const char *matching, char *text, size_t bytes) {
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < context->device_count && at < bytes; i++) {
        const arete_device_info *info = &context->devices[i]->info;
        if (!matching || contains(info->name, matching) || contains(info->platform, matching)) {
            int put = snprintf(text + at, bytes - at, "%s%s (%s)", at ? ", " : "", info->id, info->name);
            at += put > 0 ? (size_t)put : 0;
        }
    }
}

/* The first GPU, else the first CPU device, else whatever there is. */
static arete_device *default_device(arete_context *context) {
    static const arete_device_kind order[] = {ARETE_DEVICE_GPU, ARETE_DEVICE_CPU, ARETE_DEVICE_ACCELERATOR,
                                              ARETE_DEVICE_REFERENCE};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        for (size_t i = 0; i < context->device_count; i++) {
            if (context->devices[i]->info.kind == order[k]) {
                return context->devices[i];
            }
        }
    }
    return NULL;
}

static arete_status find_locked(arete_context *context, const char *selector, arete_device **device) {
    char list[1500];
    arete_device *found = NULL;
    size_t matches = 0;
    for (size_t i = 0; i < context->device_count; i++) {
        const char *id = context->devices[i]->info.id;
        if (strlen(id) == strlen(selector) && contains(id, selector)) {
            *device = context->devices[i];
            return ARETE_OK;
        }
    }
    for (size_t i = 0; i < context->device_count; i++) {
        const arete_device_info *info = &context->devices[i]->info;
        if (!strchr(info->id, '.') && (contains(info->name, selector) || contains(info->platform, selector))) {
            found = context->devices[i];
            matches++;
        }
    }
    if (matches == 1) {
        *device = found;
        return ARETE_OK;
    }
    list_devices(context, matches ? selector : NULL, list, sizeof list);
    return ar_fail(ARETE_E_NOT_FOUND, "%s devices match \"%s\"; %s %s", matches ? "several" : "no", selector,
                   matches ? "take one of" : "here are", list);
}

arete_status arete_device_find(arete_context *context, const char *selector, arete_device **device) {
    if (!context || !device) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_device_find: %s is NULL", context ? "device" : "context");
    }
    selector = selector ? selector : ar_os_env("ARETE_DEVICE");
    if (selector && !*selector) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_device_find: selector is empty; an id such as opencl:0, a part of a "
                       "name, or NULL is wanted");
    }
    arete_status status = ARETE_OK;
    ar_mutex_lock(context->lock);
    if (selector) {
        status = find_locked(context, selector, device);
    } else {
        arete_device *found = default_device(context);
        if (found) {
            *device = found;
        } else {
            status = ar_fail(ARETE_E_NOT_FOUND, "no device here: %s", context->backend_text);
        }
        if (found && found->info.kind == ARETE_DEVICE_REFERENCE && !atomic_exchange(&context->said_reference, true)) {
            ar_log(context, ARETE_LOG_WARN, "no OpenCL device here; using the reference device, which is slow (%s)",
                   context->backend_text);
        }
    }
    ar_mutex_unlock(context->lock);
    return status;
}

const arete_device_info *arete_device_get_info(const arete_device *device) {
    return device ? &device->info : NULL;
}

arete_context *arete_device_context(const arete_device *device) {
    return device ? device->context : NULL;
}

arete_status arete_device_split(arete_device *device, uint32_t units_each, arete_device **parts, size_t *count) {
    if (!device || !parts || !count) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_device_split: %s is NULL", !device ? "device" : parts ? "count" : "parts");
    }
    if (units_each == 0 || units_each > device->info.compute_units) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_device_split: units_each is %u; %s has %u compute units", units_each,
                       device->info.id, device->info.compute_units);
    }
    if (!device->backend->device->split) {
        return ar_fail(ARETE_E_UNSUPPORTED, "arete_device_split: %s devices cannot be split", device->backend->name);
    }
    return device->backend->device->split(device, units_each, parts, count);
}

void arete_device_get_roofs(const arete_device *device, arete_roofs *roofs) {
    ar_mutex_lock(device->lock);
    *roofs = device->roofs;
    ar_mutex_unlock(device->lock);
}

void arete_device_set_roofs(arete_device *device, const arete_roofs *roofs) {
    ar_mutex_lock(device->lock);
    device->roofs = *roofs;
    ar_mutex_unlock(device->lock);
}
