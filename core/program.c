/* Programs and kernels of a device: in memory, on disk, or compiled. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "binary_cache.h"

typedef struct kernel_entry {
    ar_kernel kernel;
    struct kernel_entry *next;
} kernel_entry;

struct ar_program {
    const ar_source *source;
    char *options;
    ar_mutex *lock; /* the two below */
    void *impl;     /* NULL until built */
    kernel_entry *kernels;
    ar_program *next;
};

static void program_free(arete_device *device, ar_program *program) {
    const ar_program_ops *ops = device->backend->program;
    for (kernel_entry *entry = program->kernels, *next; entry; entry = next) {
        next = entry->next;
        ops->kernel_release(device, entry->kernel.impl);
        ar_os_free((char *)(uintptr_t)entry->kernel.name);
        ar_os_free(entry);
    }
    if (program->impl) {
        ops->release(device, program->impl);
    }
    ar_mutex_destroy(program->lock);
    ar_os_free(program->options);
    ar_os_free(program);
}

void ar_programs_free(arete_device *device) {
    for (ar_program *program = device->programs, *next; program; program = next) {
        next = program->next;
        program_free(device, program);
    }
    device->programs = NULL;
}

/* The device's entry for source and options, made if need be. */
static arete_status find_program(arete_device *device, const ar_source *source, const char *options,
                                 ar_program **found) {
    arete_status status = ARETE_OK;
    ar_mutex_lock(device->lock);
    ar_program *program = device->programs;
    while (program && (program->source != source || strcmp(program->options, options) != 0)) {
        program = program->next;
    }
    if (!program) {
        program = ar_os_alloc(sizeof *program);
        if (program) {
            program->source = source;
            program->options = ar_os_strdup(options);
            program->lock = ar_mutex_create();
            if (!program->options || !program->lock) {
                program_free(device, program);
                program = NULL;
            } else {
                program->next = device->programs;
                device->programs = program;
            }
        }
        if (!program) {
            status = ar_fail_memory("a program", sizeof *program);
        }
    }
    ar_mutex_unlock(device->lock);
    *found = program;
    return status;
}

/* One text after another; a NULL is left out. */
static arete_status join(const char *const *parts, const size_t *lengths, size_t count, char **text, size_t *length) {
    size_t bytes = 1, at = 0;
    for (size_t i = 0; i < count; i++) {
        bytes += parts[i] ? lengths[i] + 1 : 0;
    }
    *text = ar_os_alloc(bytes);
    if (!*text) {
        return ar_fail_memory("a kernel's source", bytes);
    }
    for (size_t i = 0; i < count; i++) {
        if (parts[i]) {
            memcpy(*text + at, parts[i], lengths[i]);
            at += lengths[i];
            (*text)[at++] = '\n';
        }
    }
    *length = at;
    return ARETE_OK;
}

/* The prelude and the source, from the files below folder. Both are to be freed. */
static arete_status read_source(const char *folder, const char *name, char *texts[2], size_t lengths[2]) {
    char path[4096];
    snprintf(path, sizeof path, "%s/prelude.h", folder);
    arete_status status = ar_os_read_file(path, &texts[0], &lengths[0]);
    if (status == ARETE_OK) {
        snprintf(path, sizeof path, "%s/%s", folder, name);
        status = ar_os_read_file(path, &texts[1], &lengths[1]);
    }
    return status == ARETE_OK ? ARETE_OK : ar_fail_within(status, "ARETE_KERNEL_DIR");
}

/* The text to compile: the embedded one, or while developing the files below ARETE_KERNEL_DIR, between what the
 * backend wants around it. *owned is freed by the caller. */
static arete_status source_text(const arete_device *device, const ar_source *source, const char **text,
                                size_t *length, char **owned) {
    const ar_program_ops *ops = device->backend->program;
    const char *folder = ar_os_env("ARETE_KERNEL_DIR");
    arete_status status = ARETE_OK;
    char *read[2] = {NULL, NULL};
    size_t read_lengths[2] = {0, 0};
    *owned = NULL;
    *text = source->text;
    *length = source->length;
    if (folder) {
        status = read_source(folder, source->name, read, read_lengths);
    }
    if (status == ARETE_OK && (folder || ops->before || ops->after)) {
        const char *const parts[] = {ops->before ? ops->before->text : NULL, read[0],
                                     folder ? read[1] : source->text, ops->after};
        const size_t lengths[] = {ops->before ? ops->before->length : 0, read_lengths[0],
                                  folder ? read_lengths[1] : source->length, ops->after ? strlen(ops->after) : 0};
        status = join(parts, lengths, sizeof parts / sizeof *parts, owned, length);
        *text = *owned;
    }
    ar_os_free(read[0]);
    ar_os_free(read[1]);
    return status;
}

/* Compiles, and keeps the binary. */
static arete_status build_anew(arete_device *device, const char *name, const char *text, const char *options,
                               ar_cache_key key, void **impl) {
    const ar_program_ops *ops = device->backend->program;
    double start = ar_os_seconds();
    arete_status status = ops->build(device, name, text, options, impl);
    if (status != ARETE_OK) {
        ar_log(device->context, ARETE_LOG_ERROR, "%s", arete_error_text());
        return status;
    }
    ar_log(device->context, ARETE_LOG_DEBUG, "compiled %s (%s) in %.0f ms", name, options,
           1e3 * (ar_os_seconds() - start));
    void *data = NULL;
    size_t bytes = 0;
    if (device->context->cache_dir && ops->binary(device, *impl, &data, &bytes) == ARETE_OK) {
        ar_cache_write(device->context, key, data, bytes);
    }
    ar_os_free(data);
    return ARETE_OK;
}

static arete_status build(arete_device *device, ar_program *program) {
    const ar_program_ops *ops = device->backend->program;
    const char *text = NULL, *folder = ar_os_env("ARETE_KERNEL_DIR");
    char *owned = NULL, *extended = NULL;
    const char *options = program->options;
    size_t length = 0;
    arete_status status = source_text(device, program->source, &text, &length, &owned);
    if (status != ARETE_OK) {
        return status;
    }
    if (folder) { /* its #include "..." lines are the compiler's to find */
        size_t bytes = strlen(options) + strlen(folder) + 8;
        extended = ar_os_alloc(bytes);
        if (!extended) {
            ar_os_free(owned);
            return ar_fail_memory("build options", bytes);
        }
        snprintf(extended, bytes, "%s -I%s", options, folder);
        options = extended;
    }
    ar_cache_key key = ar_cache_key_make(device, text, length, options);
    void *data = NULL;
    size_t bytes = 0;
    bool loaded = false;
    if (!folder && ar_cache_read(device->context, key, &data, &bytes)) {
        loaded = ops->load(device, data, bytes, options, &program->impl) == ARETE_OK;
        if (loaded) {
            ar_log(device->context, ARETE_LOG_DEBUG, "loaded %s (%s) from the kernel cache", program->source->name,
                   options);
        } else {
            ar_log(device->context, ARETE_LOG_WARN, "kernel cache: the driver refused an entry, compiling anew: %s",
                   arete_error_text());
            ar_cache_drop(device->context, key);
        }
        ar_os_free(data);
    }
    if (!loaded) {
        status = build_anew(device, program->source->name, text, options, key, &program->impl);
    }
    ar_os_free(owned);
    ar_os_free(extended);
    return status;
}

/* The program's kernel of that name, made if need be; the program's lock is held. */
static arete_status find_kernel(arete_device *device, ar_program *program, const char *name,
                                const ar_kernel **kernel) {
    kernel_entry *entry = program->kernels;
    while (entry && strcmp(entry->kernel.name, name) != 0) {
        entry = entry->next;
    }
    if (!entry) {
        entry = ar_os_alloc(sizeof *entry);
        char *copy = ar_os_strdup(name);
        arete_status status = entry && copy ? device->backend->program->kernel(device, program->impl, name,
                                                                               &entry->kernel.impl)
                                            : ar_fail_memory("a kernel", sizeof *entry);
        if (status != ARETE_OK) {
            ar_os_free(entry);
            ar_os_free(copy);
            return ar_fail_within(status, "%s", program->source->name);
        }
        entry->kernel.name = copy;
        entry->next = program->kernels;
        program->kernels = entry;
    }
    *kernel = &entry->kernel;
    return ARETE_OK;
}

arete_status ar_kernel_get(arete_device *device, const ar_source *source, const char *options, const char *name,
                           const ar_kernel **kernel) {
    if (!device->backend->program) {
        return ar_fail(ARETE_E_UNSUPPORTED, "%s: the %s backend runs no kernels", source->name, device->backend->name);
    }
    ar_program *program = NULL;
    arete_status status = find_program(device, source, options, &program);
    if (status != ARETE_OK) {
        return status;
    }
    ar_mutex_lock(program->lock);
    if (!program->impl) {
        status = build(device, program);
    }
    if (status == ARETE_OK) {
        status = find_kernel(device, program, name, kernel);
    }
    ar_mutex_unlock(program->lock);
    return status;
}
