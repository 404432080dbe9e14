/* A test double of a GPU driver's library: it has the functions that the HIP backend calls, under HIP's names or
 * CUDA's, and runs nothing. It proves the backend's host logic and no kernel: which calls come in which order on which
 * current device, that no handle is used before it was made or after it was given back, how launch arguments lie, and
 * what becomes of calls that fail. Copies and fills are done at once, on host memory, so that offsets can be checked.
 */
#ifndef HIP_DOUBLE_H
#define HIP_DOUBLE_H

#include <stddef.h>
#include <stdint.h>

enum { DOUBLE_DEVICES = 2, DOUBLE_PARAMETERS = 64, DOUBLE_PARAMETER_BYTES = 256 };

typedef struct double_launch {
    char kernel[64];
    int device;
    unsigned groups[3], items[3], local_bytes;
    void *stream;
    int count;
    size_t bytes[DOUBLE_PARAMETERS]; /* as the module says (see double_module.c) */
    unsigned char values[DOUBLE_PARAMETERS][DOUBLE_PARAMETER_BYTES];
} double_launch;

typedef struct double_api {
    /* The call of that name, HIP's or CUDA's, gives code after the next skip calls of it, once. */
    void (*plan_failure)(const char *call, int code, int skip);
    void (*lose)(int code); /* every call but those that destroy gives code from now on; 0: no more */
    const char *(*faults)(void);   /* what the backend did wrong, a line each; "" is right */
    const char *(*calls)(void);    /* the calls since forget(), a line each */
    void (*forget)(void);          /* empties the list of calls */
    /* Handles not given back of a kind: "memory", "host", "stream", "event", "module", "function", "context". */
    int (*live)(const char *kind);
    const double_launch *(*launch)(void); /* the last one */
    int (*current)(void);                 /* this thread's device; -1: none */
} double_api;

const double_api *arete_double(void);

#endif
