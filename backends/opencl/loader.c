/* The ICD loader, opened at run time, so that one binary runs where there is no OpenCL. */
#include <stdio.h>

#include "opencl_internal.h"

/* One table per process, never closed: drivers leave threads and exit handlers behind, which would then call into
 * unmapped code. */
static _Atomic(ar_cl *) shared;

#if defined(_WIN32)
static const char *const loader_names[] = {"OpenCL.dll"};
#elif defined(__APPLE__)
static const char *const loader_names[] = {"/System/Library/Frameworks/OpenCL.framework/OpenCL", "libOpenCL.dylib"};
#elif defined(__ANDROID__)
/* No loader there: the vendor's own library, under the names that phones have it. */
static const char *const loader_names[] = {"libOpenCL.so", "/vendor/lib64/libOpenCL.so",
                                           "/system/vendor/lib64/libOpenCL.so", "libGLES_mali.so",
                                           "/vendor/lib64/egl/libGLES_mali.so", "libOpenCL-pixel.so"};
#else
static const char *const loader_names[] = {"libOpenCL.so.1", "libOpenCL.so"};
#endif

static void table_free(ar_cl *cl) {
    if (cl) {
        ar_mutex_destroy(cl->adopting);
        if (cl->library) {
            ar_library_close(cl->library);
        }
        ar_os_free(cl);
    }
}

/* Gives the first function that is missing and mandatory, else NULL. */
static const char *table_fill(ar_cl *cl) {
    const char *missing = NULL;
    void *symbol;
    /* A data pointer becomes a function pointer through a union: POSIX and Windows promise that it works. */
#define TAKE(result, name, parameters)                                                                             \
    symbol = ar_library_symbol(cl->library, #name);                                                                \
    cl->name = ((union { void *data; result(CL_API_CALL *function) parameters; }){.data = symbol}).function;
#define NEED(result, name, parameters)                                                                             \
    TAKE(result, name, parameters)                                                                                 \
    missing = symbol || missing ? missing : #name;
    AR_CL_FUNCTIONS(NEED, TAKE)
#undef NEED
#undef TAKE
    return missing;
}

const ar_cl *ar_cl_open(char *why, size_t why_bytes) {
    ar_cl *cl = atomic_load(&shared);
    if (cl) {
        return cl;
    }
    cl = ar_os_alloc(sizeof *cl);
    if (!cl || !(cl->adopting = ar_mutex_create())) {
        snprintf(why, why_bytes, "no memory");
        goto failed;
    }
    const char *chosen = ar_os_env("ARETE_OPENCL_LIBRARY");
    char reason[384] = "";
    cl->library = chosen ? ar_library_open(&chosen, 1, reason, sizeof reason)
                         : ar_library_open(loader_names, sizeof loader_names / sizeof *loader_names, reason,
                                           sizeof reason);
    if (!cl->library) {
        snprintf(why, why_bytes, "no ICD loader: %s", reason);
        goto failed;
    }
    const char *missing = table_fill(cl);
    if (missing) {
        snprintf(why, why_bytes, "the ICD loader lacks %s: OpenCL 1.2 is needed", missing);
        goto failed;
    }
    ar_cl *first = NULL;
    if (!atomic_compare_exchange_strong(&shared, &first, cl)) {
        table_free(cl); /* another thread was faster; its handle keeps the library open */
        cl = first;
    }
    return cl;
failed:
    table_free(cl);
    return NULL;
}
