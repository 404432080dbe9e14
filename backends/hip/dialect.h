/* dialect.h: the part of OpenCL C that Arete's GPU-class kernels are written in, as HIP C++.
 *
 * The HIP backend puts this file before a kernel's source, and "}" behind it. Kernels are compiled as they stand:
 * every function is one of the device, kernels have C names.
 *
 * Compilers: clang for AMD (hiprtc, or `clang -x hip` alone, without HIP's headers), NVRTC, clang for NVIDIA.
 *
 * What it has not, because C++ gives it another meaning or none:
 *   (float4)(a, b, c, d)  is the comma operator here: write MAKE4(float4, a, b, c, d), of prelude.h
 *   c ? v : w             with vectors: write select(w, v, c)
 *   __local T x[N]        a variable: write LOCAL_ARRAY T x[N]; __local T *p, a pointer, is fine
 *   __constant T x[] = {} likewise CONSTANT_ARRAY T x[] = {}
 *   __local T *p          as an argument of a kernel: LOCAL_POINTER of prelude.h
 *   v.s0, v.lo, v.even    swizzles: NVRTC has x, y, z, w of 2 and 4 lanes, lo and hi of 8 and 16
 * Names here begin with ar_ or AR_: build options define macros of any upper-case name.
 */
#if defined(__CUDACC_RTC__)
#define AR_NVRTC 1
#else
#define AR_NVRTC 0
#endif
#if !AR_NVRTC && !defined(__clang__)
#error "HIP kernels are compiled by clang or by NVRTC"
#endif
#define AR_HIP 1
static_assert(sizeof(long) == 8, "kernels take long for 64 bits");

#if AR_NVRTC
#define AR_FN static __device__ __forceinline__
#else
#define AR_FN static inline __attribute__((device, always_inline))
typedef __SIZE_TYPE__ size_t;
#ifndef __global__
#define __global__ __attribute__((global))
#endif
#ifndef __device__
#define __device__ __attribute__((device))
#endif
#ifndef __shared__
#define __shared__ __attribute__((shared))
#endif
#ifndef __constant__
#define __constant__ __attribute__((constant))
#endif
#endif

typedef unsigned char ar_uchar;
typedef unsigned short ar_ushort;
typedef unsigned int ar_uint;
typedef unsigned long ar_ulong;
typedef signed char ar_char; /* OpenCL's char is signed everywhere */

/* The signed integer as wide as a type: what comparisons of vectors give. */
template <int AR_BYTES> struct ar_signed;
template <> struct ar_signed<1> { typedef ar_char integer; };
template <> struct ar_signed<2> { typedef short integer; };
template <> struct ar_signed<4> { typedef int integer; };
template <> struct ar_signed<8> { typedef long integer; };

/* half is two bytes; NVRTC's own type needs a header, so it gets one here. */
#if AR_NVRTC
struct ar_half {
    ar_ushort bits;
    ar_half() = default;
    __device__ __forceinline__ ar_half(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
    __device__ __forceinline__ explicit operator float() const
    {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
};
#define AR_HALF_OPERATOR(op, instruction)                                                                          \
    AR_FN ar_half operator op(ar_half a, ar_half b)                                                                \
    {                                                                                                              \
        ar_half c;                                                                                                 \
        asm(instruction " %0, %1, %2;" : "=h"(c.bits) : "h"(a.bits), "h"(b.bits));                                 \
        return c;                                                                                                  \
    }
AR_HALF_OPERATOR(+, "add.rn.f16")
AR_HALF_OPERATOR(-, "sub.rn.f16")
AR_HALF_OPERATOR(*, "mul.rn.f16")
AR_FN ar_half ar_fma(ar_half a, ar_half b, ar_half c)
{
    ar_half d;
    asm("fma.rn.f16 %0, %1, %2, %3;" : "=h"(d.bits) : "h"(a.bits), "h"(b.bits), "h"(c.bits));
    return d;
}
#else
typedef _Float16 ar_half;
AR_FN ar_half ar_fma(ar_half a, ar_half b, ar_half c) { return __builtin_fmaf16(a, b, c); }
#endif
AR_FN float ar_half_to(ar_half h) { return (float)h; }
AR_FN ar_half ar_half_from(float x) { return (ar_half)x; }

/* ---- vectors ---- */
#if AR_NVRTC
template <class AR_T, int AR_N> struct ar_vec;
#define AR_MASK(AR_T, AR_N) ar_vec<typename ar_signed<sizeof(AR_T)>::integer, AR_N>
#define AR_OPERATOR2(op)                                                                                           \
    friend __device__ __forceinline__ ar_vec operator op(ar_vec a, ar_vec b)                                       \
    {                                                                                                              \
        return ar_vec((AR_T)(a.x op b.x), (AR_T)(a.y op b.y));                                                     \
    }                                                                                                              \
    __device__ __forceinline__ ar_vec &operator op##=(ar_vec b) { return *this = *this op b; }
#define AR_OPERATOR4(op)                                                                                           \
    friend __device__ __forceinline__ ar_vec operator op(ar_vec a, ar_vec b)                                       \
    {                                                                                                              \
        return ar_vec((AR_T)(a.x op b.x), (AR_T)(a.y op b.y), (AR_T)(a.z op b.z), (AR_T)(a.w op b.w));             \
    }                                                                                                              \
    __device__ __forceinline__ ar_vec &operator op##=(ar_vec b) { return *this = *this op b; }
#define AR_OPERATOR8(op)                                                                                           \
    friend __device__ __forceinline__ ar_vec operator op(ar_vec a, ar_vec b)                                       \
    {                                                                                                              \
        return ar_vec(a.lo op b.lo, a.hi op b.hi);                                                                 \
    }                                                                                                              \
    __device__ __forceinline__ ar_vec &operator op##=(ar_vec b) { return *this = *this op b; }
#define AR_COMPARE2(op)                                                                                            \
    friend __device__ __forceinline__ AR_MASK(AR_T, 2) operator op(ar_vec a, ar_vec b)                             \
    {                                                                                                              \
        return AR_MASK(AR_T, 2)(-(a.x op b.x), -(a.y op b.y));                                                     \
    }
#define AR_COMPARE4(op)                                                                                            \
    friend __device__ __forceinline__ AR_MASK(AR_T, 4) operator op(ar_vec a, ar_vec b)                             \
    {                                                                                                              \
        return AR_MASK(AR_T, 4)(-(a.x op b.x), -(a.y op b.y), -(a.z op b.z), -(a.w op b.w));                       \
    }
#define AR_COMPARE8(op)                                                                                            \
    friend __device__ __forceinline__ AR_MASK(AR_T, AR_N) operator op(ar_vec a, ar_vec b)                          \
    {                                                                                                              \
        return AR_MASK(AR_T, AR_N)(a.lo op b.lo, a.hi op b.hi);                                                    \
    }
#define AR_LOGIC                                                                                                    \
    __device__ __forceinline__ auto operator!() const { return *this == ar_vec((AR_T)0); }                         \
    __device__ __forceinline__ auto operator||(ar_vec b) const                                                     \
    {                                                                                                              \
        return (*this != ar_vec((AR_T)0)) | (b != ar_vec((AR_T)0));                                                \
    }                                                                                                              \
    __device__ __forceinline__ auto operator&&(ar_vec b) const                                                     \
    {                                                                                                              \
        return (*this != ar_vec((AR_T)0)) & (b != ar_vec((AR_T)0));                                                \
    }
#define AR_OPERATORS(N)                                                                                            \
    AR_OPERATOR##N(+) AR_OPERATOR##N(-) AR_OPERATOR##N(*) AR_OPERATOR##N(/) AR_OPERATOR##N(%) AR_OPERATOR##N(&)    \
    AR_OPERATOR##N(|) AR_OPERATOR##N(^) AR_OPERATOR##N(<<) AR_OPERATOR##N(>>) AR_COMPARE##N(<) AR_COMPARE##N(>)    \
    AR_COMPARE##N(<=) AR_COMPARE##N(>=) AR_COMPARE##N(==) AR_COMPARE##N(!=) AR_LOGIC                                \
    __device__ __forceinline__ ar_vec operator-() const { return ar_vec((AR_T)-1) * *this; }                       \
    __device__ __forceinline__ ar_vec operator~() const { return *this ^ ar_vec((AR_T)-1); }

/* -x is -1 * x: 0 - x would lose the sign of a zero. */
template <class AR_T> struct __align__(2 * sizeof(AR_T)) ar_vec<AR_T, 2> {
    AR_T x, y;
    ar_vec() = default;
    __device__ __forceinline__ ar_vec(AR_T s) : x(s), y(s) {}
    __device__ __forceinline__ ar_vec(AR_T a, AR_T b) : x(a), y(b) {}
    AR_OPERATORS(2)
};
template <class AR_T> struct __align__(4 * sizeof(AR_T)) ar_vec<AR_T, 4> {
    AR_T x, y, z, w;
    ar_vec() = default;
    __device__ __forceinline__ ar_vec(AR_T s) : x(s), y(s), z(s), w(s) {}
    __device__ __forceinline__ ar_vec(AR_T a, AR_T b, AR_T c, AR_T d) : x(a), y(b), z(c), w(d) {}
    AR_OPERATORS(4)
};
template <class AR_T, int AR_N> struct __align__(AR_N * sizeof(AR_T)) ar_vec {
    ar_vec<AR_T, AR_N / 2> lo, hi;
    ar_vec() = default;
    __device__ __forceinline__ ar_vec(AR_T s) : lo(s), hi(s) {}
    __device__ __forceinline__ ar_vec(ar_vec<AR_T, AR_N / 2> a, ar_vec<AR_T, AR_N / 2> b) : lo(a), hi(b) {}
    AR_OPERATORS(8)
};
#define AR_VECTOR(type, name, lanes) typedef ar_vec<type, lanes> name##lanes;
template <class AR_T, int AR_N>
AR_FN ar_vec<AR_T, 2 * AR_N> ar_join(ar_vec<AR_T, AR_N> lo, ar_vec<AR_T, AR_N> hi)
{
    return ar_vec<AR_T, 2 * AR_N>(lo, hi);
}
#else
#define AR_VECTOR(type, name, lanes) typedef type name##lanes __attribute__((ext_vector_type(lanes)));
#endif

/* AR_TYPES(X): X(element type, name) for every type that has vectors. */
#define AR_INTEGER_TYPES(X)                                                                                        \
    X(ar_char, ar_char) X(ar_uchar, ar_uchar) X(short, ar_short) X(ar_ushort, ar_ushort) X(int, ar_int)            \
    X(ar_uint, ar_uint) X(long, ar_long) X(ar_ulong, ar_ulong)
#define AR_TYPES(X) AR_INTEGER_TYPES(X) X(float, ar_float) X(double, ar_double)
#define AR_TYPES_AND_HALF(X) AR_TYPES(X) X(ar_half, ar_half)

#define AR_VECTORS(type, name)                                                                                     \
    AR_VECTOR(type, name, 2) AR_VECTOR(type, name, 4) AR_VECTOR(type, name, 8) AR_VECTOR(type, name, 16)
AR_TYPES_AND_HALF(AR_VECTORS)

/* Of a vector type or a scalar: its element, its lanes. */
template <class AR_V> struct ar_of { typedef AR_V element; enum { lanes = 1 }; };
#define AR_OF_(type, vector, n)                                                                                    \
    template <> struct ar_of<vector> { typedef type element; enum { lanes = n }; };
#define AR_OF(type, name)                                                                                          \
    AR_OF_(type, name##2, 2) AR_OF_(type, name##4, 4) AR_OF_(type, name##8, 8) AR_OF_(type, name##16, 16)
AR_TYPES_AND_HALF(AR_OF)

#if !AR_NVRTC
#define AR_JOIN(type, name)                                                                                        \
    AR_FN name##8 ar_join(name##4 a, name##4 b) { return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7); }  \
    AR_FN name##16 ar_join(name##8 a, name##8 b)                                                                   \
    {                                                                                                              \
        return __builtin_shufflevector(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);                \
    }
AR_TYPES_AND_HALF(AR_JOIN)
#endif

template <class AR_V> AR_FN AR_V ar_make2(typename ar_of<AR_V>::element a, typename ar_of<AR_V>::element b)
{
#if AR_NVRTC
    return AR_V(a, b);
#else
    return AR_V{a, b};
#endif
}
template <class AR_V>
AR_FN AR_V ar_make4(typename ar_of<AR_V>::element a, typename ar_of<AR_V>::element b,
                    typename ar_of<AR_V>::element c, typename ar_of<AR_V>::element d)
{
#if AR_NVRTC
    return AR_V(a, b, c, d);
#else
    return AR_V{a, b, c, d};
#endif
}

/* The same bits as another type. */
template <class AR_TO, class AR_FROM> AR_FN AR_TO ar_as(AR_FROM from)
{
    static_assert(sizeof(AR_TO) == sizeof(AR_FROM), "as_type() needs types of one size");
#if AR_NVRTC
    union ar_both {
        AR_FROM from;
        AR_TO to;
        __device__ __forceinline__ ar_both() {}
    } both;
    both.from = from;
    return both.to;
#else
    return __builtin_bit_cast(AR_TO, from);
#endif
}

#include "hip/dialect_math.h"
#include "hip/dialect_memory.h"
#include "hip/dialect_names.h"
