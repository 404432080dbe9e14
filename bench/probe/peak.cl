/* Peak arithmetic in registers.
 *
 * TYPE    0 float, 1 double, 2 half: fused multiply-adds; 3 int8
 * W       vector lanes: 1, 2, 4, 8, 16
 * CHAINS  independent chains; each step needs its chain's last result, so it is latency that they have to cover: 1..16
 * FORM    of the first three types:
 *           0  a = fma(a, factor, addend)       a line of Horner's rule
 *           1  a = fma(factor, addend, a)       a dot product's step, as in a matrix product
 *           2  a = a * factor + addend, rounded twice: what code that does not call fma() gets at least
 *         of int8, 32-bit lanes that hold four of them; the accumulator is one of the factors, so nothing can be
 *         foreseen (uint arithmetic: it wraps):
 *           0  a = dot4(a, factor) + a          the device's own instruction
 *           1  a = pairs of 16 bits: a.even * f.even + a.odd * f.odd + a: int8 widened to 16 bits (x86's pmaddwd)
 *           2  a = a * factor + addend: int8 widened to 32 bits
 * in      vectors: factor, addend, then a start for each chain; a work-item begins (id % 16) elements further in the
 *         starts. All come from memory: nothing can be folded. out: the sum of all chains, a vector for each item.
 * Operations of a step: CHAINS * W * (2; int8: 8, 4, 2).
 */
#ifndef TYPE
#define TYPE 0
#endif
#ifndef W
#define W 4
#endif
#ifndef CHAINS
#define CHAINS 8
#endif
#ifndef FORM
#define FORM 0
#endif

#if TYPE == 0
#define REAL float
#elif TYPE == 1
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define REAL double
#elif TYPE == 2
#pragma OPENCL EXTENSION cl_khr_fp16 : enable
#define REAL half
#elif TYPE == 3
#define REAL uint
#else
#error "TYPE is 0 (float), 1 (double), 2 (half) or 3 (int8)"
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

#pragma OPENCL FP_CONTRACT OFF
#if TYPE == 3 && FORM == 0
#if W != 1
#error "dot4 is of one lane"
#endif
#if defined(USE_PTX)
#if !defined(AR_HIP)
#define asm __asm__ /* in OpenCL C the plain word is no keyword; NVRTC knows that alone */
#endif
inline uint dot4(uint a, uint b, uint c) {
    uint d;
    asm volatile("dp4a.s32.s32 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(c));
    return d;
}
#else
#pragma OPENCL EXTENSION cl_khr_integer_dot_product : enable
inline uint dot4(uint a, uint b, uint c) {
    return (uint)dot(as_char4(a), as_char4(b)) + c;
}
#endif
#define NEXT(a) dot4(a, factor, a)
#elif TYPE == 3 && FORM == 1
#if W == 1
#define SHORTS short2
#define INT int
#define CONVERT convert_int
#define AS_SHORTS as_short2
#define AS_UINTS as_uint
#else
#define SHORTS JOIN(short, TWICE)
#define INT JOIN(int, W)
#define CONVERT JOIN(convert_int, W)
#define AS_SHORTS JOIN(as_short, TWICE)
#define AS_UINTS JOIN(as_uint, W)
#endif
inline VEC pairs(VEC a, SHORTS f) {
    SHORTS s = AS_SHORTS(a);
    return AS_UINTS(CONVERT(s.even) * CONVERT(f.even)) + AS_UINTS(CONVERT(s.odd) * CONVERT(f.odd)) + a;
}
#define NEXT(a) pairs(a, factors)
#elif TYPE == 3
#define NEXT(a) ((a) * factor + addend)
#elif FORM == 0
#define NEXT(a) fma(a, factor, addend)
#elif FORM == 1
#define NEXT(a) fma(factor, addend, a)
#else
#define NEXT(a) ((a) * factor + addend)
#endif

/* The chains by number. */
#define EACH_1(X) X(0)
#define EACH_2(X) EACH_1(X) X(1)
#define EACH_3(X) EACH_2(X) X(2)
#define EACH_4(X) EACH_3(X) X(3)
#define EACH_6(X) EACH_4(X) X(4) X(5)
#define EACH_8(X) EACH_6(X) X(6) X(7)
#define EACH_10(X) EACH_8(X) X(8) X(9)
#define EACH_12(X) EACH_10(X) X(10) X(11)
#define EACH_16(X) EACH_12(X) X(12) X(13) X(14) X(15)
#define EACH(X) JOIN(EACH_, CHAINS)(X)
#define START(c) VEC a##c = LOAD(2 + c, mine);
#define ADVANCE(c) a##c = NEXT(a##c);
#define TAKE(c) sum = sum + a##c;

__kernel void peak(__global const REAL *in, __global REAL *out, int steps) {
    size_t item = get_global_id(0);
    __global const REAL *mine = in + item % 16;
    VEC factor = LOAD(0, in), addend = LOAD(1, in);
#if TYPE == 3 && FORM == 1
    SHORTS factors = AS_SHORTS(factor);
#endif
    EACH(START)
    for (int i = 0; i < steps; i++) {
        EACH(ADVANCE)
    }
    VEC sum = (VEC)(0);
    EACH(TAKE)
    STORE(sum, item, out);
}
