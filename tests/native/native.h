/* What this very CPU does without OpenCL: register-only arithmetic and streams, by plain C with vector extensions
 * and one pinned thread for each compute unit. The measure that the probe's figures are held against. */
#ifndef NATIVE_H
#define NATIVE_H

#include <stddef.h>
#include <stdint.h>

enum { NATIVE_MOST_THREADS = 256 };

typedef enum native_work {
    NATIVE_F32, /* amount: steps; NATIVE_CHAINS chains of native_lanes_f32() fused multiply-adds */
    NATIVE_F64,
    NATIVE_READ, /* amount: bytes of each array */
    NATIVE_COPY,
    NATIVE_TRIAD
} native_work;

enum { NATIVE_CHAINS = 12 };

typedef struct native {
    unsigned threads;
    void *a, *b, *c;                  /* for streams */
    int narrow;                       /* streams by vectors of 16 bytes instead of the widest */
    uint64_t amount;                  /* steps, or bytes of each array */
    double sink[NATIVE_MOST_THREADS]; /* results, so that nothing can be left out */
} native;

size_t native_lanes_f32(void);

/* Seconds from the first thread's start to the last one's end; below 0: no thread could be started. */
double native_run(native *on, native_work work);

#endif
