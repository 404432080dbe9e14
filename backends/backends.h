/* The backends there are; backends.c lists those that this library was built with. */
#ifndef AR_BACKENDS_H
#define AR_BACKENDS_H

#include "backend.h"

extern const ar_backend ar_backend_hip;
extern const ar_backend ar_backend_opencl;
extern const ar_backend ar_backend_reference;

#endif
