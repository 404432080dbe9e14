/* The context: made once, finds the devices, owns them. */
#include <stdio.h>
#include <string.h>

#include "backend.h"
#include "context.h"

/* An XDG directory: from the description, the environment, or the home; NULL when off or nowhere. */
static arete_status pick_directory(const char *given, const char *variable, const char *xdg, const char *below_xdg,
                                   const char *below_home, char **directory) {
    const char *value = given ? given : ar_os_env(variable);
    char path[4096];
    *directory = NULL;
    if (value && strcmp(value, "off") == 0) {
        return ARETE_OK;
    }
    if (value) {
        snprintf(path, sizeof path, "%s", value);
    } else if (ar_os_env(xdg)) {
        snprintf(path, sizeof path, "%s/%s", ar_os_env(xdg), below_xdg);
    } else if (ar_os_env("HOME")) {
        snprintf(path, sizeof path, "%s/%s", ar_os_env("HOME"), below_home);
    } else {
        return ARETE_OK;
    }
    *directory = ar_os_strdup(path);
    return *directory ? ARETE_OK : ar_fail_memory("a path", strlen(path));
}

static bool wants_backend(const char *list, const char *name) {
    size_t length = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == '\0')) {
            return true;
        }
    }
    return !list;
}

/* Adds "name: note" as a line of its own. */
static arete_status add_note(arete_context *context, const char *name, const char *note) {
    size_t before = strlen(context->backend_text), more = strlen(name) + strlen(note) + 4;
    char *text = ar_os_realloc(context->backend_text, before + more);
    if (!text) {
        return ar_fail_memory("the backends' notes", before + more);
    }
    snprintf(text + before, more, "%s%s: %s", before ? "\n" : "", name, note);
    context->backend_text = text;
    return ARETE_OK;
}

static arete_status find_devices(arete_context *context, const char *wanted) {
    for (size_t i = 0; ar_backends[i]; i++) {
        const ar_backend *backend = ar_backends[i];
        if (!wants_backend(wanted, backend->name)) {
            continue;
        }
        char note[1024] = "";
        arete_status status = ARETE_OK;
        if (backend->abi != AR_BACKEND_ABI) {
            snprintf(note, sizeof note, "left out: made for backend ABI %u, this library has %u", backend->abi,
                     (unsigned)AR_BACKEND_ABI);
        } else {
            status = backend->device->enumerate(context, note, sizeof note);
        }
        if (status == ARETE_OK) {
            status = add_note(context, backend->name, note);
        }
        if (status != ARETE_OK) {
            return status;
        }
        ar_log(context, ARETE_LOG_INFO, "%s: %s", backend->name, note);
    }
    return ARETE_OK;
}

static void context_free(arete_context *context) {
    for (size_t i = context->device_count; i-- > 0;) { /* parts before the devices they are parts of */
        ar_device_free(context->devices[i]);
    }
    ar_os_free(context->devices);
    ar_os_free(context->cache_dir);
    ar_os_free(context->tuning_dir);
    ar_os_free(context->backend_text);
    ar_mutex_destroy(context->lock);
    ar_os_free(context);
}

static arete_status check_desc(const arete_context_desc *desc) {
    if (desc->size != 0 && desc->size != sizeof *desc) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_context_create: desc->size is %zu, this library's is %zu; set it to "
                       "sizeof(arete_context_desc), or 0", desc->size, sizeof *desc);
    }
    if (desc->log_level > ARETE_LOG_DEBUG || (int)desc->log_level < 0) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_context_create: log_level is %d; known are 0 to %d",
                       (int)desc->log_level, (int)ARETE_LOG_DEBUG);
    }
    if (desc->vector_width != 0 && desc->vector_width != 4 && desc->vector_width != 8 && desc->vector_width != 16) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_context_create: vector_width is %u; 0 (the device's own), 4, 8 or 16 "
                       "is wanted", desc->vector_width);
    }
    if (desc->cpu_workers > ARETE_CPU_WORKERS_PINNED || (int)desc->cpu_workers < 0) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_context_create: cpu_workers is %d; known are 0 and 1",
                       (int)desc->cpu_workers);
    }
    return ARETE_OK;
}

arete_status arete_context_create(const arete_context_desc *desc, arete_context **context) {
    static const arete_context_desc defaults;
    desc = desc ? desc : &defaults;
    if (!context) {
        return ar_fail(ARETE_E_ARGUMENT, "arete_context_create: context is NULL");
    }
    arete_status status = check_desc(desc);
    if (status != ARETE_OK) {
        return status;
    }
    arete_context *made = ar_os_alloc(sizeof *made);
    if (!made) {
        return ar_fail_memory("a context", sizeof *made);
    }
    atomic_init(&made->references, 1);
    atomic_init(&made->said_reference, false);
    made->log = desc->log;
    made->log_user = desc->log_user;
    made->log_level = desc->log_level ? desc->log_level : ar_log_level_parse(ar_os_env("ARETE_LOG"));
    made->log_level = made->log_level ? made->log_level : ARETE_LOG_WARN;
    made->cpu_workers = desc->cpu_workers;
    made->vector_width = desc->vector_width;
    made->plan_cache_capacity = desc->plan_cache_capacity ? desc->plan_cache_capacity : 128;
    made->lock = ar_mutex_create();
    made->backend_text = ar_os_strdup("");
    if (!made->lock || !made->backend_text) {
        status = ar_fail_memory("a context", sizeof *made);
        goto fail;
    }
    status = pick_directory(desc->cache_dir, "ARETE_CACHE_DIR", "XDG_CACHE_HOME", "arete", ".cache/arete",
                            &made->cache_dir);
    if (status == ARETE_OK) {
        status = pick_directory(desc->tuning_dir, "ARETE_TUNING_DIR", "XDG_DATA_HOME", "arete/tuning",
                                ".local/share/arete/tuning", &made->tuning_dir);
    }
    if (status == ARETE_OK) {
        status = find_devices(made, desc->backends);
    }
    if (status != ARETE_OK) {
        goto fail;
    }
    *context = made;
    return ARETE_OK;
fail:
    context_free(made);
    return status;
}

void arete_context_retain(arete_context *context) {
    if (context) {
        atomic_fetch_add(&context->references, 1);
    }
}

void arete_context_release(arete_context *context) {
    if (context && atomic_fetch_sub(&context->references, 1) == 1) {
        context_free(context);
    }
}

const char *arete_context_backend_text(const arete_context *context) {
    return context ? context->backend_text : "";
}
