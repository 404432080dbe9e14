/* Native error codes: their names, and what they mean as statuses. */
#include <stdarg.h>
#include <stdio.h>

#include "opencl_internal.h"

#define NAMES(entry)                                                                                               \
    entry(-1, DEVICE_NOT_FOUND) entry(-2, DEVICE_NOT_AVAILABLE) entry(-3, COMPILER_NOT_AVAILABLE)                  \
    entry(-4, MEM_OBJECT_ALLOCATION_FAILURE) entry(-5, OUT_OF_RESOURCES) entry(-6, OUT_OF_HOST_MEMORY)             \
    entry(-7, PROFILING_INFO_NOT_AVAILABLE) entry(-8, MEM_COPY_OVERLAP) entry(-9, IMAGE_FORMAT_MISMATCH)           \
    entry(-10, IMAGE_FORMAT_NOT_SUPPORTED) entry(-11, BUILD_PROGRAM_FAILURE) entry(-12, MAP_FAILURE)               \
    entry(-13, MISALIGNED_SUB_BUFFER_OFFSET) entry(-14, EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST)                 \
    entry(-15, COMPILE_PROGRAM_FAILURE) entry(-16, LINKER_NOT_AVAILABLE) entry(-17, LINK_PROGRAM_FAILURE)          \
    entry(-18, DEVICE_PARTITION_FAILED) entry(-19, KERNEL_ARG_INFO_NOT_AVAILABLE)                                  \
    entry(-30, INVALID_VALUE) entry(-31, INVALID_DEVICE_TYPE) entry(-32, INVALID_PLATFORM)                         \
    entry(-33, INVALID_DEVICE) entry(-34, INVALID_CONTEXT) entry(-35, INVALID_QUEUE_PROPERTIES)                    \
    entry(-36, INVALID_COMMAND_QUEUE) entry(-37, INVALID_HOST_PTR) entry(-38, INVALID_MEM_OBJECT)                  \
    entry(-39, INVALID_IMAGE_FORMAT_DESCRIPTOR) entry(-40, INVALID_IMAGE_SIZE) entry(-41, INVALID_SAMPLER)         \
    entry(-42, INVALID_BINARY) entry(-43, INVALID_BUILD_OPTIONS) entry(-44, INVALID_PROGRAM)                       \
    entry(-45, INVALID_PROGRAM_EXECUTABLE) entry(-46, INVALID_KERNEL_NAME) entry(-47, INVALID_KERNEL_DEFINITION)   \
    entry(-48, INVALID_KERNEL) entry(-49, INVALID_ARG_INDEX) entry(-50, INVALID_ARG_VALUE)                         \
    entry(-51, INVALID_ARG_SIZE) entry(-52, INVALID_KERNEL_ARGS) entry(-53, INVALID_WORK_DIMENSION)                \
    entry(-54, INVALID_WORK_GROUP_SIZE) entry(-55, INVALID_WORK_ITEM_SIZE) entry(-56, INVALID_GLOBAL_OFFSET)       \
    entry(-57, INVALID_EVENT_WAIT_LIST) entry(-58, INVALID_EVENT) entry(-59, INVALID_OPERATION)                    \
    entry(-60, INVALID_GL_OBJECT) entry(-61, INVALID_BUFFER_SIZE) entry(-62, INVALID_MIP_LEVEL)                    \
    entry(-63, INVALID_GLOBAL_WORK_SIZE) entry(-64, INVALID_PROPERTY) entry(-65, INVALID_IMAGE_DESCRIPTOR)         \
    entry(-66, INVALID_COMPILER_OPTIONS) entry(-67, INVALID_LINKER_OPTIONS)                                        \
    entry(-68, INVALID_DEVICE_PARTITION_COUNT) entry(-69, INVALID_PIPE_SIZE) entry(-70, INVALID_DEVICE_QUEUE)      \
    entry(-71, INVALID_SPEC_ID) entry(-72, MAX_SIZE_RESTRICTION_EXCEEDED) entry(-1001, PLATFORM_NOT_FOUND_KHR)     \
    entry(-1057, DEVICE_PARTITION_FAILED_EXT) entry(-1058, INVALID_PARTITION_COUNT_EXT)                            \
    entry(-9999, NVIDIA_ILLEGAL_READ_OR_WRITE)

const char *ar_cl_name(cl_int code) {
    switch (code) {
#define ENTRY(value, name)                                                                                         \
    case value:                                                                                                    \
        return "CL_" #name;
        NAMES(ENTRY)
#undef ENTRY
    case CL_SUCCESS:
        return "CL_SUCCESS";
    default:
        return "an unknown OpenCL code";
    }
}

arete_status ar_cl_fail(cl_int code, const char *format, ...) {
    char what[768];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    bool memory = code == CL_MEM_OBJECT_ALLOCATION_FAILURE || code == CL_OUT_OF_RESOURCES ||
                  code == CL_OUT_OF_HOST_MEMORY;
    return ar_fail(memory ? ARETE_E_MEMORY : ARETE_E_DEVICE, "%s: %s (%d)", what, ar_cl_name(code), (int)code);
}
