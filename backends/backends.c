/* The one list of backends, in the order they are asked. */
#include "backends.h"

const ar_backend *const ar_backends[] = {
#ifdef ARETE_HAVE_OPENCL
    &ar_backend_opencl,
#endif
    &ar_backend_hip,
    &ar_backend_reference,
    NULL,
};
