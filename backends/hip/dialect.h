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
#define AR_OF(type, name) AR_OF_(type, name##2, 2) AR_OF_(type, name##4, 4) AR_OF_(type, name##8, 8) AR_OF_(type, name##16, 16)
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

/* ---- math of one value ---- */
/* AR_CALL(name, f): the device library's function, for floats f32 and doubles f64. */
#if AR_NVRTC
#define AR_LIBRARY1(name) AR_FN float ar_##name(float x) { return ::name##f(x); } AR_FN double ar_##name(double x) { return ::name(x); }
#define AR_LIBRARY2(name)                                                                                          \
    AR_FN float ar_##name(float x, float y) { return ::name##f(x, y); }                                            \
    AR_FN double ar_##name(double x, double y) { return ::name(x, y); }
#define AR_BUILTIN1 AR_LIBRARY1
#define AR_BUILTIN2 AR_LIBRARY2
AR_FN float ar_fma(float x, float y, float z) { return ::fmaf(x, y, z); }
AR_FN double ar_fma(double x, double y, double z) { return ::fma(x, y, z); }
AR_FN float ar_rsqrt(float x) { return ::rsqrtf(x); }
AR_FN double ar_rsqrt(double x) { return ::rsqrt(x); }
#else
#if defined(__AMDGCN__)
#define AR_LIBRARY1(name)                                                                                          \
    extern "C" __attribute__((device, const)) float __ocml_##name##_f32(float);                                    \
    extern "C" __attribute__((device, const)) double __ocml_##name##_f64(double);                                  \
    AR_FN float ar_##name(float x) { return __ocml_##name##_f32(x); }                                              \
    AR_FN double ar_##name(double x) { return __ocml_##name##_f64(x); }
#define AR_LIBRARY2(name)                                                                                          \
    extern "C" __attribute__((device, const)) float __ocml_##name##_f32(float, float);                             \
    extern "C" __attribute__((device, const)) double __ocml_##name##_f64(double, double);                          \
    AR_FN float ar_##name(float x, float y) { return __ocml_##name##_f32(x, y); }                                  \
    AR_FN double ar_##name(double x, double y) { return __ocml_##name##_f64(x, y); }
#else
#define AR_LIBRARY1(name)                                                                                          \
    extern "C" __attribute__((device, const)) float __nv_##name##f(float);                                         \
    extern "C" __attribute__((device, const)) double __nv_##name(double);                                          \
    AR_FN float ar_##name(float x) { return __nv_##name##f(x); }                                                   \
    AR_FN double ar_##name(double x) { return __nv_##name(x); }
#define AR_LIBRARY2(name)                                                                                          \
    extern "C" __attribute__((device, const)) float __nv_##name##f(float, float);                                  \
    extern "C" __attribute__((device, const)) double __nv_##name(double, double);                                  \
    AR_FN float ar_##name(float x, float y) { return __nv_##name##f(x, y); }                                       \
    AR_FN double ar_##name(double x, double y) { return __nv_##name(x, y); }
#endif
#define AR_BUILTIN1(name)                                                                                          \
    AR_FN float ar_##name(float x) { return __builtin_##name##f(x); }                                              \
    AR_FN double ar_##name(double x) { return __builtin_##name(x); }
#define AR_BUILTIN2(name)                                                                                          \
    AR_FN float ar_##name(float x, float y) { return __builtin_##name##f(x, y); }                                  \
    AR_FN double ar_##name(double x, double y) { return __builtin_##name(x, y); }
AR_FN float ar_fma(float x, float y, float z) { return __builtin_fmaf(x, y, z); }
AR_FN double ar_fma(double x, double y, double z) { return __builtin_fma(x, y, z); }
AR_LIBRARY1(rsqrt)
#endif
#define AR_ALL_BUILTIN1(X) X(fabs) X(floor) X(ceil) X(rint) X(trunc) X(sqrt)
#define AR_ALL_LIBRARY1(X)                                                                                         \
    X(round) X(exp) X(exp2) X(exp10) X(expm1) X(log) X(log2) X(log10) X(log1p) X(sin) X(cos) X(tan) X(asin)        \
    X(acos) X(atan) X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(erf) X(erfc) X(cbrt)
#define AR_ALL_BUILTIN2(X) X(copysign) X(fmin) X(fmax)
#define AR_ALL_LIBRARY2(X) X(pow) X(fmod) X(remainder) X(atan2) X(hypot)
AR_ALL_BUILTIN1(AR_BUILTIN1)
AR_ALL_LIBRARY1(AR_LIBRARY1)
AR_ALL_BUILTIN2(AR_BUILTIN2)
AR_ALL_LIBRARY2(AR_LIBRARY2)

#if AR_NVRTC
#define AR_INF_F __int_as_float(0x7f800000)
#define AR_INF_D __longlong_as_double(0x7ff0000000000000ll)
#else
#define AR_INF_F __builtin_huge_valf()
#define AR_INF_D __builtin_huge_val()
#endif
AR_FN int ar_isnan(float x) { return x != x; }
AR_FN int ar_isnan(double x) { return x != x; }
AR_FN int ar_isinf(float x) { return ar_fabs(x) == AR_INF_F; }
AR_FN int ar_isinf(double x) { return ar_fabs(x) == AR_INF_D; }
AR_FN int ar_isfinite(float x) { return ar_fabs(x) < AR_INF_F; }
AR_FN int ar_isfinite(double x) { return ar_fabs(x) < AR_INF_D; }
AR_FN float ar_sign(float x) { return x > 0.0f ? 1.0f : x < 0.0f ? -1.0f : x == 0.0f ? x : 0.0f; }
AR_FN double ar_sign(double x) { return x > 0.0 ? 1.0 : x < 0.0 ? -1.0 : x == 0.0 ? x : 0.0; }
#define AR_MAD(type, name) AR_FN type ar_mad(type x, type y, type z) { return ar_fma(x, y, z); }
AR_MAD(float, ) AR_MAD(double, )

#define AR_ORDER(type, name)                                                                                       \
    AR_FN type ar_min(type x, type y) { return y < x ? y : x; }                                                    \
    AR_FN type ar_max(type x, type y) { return x < y ? y : x; }                                                    \
    AR_FN type ar_clamp(type x, type low, type high) { return x < low ? low : high < x ? high : x; }
AR_TYPES(AR_ORDER)
#define AR_SELECT(type, name)                                                                                      \
    AR_FN type ar_select(type x, type y, ar_signed<sizeof(type)>::integer c) { return c ? y : x; }
AR_SELECT(float, ) AR_SELECT(int, ) AR_SELECT(ar_uint, )
AR_FN double ar_select(double x, double y, long c) { return c ? y : x; }
AR_FN double ar_select(double x, double y, int c) { return c ? y : x; }
AR_FN long ar_select(long x, long y, long c) { return c ? y : x; }
AR_FN int ar_abs(int x) { return x < 0 ? -x : x; }
AR_FN long ar_abs(long x) { return x < 0 ? -x : x; }
AR_FN int ar_mul24(int x, int y) { return x * y; }
AR_FN ar_uint ar_mul24(ar_uint x, ar_uint y) { return x * y; }
AR_FN int ar_mad24(int x, int y, int z) { return x * y + z; }
AR_FN ar_uint ar_mad24(ar_uint x, ar_uint y, ar_uint z) { return x * y + z; }
AR_FN int ar_mul_hi(int x, int y) { return (int)(((long)x * y) >> 32); }
AR_FN ar_uint ar_mul_hi(ar_uint x, ar_uint y) { return (ar_uint)(((ar_ulong)x * y) >> 32); }

/* ---- the same of vectors, lane by lane ---- */
#define AR_MAP1(name, result, from)                                                                                \
    AR_FN result##2 name(from##2 a) { return ar_make2<result##2>(AR_LANE(name(a.x)), AR_LANE(name(a.y))); }        \
    AR_FN result##4 name(from##4 a)                                                                                \
    {                                                                                                              \
        return ar_make4<result##4>(AR_LANE(name(a.x)), AR_LANE(name(a.y)), AR_LANE(name(a.z)), AR_LANE(name(a.w))); \
    }                                                                                                              \
    AR_FN result##8 name(from##8 a) { return ar_join(name((from##4)a.lo), name((from##4)a.hi)); }                  \
    AR_FN result##16 name(from##16 a) { return ar_join(name((from##8)a.lo), name((from##8)a.hi)); }
#define AR_MAP2(name, v)                                                                                           \
    AR_FN v##2 name(v##2 a, v##2 b) { return ar_make2<v##2>(name(a.x, b.x), name(a.y, b.y)); }                     \
    AR_FN v##4 name(v##4 a, v##4 b)                                                                                \
    {                                                                                                              \
        return ar_make4<v##4>(name(a.x, b.x), name(a.y, b.y), name(a.z, b.z), name(a.w, b.w));                     \
    }                                                                                                              \
    AR_FN v##8 name(v##8 a, v##8 b) { return ar_join(name((v##4)a.lo, (v##4)b.lo), name((v##4)a.hi, (v##4)b.hi)); } \
    AR_FN v##16 name(v##16 a, v##16 b) { return ar_join(name((v##8)a.lo, (v##8)b.lo), name((v##8)a.hi, (v##8)b.hi)); }
#define AR_MAP3(name, v, third)                                                                                    \
    AR_FN v##2 name(v##2 a, v##2 b, third##2 c) { return ar_make2<v##2>(name(a.x, b.x, c.x), name(a.y, b.y, c.y)); } \
    AR_FN v##4 name(v##4 a, v##4 b, third##4 c)                                                                    \
    {                                                                                                              \
        return ar_make4<v##4>(name(a.x, b.x, c.x), name(a.y, b.y, c.y), name(a.z, b.z, c.z), name(a.w, b.w, c.w)); \
    }                                                                                                              \
    AR_FN v##8 name(v##8 a, v##8 b, third##8 c)                                                                    \
    {                                                                                                              \
        return ar_join(name((v##4)a.lo, (v##4)b.lo, (third##4)c.lo), name((v##4)a.hi, (v##4)b.hi, (third##4)c.hi)); \
    }                                                                                                              \
    AR_FN v##16 name(v##16 a, v##16 b, third##16 c)                                                                \
    {                                                                                                              \
        return ar_join(name((v##8)a.lo, (v##8)b.lo, (third##8)c.lo), name((v##8)a.hi, (v##8)b.hi, (third##8)c.hi)); \
    }
#define AR_LANE(x) (x)
#define AR_REAL1(name) AR_MAP1(ar_##name, ar_float, ar_float) AR_MAP1(ar_##name, ar_double, ar_double)
#define AR_REAL2(name) AR_MAP2(ar_##name, ar_float) AR_MAP2(ar_##name, ar_double)
AR_ALL_BUILTIN1(AR_REAL1)
AR_ALL_LIBRARY1(AR_REAL1)
AR_REAL1(rsqrt)
AR_REAL1(sign)
AR_ALL_BUILTIN2(AR_REAL2)
AR_ALL_LIBRARY2(AR_REAL2)
AR_MAP3(ar_fma, ar_float, ar_float) AR_MAP3(ar_fma, ar_double, ar_double)
#if AR_NVRTC /* two halves in a register */
AR_FN ar_half2 ar_fma(ar_half2 a, ar_half2 b, ar_half2 c)
{
    unsigned d;
    asm("fma.rn.f16x2 %0, %1, %2, %3;"
        : "=r"(d)
        : "r"(ar_as<unsigned>(a)), "r"(ar_as<unsigned>(b)), "r"(ar_as<unsigned>(c)));
    return ar_as<ar_half2>(d);
}
AR_FN ar_half4 ar_fma(ar_half4 a, ar_half4 b, ar_half4 c)
{
    ar_half2 low = ar_fma(ar_half2(a.x, a.y), ar_half2(b.x, b.y), ar_half2(c.x, c.y));
    ar_half2 high = ar_fma(ar_half2(a.z, a.w), ar_half2(b.z, b.w), ar_half2(c.z, c.w));
    return ar_half4(low.x, low.y, high.x, high.y);
}
AR_FN ar_half8 ar_fma(ar_half8 a, ar_half8 b, ar_half8 c)
{
    return ar_half8(ar_fma(a.lo, b.lo, c.lo), ar_fma(a.hi, b.hi, c.hi));
}
AR_FN ar_half16 ar_fma(ar_half16 a, ar_half16 b, ar_half16 c)
{
    return ar_half16(ar_fma(a.lo, b.lo, c.lo), ar_fma(a.hi, b.hi, c.hi));
}
#else
AR_MAP3(ar_fma, ar_half, ar_half)
#endif
AR_MAP3(ar_mad, ar_float, ar_float) AR_MAP3(ar_mad, ar_double, ar_double)
#define AR_ORDERS(type, name) AR_MAP2(ar_min, name) AR_MAP2(ar_max, name) AR_MAP3(ar_clamp, name, name)
AR_TYPES(AR_ORDERS)
/* A lane's mask is 0 or has its sign bit set. */
AR_MAP3(ar_select, ar_float, ar_int) AR_MAP3(ar_select, ar_int, ar_int) AR_MAP3(ar_select, ar_uint, ar_int)
AR_MAP3(ar_select, ar_double, ar_long) AR_MAP3(ar_select, ar_long, ar_long)
#undef AR_LANE
#define AR_LANE(x) (-(x)) /* of scalars 1 means yes, of vectors -1 */
AR_MAP1(ar_isnan, ar_int, ar_float) AR_MAP1(ar_isnan, ar_long, ar_double)
AR_MAP1(ar_isinf, ar_int, ar_float) AR_MAP1(ar_isinf, ar_long, ar_double)
AR_MAP1(ar_isfinite, ar_int, ar_float) AR_MAP1(ar_isfinite, ar_long, ar_double)
AR_FN float ar_dot(ar_float2 a, ar_float2 b) { return a.x * b.x + a.y * b.y; }
AR_FN float ar_dot(ar_float4 a, ar_float4 b) { return a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w; }

/* ---- conversions ---- */
/* To the nearest (even) integer, cut off at the type's ends; NaN becomes 0. */
template <class AR_TO> struct ar_ends;
#define AR_ENDS(type, least, most)                                                                                 \
    template <> struct ar_ends<type> {                                                                             \
        static constexpr long low = least, high = most;                                                            \
    };
AR_ENDS(ar_char, -128, 127)
AR_ENDS(ar_uchar, 0, 255)
AR_ENDS(short, -32768, 32767)
AR_ENDS(ar_ushort, 0, 65535)
AR_ENDS(int, -2147483647L - 1, 2147483647L)
AR_ENDS(ar_uint, 0, 4294967295L)
AR_ENDS(long, -9223372036854775807L - 1, 9223372036854775807L)

template <class AR_TO> AR_FN AR_TO ar_cut(double x)
{
    return x != x                             ? (AR_TO)0
           : x <= (double)ar_ends<AR_TO>::low  ? (AR_TO)ar_ends<AR_TO>::low
           : x >= (double)ar_ends<AR_TO>::high ? (AR_TO)ar_ends<AR_TO>::high
                                               : (AR_TO)x;
}
template <class AR_TO> AR_FN AR_TO ar_cut(float x)
{
    return x != x                            ? (AR_TO)0
           : x <= (float)ar_ends<AR_TO>::low  ? (AR_TO)ar_ends<AR_TO>::low
           : x >= (float)ar_ends<AR_TO>::high ? (AR_TO)ar_ends<AR_TO>::high
                                              : (AR_TO)x;
}
template <class AR_TO> AR_FN AR_TO ar_cut(long x)
{
    return x < ar_ends<AR_TO>::low ? (AR_TO)ar_ends<AR_TO>::low : x > ar_ends<AR_TO>::high ? (AR_TO)ar_ends<AR_TO>::high : (AR_TO)x;
}
template <class AR_TO> AR_FN AR_TO ar_cut(int x) { return ar_cut<AR_TO>((long)x); }
template <class AR_TO> AR_FN AR_TO ar_cut(ar_uint x) { return ar_cut<AR_TO>((long)x); }
template <class AR_T> AR_FN AR_T ar_near(AR_T x) { return x; } /* of integers */
AR_FN float ar_near(float x) { return ar_rint(x); }
AR_FN double ar_near(double x) { return ar_rint(x); }

/* One value, then vectors by their lanes. AR_SAT cuts off, AR_RTE rounds to nearest even instead of to zero. */
template <class AR_TO, bool AR_SAT, bool AR_RTE> struct ar_one {
    template <class AR_FROM> AR_FN AR_TO from(AR_FROM x) { return (AR_TO)x; }
};
template <class AR_TO> struct ar_one<AR_TO, false, true> {
    template <class AR_FROM> AR_FN AR_TO from(AR_FROM x) { return (AR_TO)ar_near(x); }
};
template <class AR_TO> struct ar_one<AR_TO, true, false> {
    template <class AR_FROM> AR_FN AR_TO from(AR_FROM x) { return ar_cut<AR_TO>(x); }
};
template <class AR_TO> struct ar_one<AR_TO, true, true> {
    template <class AR_FROM> AR_FN AR_TO from(AR_FROM x) { return ar_cut<AR_TO>(ar_near(x)); }
};
template <class AR_V> struct ar_halves;
#define AR_HALVES(type, name)                                                                                      \
    template <> struct ar_halves<name##8> { typedef name##4 vector; };                                             \
    template <> struct ar_halves<name##16> { typedef name##8 vector; };
AR_TYPES_AND_HALF(AR_HALVES)
template <int AR_LANES> struct ar_lanes {
    template <class AR_V, bool AR_SAT, bool AR_RTE, class AR_FROM> AR_FN AR_V from(AR_FROM v)
    {
        typedef typename ar_halves<AR_V>::vector ar_part;
        typedef typename ar_halves<AR_FROM>::vector ar_from_part;
        return ar_join(ar_lanes<AR_LANES / 2>::template from<ar_part, AR_SAT, AR_RTE>((ar_from_part)v.lo),
                       ar_lanes<AR_LANES / 2>::template from<ar_part, AR_SAT, AR_RTE>((ar_from_part)v.hi));
    }
};
template <> struct ar_lanes<1> {
    template <class AR_V, bool AR_SAT, bool AR_RTE, class AR_FROM> AR_FN AR_V from(AR_FROM x)
    {
        return ar_one<AR_V, AR_SAT, AR_RTE>::from(x);
    }
};
template <> struct ar_lanes<2> {
    template <class AR_V, bool AR_SAT, bool AR_RTE, class AR_FROM> AR_FN AR_V from(AR_FROM v)
    {
        typedef typename ar_of<AR_FROM>::element ar_e;
        typedef ar_one<typename ar_of<AR_V>::element, AR_SAT, AR_RTE> ar_to;
        return ar_make2<AR_V>(ar_to::from((ar_e)v.x), ar_to::from((ar_e)v.y));
    }
};
template <> struct ar_lanes<4> {
    template <class AR_V, bool AR_SAT, bool AR_RTE, class AR_FROM> AR_FN AR_V from(AR_FROM v)
    {
        typedef typename ar_of<AR_FROM>::element ar_e;
        typedef ar_one<typename ar_of<AR_V>::element, AR_SAT, AR_RTE> ar_to;
        return ar_make4<AR_V>(ar_to::from((ar_e)v.x), ar_to::from((ar_e)v.y), ar_to::from((ar_e)v.z),
                              ar_to::from((ar_e)v.w));
    }
};
template <class AR_V, bool AR_SAT, bool AR_RTE, class AR_FROM> AR_FN AR_V ar_convert(AR_FROM v)
{
    return ar_lanes<ar_of<AR_V>::lanes>::template from<AR_V, AR_SAT, AR_RTE>(v);
}

/* The functions of those names: convert_T(), as_T(). */
#define AR_CONVERT_(to, name, sat, rte)                                                                            \
    template <class AR_FROM> AR_FN to ar_convert_##name(AR_FROM v) { return ar_convert<to, sat, rte>(v); }
#define AR_CONVERT_AS(to, name)                                                                                    \
    AR_CONVERT_(to, name, false, false)                                                                            \
    template <class AR_FROM> AR_FN to ar_as_##name(AR_FROM v) { return ar_as<to>(v); }
#define AR_CONVERT_ROUND(to, name) AR_CONVERT_(to, name##_rtz, false, false) AR_CONVERT_(to, name##_rte, false, true)
#define AR_CONVERT_SAT(to, name)                                                                                   \
    AR_CONVERT_(to, name##_sat, true, false) AR_CONVERT_(to, name##_sat_rtz, true, false)                          \
    AR_CONVERT_(to, name##_sat_rte, true, true)
#define AR_EVERY_WIDTH(X, plain, element)                                                                          \
    X(element, plain) X(ar_##plain##2, plain##2) X(ar_##plain##4, plain##4) X(ar_##plain##8, plain##8)             \
    X(ar_##plain##16, plain##16)
#define AR_SMALL(X)                                                                                                \
    AR_EVERY_WIDTH(X, char, ar_char) AR_EVERY_WIDTH(X, uchar, ar_uchar) AR_EVERY_WIDTH(X, short, short)            \
    AR_EVERY_WIDTH(X, ushort, ar_ushort) AR_EVERY_WIDTH(X, int, int) AR_EVERY_WIDTH(X, uint, ar_uint)
#define AR_LONG(X) AR_EVERY_WIDTH(X, long, long) AR_EVERY_WIDTH(X, ulong, ar_ulong)
#define AR_REAL(X) AR_EVERY_WIDTH(X, float, float) AR_EVERY_WIDTH(X, double, double)
AR_SMALL(AR_CONVERT_AS) AR_LONG(AR_CONVERT_AS) AR_REAL(AR_CONVERT_AS)
AR_SMALL(AR_CONVERT_ROUND) AR_LONG(AR_CONVERT_ROUND)
AR_SMALL(AR_CONVERT_SAT) AR_EVERY_WIDTH(AR_CONVERT_SAT, long, long)

/* ---- memory ---- */
struct alignas(4) ar_half2_bits { ar_half x, y; };
struct alignas(8) ar_half4_bits { ar_half x, y, z, w; };

#define AR_UNALIGNED(type, name)                                                                                   \
    AR_FN name##2 ar_vload2(unsigned long i, const type *p) { p += 2 * i; return ar_make2<name##2>(p[0], p[1]); }  \
    AR_FN name##4 ar_vload4(unsigned long i, const type *p)                                                        \
    {                                                                                                              \
        p += 4 * i;                                                                                                \
        return ar_make4<name##4>(p[0], p[1], p[2], p[3]);                                                          \
    }                                                                                                              \
    AR_FN name##8 ar_vload8(unsigned long i, const type *p)                                                        \
    {                                                                                                              \
        return ar_join(ar_vload4(2 * i, p), ar_vload4(2 * i + 1, p));                                              \
    }                                                                                                              \
    AR_FN name##16 ar_vload16(unsigned long i, const type *p)                                                      \
    {                                                                                                              \
        return ar_join(ar_vload8(2 * i, p), ar_vload8(2 * i + 1, p));                                              \
    }                                                                                                              \
    AR_FN void ar_vstore2(name##2 v, unsigned long i, type *p) { p += 2 * i; p[0] = v.x; p[1] = v.y; }             \
    AR_FN void ar_vstore4(name##4 v, unsigned long i, type *p)                                                     \
    {                                                                                                              \
        p += 4 * i;                                                                                                \
        p[0] = v.x;                                                                                                \
        p[1] = v.y;                                                                                                \
        p[2] = v.z;                                                                                                \
        p[3] = v.w;                                                                                                \
    }                                                                                                              \
    AR_FN void ar_vstore8(name##8 v, unsigned long i, type *p)                                                     \
    {                                                                                                              \
        ar_vstore4((name##4)v.lo, 2 * i, p);                                                                       \
        ar_vstore4((name##4)v.hi, 2 * i + 1, p);                                                                   \
    }                                                                                                              \
    AR_FN void ar_vstore16(name##16 v, unsigned long i, type *p)                                                   \
    {                                                                                                              \
        ar_vstore8((name##8)v.lo, 2 * i, p);                                                                       \
        ar_vstore8((name##8)v.hi, 2 * i + 1, p);                                                                   \
    }
AR_TYPES_AND_HALF(AR_UNALIGNED)

AR_FN float ar_vload_half(unsigned long i, const ar_half *p) { return ar_half_to(p[i]); }
AR_FN ar_float2 ar_vload_half2(unsigned long i, const ar_half *p)
{
    p += 2 * i;
    return ar_make2<ar_float2>(ar_half_to(p[0]), ar_half_to(p[1]));
}
AR_FN ar_float4 ar_vload_half4(unsigned long i, const ar_half *p)
{
    p += 4 * i;
    return ar_make4<ar_float4>(ar_half_to(p[0]), ar_half_to(p[1]), ar_half_to(p[2]), ar_half_to(p[3]));
}
AR_FN ar_float2 ar_vloada_half2(unsigned long i, const ar_half *p)
{
    const ar_half2_bits h = ((const ar_half2_bits *)p)[i];
    return ar_make2<ar_float2>(ar_half_to(h.x), ar_half_to(h.y));
}
AR_FN ar_float4 ar_vloada_half4(unsigned long i, const ar_half *p)
{
    const ar_half4_bits h = ((const ar_half4_bits *)p)[i];
    return ar_make4<ar_float4>(ar_half_to(h.x), ar_half_to(h.y), ar_half_to(h.z), ar_half_to(h.w));
}
AR_FN ar_float8 ar_vload_half8(unsigned long i, const ar_half *p)
{
    return ar_join(ar_vload_half4(2 * i, p), ar_vload_half4(2 * i + 1, p));
}
AR_FN void ar_vstore_half(float x, unsigned long i, ar_half *p) { p[i] = ar_half_from(x); }
AR_FN void ar_vstore_half2(ar_float2 v, unsigned long i, ar_half *p)
{
    p[2 * i] = ar_half_from(v.x);
    p[2 * i + 1] = ar_half_from(v.y);
}
AR_FN void ar_vstore_half4(ar_float4 v, unsigned long i, ar_half *p)
{
    p += 4 * i;
    p[0] = ar_half_from(v.x);
    p[1] = ar_half_from(v.y);
    p[2] = ar_half_from(v.z);
    p[3] = ar_half_from(v.w);
}
AR_FN void ar_vstorea_half4(ar_float4 v, unsigned long i, ar_half *p)
{
    ar_half4_bits h;
    h.x = ar_half_from(v.x);
    h.y = ar_half_from(v.y);
    h.z = ar_half_from(v.z);
    h.w = ar_half_from(v.w);
    ((ar_half4_bits *)p)[i] = h;
}

/* ---- work-items ---- */
#if AR_NVRTC
#define AR_ID(name, x0, x1, x2) AR_FN unsigned long name(ar_uint d) { return d == 0 ? (x0) : d == 1 ? (x1) : (x2); }
AR_ID(ar_local_id, threadIdx.x, threadIdx.y, threadIdx.z)
AR_ID(ar_group_id, blockIdx.x, blockIdx.y, blockIdx.z)
AR_ID(ar_local_size, blockDim.x, blockDim.y, blockDim.z)
AR_ID(ar_num_groups, gridDim.x, gridDim.y, gridDim.z)
AR_FN void ar_barrier(int) { __syncthreads(); }
AR_FN void ar_fence(int) { __threadfence(); }
template <class AR_T> AR_FN AR_T ar_atomic_add(volatile AR_T *p, AR_T x) { return atomicAdd((AR_T *)p, x); }
template <class AR_T> AR_FN AR_T ar_atomic_max(volatile AR_T *p, AR_T x) { return atomicMax((AR_T *)p, x); }
template <class AR_T> AR_FN AR_T ar_atomic_xchg(volatile AR_T *p, AR_T x) { return atomicExch((AR_T *)p, x); }
template <class AR_T> AR_FN AR_T ar_atomic_cmpxchg(volatile AR_T *p, AR_T old, AR_T x)
{
    return atomicCAS((AR_T *)p, old, x);
}
#else
#define AR_ID(name, x0, x1, x2) AR_FN unsigned long name(ar_uint d) { return d == 0 ? (x0) : d == 1 ? (x1) : (x2); }
#if defined(__AMDGCN__)
AR_ID(ar_local_id, __builtin_amdgcn_workitem_id_x(), __builtin_amdgcn_workitem_id_y(), __builtin_amdgcn_workitem_id_z())
AR_ID(ar_group_id, __builtin_amdgcn_workgroup_id_x(), __builtin_amdgcn_workgroup_id_y(),
      __builtin_amdgcn_workgroup_id_z())
AR_ID(ar_local_size, __builtin_amdgcn_workgroup_size_x(), __builtin_amdgcn_workgroup_size_y(),
      __builtin_amdgcn_workgroup_size_z())
/* Groups are whole here: the backend refuses others. */
AR_ID(ar_num_groups, __builtin_amdgcn_grid_size_x() / __builtin_amdgcn_workgroup_size_x(),
      __builtin_amdgcn_grid_size_y() / __builtin_amdgcn_workgroup_size_y(),
      __builtin_amdgcn_grid_size_z() / __builtin_amdgcn_workgroup_size_z())
AR_FN void ar_barrier(int)
{
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_barrier();
    __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "workgroup");
}
AR_FN void ar_fence(int) { __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent"); }
#define AR_ATOMIC(call, ...) __hip_atomic_##call(__VA_ARGS__, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT)
#else
AR_ID(ar_local_id, __nvvm_read_ptx_sreg_tid_x(), __nvvm_read_ptx_sreg_tid_y(), __nvvm_read_ptx_sreg_tid_z())
AR_ID(ar_group_id, __nvvm_read_ptx_sreg_ctaid_x(), __nvvm_read_ptx_sreg_ctaid_y(), __nvvm_read_ptx_sreg_ctaid_z())
AR_ID(ar_local_size, __nvvm_read_ptx_sreg_ntid_x(), __nvvm_read_ptx_sreg_ntid_y(), __nvvm_read_ptx_sreg_ntid_z())
AR_ID(ar_num_groups, __nvvm_read_ptx_sreg_nctaid_x(), __nvvm_read_ptx_sreg_nctaid_y(),
      __nvvm_read_ptx_sreg_nctaid_z())
AR_FN void ar_barrier(int) { __nvvm_bar0(); }
AR_FN void ar_fence(int) { __nvvm_membar_gl(); }
#define AR_ATOMIC(call, ...) __atomic_##call(__VA_ARGS__, __ATOMIC_RELAXED)
#endif
template <class AR_T> AR_FN AR_T ar_atomic_add(volatile AR_T *p, AR_T x) { return AR_ATOMIC(fetch_add, p, x); }
template <class AR_T> AR_FN AR_T ar_atomic_max(volatile AR_T *p, AR_T x) { return AR_ATOMIC(fetch_max, p, x); }
template <class AR_T> AR_FN AR_T ar_atomic_xchg(volatile AR_T *p, AR_T x)
{
#if defined(__AMDGCN__)
    return AR_ATOMIC(exchange, p, x);
#else
    return __atomic_exchange_n(p, x, __ATOMIC_RELAXED);
#endif
}
template <class AR_T> AR_FN AR_T ar_atomic_cmpxchg(volatile AR_T *p, AR_T old, AR_T x)
{
#if defined(__AMDGCN__)
    __hip_atomic_compare_exchange_strong(p, &old, x, __ATOMIC_RELAXED, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
#else
    __atomic_compare_exchange_n(p, &old, x, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
#endif
    return old;
}
#endif

/* ---- OpenCL's names; from here on the kernel speaks ---- */
#define char ar_char
#define uchar ar_uchar
#define ushort ar_ushort
#define uint ar_uint
#define ulong ar_ulong
#define half ar_half
#define half2 ar_half2
#define half4 ar_half4
#define half8 ar_half8
#define half16 ar_half16
#define char2 ar_char2
#define char4 ar_char4
#define char8 ar_char8
#define char16 ar_char16
#define uchar2 ar_uchar2
#define uchar4 ar_uchar4
#define uchar8 ar_uchar8
#define uchar16 ar_uchar16
#define short2 ar_short2
#define short4 ar_short4
#define short8 ar_short8
#define short16 ar_short16
#define ushort2 ar_ushort2
#define ushort4 ar_ushort4
#define ushort8 ar_ushort8
#define ushort16 ar_ushort16
#define int2 ar_int2
#define int4 ar_int4
#define int8 ar_int8
#define int16 ar_int16
#define uint2 ar_uint2
#define uint4 ar_uint4
#define uint8 ar_uint8
#define uint16 ar_uint16
#define long2 ar_long2
#define long4 ar_long4
#define long8 ar_long8
#define long16 ar_long16
#define ulong2 ar_ulong2
#define ulong4 ar_ulong4
#define ulong8 ar_ulong8
#define ulong16 ar_ulong16
#define float2 ar_float2
#define float4 ar_float4
#define float8 ar_float8
#define float16 ar_float16
#define double2 ar_double2
#define double4 ar_double4
#define double8 ar_double8
#define double16 ar_double16
#define as_char ar_as_char
#define convert_char ar_convert_char
#define convert_char_rtz ar_convert_char_rtz
#define convert_char_rte ar_convert_char_rte
#define convert_char_sat ar_convert_char_sat
#define convert_char_sat_rtz ar_convert_char_sat_rtz
#define convert_char_sat_rte ar_convert_char_sat_rte
#define as_char2 ar_as_char2
#define convert_char2 ar_convert_char2
#define convert_char2_rtz ar_convert_char2_rtz
#define convert_char2_rte ar_convert_char2_rte
#define convert_char2_sat ar_convert_char2_sat
#define convert_char2_sat_rtz ar_convert_char2_sat_rtz
#define convert_char2_sat_rte ar_convert_char2_sat_rte
#define as_char4 ar_as_char4
#define convert_char4 ar_convert_char4
#define convert_char4_rtz ar_convert_char4_rtz
#define convert_char4_rte ar_convert_char4_rte
#define convert_char4_sat ar_convert_char4_sat
#define convert_char4_sat_rtz ar_convert_char4_sat_rtz
#define convert_char4_sat_rte ar_convert_char4_sat_rte
#define as_char8 ar_as_char8
#define convert_char8 ar_convert_char8
#define convert_char8_rtz ar_convert_char8_rtz
#define convert_char8_rte ar_convert_char8_rte
#define convert_char8_sat ar_convert_char8_sat
#define convert_char8_sat_rtz ar_convert_char8_sat_rtz
#define convert_char8_sat_rte ar_convert_char8_sat_rte
#define as_char16 ar_as_char16
#define convert_char16 ar_convert_char16
#define convert_char16_rtz ar_convert_char16_rtz
#define convert_char16_rte ar_convert_char16_rte
#define convert_char16_sat ar_convert_char16_sat
#define convert_char16_sat_rtz ar_convert_char16_sat_rtz
#define convert_char16_sat_rte ar_convert_char16_sat_rte
#define as_uchar ar_as_uchar
#define convert_uchar ar_convert_uchar
#define convert_uchar_rtz ar_convert_uchar_rtz
#define convert_uchar_rte ar_convert_uchar_rte
#define convert_uchar_sat ar_convert_uchar_sat
#define convert_uchar_sat_rtz ar_convert_uchar_sat_rtz
#define convert_uchar_sat_rte ar_convert_uchar_sat_rte
#define as_uchar2 ar_as_uchar2
#define convert_uchar2 ar_convert_uchar2
#define convert_uchar2_rtz ar_convert_uchar2_rtz
#define convert_uchar2_rte ar_convert_uchar2_rte
#define convert_uchar2_sat ar_convert_uchar2_sat
#define convert_uchar2_sat_rtz ar_convert_uchar2_sat_rtz
#define convert_uchar2_sat_rte ar_convert_uchar2_sat_rte
#define as_uchar4 ar_as_uchar4
#define convert_uchar4 ar_convert_uchar4
#define convert_uchar4_rtz ar_convert_uchar4_rtz
#define convert_uchar4_rte ar_convert_uchar4_rte
#define convert_uchar4_sat ar_convert_uchar4_sat
#define convert_uchar4_sat_rtz ar_convert_uchar4_sat_rtz
#define convert_uchar4_sat_rte ar_convert_uchar4_sat_rte
#define as_uchar8 ar_as_uchar8
#define convert_uchar8 ar_convert_uchar8
#define convert_uchar8_rtz ar_convert_uchar8_rtz
#define convert_uchar8_rte ar_convert_uchar8_rte
#define convert_uchar8_sat ar_convert_uchar8_sat
#define convert_uchar8_sat_rtz ar_convert_uchar8_sat_rtz
#define convert_uchar8_sat_rte ar_convert_uchar8_sat_rte
#define as_uchar16 ar_as_uchar16
#define convert_uchar16 ar_convert_uchar16
#define convert_uchar16_rtz ar_convert_uchar16_rtz
#define convert_uchar16_rte ar_convert_uchar16_rte
#define convert_uchar16_sat ar_convert_uchar16_sat
#define convert_uchar16_sat_rtz ar_convert_uchar16_sat_rtz
#define convert_uchar16_sat_rte ar_convert_uchar16_sat_rte
#define as_short ar_as_short
#define convert_short ar_convert_short
#define convert_short_rtz ar_convert_short_rtz
#define convert_short_rte ar_convert_short_rte
#define convert_short_sat ar_convert_short_sat
#define convert_short_sat_rtz ar_convert_short_sat_rtz
#define convert_short_sat_rte ar_convert_short_sat_rte
#define as_short2 ar_as_short2
#define convert_short2 ar_convert_short2
#define convert_short2_rtz ar_convert_short2_rtz
#define convert_short2_rte ar_convert_short2_rte
#define convert_short2_sat ar_convert_short2_sat
#define convert_short2_sat_rtz ar_convert_short2_sat_rtz
#define convert_short2_sat_rte ar_convert_short2_sat_rte
#define as_short4 ar_as_short4
#define convert_short4 ar_convert_short4
#define convert_short4_rtz ar_convert_short4_rtz
#define convert_short4_rte ar_convert_short4_rte
#define convert_short4_sat ar_convert_short4_sat
#define convert_short4_sat_rtz ar_convert_short4_sat_rtz
#define convert_short4_sat_rte ar_convert_short4_sat_rte
#define as_short8 ar_as_short8
#define convert_short8 ar_convert_short8
#define convert_short8_rtz ar_convert_short8_rtz
#define convert_short8_rte ar_convert_short8_rte
#define convert_short8_sat ar_convert_short8_sat
#define convert_short8_sat_rtz ar_convert_short8_sat_rtz
#define convert_short8_sat_rte ar_convert_short8_sat_rte
#define as_short16 ar_as_short16
#define convert_short16 ar_convert_short16
#define convert_short16_rtz ar_convert_short16_rtz
#define convert_short16_rte ar_convert_short16_rte
#define convert_short16_sat ar_convert_short16_sat
#define convert_short16_sat_rtz ar_convert_short16_sat_rtz
#define convert_short16_sat_rte ar_convert_short16_sat_rte
#define as_ushort ar_as_ushort
#define convert_ushort ar_convert_ushort
#define convert_ushort_rtz ar_convert_ushort_rtz
#define convert_ushort_rte ar_convert_ushort_rte
#define convert_ushort_sat ar_convert_ushort_sat
#define convert_ushort_sat_rtz ar_convert_ushort_sat_rtz
#define convert_ushort_sat_rte ar_convert_ushort_sat_rte
#define as_ushort2 ar_as_ushort2
#define convert_ushort2 ar_convert_ushort2
#define convert_ushort2_rtz ar_convert_ushort2_rtz
#define convert_ushort2_rte ar_convert_ushort2_rte
#define convert_ushort2_sat ar_convert_ushort2_sat
#define convert_ushort2_sat_rtz ar_convert_ushort2_sat_rtz
#define convert_ushort2_sat_rte ar_convert_ushort2_sat_rte
#define as_ushort4 ar_as_ushort4
#define convert_ushort4 ar_convert_ushort4
#define convert_ushort4_rtz ar_convert_ushort4_rtz
#define convert_ushort4_rte ar_convert_ushort4_rte
#define convert_ushort4_sat ar_convert_ushort4_sat
#define convert_ushort4_sat_rtz ar_convert_ushort4_sat_rtz
#define convert_ushort4_sat_rte ar_convert_ushort4_sat_rte
#define as_ushort8 ar_as_ushort8
#define convert_ushort8 ar_convert_ushort8
#define convert_ushort8_rtz ar_convert_ushort8_rtz
#define convert_ushort8_rte ar_convert_ushort8_rte
#define convert_ushort8_sat ar_convert_ushort8_sat
#define convert_ushort8_sat_rtz ar_convert_ushort8_sat_rtz
#define convert_ushort8_sat_rte ar_convert_ushort8_sat_rte
#define as_ushort16 ar_as_ushort16
#define convert_ushort16 ar_convert_ushort16
#define convert_ushort16_rtz ar_convert_ushort16_rtz
#define convert_ushort16_rte ar_convert_ushort16_rte
#define convert_ushort16_sat ar_convert_ushort16_sat
#define convert_ushort16_sat_rtz ar_convert_ushort16_sat_rtz
#define convert_ushort16_sat_rte ar_convert_ushort16_sat_rte
#define as_int ar_as_int
#define convert_int ar_convert_int
#define convert_int_rtz ar_convert_int_rtz
#define convert_int_rte ar_convert_int_rte
#define convert_int_sat ar_convert_int_sat
#define convert_int_sat_rtz ar_convert_int_sat_rtz
#define convert_int_sat_rte ar_convert_int_sat_rte
#define as_int2 ar_as_int2
#define convert_int2 ar_convert_int2
#define convert_int2_rtz ar_convert_int2_rtz
#define convert_int2_rte ar_convert_int2_rte
#define convert_int2_sat ar_convert_int2_sat
#define convert_int2_sat_rtz ar_convert_int2_sat_rtz
#define convert_int2_sat_rte ar_convert_int2_sat_rte
#define as_int4 ar_as_int4
#define convert_int4 ar_convert_int4
#define convert_int4_rtz ar_convert_int4_rtz
#define convert_int4_rte ar_convert_int4_rte
#define convert_int4_sat ar_convert_int4_sat
#define convert_int4_sat_rtz ar_convert_int4_sat_rtz
#define convert_int4_sat_rte ar_convert_int4_sat_rte
#define as_int8 ar_as_int8
#define convert_int8 ar_convert_int8
#define convert_int8_rtz ar_convert_int8_rtz
#define convert_int8_rte ar_convert_int8_rte
#define convert_int8_sat ar_convert_int8_sat
#define convert_int8_sat_rtz ar_convert_int8_sat_rtz
#define convert_int8_sat_rte ar_convert_int8_sat_rte
#define as_int16 ar_as_int16
#define convert_int16 ar_convert_int16
#define convert_int16_rtz ar_convert_int16_rtz
#define convert_int16_rte ar_convert_int16_rte
#define convert_int16_sat ar_convert_int16_sat
#define convert_int16_sat_rtz ar_convert_int16_sat_rtz
#define convert_int16_sat_rte ar_convert_int16_sat_rte
#define as_uint ar_as_uint
#define convert_uint ar_convert_uint
#define convert_uint_rtz ar_convert_uint_rtz
#define convert_uint_rte ar_convert_uint_rte
#define convert_uint_sat ar_convert_uint_sat
#define convert_uint_sat_rtz ar_convert_uint_sat_rtz
#define convert_uint_sat_rte ar_convert_uint_sat_rte
#define as_uint2 ar_as_uint2
#define convert_uint2 ar_convert_uint2
#define convert_uint2_rtz ar_convert_uint2_rtz
#define convert_uint2_rte ar_convert_uint2_rte
#define convert_uint2_sat ar_convert_uint2_sat
#define convert_uint2_sat_rtz ar_convert_uint2_sat_rtz
#define convert_uint2_sat_rte ar_convert_uint2_sat_rte
#define as_uint4 ar_as_uint4
#define convert_uint4 ar_convert_uint4
#define convert_uint4_rtz ar_convert_uint4_rtz
#define convert_uint4_rte ar_convert_uint4_rte
#define convert_uint4_sat ar_convert_uint4_sat
#define convert_uint4_sat_rtz ar_convert_uint4_sat_rtz
#define convert_uint4_sat_rte ar_convert_uint4_sat_rte
#define as_uint8 ar_as_uint8
#define convert_uint8 ar_convert_uint8
#define convert_uint8_rtz ar_convert_uint8_rtz
#define convert_uint8_rte ar_convert_uint8_rte
#define convert_uint8_sat ar_convert_uint8_sat
#define convert_uint8_sat_rtz ar_convert_uint8_sat_rtz
#define convert_uint8_sat_rte ar_convert_uint8_sat_rte
#define as_uint16 ar_as_uint16
#define convert_uint16 ar_convert_uint16
#define convert_uint16_rtz ar_convert_uint16_rtz
#define convert_uint16_rte ar_convert_uint16_rte
#define convert_uint16_sat ar_convert_uint16_sat
#define convert_uint16_sat_rtz ar_convert_uint16_sat_rtz
#define convert_uint16_sat_rte ar_convert_uint16_sat_rte
#define as_long ar_as_long
#define convert_long ar_convert_long
#define convert_long_rtz ar_convert_long_rtz
#define convert_long_rte ar_convert_long_rte
#define convert_long_sat ar_convert_long_sat
#define convert_long_sat_rtz ar_convert_long_sat_rtz
#define convert_long_sat_rte ar_convert_long_sat_rte
#define as_long2 ar_as_long2
#define convert_long2 ar_convert_long2
#define convert_long2_rtz ar_convert_long2_rtz
#define convert_long2_rte ar_convert_long2_rte
#define convert_long2_sat ar_convert_long2_sat
#define convert_long2_sat_rtz ar_convert_long2_sat_rtz
#define convert_long2_sat_rte ar_convert_long2_sat_rte
#define as_long4 ar_as_long4
#define convert_long4 ar_convert_long4
#define convert_long4_rtz ar_convert_long4_rtz
#define convert_long4_rte ar_convert_long4_rte
#define convert_long4_sat ar_convert_long4_sat
#define convert_long4_sat_rtz ar_convert_long4_sat_rtz
#define convert_long4_sat_rte ar_convert_long4_sat_rte
#define as_long8 ar_as_long8
#define convert_long8 ar_convert_long8
#define convert_long8_rtz ar_convert_long8_rtz
#define convert_long8_rte ar_convert_long8_rte
#define convert_long8_sat ar_convert_long8_sat
#define convert_long8_sat_rtz ar_convert_long8_sat_rtz
#define convert_long8_sat_rte ar_convert_long8_sat_rte
#define as_long16 ar_as_long16
#define convert_long16 ar_convert_long16
#define convert_long16_rtz ar_convert_long16_rtz
#define convert_long16_rte ar_convert_long16_rte
#define convert_long16_sat ar_convert_long16_sat
#define convert_long16_sat_rtz ar_convert_long16_sat_rtz
#define convert_long16_sat_rte ar_convert_long16_sat_rte
#define as_ulong ar_as_ulong
#define convert_ulong ar_convert_ulong
#define convert_ulong_rtz ar_convert_ulong_rtz
#define convert_ulong_rte ar_convert_ulong_rte
#define as_ulong2 ar_as_ulong2
#define convert_ulong2 ar_convert_ulong2
#define convert_ulong2_rtz ar_convert_ulong2_rtz
#define convert_ulong2_rte ar_convert_ulong2_rte
#define as_ulong4 ar_as_ulong4
#define convert_ulong4 ar_convert_ulong4
#define convert_ulong4_rtz ar_convert_ulong4_rtz
#define convert_ulong4_rte ar_convert_ulong4_rte
#define as_ulong8 ar_as_ulong8
#define convert_ulong8 ar_convert_ulong8
#define convert_ulong8_rtz ar_convert_ulong8_rtz
#define convert_ulong8_rte ar_convert_ulong8_rte
#define as_ulong16 ar_as_ulong16
#define convert_ulong16 ar_convert_ulong16
#define convert_ulong16_rtz ar_convert_ulong16_rtz
#define convert_ulong16_rte ar_convert_ulong16_rte
#define as_float ar_as_float
#define convert_float ar_convert_float
#define as_float2 ar_as_float2
#define convert_float2 ar_convert_float2
#define as_float4 ar_as_float4
#define convert_float4 ar_convert_float4
#define as_float8 ar_as_float8
#define convert_float8 ar_convert_float8
#define as_float16 ar_as_float16
#define convert_float16 ar_convert_float16
#define as_double ar_as_double
#define convert_double ar_convert_double
#define as_double2 ar_as_double2
#define convert_double2 ar_convert_double2
#define as_double4 ar_as_double4
#define convert_double4 ar_convert_double4
#define as_double8 ar_as_double8
#define convert_double8 ar_convert_double8
#define as_double16 ar_as_double16
#define convert_double16 ar_convert_double16
#define fabs ar_fabs
#define floor ar_floor
#define ceil ar_ceil
#define rint ar_rint
#define trunc ar_trunc
#define sqrt ar_sqrt
#define round ar_round
#define exp ar_exp
#define exp2 ar_exp2
#define exp10 ar_exp10
#define expm1 ar_expm1
#define log ar_log
#define log2 ar_log2
#define log10 ar_log10
#define log1p ar_log1p
#define sin ar_sin
#define cos ar_cos
#define tan ar_tan
#define asin ar_asin
#define acos ar_acos
#define atan ar_atan
#define sinh ar_sinh
#define cosh ar_cosh
#define tanh ar_tanh
#define asinh ar_asinh
#define acosh ar_acosh
#define atanh ar_atanh
#define erf ar_erf
#define erfc ar_erfc
#define cbrt ar_cbrt
#define copysign ar_copysign
#define fmin ar_fmin
#define fmax ar_fmax
#define pow ar_pow
#define fmod ar_fmod
#define remainder ar_remainder
#define atan2 ar_atan2
#define hypot ar_hypot
#define fma ar_fma
#define mad ar_mad
#define rsqrt ar_rsqrt
#define sign ar_sign
#define isnan ar_isnan
#define isinf ar_isinf
#define isfinite ar_isfinite
#define min ar_min
#define max ar_max
#define clamp ar_clamp
#define select ar_select
#define abs ar_abs
#define mul24 ar_mul24
#define mad24 ar_mad24
#define mul_hi ar_mul_hi
#define dot ar_dot
#define vload2 ar_vload2
#define vload4 ar_vload4
#define vload8 ar_vload8
#define vload16 ar_vload16
#define vstore2 ar_vstore2
#define vstore4 ar_vstore4
#define vstore8 ar_vstore8
#define vstore16 ar_vstore16
#define vload_half ar_vload_half
#define vload_half2 ar_vload_half2
#define vload_half4 ar_vload_half4
#define vload_half8 ar_vload_half8
#define vloada_half2 ar_vloada_half2
#define vloada_half4 ar_vloada_half4
#define vstore_half ar_vstore_half
#define vstore_half2 ar_vstore_half2
#define vstore_half4 ar_vstore_half4
#define vstorea_half4 ar_vstorea_half4
#define vstore_half_rte ar_vstore_half
#define ar_vstore_half_rte ar_vstore_half
#define vstore_half2_rte ar_vstore_half2
#define ar_vstore_half2_rte ar_vstore_half2
#define vstore_half4_rte ar_vstore_half4
#define ar_vstore_half4_rte ar_vstore_half4
#define vstorea_half4_rte ar_vstorea_half4
#define ar_vstorea_half4_rte ar_vstorea_half4
#define native_exp ar_exp
#define native_exp2 ar_exp2
#define native_log ar_log
#define native_log2 ar_log2
#define native_rsqrt ar_rsqrt
#define native_sqrt ar_sqrt
#define native_sin ar_sin
#define native_cos ar_cos
#define native_recip(x) (1.0f / (x))
#define native_divide(x, y) ((x) / (y))
#define restrict __restrict__
#define __global
#define __private
#define __local
#define __constant const
#define LOCAL_ARRAY __shared__
#define CONSTANT_ARRAY static __device__ const
#define MAKE2(type, a, b) ar_make2<type>(a, b)
#define MAKE4(type, a, b, c, d) ar_make4<type>(a, b, c, d)
/* Local memory whose size the launch gives: the argument is an offset into the group's. */
#define LOCAL_POINTER(type, name) const unsigned int name##_offset
#define LOCAL_POINTER_TAKE(type, name)                                                                             \
    extern __shared__ ar_long2 ar_launch_local[];                                                                  \
    type *const name = (type *)((char *)ar_launch_local + name##_offset)
#define __kernel __global__
#if defined(__AMDGCN__)
#define reqd_work_group_size(x, y, z) amdgpu_flat_work_group_size((x) * (y) * (z), (x) * (y) * (z))
#else
#define reqd_work_group_size(x, y, z) launch_bounds((x) * (y) * (z))
#endif
#define CLK_LOCAL_MEM_FENCE 1
#define CLK_GLOBAL_MEM_FENCE 2
#define get_local_id ar_local_id
#define get_group_id ar_group_id
#define get_local_size ar_local_size
#define get_num_groups ar_num_groups
#define get_global_id(d) (ar_group_id(d) * ar_local_size(d) + ar_local_id(d))
#define get_global_size(d) (ar_num_groups(d) * ar_local_size(d))
#define get_global_offset(d) 0ul
#define barrier ar_barrier
#define mem_fence ar_fence
#define read_mem_fence ar_fence
#define write_mem_fence ar_fence
#define atomic_add ar_atomic_add
#define atomic_max ar_atomic_max
#define atomic_xchg ar_atomic_xchg
#define atomic_cmpxchg ar_atomic_cmpxchg
#define atomic_inc(p) ar_atomic_add(p, 1)
#undef INFINITY
#undef NAN
#define INFINITY AR_INF_F
#define NAN (AR_INF_F - AR_INF_F)
#define FLT_MAX 3.402823466e38f
#define FLT_MIN 1.175494351e-38f
#define FLT_EPSILON 1.192092896e-7f
#define DBL_MAX 1.7976931348623157e308
#define INT_MAX 2147483647
#define INT_MIN (-2147483647 - 1)

#if !AR_NVRTC
#pragma clang force_cuda_host_device begin
#endif
extern "C" {
