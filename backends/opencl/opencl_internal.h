/* What the files of the OpenCL backend share.
 *
 * Impl pointers: a device's is an ar_cl_device, a kernel's an ar_cl_kernel; a buffer's, queue's, event's and
 * program's are the cl_mem, cl_command_queue, cl_event and cl_program themselves, one reference each.
 */
#ifndef AR_OPENCL_INTERNAL_H
#define AR_OPENCL_INTERNAL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>

#include "../backends.h"
#include "functions.h"

typedef void(CL_CALLBACK *ar_cl_notify)(const char *message, const void *data, size_t bytes, void *user);
typedef void(CL_CALLBACK *ar_cl_built)(cl_program program, void *user);

/* The functions of the ICD loader. */
typedef struct ar_cl {
    ar_library *library;
    ar_mutex *adopting; /* one arete_opencl_adopt_device() at a time, so that a pair is adopted once */
#define AR_CL_MEMBER(result, name, parameters) result(CL_API_CALL *name) parameters;
    AR_CL_FUNCTIONS(AR_CL_MEMBER, AR_CL_MEMBER)
#undef AR_CL_MEMBER
} ar_cl;

/* Where a cl_context's messages go. Outlives the device when somebody else still holds the cl_context. */
typedef struct ar_cl_messages {
    ar_mutex *lock;
    arete_context *context; /* NULL when it is gone */
    struct ar_cl_messages *next;
} ar_cl_messages;

typedef struct ar_cl_device {
    const ar_cl *cl;
    cl_platform_id platform;
    cl_device_id id;
    bool counted; /* id is a sub-device, of which this holds one reference */
    ar_mutex *lock; /* context, messages */
    cl_context context; /* NULL until it is needed, or the adopted one */
    ar_cl_messages *messages; /* NULL for an adopted context */
} ar_cl_device;

typedef struct ar_cl_kernel {
    cl_kernel kernel;
    ar_mutex *lock; /* setting arguments and enqueueing are one step: the arguments live in the cl_kernel */
} ar_cl_kernel;

static inline ar_cl_device *ar_cl_of(const arete_device *device) {
    return device->impl;
}

/* loader.c: the process's table, opened at the first call; NULL with why filled when there is no loader. */
const ar_cl *ar_cl_open(char *why, size_t why_bytes);

/* error.c: "CL_OUT_OF_RESOURCES"; "an unknown code" for others. */
const char *ar_cl_name(cl_int code);
/* Sets the text to the formatted one and ": CL_NAME (code)"; gives ARETE_E_MEMORY for the three codes that mean it,
 * ARETE_E_DEVICE for the others. */
arete_status ar_cl_fail(cl_int code, const char *format, ...) AR_PRINTF(2, 3);

/* describe.c: what the driver says of a device. info's strings hang on text; free with ar_cl_describe_free(). */
typedef struct ar_cl_description {
    arete_device_info info;
    char *text[5];
    uint32_t version; /* 10 * major + minor: 12 for OpenCL 1.2 */
    bool available;
} ar_cl_description;

arete_status ar_cl_describe(const ar_cl *cl, cl_platform_id platform, cl_device_id id, ar_cl_description *out);
void ar_cl_describe_free(ar_cl_description *description);
/* A platform's text, trimmed, freed with ar_os_free; NULL: no memory or no such text. */
char *ar_cl_platform_text(const ar_cl *cl, cl_platform_id platform, cl_platform_info what);
/* Whether word stands among the space-separated words of text. */
bool ar_cl_has_word(const char *text, const char *word);

/* device.c: a new impl, NULL: no memory; and its end. */
ar_cl_device *ar_cl_device_make(const ar_cl *cl, cl_platform_id platform, cl_device_id id);
void ar_cl_device_free(ar_cl_device *device);
/* The device's cl_context, made at the first call. */
arete_status ar_cl_context(arete_device *device, cl_context *context);
/* Whether it is a PoCL platform, by its name. */
bool ar_cl_is_pocl(const char *platform_name);
/* Whether PoCL's workers are pinned, on a device of its. */
bool ar_cl_workers_placed(const arete_device_info *info);

/* subdevices.c */
arete_status ar_cl_split(arete_device *device, uint32_t units_each, arete_device **parts, size_t *count);

extern const ar_device_ops ar_cl_device_ops;
extern const ar_memory_ops ar_cl_memory_ops;
extern const ar_queue_ops ar_cl_queue_ops;
extern const ar_event_ops ar_cl_event_ops;
extern const ar_program_ops ar_cl_program_ops;
extern const ar_host_ops ar_cl_host_ops;

#endif
