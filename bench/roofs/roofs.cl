/* Roofs of a device: arithmetic in registers, reading, copying.
 *
 * REAL    float or double; W lanes of it make VEC (1, 2, 4, 8, 16)
 * peak    CHAINS independent chains of fma; each step needs its chain's last result, so it is latency that CHAINS has
 *         to cover. Start values, factor and addend come from memory: nothing can be folded. All chains are summed and
 *         stored. flops = items * steps * CHAINS * W * 2.
 * read    every work-item sums its share of a vector; passes times over, beginning elsewhere each time so that no pass
 *         can be taken for another. Shares are one contiguous piece (CHUNKED: CPUs, whose caches and prefetchers like
 *         that) or interleaved (GPUs, which coalesce).
 * copy    to = from, shares likewise. Traffic counts bytes read and bytes written.
 * None needs local memory or barriers; any work-group size does.
 */
#ifndef REAL
#define REAL float
#endif
#ifndef W
#define W 4
#endif
#ifndef CHUNKED
#define CHUNKED 0
#endif
#ifdef NEEDS_F64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if W == 1
#define VEC REAL
#define LOAD(i, p) ((p)[i])
#define STORE(v, i, p) ((p)[i] = (v))
#else
#define VEC JOIN(REAL, W)
#define LOAD(i, p) JOIN(vload, W)(i, p)
#define STORE(v, i, p) JOIN(vstore, W)(v, i, p)
#endif

#define CHAINS 12

__kernel void peak(__global const REAL *in, __global REAL *out, int steps) {
    size_t item = get_global_id(0);
    VEC factor = LOAD(0, in), addend = LOAD(1, in);
    VEC a0 = LOAD(2, in), a1 = LOAD(3, in), a2 = LOAD(4, in), a3 = LOAD(5, in);
    VEC a4 = LOAD(6, in), a5 = LOAD(7, in), a6 = LOAD(8, in), a7 = LOAD(9, in);
    VEC a8 = LOAD(10, in), a9 = LOAD(11, in), a10 = LOAD(12, in), a11 = LOAD(13, in);
    for (int i = 0; i < steps; i++) {
        a0 = fma(a0, factor, addend);
        a1 = fma(a1, factor, addend);
        a2 = fma(a2, factor, addend);
        a3 = fma(a3, factor, addend);
        a4 = fma(a4, factor, addend);
        a5 = fma(a5, factor, addend);
        a6 = fma(a6, factor, addend);
        a7 = fma(a7, factor, addend);
        a8 = fma(a8, factor, addend);
        a9 = fma(a9, factor, addend);
        a10 = fma(a10, factor, addend);
        a11 = fma(a11, factor, addend);
    }
    VEC sum = ((a0 + a1) + (a2 + a3)) + ((a4 + a5) + (a6 + a7)) + ((a8 + a9) + (a10 + a11));
    STORE(sum, item, out);
}

/* count: vectors in all, a multiple of items * 8. */
__kernel void read(__global const REAL *in, __global REAL *out, long count, int passes) {
    size_t item = get_global_id(0), items = get_global_size(0);
    VEC s0 = (VEC)(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    long share = count / (long)items;
    for (int pass = 0; pass < passes; pass++) {
#if CHUNKED
        /* The piece's halves change places from pass to pass. */
        long half_share = share / 16 * 8;
        long first = (long)item * share, begin = (pass & 1) ? half_share : 0;
        for (int part = 0; part < 2; part++) {
            long to = begin ? share : half_share;
            for (long i = first + begin; i < first + to; i += 8) {
                s0 += LOAD(i, in);
                s1 += LOAD(i + 1, in);
                s2 += LOAD(i + 2, in);
                s3 += LOAD(i + 3, in);
                s4 += LOAD(i + 4, in);
                s5 += LOAD(i + 5, in);
                s6 += LOAD(i + 6, in);
                s7 += LOAD(i + 7, in);
            }
            begin = begin ? 0 : half_share;
        }
#else
        long turn = (long)((item + (size_t)pass) % items);
        long n = (long)items;
        for (long i = turn; i < count; i += 8 * n) {
            s0 += LOAD(i, in);
            s1 += LOAD(i + n, in);
            s2 += LOAD(i + 2 * n, in);
            s3 += LOAD(i + 3 * n, in);
            s4 += LOAD(i + 4 * n, in);
            s5 += LOAD(i + 5 * n, in);
            s6 += LOAD(i + 6 * n, in);
            s7 += LOAD(i + 7 * n, in);
        }
#endif
    }
    STORE(((s0 + s1) + (s2 + s3)) + ((s4 + s5) + (s6 + s7)), item, out);
}

__kernel void copy(__global const REAL *in, __global REAL *out, long count) {
    size_t item = get_global_id(0), items = get_global_size(0);
#if CHUNKED
    long share = count / (long)items, first = (long)item * share;
    for (long i = first; i < first + share; i++)
        STORE(LOAD(i, in), i, out);
#else
    for (long i = (long)item; i < count; i += (long)items)
        STORE(LOAD(i, in), i, out);
#endif
}

/* Data that does not compress: a hash of the index, made a number between 0.5 and 1. */
__kernel void fill(__global float *out, long count) {
    for (long i = (long)get_global_id(0); i < count; i += (long)get_global_size(0)) {
        uint z = (uint)i * 2654435761u + (uint)(i >> 32);
        z = (z ^ (z >> 15)) * 2246822519u;
        z = (z ^ (z >> 13)) * 3266489917u;
        out[i] = 0.5f + (float)((z ^ (z >> 16)) >> 8) * 2.98023224e-8f;
    }
}

__kernel void nothing(__global float *out) {
    out[get_global_id(0)] = 1.0f;
}
