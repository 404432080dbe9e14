/* What the files of the HIP backend share.
 *
 * Two flavours, one backend: AMD (libamdhip64, compiled by hiprtc) and NVIDIA (libcuda, compiled by NVRTC). A flavour
 * is a table of functions and of numbers (flavour.c); all else is written once.
 *
 * Impl pointers: a device's is an ar_hip_device, a queue's an ar_hip_stream, a buffer's an ar_hip_memory, an event's
 * an ar_hip_event, a program's an ar_hip_module, a kernel's the driver's function.
 */
#ifndef AR_HIP_INTERNAL_H
#define AR_HIP_INTERNAL_H

#include "../backends.h"
#include "functions.h"

/* What the backend asks of a device by number; numbers differ between flavours. */
typedef enum ar_hip_fact {
    AR_HIP_UNITS,
    AR_HIP_CLOCK_KHZ,
    AR_HIP_WARP,
    AR_HIP_GROUP,
    AR_HIP_GROUP_X,
    AR_HIP_GROUP_Y,
    AR_HIP_GROUP_Z,
    AR_HIP_GRID_X,
    AR_HIP_GRID_Y,
    AR_HIP_GRID_Z,
    AR_HIP_LOCAL_BYTES,
    AR_HIP_REGISTERS,
    AR_HIP_ITEMS,
    AR_HIP_CACHE_BYTES,
    AR_HIP_INTEGRATED,
    AR_HIP_MAJOR,
    AR_HIP_MINOR,
    AR_HIP_FACTS
} ar_hip_fact;

enum { AR_HIP_AMD, AR_HIP_NVIDIA, AR_HIP_FLAVOURS };

typedef struct ar_hip_flavour {
    const char *name;    /* "amd": the first word of compile targets */
    const char *vendor, *platform;
    const char *variable; /* names the library instead of the usual names */
    const char *const *libraries;
    size_t library_count;
    const char *const *nodes; /* without any of these files there is no such device; NULL-terminated, NULL: ask */
    const char *error_prefix;
    int facts[AR_HIP_FACTS];
} ar_hip_flavour;

extern const ar_hip_flavour ar_hip_flavours[AR_HIP_FLAVOURS];

/* A flavour's functions, in this process. */
typedef struct ar_hip {
    const ar_hip_flavour *flavour;
    ar_library *library;
    int version; /* as the driver gives it */
#define AR_HIP_MEMBER(name, hip, cuda, parameters) int(*name) parameters;
    AR_HIP_FUNCTIONS(AR_HIP_MEMBER, AR_HIP_MEMBER)
#undef AR_HIP_MEMBER
} ar_hip;

/* A native event that nobody uses, to be used again. */
typedef struct ar_hip_spare {
    void *native;
    struct ar_hip_spare *next;
} ar_hip_spare;

typedef struct ar_hip_device {
    const ar_hip *hip;
    int ordinal, native; /* native: hipDevice_t, CUdevice */
    void *context;       /* NVIDIA: the primary one, retained at the first use; AMD: NULL */
    bool adopted;        /* the context is the application's */
    bool lost;           /* a call said so; only makes texts clearer */
    char arch[64];       /* "gfx90a:sramecc+:xnack-", "sm_90" */
    unsigned grid[3];
    ar_mutex *lock; /* context, spare */
    ar_hip_spare *spare[2]; /* [1]: with times */
} ar_hip_device;

typedef struct ar_hip_stream {
    void *native; /* NULL: the device's default stream (adopted only) */
    bool adopted, timed;
} ar_hip_stream;

typedef struct ar_hip_memory {
    char *at;
    bool adopted;
} ar_hip_memory;

typedef struct ar_hip_event {
    ar_hip_spare *start, *end; /* start NULL: no times; end NULL: adopted */
    void *native;              /* what is waited for */
} ar_hip_event;

typedef struct ar_hip_module {
    void *native;
    void *code; /* for the binary cache */
    size_t bytes;
} ar_hip_module;

static inline ar_hip_device *ar_hip_of(const arete_device *device) {
    return device->impl;
}

/* flavour.c: the process's table of a flavour, opened at the first call; NULL with why filled when it is not here. */
const ar_hip *ar_hip_open(int flavour, char *why, size_t why_bytes);

/* error.c: "INVALID_VALUE"; codes are the same in both flavours. */
const char *ar_hip_name(int code);
/* Sets the text to the formatted one, the code and its name; ARETE_E_MEMORY for the code that means it, else
 * ARETE_E_DEVICE. own NULL: no device yet. */
arete_status ar_hip_fail(const ar_hip *hip, ar_hip_device *own, int code, const char *format, ...) AR_PRINTF(4, 5);

/* device.c: makes the device the thread's current one, and puts back what was. What enter() could not do is a status,
 * and leave() is then not called. */
typedef struct ar_hip_token {
    int device; /* AMD: the thread's device before */
} ar_hip_token;
arete_status ar_hip_enter(arete_device *device, ar_hip_token *token);
void ar_hip_leave(arete_device *device, ar_hip_token token);
ar_hip_device *ar_hip_device_make(const ar_hip *hip, int ordinal);
void ar_hip_device_free(ar_hip_device *own);

/* describe.c: what the driver says of it. The texts in info live as long as *description. */
typedef struct ar_hip_description {
    arete_device_info info;
    char name[256], driver[256], features[256];
} ar_hip_description;
arete_status ar_hip_describe(ar_hip_device *own, ar_hip_description *description);

/* event.c: an event to be recorded; timed: with a start. The device is entered. */
arete_status ar_hip_event_make(arete_device *device, bool timed, ar_hip_event **event);
void ar_hip_event_drop(ar_hip_device *own, ar_hip_event *event);

/* compile.c: program_ops.compile: target "amd gfx90a", or "nvidia sm_90/12": the driver's CUDA version follows, where it
 * is known. In this process. */
arete_status ar_hip_compile(const char *target, const char *name, const char *source, const char *options,
                            void **data, size_t *bytes);

extern const ar_device_ops ar_hip_device_ops;
extern const ar_memory_ops ar_hip_memory_ops;
extern const ar_host_ops ar_hip_host_ops;
extern const ar_queue_ops ar_hip_queue_ops;
extern const ar_event_ops ar_hip_event_ops;
extern const ar_program_ops ar_hip_program_ops;

#endif
