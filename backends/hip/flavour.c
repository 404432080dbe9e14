/* The two flavours: where their libraries are, what their numbers mean; opened at run time. */
#include <stdio.h>
#include <unistd.h>

#include "hip_internal.h"

#if defined(_WIN32)
static const char *const amd_libraries[] = {"amdhip64_7.dll", "amdhip64_6.dll", "amdhip64.dll"};
static const char *const nvidia_libraries[] = {"nvcuda.dll"};
#else
static const char *const amd_libraries[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                            "libamdhip64.so"};
static const char *const nvidia_libraries[] = {"libcuda.so.1", "libcuda.so"};
#endif
#if defined(__linux__)
/* The kernel driver's node, or Windows' below a Linux. Loading the library brings in a compiler (LLVM) that may not
 * bear another one in the process, so it is left alone where it would find nothing. */
static const char *const amd_nodes[] = {"/dev/kfd", "/dev/dxg", NULL};
#define AMD_NODES amd_nodes
#else
#define AMD_NODES NULL
#endif
#define LIST(names) .libraries = names, .library_count = sizeof names / sizeof *names

/* Numbers: hipDeviceAttribute_t of ROCm 5 and newer; CUdevice_attribute. */
const ar_hip_flavour ar_hip_flavours[AR_HIP_FLAVOURS] = {
    [AR_HIP_AMD] = {.name = "amd", .vendor = "Advanced Micro Devices, Inc.", .platform = "HIP",
                    .variable = "ARETE_HIP_LIBRARY", LIST(amd_libraries), .nodes = AMD_NODES,
                    .error_prefix = "HIP",
                    .facts = {[AR_HIP_UNITS] = 63, [AR_HIP_CLOCK_KHZ] = 5, [AR_HIP_WARP] = 87, [AR_HIP_GROUP] = 56,
                              [AR_HIP_GROUP_X] = 26, [AR_HIP_GROUP_Y] = 27, [AR_HIP_GROUP_Z] = 28,
                              [AR_HIP_GRID_X] = 29, [AR_HIP_GRID_Y] = 30, [AR_HIP_GRID_Z] = 31,
                              [AR_HIP_LOCAL_BYTES] = 74, [AR_HIP_REGISTERS] = 72, [AR_HIP_ITEMS] = 57,
                              [AR_HIP_CACHE_BYTES] = 19, [AR_HIP_INTEGRATED] = 16, [AR_HIP_MAJOR] = 23,
                              [AR_HIP_MINOR] = 61}},
    [AR_HIP_NVIDIA] = {.name = "nvidia", .vendor = "NVIDIA Corporation", .platform = "CUDA driver",
                       .variable = "ARETE_CUDA_LIBRARY", LIST(nvidia_libraries), .nodes = NULL,
                       .error_prefix = "CUDA",
                       .facts = {[AR_HIP_UNITS] = 16, [AR_HIP_CLOCK_KHZ] = 13, [AR_HIP_WARP] = 10,
                                 [AR_HIP_GROUP] = 1, [AR_HIP_GROUP_X] = 2, [AR_HIP_GROUP_Y] = 3,
                                 [AR_HIP_GROUP_Z] = 4, [AR_HIP_GRID_X] = 5, [AR_HIP_GRID_Y] = 6,
                                 [AR_HIP_GRID_Z] = 7, [AR_HIP_LOCAL_BYTES] = 8, [AR_HIP_REGISTERS] = 82,
                                 [AR_HIP_ITEMS] = 39, [AR_HIP_CACHE_BYTES] = 38, [AR_HIP_INTEGRATED] = 18,
                                 [AR_HIP_MAJOR] = 75, [AR_HIP_MINOR] = 76}},
};

/* One table a flavour and process, never closed: drivers leave threads and exit handlers behind. */
static _Atomic(ar_hip *) shared[AR_HIP_FLAVOURS];

/* Gives the first function that is missing and mandatory, else NULL. */
static const char *table_fill(ar_hip *hip, int flavour) {
    const char *missing = NULL;
    void *symbol;
    /* A data pointer becomes a function pointer through a union: POSIX and Windows promise that it works. */
#define TAKE(name, amd, nvidia, parameters)                                                                        \
    symbol = (flavour == AR_HIP_AMD ? amd : nvidia)[0]                                                             \
                 ? ar_library_symbol(hip->library, flavour == AR_HIP_AMD ? amd : nvidia)                           \
                 : NULL;                                                                                           \
    hip->name = ((union { void *data; int(*function) parameters; }){.data = symbol}).function;
#define NEED(name, amd, nvidia, parameters)                                                                        \
    TAKE(name, amd, nvidia, parameters)                                                                            \
    missing = symbol || missing ? missing : (flavour == AR_HIP_AMD ? amd : nvidia);
    AR_HIP_FUNCTIONS(NEED, TAKE)
#undef NEED
#undef TAKE
    if (!missing && flavour == AR_HIP_NVIDIA && !(hip->context_retain && hip->context_push && hip->context_pop)) {
        missing = "its calls for contexts";
    }
    if (!missing && flavour == AR_HIP_AMD && !(hip->current_device && hip->use_device)) {
        missing = "its calls for devices";
    }
    return missing;
}

static bool has_node(const ar_hip_flavour *flavour) {
    for (size_t i = 0; flavour->nodes && flavour->nodes[i]; i++) {
        if (access(flavour->nodes[i], F_OK) == 0) {
            return true;
        }
    }
    return flavour->nodes == NULL;
}

const ar_hip *ar_hip_open(int flavour, char *why, size_t why_bytes) {
    const ar_hip_flavour *of = &ar_hip_flavours[flavour];
    ar_hip *hip = atomic_load(&shared[flavour]), *first = NULL;
    if (hip) {
        return hip;
    }
    const char *chosen = ar_os_env(of->variable), *missing = NULL;
    char reason[256] = "";
    if (!chosen && !has_node(of)) {
        snprintf(why, why_bytes, "no %s", of->nodes[0]);
        return NULL;
    }
    hip = ar_os_alloc(sizeof *hip);
    if (!hip) {
        snprintf(why, why_bytes, "no memory");
        return NULL;
    }
    hip->flavour = of;
    hip->library = chosen ? ar_library_open(&chosen, 1, reason, sizeof reason)
                          : ar_library_open(of->libraries, of->library_count, reason, sizeof reason);
    if (!hip->library) {
        snprintf(why, why_bytes, "no %s (%s)", of->libraries[0], reason);
    } else if ((missing = table_fill(hip, flavour)) != NULL) {
        snprintf(why, why_bytes, "the library lacks %s: a newer one is needed", missing);
    } else {
        int code = hip->init(0);
        code = code ? code : hip->driver_version(&hip->version);
        if (code) {
            snprintf(why, why_bytes, "none here: %s (%d)", ar_hip_name(code), code);
            missing = "";
        }
    }
    if (!hip->library || missing) {
        if (hip->library) {
            ar_library_close(hip->library);
        }
        ar_os_free(hip);
        return NULL;
    }
    if (!atomic_compare_exchange_strong(&shared[flavour], &first, hip)) {
        ar_library_close(hip->library); /* another thread was faster; its handle keeps the library open */
        ar_os_free(hip);
        hip = first;
    }
    return hip;
}
