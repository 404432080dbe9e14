/* A context: the devices that were found, the caches, the log. Nothing in Arete is global but the error text. */
#ifndef ARETE_CONTEXT_H
#define ARETE_CONTEXT_H

#include "arete/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct arete_context arete_context;

typedef enum arete_log_level {
    ARETE_LOG_DEFAULT = 0, /**< ARETE_LOG if set (error, warn, info, debug, off), else warnings */
    ARETE_LOG_OFF = 1,
    ARETE_LOG_ERROR = 2,
    ARETE_LOG_WARN = 3,
    ARETE_LOG_INFO = 4, /**< chosen solvers, cache hits, devices found */
    ARETE_LOG_DEBUG = 5 /**< build options, launches */
} arete_log_level;

/** Receives one line without its newline. May be called from any thread; must not call Arete. */
typedef void (*arete_log_fn)(void *user, arete_log_level level, const char *line);

/** How to pin the worker threads of a CPU driver (PoCL): see arete_context_desc.cpu_workers. */
typedef enum arete_cpu_workers {
    /** Leave the environment alone. PoCL's workers may then share a core, and short work runs at half speed
     *  in some processes; arete_device_info.workers_pinned tells. */
    ARETE_CPU_WORKERS_ASIS = 0,
    /** Set POCL_AFFINITY=1 before the first platform call, when the process may run on CPUs 0..n-1 without a
     *  gap (PoCL aborts on a CPU that is not allowed). Changes this process's environment; two such processes
     *  share cores. Has no effect when an OpenCL driver was already loaded. */
    ARETE_CPU_WORKERS_PINNED = 1
} arete_cpu_workers;

/** Every field zero: the defaults. Strings are copied. */
typedef struct arete_context_desc {
    size_t size;               /**< sizeof(arete_context_desc); 0 is taken for the size of this version */
    arete_log_fn log;          /**< NULL: standard error */
    void *log_user;            /**< handed to log */
    arete_log_level log_level; /**< least important level that is still reported */
    const char *backends;      /**< comma-separated names to ask ("opencl,reference"); NULL: all that are built */
    /** Where compiled kernels are kept. NULL: ARETE_CACHE_DIR, else XDG_CACHE_HOME/arete, else HOME/.cache/arete,
     *  else nowhere. "off": nowhere. A directory that is not this user's, or that others may write to, is
     *  refused with a warning, and nothing is cached. */
    const char *cache_dir;
    /** Where this user's tuning records are kept. NULL: ARETE_TUNING_DIR, else XDG_DATA_HOME/arete/tuning, else
     *  HOME/.local/share/arete/tuning. "off": none. The system's records (share/arete/tuning) are read besides. */
    const char *tuning_dir;
    arete_cpu_workers cpu_workers;
    /** Vector width in f32 elements that CPU-class kernels use: 0: the device's own; 4, 8 or 16 to force it. */
    uint32_t vector_width;
    uint32_t plan_cache_capacity; /**< plans kept for one-shot calls, per device; 0: 128 */
} arete_context_desc;

/**
 * Makes a context and finds the devices; compiles nothing, creates nothing on them.
 *
 * desc NULL: all defaults. The reference device is always there, as the last one. A backend that is not there
 * (no OpenCL loader on this machine) is not an error: arete_context_backend_text() says what was found.
 * On success *context is the caller's, to be given to arete_context_release(); on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_MEMORY. Blocks while drivers load. Any thread.
 */
ARETE_API arete_status arete_context_create(const arete_context_desc *desc, arete_context **context);

/** Counts one more user of the context. */
ARETE_API void arete_context_retain(arete_context *context);

/** Drops one reference; everything made from the context holds one itself. NULL is fine. */
ARETE_API void arete_context_release(arete_context *context);

/** A line per backend: what it found or why nothing ("opencl: no ICD loader: libOpenCL.so.1 ..."). Never NULL;
 *  valid while the context lives. */
ARETE_API const char *arete_context_backend_text(const arete_context *context);

#ifdef __cplusplus
}
#endif
#endif
