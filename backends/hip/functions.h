/* The driver functions that the backend calls, one entry each: AR_HIP_FUNCTIONS(need, may) expands to
 *   need(name, HIP's, CUDA's, parameters)   must be there;
 *   may(name, HIP's, CUDA's, parameters)    NULL where the library lacks it; its callers check.
 * A flavour that has no such function at all has "" there. HIP's module-level calls are CUDA's driver calls one to
 * one: the same parameters, codes and meanings. All give int; handles are void pointers (CUdeviceptr too, which is an
 * integer of that size); streams, events, modules and functions are the driver's own.
 */
#ifndef AR_HIP_FUNCTIONS_H
#define AR_HIP_FUNCTIONS_H

#define AR_HIP_FUNCTIONS(need, may)                                                                                \
    need(init, "hipInit", "cuInit", (unsigned flags))                                                              \
    need(driver_version, "hipDriverGetVersion", "cuDriverGetVersion", (int *version))                              \
    need(device_count, "hipGetDeviceCount", "cuDeviceGetCount", (int *count))                                      \
    need(device_get, "hipDeviceGet", "cuDeviceGet", (int *device, int ordinal))                                    \
    need(device_name, "hipDeviceGetName", "cuDeviceGetName", (char *name, int bytes, int device))                  \
    need(device_memory, "hipDeviceTotalMem", "cuDeviceTotalMem_v2", (size_t *bytes, int device))                   \
    need(device_attribute, "hipDeviceGetAttribute", "cuDeviceGetAttribute", (int *value, int which, int device))   \
    /* AMD: the thread's current device; a struct that has the architecture's name, in either of its layouts */    \
    may(current_device, "hipGetDevice", "", (int *device))                                                         \
    may(use_device, "hipSetDevice", "", (int device))                                                              \
    may(properties, "hipGetDeviceProperties", "", (void *properties, int device))                                  \
    may(properties_6, "hipGetDevicePropertiesR0600", "", (void *properties, int device))                           \
    /* NVIDIA: the device's primary context, and the thread's stack of contexts */                                 \
    may(context_retain, "", "cuDevicePrimaryCtxRetain", (void **context, int device))                              \
    may(context_release, "", "cuDevicePrimaryCtxRelease_v2", (int device))                                         \
    may(context_push, "", "cuCtxPushCurrent_v2", (void *context))                                                  \
    may(context_pop, "", "cuCtxPopCurrent_v2", (void **context))                                                   \
    may(stream_context, "", "cuStreamGetCtx", (void *stream, void **context))                                      \
    need(synchronize, "hipDeviceSynchronize", "cuCtxSynchronize", (void))                                          \
    need(memory_alloc, "hipMalloc", "cuMemAlloc_v2", (void **at, size_t bytes))                                    \
    need(memory_free, "hipFree", "cuMemFree_v2", (void *at))                                                       \
    need(memory_range, "hipMemGetAddressRange", "cuMemGetAddressRange_v2", (void **base, size_t *bytes, void *at)) \
    need(host_alloc, "hipHostMalloc", "cuMemHostAlloc", (void **at, size_t bytes, unsigned flags))                 \
    need(host_free, "hipHostFree", "cuMemFreeHost", (void *at))                                                    \
    need(copy_in, "hipMemcpyHtoDAsync", "cuMemcpyHtoDAsync_v2",                                                    \
         (void *to, const void *from, size_t bytes, void *stream))                                                 \
    need(copy_out, "hipMemcpyDtoHAsync", "cuMemcpyDtoHAsync_v2",                                                   \
         (void *to, void *from, size_t bytes, void *stream))                                                       \
    need(copy, "hipMemcpyDtoDAsync", "cuMemcpyDtoDAsync_v2", (void *to, void *from, size_t bytes, void *stream))   \
    need(set_8, "hipMemsetD8Async", "cuMemsetD8Async", (void *at, unsigned char x, size_t count, void *stream))    \
    need(set_16, "hipMemsetD16Async", "cuMemsetD16Async", (void *at, unsigned short x, size_t count, void *stream)) \
    need(set_32, "hipMemsetD32Async", "cuMemsetD32Async", (void *at, unsigned x, size_t count, void *stream))      \
    need(stream_create, "hipStreamCreateWithFlags", "cuStreamCreate", (void **stream, unsigned flags))             \
    need(stream_destroy, "hipStreamDestroy", "cuStreamDestroy_v2", (void *stream))                                 \
    need(stream_wait, "hipStreamWaitEvent", "cuStreamWaitEvent", (void *stream, void *event, unsigned flags))      \
    need(stream_synchronize, "hipStreamSynchronize", "cuStreamSynchronize", (void *stream))                        \
    need(event_create, "hipEventCreateWithFlags", "cuEventCreate", (void **event, unsigned flags))                 \
    need(event_destroy, "hipEventDestroy", "cuEventDestroy_v2", (void *event))                                     \
    need(event_record, "hipEventRecord", "cuEventRecord", (void *event, void *stream))                             \
    need(event_synchronize, "hipEventSynchronize", "cuEventSynchronize", (void *event))                            \
    need(event_query, "hipEventQuery", "cuEventQuery", (void *event))                                              \
    need(event_elapsed, "hipEventElapsedTime", "cuEventElapsedTime", (float *ms, void *start, void *end))          \
    need(module_load, "hipModuleLoadData", "cuModuleLoadData", (void **module, const void *image))                 \
    need(module_unload, "hipModuleUnload", "cuModuleUnload", (void *module))                                       \
    need(module_function, "hipModuleGetFunction", "cuModuleGetFunction",                                           \
         (void **function, void *module, const char *name))                                                        \
    need(launch, "hipModuleLaunchKernel", "cuLaunchKernel",                                                        \
         (void *function, unsigned groups_x, unsigned groups_y, unsigned groups_z, unsigned x, unsigned y,         \
          unsigned z, unsigned local_bytes, void *stream, void **arguments, void **extra))

#endif
