/* Buffers: plain cl_mem. OpenCL aligns them for its largest type, 128 bytes. */
#include "opencl_internal.h"

static arete_status cl_memory_alloc(arete_device *device, uint64_t bytes, void **impl) {
    ar_cl_device *own = ar_cl_of(device);
    uint64_t limit = device->info.max_buffer_bytes;
    if (bytes > limit || bytes > SIZE_MAX) {
        return ar_fail(ARETE_E_MEMORY,
                       "a buffer of %llu bytes: %s (%s) takes at most %llu in one buffer, of %llu in all; split it",
                       (unsigned long long)bytes, device->info.id, device->info.name, (unsigned long long)limit,
                       (unsigned long long)device->info.memory_bytes);
    }
    cl_context context;
    arete_status status = ar_cl_context(device, &context);
    if (status) {
        return status;
    }
    cl_int code = CL_SUCCESS;
    cl_mem mem = own->cl->clCreateBuffer(context, CL_MEM_READ_WRITE, (size_t)bytes, NULL, &code);
    if (!mem || code) {
        return ar_cl_fail(code, "a buffer of %llu bytes on %s, which has %llu in all", (unsigned long long)bytes,
                          device->info.id, (unsigned long long)device->info.memory_bytes);
    }
    *impl = mem;
    return ARETE_OK;
}

static void cl_memory_free(arete_device *device, void *impl) {
    ar_cl_of(device)->cl->clReleaseMemObject(impl);
}

const ar_memory_ops ar_cl_memory_ops = {.alloc = cl_memory_alloc, .free = cl_memory_free};
