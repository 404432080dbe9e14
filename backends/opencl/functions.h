/* The OpenCL functions that the backend calls: AR_CL_FUNCTIONS(need, may) expands to one entry each,
 *   need(result, name, parameters)  must be in the ICD loader, else there is no OpenCL 1.2 here;
 *   may(result, name, parameters)   NULL where the loader lacks it; its callers check.
 */
#ifndef AR_CL_FUNCTIONS_H
#define AR_CL_FUNCTIONS_H

#define AR_CL_FUNCTIONS(need, may)                                                                                 \
    need(cl_int, clGetPlatformIDs, (cl_uint, cl_platform_id *, cl_uint *))                                         \
    need(cl_int, clGetPlatformInfo, (cl_platform_id, cl_platform_info, size_t, void *, size_t *))                  \
    need(cl_int, clGetDeviceIDs, (cl_platform_id, cl_device_type, cl_uint, cl_device_id *, cl_uint *))             \
    need(cl_int, clGetDeviceInfo, (cl_device_id, cl_device_info, size_t, void *, size_t *))                        \
    may(cl_int, clCreateSubDevices,                                                                                \
        (cl_device_id, const cl_device_partition_property *, cl_uint, cl_device_id *, cl_uint *))                  \
    may(cl_int, clRetainDevice, (cl_device_id))                                                                    \
    may(cl_int, clReleaseDevice, (cl_device_id))                                                                   \
    need(cl_context, clCreateContext,                                                                              \
         (const cl_context_properties *, cl_uint, const cl_device_id *, ar_cl_notify, void *, cl_int *))           \
    need(cl_int, clRetainContext, (cl_context))                                                                    \
    need(cl_int, clReleaseContext, (cl_context))                                                                   \
    need(cl_int, clGetContextInfo, (cl_context, cl_context_info, size_t, void *, size_t *))                        \
    need(cl_command_queue, clCreateCommandQueue,                                                                   \
         (cl_context, cl_device_id, cl_command_queue_properties, cl_int *))                                        \
    need(cl_int, clRetainCommandQueue, (cl_command_queue))                                                         \
    need(cl_int, clReleaseCommandQueue, (cl_command_queue))                                                        \
    need(cl_int, clGetCommandQueueInfo, (cl_command_queue, cl_command_queue_info, size_t, void *, size_t *))       \
    need(cl_int, clFlush, (cl_command_queue))                                                                      \
    need(cl_int, clFinish, (cl_command_queue))                                                                     \
    need(cl_mem, clCreateBuffer, (cl_context, cl_mem_flags, size_t, void *, cl_int *))                             \
    need(cl_int, clRetainMemObject, (cl_mem))                                                                      \
    need(cl_int, clReleaseMemObject, (cl_mem))                                                                     \
    need(cl_int, clGetMemObjectInfo, (cl_mem, cl_mem_info, size_t, void *, size_t *))                              \
    need(cl_program, clCreateProgramWithSource,                                                                    \
         (cl_context, cl_uint, const char **, const size_t *, cl_int *))                                           \
    need(cl_program, clCreateProgramWithBinary,                                                                    \
         (cl_context, cl_uint, const cl_device_id *, const size_t *, const unsigned char **, cl_int *, cl_int *))  \
    need(cl_int, clReleaseProgram, (cl_program))                                                                   \
    need(cl_int, clBuildProgram,                                                                                   \
         (cl_program, cl_uint, const cl_device_id *, const char *, ar_cl_built, void *))                           \
    need(cl_int, clGetProgramInfo, (cl_program, cl_program_info, size_t, void *, size_t *))                        \
    need(cl_int, clGetProgramBuildInfo,                                                                            \
         (cl_program, cl_device_id, cl_program_build_info, size_t, void *, size_t *))                              \
    need(cl_kernel, clCreateKernel, (cl_program, const char *, cl_int *))                                          \
    need(cl_int, clReleaseKernel, (cl_kernel))                                                                     \
    need(cl_int, clSetKernelArg, (cl_kernel, cl_uint, size_t, const void *))                                       \
    need(cl_int, clWaitForEvents, (cl_uint, const cl_event *))                                                     \
    need(cl_int, clGetEventInfo, (cl_event, cl_event_info, size_t, void *, size_t *))                              \
    need(cl_int, clRetainEvent, (cl_event))                                                                        \
    need(cl_int, clReleaseEvent, (cl_event))                                                                       \
    need(cl_int, clGetEventProfilingInfo, (cl_event, cl_profiling_info, size_t, void *, size_t *))                 \
    need(cl_int, clEnqueueReadBuffer,                                                                              \
         (cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint, const cl_event *, cl_event *))       \
    need(cl_int, clEnqueueWriteBuffer,                                                                             \
         (cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint, const cl_event *, cl_event *)) \
    need(cl_int, clEnqueueCopyBuffer,                                                                              \
         (cl_command_queue, cl_mem, cl_mem, size_t, size_t, size_t, cl_uint, const cl_event *, cl_event *))        \
    need(cl_int, clEnqueueFillBuffer,                                                                              \
         (cl_command_queue, cl_mem, const void *, size_t, size_t, size_t, cl_uint, const cl_event *, cl_event *))  \
    may(void *, clEnqueueMapBuffer,                                                                                \
        (cl_command_queue, cl_mem, cl_bool, cl_map_flags, size_t, size_t, cl_uint, const cl_event *, cl_event *,   \
         cl_int *))                                                                                                \
    may(cl_int, clEnqueueUnmapMemObject,                                                                           \
        (cl_command_queue, cl_mem, void *, cl_uint, const cl_event *, cl_event *))                                 \
    need(cl_int, clEnqueueNDRangeKernel,                                                                           \
         (cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *, const size_t *, cl_uint,           \
          const cl_event *, cl_event *))                                                                           \
    need(cl_int, clEnqueueMarkerWithWaitList, (cl_command_queue, cl_uint, const cl_event *, cl_event *))           \
    need(cl_int, clEnqueueBarrierWithWaitList, (cl_command_queue, cl_uint, const cl_event *, cl_event *))

#endif
