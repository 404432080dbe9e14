/* Page-locked host memory: a buffer that OpenCL asks the driver to keep where the host reaches it, mapped for its whole
 * life; on the drivers that have such memory this is it. Mapped buffers. */
#include "opencl_internal.h"

static arete_status mapped(arete_queue *queue, cl_mem mem, cl_map_flags how, uint64_t offset, uint64_t bytes,
                           void **pointer) {
    const ar_cl *cl = ar_cl_of(queue->device)->cl;
    cl_int code = CL_SUCCESS;
    if (!cl->clEnqueueMapBuffer || !cl->clEnqueueUnmapMemObject) {
        return ar_fail(ARETE_E_UNSUPPORTED, "the OpenCL loader cannot map buffers");
    }
    *pointer = cl->clEnqueueMapBuffer(queue->impl, mem, CL_TRUE, how, (size_t)offset, (size_t)bytes, 0, NULL, NULL,
                                      &code);
    return code || !*pointer ? ar_cl_fail(code, "mapping %llu bytes on %s", (unsigned long long)bytes,
                                          queue->device->info.id)
                             : ARETE_OK;
}

static arete_status unmapped(arete_queue *queue, cl_mem mem, void *pointer) {
    const ar_cl *cl = ar_cl_of(queue->device)->cl;
    cl_int code = cl->clEnqueueUnmapMemObject(queue->impl, mem, pointer, 0, NULL, NULL);
    if (!code) {
        code = cl->clFinish(queue->impl);
    }
    return code ? ar_cl_fail(code, "unmapping on %s", queue->device->info.id) : ARETE_OK;
}

static arete_status cl_host_pin(arete_queue *queue, uint64_t bytes, void **impl, void **pointer) {
    const ar_cl *cl = ar_cl_of(queue->device)->cl;
    cl_context context;
    arete_status status = ar_cl_context(queue->device, &context);
    if (status) {
        return status;
    }
    cl_int code = CL_SUCCESS;
    cl_mem mem = cl->clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, (size_t)bytes, NULL, &code);
    if (!mem || code) {
        return ar_cl_fail(code, "%llu bytes of page-locked memory for %s", (unsigned long long)bytes,
                          queue->device->info.id);
    }
    status = mapped(queue, mem, CL_MAP_READ | CL_MAP_WRITE, 0, bytes, pointer);
    if (status) {
        cl->clReleaseMemObject(mem);
        return status;
    }
    *impl = mem;
    return ARETE_OK;
}

static void cl_host_unpin(arete_queue *queue, void *impl, void *pointer) {
    (void)unmapped(queue, impl, pointer);
    ar_cl_of(queue->device)->cl->clReleaseMemObject(impl);
}

static arete_status cl_host_map(arete_queue *queue, arete_buffer *buffer, uint64_t offset, uint64_t bytes, bool write,
                                void **pointer) {
    return mapped(queue, buffer->impl, write ? CL_MAP_WRITE_INVALIDATE_REGION : CL_MAP_READ, offset, bytes, pointer);
}

static arete_status cl_host_unmap(arete_queue *queue, arete_buffer *buffer, void *pointer) {
    return unmapped(queue, buffer->impl, pointer);
}

const ar_host_ops ar_cl_host_ops = {cl_host_pin, cl_host_unpin, cl_host_map, cl_host_unmap};
