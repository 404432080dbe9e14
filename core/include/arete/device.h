/* Devices: what is here, through which driver, what it can do. */
#ifndef ARETE_DEVICE_H
#define ARETE_DEVICE_H

#include "arete/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Belongs to its context and lives as long; not counted. */
typedef struct arete_device arete_device;

typedef enum arete_device_kind {
    ARETE_DEVICE_REFERENCE = 0,  /**< plain C functions on the calling thread */
    ARETE_DEVICE_CPU = 1,        /**< wants CPU-class kernels */
    ARETE_DEVICE_GPU = 2,        /**< wants GPU-class kernels */
    ARETE_DEVICE_ACCELERATOR = 3 /**< anything else; is given GPU-class kernels */
} arete_device_kind;

/** What is known of a device without measuring. Fields are only ever appended. Strings are never NULL. */
typedef struct arete_device_info {
    const char *id;       /**< "opencl:0": backend and index in it, the name for ARETE_DEVICE and --device */
    const char *backend;  /**< "opencl" */
    const char *name;     /**< as the driver gives it, trimmed */
    const char *vendor;
    const char *platform; /**< "Portable Computing Language"; empty where the backend has none */
    const char *driver;   /**< the driver's version, in full */
    arete_device_kind kind;
    uint32_t compute_units;
    uint32_t clock_mhz;     /**< 0: the driver does not say */
    uint64_t memory_bytes;  /**< global memory */
    uint64_t max_buffer_bytes;
    uint64_t cache_bytes;   /**< the last cache; 0: unknown */
    uint32_t cache_line;    /**< bytes; at least 64 when unknown */
    uint64_t local_bytes;   /**< local memory of one work-group */
    bool local_is_dedicated; /**< false where local memory is plain memory (CPUs, some Mali) */
    bool unified_memory;     /**< host and device share memory */
    uint32_t max_group_size; /**< work-items of one work-group */
    uint32_t max_group_dims[3];
    uint32_t vector_f32; /**< native vector width in f32 elements (1 on most GPUs), or the forced one */
    uint32_t vector_f64; /**< likewise in f64 elements; 0 without f64 */
    bool has_f64;
    bool has_f16;        /**< half arithmetic; f16 storage needs none */
    bool has_int64_atomics;
    bool workers_pinned; /**< CPU driver's workers are known to be spread over the cores */
    uint32_t compute_capability; /**< NVIDIA: 10 * major + minor; 0 elsewhere */
    const char *extensions;      /**< space-separated, as the driver gives them */
    uint32_t subgroup_size;      /**< work-items that run in step (warp, wavefront); 0: unknown, or none */
    uint32_t registers_per_unit; /**< 32-bit registers of a compute unit; 0: unknown */
    uint32_t items_per_unit;     /**< work-items that a compute unit keeps resident at most; 0: unknown */
} arete_device_info;

/** How many devices the context has: at least 1 (reference), unless the backends were restricted. */
ARETE_API size_t arete_device_count(const arete_context *context);

/** The device at index (the order of arete_device_count), or NULL past the end. Borrowed. */
ARETE_API arete_device *arete_device_at(const arete_context *context, size_t index);

/**
 * Finds a device by selector: an id ("opencl:0", "reference"), or a part of its name or platform, regardless
 * of case. NULL: ARETE_DEVICE if set, else the first GPU, else the first CPU device, else reference (and says
 * so once in the log).
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_NOT_FOUND (the text lists what is here, and says when several
 * devices match).
 */
ARETE_API arete_status arete_device_find(arete_context *context, const char *selector, arete_device **device);

/** What is known of it; valid while the context lives. NULL gives NULL. */
ARETE_API const arete_device_info *arete_device_get_info(const arete_device *device);

/** The context it belongs to; borrowed. */
ARETE_API arete_context *arete_device_context(const arete_device *device);

/**
 * Splits a device into sub-devices of units_each compute units, which join the context's list with ids such as
 * "opencl:0.1". *count takes in the room in parts and gives out how many were made; parts are borrowed.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_UNSUPPORTED (the device cannot be split so), ARETE_E_MEMORY,
 * ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_device_split(arete_device *device, uint32_t units_each, arete_device **parts,
                                          size_t *count);

#ifdef __cplusplus
}
#endif
#endif
