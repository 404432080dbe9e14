/* Native error codes: their names, and what they mean as statuses. HIP took CUDA's numbers over. */
#include <stdarg.h>
#include <stdio.h>

#include "hip_internal.h"

#define NAMES(entry)                                                                                               \
    entry(1, INVALID_VALUE) entry(2, OUT_OF_MEMORY) entry(3, NOT_INITIALIZED) entry(4, DEINITIALIZED)              \
    entry(5, PROFILER_DISABLED) entry(9, INVALID_CONFIGURATION) entry(17, INVALID_DEVICE_POINTER)                  \
    entry(21, INVALID_MEMCPY_DIRECTION) entry(34, STUB_LIBRARY) entry(35, INSUFFICIENT_DRIVER)                     \
    entry(36, CALL_REQUIRES_NEWER_DRIVER) entry(46, DEVICE_UNAVAILABLE) entry(52, MISSING_CONFIGURATION)           \
    entry(53, PRIOR_LAUNCH_FAILURE) entry(98, INVALID_DEVICE_FUNCTION) entry(100, NO_DEVICE)                       \
    entry(101, INVALID_DEVICE) entry(102, DEVICE_NOT_LICENSED) entry(200, INVALID_IMAGE)                           \
    entry(201, INVALID_CONTEXT) entry(202, CONTEXT_ALREADY_CURRENT) entry(205, MAP_FAILED)                         \
    entry(206, UNMAP_FAILED) entry(209, NO_BINARY_FOR_GPU) entry(214, ECC_UNCORRECTABLE)                           \
    entry(215, UNSUPPORTED_LIMIT) entry(216, CONTEXT_ALREADY_IN_USE) entry(217, PEER_ACCESS_UNSUPPORTED)           \
    entry(218, INVALID_PTX) entry(220, NVLINK_UNCORRECTABLE) entry(221, JIT_COMPILER_NOT_FOUND)                    \
    entry(222, UNSUPPORTED_PTX_VERSION) entry(223, JIT_COMPILATION_DISABLED) entry(226, CONTAINED)                 \
    entry(300, INVALID_SOURCE) entry(301, FILE_NOT_FOUND) entry(302, SHARED_OBJECT_SYMBOL_NOT_FOUND)               \
    entry(303, SHARED_OBJECT_INIT_FAILED) entry(304, OPERATING_SYSTEM) entry(400, INVALID_HANDLE)                  \
    entry(401, ILLEGAL_STATE) entry(500, NOT_FOUND) entry(600, NOT_READY) entry(700, ILLEGAL_ADDRESS)              \
    entry(701, LAUNCH_OUT_OF_RESOURCES) entry(702, LAUNCH_TIMEOUT) entry(708, PRIMARY_CONTEXT_ACTIVE)              \
    entry(709, CONTEXT_IS_DESTROYED) entry(710, ASSERT) entry(714, HARDWARE_STACK_ERROR)                           \
    entry(715, ILLEGAL_INSTRUCTION) entry(716, MISALIGNED_ADDRESS) entry(717, INVALID_ADDRESS_SPACE)               \
    entry(718, INVALID_PC) entry(719, LAUNCH_FAILED) entry(720, COOPERATIVE_LAUNCH_TOO_LARGE)                      \
    entry(800, NOT_PERMITTED) entry(801, NOT_SUPPORTED) entry(802, SYSTEM_NOT_READY)                               \
    entry(803, SYSTEM_DRIVER_MISMATCH) entry(804, COMPAT_NOT_SUPPORTED_ON_DEVICE)                                  \
    entry(805, MPS_CONNECTION_FAILED) entry(900, STREAM_CAPTURE_UNSUPPORTED)                                       \
    entry(901, STREAM_CAPTURE_INVALIDATED) entry(906, STREAM_CAPTURE_IMPLICIT) entry(907, CAPTURED_EVENT)          \
    entry(908, STREAM_CAPTURE_WRONG_THREAD) entry(909, TIMEOUT) entry(999, UNKNOWN)                                \
    entry(1052, RUNTIME_MEMORY) entry(1053, RUNTIME_OTHER)

const char *ar_hip_name(int code) {
    switch (code) {
#define ENTRY(value, name)                                                                                         \
    case value:                                                                                                    \
        return #name;
        NAMES(ENTRY)
#undef ENTRY
    case 0:
        return "SUCCESS";
    default:
        return "an unknown code";
    }
}

/* After these, every call of the process on that device fails. */
static bool means_lost(int code) {
    switch (code) {
    case 46:  /* DEVICE_UNAVAILABLE */
    case 214: /* ECC_UNCORRECTABLE */
    case 220: /* NVLINK_UNCORRECTABLE */
    case 700: /* ILLEGAL_ADDRESS */
    case 702: /* LAUNCH_TIMEOUT */
    case 709: /* CONTEXT_IS_DESTROYED */
    case 710: /* ASSERT */
    case 714:
    case 715:
    case 716:
    case 717:
    case 718:
    case 719: /* LAUNCH_FAILED */
        return true;
    default:
        return false;
    }
}

arete_status ar_hip_fail(const ar_hip *hip, ar_hip_device *own, int code, const char *format, ...) {
    char what[768];
    va_list list;
    va_start(list, format);
    vsnprintf(what, sizeof what, format, list);
    va_end(list);
    bool lost = means_lost(code);
    if (own && lost) {
        ar_mutex_lock(own->lock);
        own->lost = true;
        ar_mutex_unlock(own->lock);
    }
    return ar_fail(code == 2 ? ARETE_E_MEMORY : ARETE_E_DEVICE, "%s: %s_ERROR_%s (%d)%s", what,
                   hip->flavour->error_prefix, ar_hip_name(code), code,
                   lost ? "; the device is lost to this process: what it held must be made anew in another" : "");
}
