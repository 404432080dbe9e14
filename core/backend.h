/* The contract that a backend implements: one way to reach devices. It knows no operation.
 *
 * Small const tables, one per kind of object. impl pointers are the backend's own; core hands back what it was
 * given and never looks inside. Every function may be called from any thread; no lock of core's is held unless
 * said. On failure a function returns a status, sets the error text (ar_fail), and has done nothing. Unless said,
 * a function does not block on the device. An entry is mandatory unless it says "may be NULL".
 */
#ifndef AR_BACKEND_H
#define AR_BACKEND_H

#include "error.h"
#include "objects.h"
#include "program.h"

#define AR_BACKEND_ABI 2

/* Devices. */
typedef struct ar_device_ops {
    /* Finds this backend's devices and gives each to ar_context_add_device(). Called once, while the context is
     * being made. May load drivers. Finding none is no failure: say in note (a line, no newline) what was found or
     * why nothing was. Fails only for lack of memory. */
    arete_status (*enumerate)(arete_context *context, char *note, size_t note_bytes);
    /* Frees impl and all that hangs on it. Called when the context goes; no object of the device is left. */
    void (*close)(arete_device *device);
    /* Sub-devices of units_each compute units, each given to ar_context_add_device(). May be NULL. *count: room in
     * parts, then how many. */
    arete_status (*split)(arete_device *device, uint32_t units_each, arete_device **parts, size_t *count);
} ar_device_ops;

/* Memory. bytes > 0 and ranges were checked. */
typedef struct ar_memory_ops {
    arete_status (*alloc)(arete_device *device, uint64_t bytes, void **impl);
    void (*free)(arete_device *device, void *impl); /* enqueued work that uses it still finishes */
    /* Host memory that the device reaches directly (pinned), for transfers at full speed that do not block. Both may
     * be NULL: plain memory does as well. */
    arete_status (*host_alloc)(arete_device *device, uint64_t bytes, void **memory);
    void (*host_free)(arete_device *device, void *memory);
} ar_memory_ops;

/* A command's place in time: what it waits for (impls of events of the same device), and whether an event is wanted
 * (done NULL: no). */
typedef struct ar_when {
    size_t count;
    arete_event *const *after;
    void **done;
} ar_when;

/* Queues: in order. Called by one thread at a time per queue. */
typedef struct ar_queue_ops {
    arete_status (*create)(arete_device *device, uint32_t flags, void **impl);
    void (*destroy)(arete_device *device, void *impl);
    arete_status (*flush)(arete_queue *queue);
    arete_status (*finish)(arete_queue *queue); /* blocks */
    /* when.done NULL: blocks until done. bytes > 0. */
    arete_status (*write)(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes, const void *from,
                          ar_when when);
    arete_status (*read)(arete_queue *queue, arete_buffer *from, uint64_t offset, uint64_t bytes, void *to,
                         ar_when when);
    arete_status (*copy)(arete_queue *queue, arete_buffer *from, uint64_t from_offset, arete_buffer *to,
                         uint64_t to_offset, uint64_t bytes, ar_when when);
    arete_status (*fill)(arete_queue *queue, arete_buffer *to, uint64_t offset, uint64_t bytes, const void *pattern,
                         size_t pattern_bytes, ar_when when);
    /* One kernel. Allocates nothing in core; the arguments are copied before it returns. */
    arete_status (*launch)(arete_queue *queue, const ar_launch *launch, ar_when when);
    /* An event that completes when all before it have, and everything in when.after. For runs that launch nothing,
     * or that must wait without launching. */
    arete_status (*marker)(arete_queue *queue, ar_when when);
} ar_queue_ops;

typedef struct ar_event_ops {
    void (*release)(arete_device *device, void *impl);
    arete_status (*wait)(arete_event *event);                    /* blocks */
    arete_status (*query)(arete_event *event, bool *complete);
    arete_status (*seconds)(arete_event *event, double *seconds); /* ARETE_E_UNSUPPORTED where it cannot tell */
} ar_event_ops;

/* Programs: what a compiler made of a source. All entries NULL on a backend without kernels (reference). */
typedef struct ar_program_ops {
    /* Compiles source (whole text) with options ("-DMR=12 ..."). The device's lock is not held. Blocks. A failure to
     * build is ARETE_E_BUILD with the log and the options in the text. */
    arete_status (*build)(arete_device *device, const char *name, const char *source, const char *options,
                          void **impl);
    /* The same from what binary() gave earlier, with the same options. A binary that the driver does not take is a
     * failure like any other; the caller then builds from source. */
    arete_status (*load)(arete_device *device, const void *data, size_t bytes, const char *options, void **impl);
    /* The program's binary, freed by ar_os_free; *bytes 0 when the driver gives none. */
    arete_status (*binary)(arete_device *device, void *impl, void **data, size_t *bytes);
    void (*release)(arete_device *device, void *impl);
    /* A kernel of the program. Its launches may come from several threads: the backend sees to that. */
    arete_status (*kernel)(arete_device *device, void *impl, const char *name, void **kernel);
    void (*kernel_release)(arete_device *device, void *kernel);
    /* What makes OpenCL C, in which kernels are written, the backend's own language: core puts the texts before and
     * behind each source that build() gets. NULL: nothing. */
    const ar_source *before;
    const char *after;
    /* Compiles for target, a text of this backend's own (see ar_compile_apart), and gives the binary that load()
     * takes, freed by ar_os_free. Called in a process that does nothing else and may be lost; needs no device of
     * another context. NULL: this backend's compiler does not run apart. */
    arete_status (*compile)(const char *target, const char *name, const char *source, const char *options,
                            void **data, size_t *bytes);
} ar_program_ops;

/* Host memory that the device reaches fastest, and device memory as the host sees it: for measuring transfers. Called by
 * the queue's thread; all block. */
typedef struct ar_host_ops {
    /* Page-locked memory of bytes > 0 at *pointer, until unpin. */
    arete_status (*pin)(arete_queue *queue, uint64_t bytes, void **impl, void **pointer);
    void (*unpin)(arete_queue *queue, void *impl, void *pointer);
    /* The range at *pointer, to be written (write; its content is then undefined) or read, until unmap. */
    arete_status (*map)(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, bool write,
                        void **pointer);
    arete_status (*unmap)(arete_queue *queue, arete_buffer *buffer, void *pointer);
} ar_host_ops;

struct ar_backend {
    uint32_t abi;     /* AR_BACKEND_ABI of the headers it was compiled with; others are refused */
    const char *name; /* "opencl": the first part of device ids */
    const ar_device_ops *device;
    const ar_memory_ops *memory;
    const ar_queue_ops *queue;
    const ar_event_ops *event;
    const ar_program_ops *program; /* NULL: host functions only */
    const ar_host_ops *host;       /* NULL: neither page-locked nor mapped memory */
};

/* The backends built into this library, in the order they are asked; ends with NULL. backends/backends.c. */
extern const ar_backend *const ar_backends[];

/* Called by backends: puts a device into the context's list. info is copied, its strings too; info->id is NULL and
 * is given by core: "<backend>:<n>", or "<parent id>.<n>" for a part of parent (NULL otherwise). vector widths are
 * overruled by the context's. On success impl belongs to the device; *device (may be NULL) is it. */
arete_status ar_context_add_device(arete_context *context, const ar_backend *backend, void *impl,
                                   const arete_device_info *info, const arete_device *parent,
                                   arete_device **device);

#endif
