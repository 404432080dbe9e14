/* Platforms and devices: finding them, their cl_context, the backend's table. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "opencl_internal.h"

enum { MAX_PLATFORMS = 32, MAX_DEVICES = 64 };

/* The note of enumerate(), written piece by piece and cut at its room. */
typedef struct note {
    char *text;
    size_t room, used;
} note;

static void note_add(note *out, const char *format, ...) AR_PRINTF(2, 3);

static void note_add(note *out, const char *format, ...) {
    if (out->used + 1 >= out->room) {
        return;
    }
    va_list list;
    va_start(list, format);
    int length = vsnprintf(out->text + out->used, out->room - out->used, format, list);
    va_end(list);
    out->used += length > 0 ? (size_t)length : 0;
    out->used = out->used < out->room ? out->used : out->room - 1;
}

bool ar_cl_is_pocl(const char *platform_name) {
    return strcmp(platform_name, "Portable Computing Language") == 0;
}

/* How PoCL's workers were placed when this process first asked for platforms through here: PoCL reads POCL_AFFINITY
 * then, once, and takes its first character for yes or no. An application that used PoCL before that without the
 * variable is not noticed. */
enum { PLACED_UNKNOWN, PLACED_NO, PLACED_YES };
static atomic_int placed;

/* PoCL's pthread workers pile up on one core unless they are pinned. It aborts when worker i may not run on CPU i;
 * hence the check. */
static void place_workers(const arete_context *context) {
    bool contiguous = false;
    ar_os_allowed_cpus(&contiguous);
    if (context->cpu_workers == ARETE_CPU_WORKERS_PINNED && !contiguous) {
        ar_log(context, ARETE_LOG_INFO,
               "opencl: this process may not run on CPUs 0 to n-1, so PoCL's workers are left unpinned");
    } else if (context->cpu_workers == ARETE_CPU_WORKERS_PINNED && atomic_load(&placed) == PLACED_UNKNOWN) {
        ar_os_set_env("POCL_AFFINITY", "1");
    }
    const char *affinity = ar_os_env("POCL_AFFINITY");
    int now = affinity && affinity[0] == '1' && contiguous ? PLACED_YES : PLACED_NO, unknown = PLACED_UNKNOWN;
    if (!atomic_compare_exchange_strong(&placed, &unknown, now) && unknown == PLACED_NO &&
        context->cpu_workers == ARETE_CPU_WORKERS_PINNED && contiguous) {
        ar_log(context, ARETE_LOG_INFO, "opencl: PoCL's workers were made before, unpinned, and stay so");
    }
}

bool ar_cl_workers_placed(const arete_device_info *info) {
    return info->kind == ARETE_DEVICE_CPU && ar_cl_is_pocl(info->platform) && atomic_load(&placed) == PLACED_YES;
}

/* PoCL keeps its own cache of compiled kernels, which stays where the user or PoCL puts it: other programs share
 * it, and it holds what binaries do not (the code for each local size). Without a home it falls back to a directory
 * that anybody can make beforehand. That is the user's to mend, so it is only said. */
static void warn_of_shared_cache(const arete_context *context) {
    if (!ar_os_env("POCL_CACHE_DIR") && !ar_os_env("XDG_CACHE_HOME") && !ar_os_env("HOME")) {
        ar_log(context, ARETE_LOG_WARN,
               "opencl: without HOME, PoCL keeps compiled kernels in /tmp/pocl, where another user may plant his; "
               "set POCL_CACHE_DIR to a directory of your own");
    }
}

ar_cl_device *ar_cl_device_make(const ar_cl *cl, cl_platform_id platform, cl_device_id id) {
    ar_cl_device *own = ar_os_alloc(sizeof *own);
    if (!own || !(own->lock = ar_mutex_create())) {
        ar_os_free(own);
        return NULL;
    }
    own->cl = cl;
    own->platform = platform;
    own->id = id;
    return own;
}

static void messages_free(ar_cl_messages *messages) {
    ar_mutex_destroy(messages->lock);
    ar_os_free(messages);
}

/* Records of cl_contexts that somebody still held when their device went: OpenCL 1.2 does not tell their end. */
static _Atomic(ar_cl_messages *) left_behind;

/* Drops the cl_context. Somebody may still hold it (arete_opencl_context()), and the driver may then still call
 * context_message(): the record is left to it, a few bytes, deaf. */
static void context_drop(ar_cl_device *own) {
    cl_uint references = 0;
    if (own->messages) {
        ar_mutex_lock(own->messages->lock);
        own->messages->context = NULL;
        ar_mutex_unlock(own->messages->lock);
        if (own->cl->clGetContextInfo(own->context, CL_CONTEXT_REFERENCE_COUNT, sizeof references, &references,
                                      NULL)) {
            references = 0;
        }
    }
    own->cl->clReleaseContext(own->context);
    if (own->messages && references == 1) {
        messages_free(own->messages);
    } else if (own->messages) {
        own->messages->next = atomic_load(&left_behind);
        while (!atomic_compare_exchange_weak(&left_behind, &own->messages->next, own->messages)) {
        }
    }
}

void ar_cl_device_free(ar_cl_device *own) {
    if (own->context) {
        context_drop(own);
    }
    if (own->counted) {
        own->cl->clReleaseDevice(own->id);
    }
    ar_mutex_destroy(own->lock);
    ar_os_free(own);
}

static void CL_CALLBACK context_message(const char *message, const void *data, size_t bytes, void *user) {
    (void)data;
    (void)bytes;
    ar_cl_messages *messages = user;
    ar_mutex_lock(messages->lock);
    if (messages->context) {
        ar_log(messages->context, ARETE_LOG_WARN, "opencl: the driver says: %s", message ? message : "(nothing)");
    }
    ar_mutex_unlock(messages->lock);
}

static arete_status context_make(arete_device *device) {
    ar_cl_device *own = ar_cl_of(device);
    ar_cl_messages *messages = ar_os_alloc(sizeof *messages);
    if (!messages || !(messages->lock = ar_mutex_create())) {
        ar_os_free(messages);
        return ar_fail_memory("a record of an OpenCL context", sizeof *messages);
    }
    messages->context = device->context;
    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)own->platform, 0};
    cl_int code = CL_SUCCESS;
    cl_context context = own->cl->clCreateContext(properties, 1, &own->id, context_message, messages, &code);
    if (!context || code) {
        messages_free(messages);
        return ar_cl_fail(code, "making a cl_context for %s (%s)", device->info.id, device->info.name);
    }
    own->context = context;
    own->messages = messages;
    return ARETE_OK;
}

arete_status ar_cl_context(arete_device *device, cl_context *context) {
    ar_cl_device *own = ar_cl_of(device);
    ar_mutex_lock(own->lock);
    arete_status status = own->context ? ARETE_OK : context_make(device);
    *context = own->context;
    ar_mutex_unlock(own->lock);
    return status;
}

/* One device into the context's list, or a word in the note why not. */
static arete_status add_device(arete_context *context, const ar_cl *cl, cl_platform_id platform, cl_device_id id,
                               note *out) {
    ar_cl_description description;
    arete_status status = ar_cl_describe(cl, platform, id, &description);
    if (status) {
        return status;
    }
    const char *left_out = !description.available      ? "not available"
                           : description.version < 12 ? "older than OpenCL 1.2"
                                                      : NULL;
    if (left_out) {
        note_add(out, " [%s left out: %s]", description.info.name, left_out);
    } else {
        note_add(out, " %s;", description.info.name);
        ar_cl_device *own = ar_cl_device_make(cl, platform, id);
        status = own ? ar_context_add_device(context, &ar_backend_opencl, own, &description.info, NULL, NULL)
                     : ar_fail_memory("an OpenCL device", sizeof *own);
        if (status && own) {
            ar_cl_device_free(own);
        }
    }
    ar_cl_describe_free(&description);
    return status;
}

static arete_status add_platform(arete_context *context, const ar_cl *cl, cl_platform_id platform, note *out) {
    char *name = ar_cl_platform_text(cl, platform, CL_PLATFORM_NAME);
    if (!name) {
        return ar_fail_memory("the name of an OpenCL platform", 0);
    }
    if (ar_cl_is_pocl(name)) {
        warn_of_shared_cache(context);
    }
    cl_device_id devices[MAX_DEVICES];
    cl_uint count = 0;
    cl_int code = cl->clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, MAX_DEVICES, devices, &count);
    note_add(out, "%s%s:", out->used ? " " : "", name);
    ar_os_free(name);
    if (code || !count) {
        note_add(out, code && code != CL_DEVICE_NOT_FOUND ? " no devices, %s (%d);" : " no devices;",
                 ar_cl_name(code), (int)code);
        return ARETE_OK;
    }
    arete_status status = ARETE_OK;
    for (cl_uint i = 0; i < count && i < MAX_DEVICES && !status; i++) {
        status = add_device(context, cl, platform, devices[i], out);
    }
    return status;
}

static arete_status cl_enumerate(arete_context *context, char *text, size_t text_bytes) {
    note out = {text, text_bytes, 0};
    const ar_cl *cl = ar_cl_open(text, text_bytes);
    if (!cl) {
        return ARETE_OK;
    }
    place_workers(context);
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint count = 0;
    cl_int code = cl->clGetPlatformIDs(MAX_PLATFORMS, platforms, &count);
    if (code || !count) {
        note_add(&out, "an ICD loader, but no driver: install one, such as pocl-opencl-icd (%s, %d)",
                 ar_cl_name(code), (int)code);
        return ARETE_OK;
    }
    arete_status status = ARETE_OK;
    for (cl_uint i = 0; i < count && i < MAX_PLATFORMS && !status; i++) {
        status = add_platform(context, cl, platforms[i], &out);
    }
    if (out.used && text[out.used - 1] == ';') {
        text[out.used - 1] = 0;
    }
    return status;
}

static void cl_close(arete_device *device) {
    ar_cl_device_free(device->impl);
}

const ar_device_ops ar_cl_device_ops = {cl_enumerate, cl_close, ar_cl_split};

const ar_backend ar_backend_opencl = {
    .abi = AR_BACKEND_ABI,
    .name = "opencl",
    .device = &ar_cl_device_ops,
    .memory = &ar_cl_memory_ops,
    .queue = &ar_cl_queue_ops,
    .event = &ar_cl_event_ops,
    .program = &ar_cl_program_ops,
    .host = &ar_cl_host_ops,
};
