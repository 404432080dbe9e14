/* Memory of a device: reading, writing, copying, triad, local memory, dependent reads, and launches that do nothing.
 *
 * W       32-bit lanes of a vector: 1, 2, 4, 8, 16
 * CHUNKED 1: a work-item's share is one contiguous piece (CPUs, whose caches and prefetchers like that); 0: shares are
 *         interleaved (GPUs, which coalesce)
 * count   vectors of a working set, a multiple of span * 8
 * span    how many work-items share the set: item takes share item % span. span == global size: the set is split over
 *         all of them. Less: every `span` work-items go over the whole set again, for caches that units have of their own
 * passes  times over the set. Reading xors, so the host can tell the one right result; passes should be odd. Writing
 *         stores other values in each pass.
 * No kernel but local_read needs local memory or barriers; any work-group size does.
 */
#ifndef W
#define W 4
#endif
#ifndef CHUNKED
#define CHUNKED 0
#endif

#ifndef LOCAL_POINTER /* see kernels/prelude.h; HIP has its own */
#define LOCAL_POINTER(type, name) __local type *name
#define LOCAL_POINTER_TAKE(type, name)
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if W == 1
#define UVEC uint
#define FVEC float
#define LOAD(i, p) ((p)[i])
#define STORE(v, i, p) ((p)[i] = (v))
#else
#define UVEC JOIN(uint, W)
#define FVEC JOIN(float, W)
#define LOAD(i, p) JOIN(vload, W)(i, p)
#define STORE(v, i, p) JOIN(vstore, W)(v, i, p)
#endif

/* A share: vectors first, first + step, ... below end. */
#if CHUNKED
#define STEP 1
#define SHARE(count, span)                                                                                           \
    long share = (count) / (span), first = (long)(get_global_id(0) % (size_t)(span)) * share, end = first + share;
#else
#define STEP ((long)span)
#define SHARE(count, span) long first = (long)(get_global_id(0) % (size_t)(span)), end = (count);
#endif

__kernel void read(__global const uint *in, __global uint *out, long count, int passes, int span) {
    SHARE(count, span)
    UVEC s0 = (UVEC)(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    for (int pass = 0; pass < passes; pass++)
        for (long i = first; i < end; i += 8 * STEP) {
            s0 ^= LOAD(i, in);
            s1 ^= LOAD(i + STEP, in);
            s2 ^= LOAD(i + 2 * STEP, in);
            s3 ^= LOAD(i + 3 * STEP, in);
            s4 ^= LOAD(i + 4 * STEP, in);
            s5 ^= LOAD(i + 5 * STEP, in);
            s6 ^= LOAD(i + 6 * STEP, in);
            s7 ^= LOAD(i + 7 * STEP, in);
        }
    STORE(((s0 ^ s1) ^ (s2 ^ s3)) ^ ((s4 ^ s5) ^ (s6 ^ s7)), get_global_id(0), out);
}

__kernel void write(__global uint *out, uint value, long count, int passes, int span) {
    SHARE(count, span)
    for (int pass = 0; pass < passes; pass++) {
        UVEC v = (UVEC)(value + (uint)pass);
        for (long i = first; i < end; i += STEP)
            STORE(v, i, out);
    }
}

/* In each pass every element is turned by one bit more, so no pass can be left out. */
__kernel void copy(__global const uint *in, __global uint *out, long count, int passes, int span) {
    SHARE(count, span)
    for (int pass = 0; pass < passes; pass++)
        for (long i = first; i < end; i += STEP)
            STORE(LOAD(i, in) ^ (UVEC)((uint)pass), i, out);
}

/* The same with stores that go past the cache, where the compiler has such: their lines are not read first. A share begins at
 * a multiple of whole vectors. */
__kernel void copy_past(__global const uint *in, __global uint *out, long count, int passes, int span) {
    SHARE(count, span)
    for (int pass = 0; pass < passes; pass++)
        for (long i = first; i < end; i += STEP) {
#if defined(__clang__) && defined(__OPENCL_VERSION__)
            __builtin_nontemporal_store(LOAD(i, in) ^ (UVEC)((uint)pass), (__global UVEC *)out + i);
#else
            STORE(LOAD(i, in) ^ (UVEC)((uint)pass), i, out);
#endif
        }
}

/* out = in + scale * more: more lies `apart` floats behind in. */
__kernel void triad(__global const float *in, __global float *out, long count, int passes, int span, long apart,
                    float scale) {
    SHARE(count, span)
    for (int pass = 0; pass < passes; pass++) {
        FVEC s = (FVEC)(scale + (float)pass);
        for (long i = first; i < end; i += STEP)
            STORE(fma(s, LOAD(i, in + apart), LOAD(i, in)), i, out);
    }
}

/* Each work-item reads 16 bytes a time from a tile of local memory, 4 times a step, neighbours beside each other. tile:
 * 4 * the group's size, which is a power of 2, of uint4. */
__kernel void local_read(__global const uint *in, __global uint *out, int steps, LOCAL_POINTER(uint4, tile)) {
    LOCAL_POINTER_TAKE(uint4, tile);
    int item = (int)get_local_id(0), n = (int)get_local_size(0), mask = 4 * n - 1;
    for (int i = item; i < 4 * n; i += n)
        tile[i] = vload4(i, in);
    barrier(CLK_LOCAL_MEM_FENCE);
    uint4 s0 = (uint4)(0), s1 = s0, s2 = s0, s3 = s0;
    for (int i = 0; i < steps; i++) {
        int at = item + i;
        s0 ^= tile[at & mask];
        s1 ^= tile[(at + n) & mask];
        s2 ^= tile[(at + 2 * n) & mask];
        s3 += tile[(at + 3 * n) & mask];
    }
    vstore4((s0 ^ s1) ^ (s2 ^ s3), get_global_id(0), out);
}

/* Each read tells where the next one is. */
__kernel void chase(__global const uint *next, __global uint *out, int steps) {
    uint at = 0;
    for (int i = 0; i < steps; i++)
        at = next[at];
    out[0] = at;
}

/* Bits that do not compress, as a number between 0.5 and 1: a hash of the index. kind 1: all alike. On CPUs this is what
 * first touches the pages: one contiguous piece for each work-item, so that they lie together in memory and near the core;
 * pages that several cores fetched in turns are read a tenth slower. */
__kernel void fill(__global uint *out, long count, int kind) {
#if CHUNKED
    long share = (count + (long)get_global_size(0) - 1) / (long)get_global_size(0), first = (long)get_global_id(0) * share;
    long last = first + share < count ? first + share : count, step = 1;
#else
    long first = (long)get_global_id(0), last = count, step = (long)get_global_size(0);
#endif
    for (long i = first; i < last; i += step) {
        uint z = (uint)i * 2654435761u + (uint)(i >> 32);
        z = (z ^ (z >> 15)) * 2246822519u;
        z = (z ^ (z >> 13)) * 3266489917u;
        out[i] = kind == 1 ? 0x3f400000u : 0x3f000000u | ((z ^ (z >> 16)) >> 9);
    }
}

__kernel void nothing(__global uint *out) {
    out[get_global_id(0)] = 1;
}
