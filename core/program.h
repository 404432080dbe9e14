/* Programs and kernels: compiled once per device, kept in memory and on disk. */
#ifndef AR_PROGRAM_H
#define AR_PROGRAM_H

#include "objects.h"

/* One embedded source file: the build makes these out of the .cl and .h files (cmake/embed.cmake). The text stands
 * complete: the prelude first, each #include "..." replaced by that file, once. */
typedef struct ar_source {
    const char *name; /* path below kernels/: "matmul/cpu_packed.cl" */
    const char *text;
    size_t length;
} ar_source;

/* A kernel ready to launch, of a program that the device keeps until the context goes. */
typedef struct ar_kernel {
    void *impl; /* the backend's */
    const char *name;
} ar_kernel;

/*
 * The kernel of that name in source built with options, on device: from memory, else from the disk cache, else
 * compiled (and kept in both). options use -D only. Kernels belong to the device and are not released by callers.
 * With ARETE_KERNEL_DIR set, the source is read from that directory by its name instead.
 * Returns ARETE_OK, ARETE_E_BUILD, ARETE_E_MEMORY, ARETE_E_DEVICE, ARETE_E_UNSUPPORTED (backend without kernels).
 * Blocks while compiling. Any thread; two threads that ask for the same program compile it once.
 */
arete_status ar_kernel_get(arete_device *device, const ar_source *source, const char *options, const char *name,
                           const ar_kernel **kernel);

/* Frees the device's programs; called when the context goes. */
void ar_programs_free(arete_device *device);

/* An argument of a launch. Build the list in order: AR_BUFFER(b), AR_I32(x), AR_I64(x), AR_F32(x), AR_F64(x),
 * AR_STRUCT(object) for a struct by value, AR_LOCAL(bytes). A NULL buffer is passed as NULL. */
typedef enum ar_arg_kind { AR_ARG_BUFFER, AR_ARG_LOCAL, AR_ARG_VALUE, AR_ARG_STRUCT } ar_arg_kind;

typedef struct ar_arg {
    ar_arg_kind kind;
    uint32_t bytes; /* of the value, the struct, or of local memory */
    union {
        const void *object; /* a struct, read during the call that launches */
        arete_buffer *buffer;
        int32_t i32;
        int64_t i64;
        float f32;
        double f64;
    } as;
} ar_arg;

#define AR_BUFFER(x) ((ar_arg){.kind = AR_ARG_BUFFER, .as.buffer = (x)})
#define AR_LOCAL(x) ((ar_arg){.kind = AR_ARG_LOCAL, .bytes = (uint32_t)(x)})
#define AR_I32(x) ((ar_arg){.kind = AR_ARG_VALUE, .bytes = 4, .as.i32 = (x)})
#define AR_I64(x) ((ar_arg){.kind = AR_ARG_VALUE, .bytes = 8, .as.i64 = (x)})
#define AR_F32(x) ((ar_arg){.kind = AR_ARG_VALUE, .bytes = 4, .as.f32 = (x)})
#define AR_F64(x) ((ar_arg){.kind = AR_ARG_VALUE, .bytes = 8, .as.f64 = (x)})
#define AR_STRUCT(x) ((ar_arg){.kind = AR_ARG_STRUCT, .bytes = (uint32_t)sizeof(x), .as.object = &(x)})

typedef struct ar_launch {
    const ar_kernel *kernel;
    uint32_t dims;    /* 1..3 */
    size_t global[3]; /* work-items, multiples of local */
    size_t local[3];  /* work-items of a group */
    const ar_arg *args;
    uint32_t arg_count;
} ar_launch;

/* Enqueues one kernel. after: waited for; done: NULL or where the event goes (one reference, the caller's). */
arete_status ar_launch_run(arete_queue *queue, const ar_launch *launch, arete_wait_list after, arete_event **done);

#endif
