/* The structs behind the public handles. Only core and the backends look inside. */
#ifndef AR_OBJECTS_H
#define AR_OBJECTS_H

#include <stdatomic.h>

#include "arete/cost.h"
#include "arete/plan.h"
#include "os.h"

typedef struct ar_backend ar_backend;
typedef struct ar_plan_cache ar_plan_cache;
typedef struct ar_program ar_program;
typedef struct ar_tuning ar_tuning;

struct arete_context {
    atomic_int references;
    arete_log_fn log;
    void *log_user;
    arete_log_level log_level;
    ar_mutex *lock; /* devices, device_count, flags below */
    arete_device **devices;
    size_t device_count;
    char *cache_dir;  /* NULL: off */
    char *tuning_dir; /* NULL: off */
    char *backend_text;
    arete_cpu_workers cpu_workers;
    uint32_t vector_width;
    uint32_t plan_cache_capacity;
    bool cache_checked, cache_refused; /* binary_cache.c: the directory was looked at; must not be used */
    atomic_bool said_reference; /* the notice that only the reference device is here was given */
};

struct arete_device {
    arete_context *context; /* not counted: the context owns its devices */
    const ar_backend *backend;
    void *impl; /* the backend's */
    arete_device_info info;
    ar_mutex *lock; /* roofs, programs, plan cache */
    arete_roofs roofs;
    ar_program *programs; /* linked list, see program.h */
    ar_plan_cache *plans;
    ar_tuning *tuning; /* read at the first use */
    /* Whether groups of one launch can hand data over to each other; asked by the family that needs it. */
    atomic_int groups_meet; /* ar_meet */
};

typedef enum ar_meet { AR_MEET_UNKNOWN, AR_MEET_PASSED, AR_MEET_FAILED } ar_meet;

struct arete_buffer {
    atomic_int references;
    arete_device *device; /* whose context is retained */
    void *impl;
    uint64_t bytes;
    uint64_t layout; /* 0: plain; else what packed it (a hash of the layout's text) */
};

struct arete_queue {
    atomic_int references;
    arete_device *device; /* whose context is retained */
    void *impl;
    uint32_t flags;
    arete_buffer *scratch; /* NULL until a plan needs one */
};

struct arete_event {
    atomic_int references;
    arete_device *device; /* whose context is retained */
    void *impl;
};

/* memory.c, queue.c: a new, empty buffer/queue/event object around impl; NULL: no memory (impl stays the caller's). */
arete_buffer *ar_buffer_wrap(arete_device *device, void *impl, uint64_t bytes);
arete_queue *ar_queue_wrap(arete_device *device, void *impl, uint32_t flags);
arete_event *ar_event_wrap(arete_device *device, void *impl);

/* queue.c: an event that completes when all before it, and after, have; does nothing when neither is asked for. */
arete_status ar_queue_marker(arete_queue *queue, arete_wait_list after, arete_event **done);

#endif
