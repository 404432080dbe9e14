/* What a driver says of a device, as an arete_device_info. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "opencl_internal.h"

/* cl_nv_device_attribute_query; not in <CL/cl.h>. */
enum {
    NV_COMPUTE_CAPABILITY_MAJOR = 0x4000,
    NV_COMPUTE_CAPABILITY_MINOR = 0x4001,
    NV_REGISTERS_PER_BLOCK = 0x4002,
    NV_WARP_SIZE = 0x4003
};
/* cl_amd_device_attribute_query. */
enum { AMD_WAVEFRONT_WIDTH = 0x4043 };

enum { TEXT_NAME, TEXT_VENDOR, TEXT_PLATFORM, TEXT_DRIVER, TEXT_EXTENSIONS };

static char *trimmed(char *text) {
    size_t length = strlen(text);
    while (length && isspace((unsigned char)text[length - 1])) {
        text[--length] = 0;
    }
    size_t skip = 0;
    while (isspace((unsigned char)text[skip])) {
        skip++;
    }
    memmove(text, text + skip, length - skip + 1);
    return text;
}

char *ar_cl_platform_text(const ar_cl *cl, cl_platform_id platform, cl_platform_info what) {
    size_t bytes = 0;
    if (cl->clGetPlatformInfo(platform, what, 0, NULL, &bytes)) {
        bytes = 0;
    }
    char *text = ar_os_alloc(bytes + 1);
    if (text && bytes && cl->clGetPlatformInfo(platform, what, bytes, text, NULL)) {
        text[0] = 0;
    }
    return text ? trimmed(text) : NULL;
}

static char *device_text(const ar_cl *cl, cl_device_id id, cl_device_info what) {
    size_t bytes = 0;
    if (cl->clGetDeviceInfo(id, what, 0, NULL, &bytes)) {
        bytes = 0;
    }
    char *text = ar_os_alloc(bytes + 1);
    if (text && bytes && cl->clGetDeviceInfo(id, what, bytes, text, NULL)) {
        text[0] = 0;
    }
    return text ? trimmed(text) : NULL;
}

bool ar_cl_has_word(const char *text, const char *word) {
    size_t length = strlen(word);
    for (const char *at = strstr(text, word); at; at = strstr(at + length, word)) {
        if ((at == text || at[-1] == ' ') && (at[length] == ' ' || at[length] == 0)) {
            return true;
        }
    }
    return false;
}

/* One number of the device; 0 when the driver does not answer. */
static uint32_t number32(const ar_cl *cl, cl_device_id id, cl_device_info what) {
    cl_uint value = 0;
    return cl->clGetDeviceInfo(id, what, sizeof value, &value, NULL) ? 0 : value;
}

static uint64_t number64(const ar_cl *cl, cl_device_id id, cl_device_info what) {
    cl_ulong value = 0;
    return cl->clGetDeviceInfo(id, what, sizeof value, &value, NULL) ? 0 : value;
}

static uint32_t clamped(size_t value) {
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static arete_device_kind device_kind(const ar_cl *cl, cl_device_id id) {
    uint64_t type = number64(cl, id, CL_DEVICE_TYPE);
    return type & CL_DEVICE_TYPE_GPU   ? ARETE_DEVICE_GPU
           : type & CL_DEVICE_TYPE_CPU ? ARETE_DEVICE_CPU
                                       : ARETE_DEVICE_ACCELERATOR;
}

static void describe_groups(const ar_cl *cl, cl_device_id id, arete_device_info *info) {
    size_t most = 0;
    cl->clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof most, &most, NULL);
    info->max_group_size = most ? clamped(most) : 1;
    size_t dims[16] = {0};
    size_t bytes = 0;
    if (cl->clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_ITEM_SIZES, 0, NULL, &bytes) || bytes > sizeof dims ||
        cl->clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_ITEM_SIZES, bytes, dims, NULL)) {
        dims[0] = most;
    }
    for (int i = 0; i < 3; i++) {
        info->max_group_dims[i] = dims[i] ? clamped(dims[i]) : 1;
    }
}

static void describe_memory(const ar_cl *cl, cl_device_id id, arete_device_info *info) {
    info->memory_bytes = number64(cl, id, CL_DEVICE_GLOBAL_MEM_SIZE);
    info->max_buffer_bytes = number64(cl, id, CL_DEVICE_MAX_MEM_ALLOC_SIZE);
    info->cache_bytes = number64(cl, id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE);
    if (!info->cache_bytes && info->kind == ARETE_DEVICE_CPU) {
        info->cache_bytes = ar_os_last_cache_bytes();
    }
    uint32_t line = number32(cl, id, CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE);
    info->cache_line = line ? line : 64;
    info->local_bytes = number64(cl, id, CL_DEVICE_LOCAL_MEM_SIZE);
    info->local_is_dedicated = number32(cl, id, CL_DEVICE_LOCAL_MEM_TYPE) == CL_LOCAL;
    info->unified_memory = number32(cl, id, CL_DEVICE_HOST_UNIFIED_MEMORY) != 0;
}

/* On a CPU a driver that vectorises over work-items (llvmpipe) says 1, but CPU-class kernels have one item in a
 * group and bring their own vectors: they want at least the 128 bits that every CPU has. */
static void describe_vectors(const ar_cl *cl, cl_device_id id, const char *extensions, arete_device_info *info) {
    uint32_t f32 = number32(cl, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT);
    uint32_t f64 = number32(cl, id, CL_DEVICE_NATIVE_VECTOR_WIDTH_DOUBLE);
    uint32_t least = info->kind == ARETE_DEVICE_CPU ? 4 : 1;
    info->has_f64 = number64(cl, id, CL_DEVICE_DOUBLE_FP_CONFIG) != 0 || ar_cl_has_word(extensions, "cl_khr_fp64");
    info->has_f16 = ar_cl_has_word(extensions, "cl_khr_fp16");
    info->has_int64_atomics = ar_cl_has_word(extensions, "cl_khr_int64_base_atomics") &&
                              ar_cl_has_word(extensions, "cl_khr_int64_extended_atomics");
    info->vector_f32 = f32 > least ? f32 : least;
    least = least > 1 ? 2 : 1;
    info->vector_f64 = !info->has_f64 ? 0 : f64 > least ? f64 : least;
    if (ar_cl_has_word(extensions, "cl_nv_device_attribute_query")) {
        info->compute_capability = 10 * number32(cl, id, NV_COMPUTE_CAPABILITY_MAJOR) +
                                   number32(cl, id, NV_COMPUTE_CAPABILITY_MINOR);
        info->registers_per_unit = number32(cl, id, NV_REGISTERS_PER_BLOCK);
        info->subgroup_size = number32(cl, id, NV_WARP_SIZE);
    }
    if (ar_cl_has_word(extensions, "cl_amd_device_attribute_query")) {
        info->subgroup_size = number32(cl, id, AMD_WAVEFRONT_WIDTH);
    }
}

/* "OpenCL 1.2 vendor text" -> 12; 0 when it is something else. */
static uint32_t version_of(const char *text) {
    unsigned major = 0, minor = 0;
    return sscanf(text, "OpenCL %2u.%2u", &major, &minor) == 2 ? 10 * major + minor : 0;
}

arete_status ar_cl_describe(const ar_cl *cl, cl_platform_id platform, cl_device_id id, ar_cl_description *out) {
    *out = (ar_cl_description){.info.backend = ar_backend_opencl.name};
    char *version = device_text(cl, id, CL_DEVICE_VERSION);
    out->text[TEXT_NAME] = device_text(cl, id, CL_DEVICE_NAME);
    out->text[TEXT_VENDOR] = device_text(cl, id, CL_DEVICE_VENDOR);
    out->text[TEXT_PLATFORM] = ar_cl_platform_text(cl, platform, CL_PLATFORM_NAME);
    out->text[TEXT_DRIVER] = device_text(cl, id, CL_DRIVER_VERSION);
    out->text[TEXT_EXTENSIONS] = device_text(cl, id, CL_DEVICE_EXTENSIONS);
    bool complete = version != NULL;
    for (size_t i = 0; i < sizeof out->text / sizeof *out->text; i++) {
        complete = complete && out->text[i];
    }
    if (!complete) {
        ar_os_free(version);
        ar_cl_describe_free(out);
        return ar_fail_memory("the description of an OpenCL device", sizeof *out);
    }
    out->version = version_of(version);
    ar_os_free(version);
    out->available = number32(cl, id, CL_DEVICE_AVAILABLE) != 0;

    arete_device_info *info = &out->info;
    info->name = out->text[TEXT_NAME];
    info->vendor = out->text[TEXT_VENDOR];
    info->platform = out->text[TEXT_PLATFORM];
    info->driver = out->text[TEXT_DRIVER];
    info->extensions = out->text[TEXT_EXTENSIONS];
    info->kind = device_kind(cl, id);
    info->compute_units = number32(cl, id, CL_DEVICE_MAX_COMPUTE_UNITS);
    info->compute_units = info->compute_units ? info->compute_units : 1;
    info->clock_mhz = number32(cl, id, CL_DEVICE_MAX_CLOCK_FREQUENCY);
    describe_memory(cl, id, info);
    describe_groups(cl, id, info);
    describe_vectors(cl, id, info->extensions, info);
    info->workers_pinned = ar_cl_workers_placed(info);
    return ARETE_OK;
}

void ar_cl_describe_free(ar_cl_description *description) {
    for (size_t i = 0; i < sizeof description->text / sizeof *description->text; i++) {
        ar_os_free(description->text[i]);
        description->text[i] = NULL;
    }
}
