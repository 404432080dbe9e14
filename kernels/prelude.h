/* prelude.h: the names every kernel of Arete stands on; it comes first in each program.
 *
 * A kernel source is this file, then the .cl file with every `#include "x.h"` line replaced by that
 * file (path relative to kernels/). Plain OpenCL C 1.2 is what the sources are written in. GPU-class
 * kernels compile as HIP C++ too: backends/hip/dialect.h, which then comes before this file, gives them
 * OpenCL C's names, and its header says what it cannot give. What differs is written with these names:
 *   LOCAL_ARRAY T x[N]        a variable in local memory (__local T *p is a pointer, and stays)
 *   CONSTANT_ARRAY T x[] = {} a table of constants at file scope
 *   MAKE2(V, a, b), MAKE4(V, a, b, c, d)   a vector of its lanes, instead of (V)(a, b)
 *   LOCAL_POINTER(T, p)       an argument of a kernel that is local memory (AR_LOCAL on the host), and
 *   LOCAL_POINTER_TAKE(T, p)  the first statement of that kernel, which makes it a pointer
 * CPU-class kernels need none of this.
 *
 * Types of memory ("storage") are written as tokens: f32 f16 bf16 i8 u8 i32 f64. A kernel computes in
 * `real`: double when REAL_F64 is 1, else float; `realv` is a vector of LANES reals.
 *
 * Parameters
 *   VEC       native vector width of the device in floats: 4, 8 or 16 (LANES = VEC, or VEC / 2 for f64)
 *   REAL_F64  1: compute in double (every storage type is then f64 or an integer)
 *
 * Given for each storage type T:
 *   st_T                            the type of an element in memory
 *   loadv_T(p) / storev_T(x, p)     LANES elements at p, which need not be aligned, to and from realv
 *   loads_T(p) / stores_T(x, p)     one element
 * Rounding: to nearest even for f16 and bf16 (NaN stays NaN); i8, u8 and i32 round to nearest even and
 * saturate.
 */
#ifndef VEC
#define VEC 4 /* any device has at least this width, if need be by splitting */
#endif
#if VEC != 4 && VEC != 8 && VEC != 16
#error "VEC must be 4, 8 or 16"
#endif
#ifndef REAL_F64
#define REAL_F64 0
#endif

#ifndef AR_HIP
#define LOCAL_ARRAY __local
#define CONSTANT_ARRAY __constant
#define MAKE2(type, a, b) ((type)(a, b))
#define MAKE4(type, a, b, c, d) ((type)(a, b, c, d))
#define LOCAL_POINTER(type, name) __local type *name
#define LOCAL_POINTER_TAKE(type, name)
#endif

#define CAT2_(a, b) a##b
#define CAT2(a, b) CAT2_(a, b)
#define CAT3(a, b, c) CAT2(CAT2(a, b), c)

/* Numbers of the storage types, for #if: CODE(TYPE_A) == CODE_f16 */
#define CODE_f32 1
#define CODE_f16 2
#define CODE_bf16 3
#define CODE_i8 4
#define CODE_u8 5
#define CODE_i32 6
#define CODE_f64 7
#define CODE(type) CAT2(CODE_, type)
#define IS_INT8(type) (CODE(type) == CODE_i8 || CODE(type) == CODE_u8)

#if REAL_F64
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#if VEC == 4
#define LANES 2
#elif VEC == 8
#define LANES 4
#else
#define LANES 8
#endif
typedef double real;
typedef CAT2(double, LANES) realv;
typedef CAT2(long, LANES) maskv; /* the integer vector as wide as realv */
#define convert_realv CAT2(convert_double, LANES)
#define convert_maskv CAT2(convert_long, LANES)
#else
#define LANES VEC
typedef float real;
typedef CAT2(float, LANES) realv;
typedef CAT2(int, LANES) maskv;
#define convert_realv CAT2(convert_float, LANES)
#define convert_maskv CAT2(convert_int, LANES)
#endif
#define vloadv CAT2(vload, LANES)
#define vstorev CAT2(vstore, LANES)
typedef CAT2(int, LANES) intv;
typedef CAT2(uint, LANES) uintv;

/* Vectors at addresses that are aligned to their elements only. They are typedefs of lower alignment because PoCL's
 * vload and vstore of such places come out as 128-bit pieces; compilers that are not clang get vload and vstore. */
#ifdef __clang__
typedef realv near_realv __attribute__((aligned(REAL_F64 ? 8 : 4)));
typedef intv near_intv __attribute__((aligned(4)));
typedef CAT2(ushort, LANES) near_ushortv __attribute__((aligned(2)));
typedef CAT2(char, LANES) near_charv __attribute__((aligned(1)));
typedef CAT2(uchar, LANES) near_ucharv __attribute__((aligned(1)));
#define LOAD_NEAR(space, vector, p) (*(space near_##vector *)(p))
#define STORE_NEAR(space, vector, x, p) (*(space near_##vector *)(p) = (x))
#else
#define LOAD_NEAR(space, vector, p) vloadv(0, p)
#define STORE_NEAR(space, vector, x, p) vstorev(x, 0, p)
#endif

/* Brings the cache line of p nearer, where a compiler for a CPU has a way: OpenCL's prefetch() does nothing in PoCL. Any
 * address will do, also one past the end. PREFETCH: into the second cache; PREFETCH_L1: into the first. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define PREFETCH(p) __builtin_prefetch((const void *)(ulong)(p), 0, 2)
#define PREFETCH_L1(p) __builtin_prefetch((const void *)(ulong)(p), 0, 3)
#else
#define PREFETCH(p) ((void)0)
#define PREFETCH_L1(p) ((void)0)
#endif

typedef float st_f32;
typedef half st_f16;
typedef ushort st_bf16;
typedef char st_i8;
typedef uchar st_u8;
typedef int st_i32;
#if REAL_F64
typedef double st_f64;
#endif

static inline realv loadv_i8(__global const st_i8 *p) { return convert_realv(LOAD_NEAR(__global const, charv, p)); }
static inline realv loadv_u8(__global const st_u8 *p) { return convert_realv(LOAD_NEAR(__global const, ucharv, p)); }
static inline realv loadv_i32(__global const st_i32 *p) { return convert_realv(LOAD_NEAR(__global const, intv, p)); }
static inline real loads_i8(__global const st_i8 *p) { return *p; }
static inline real loads_u8(__global const st_u8 *p) { return *p; }
static inline real loads_i32(__global const st_i32 *p) { return *p; }
static inline void storev_i8(realv x, __global st_i8 *p)
{
    vstorev(CAT3(convert_char, LANES, _sat_rte)(x), 0, p);
}
static inline void storev_u8(realv x, __global st_u8 *p)
{
    vstorev(CAT3(convert_uchar, LANES, _sat_rte)(x), 0, p);
}
static inline void storev_i32(realv x, __global st_i32 *p)
{
    vstorev(CAT3(convert_int, LANES, _sat_rte)(x), 0, p);
}
static inline void stores_i8(real x, __global st_i8 *p) { *p = convert_char_sat_rte(x); }
static inline void stores_u8(real x, __global st_u8 *p) { *p = convert_uchar_sat_rte(x); }
static inline void stores_i32(real x, __global st_i32 *p) { *p = convert_int_sat_rte(x); }

#if REAL_F64
static inline realv loadv_f64(__global const st_f64 *p) { return LOAD_NEAR(__global const, realv, p); }
static inline real loads_f64(__global const st_f64 *p) { return *p; }
static inline void storev_f64(realv x, __global st_f64 *p) { STORE_NEAR(__global, realv, x, p); }
static inline void stores_f64(real x, __global st_f64 *p) { *p = x; }
#else
static inline realv loadv_f32(__global const st_f32 *p) { return LOAD_NEAR(__global const, realv, p); }
static inline real loads_f32(__global const st_f32 *p) { return *p; }
static inline void storev_f32(realv x, __global st_f32 *p) { STORE_NEAR(__global, realv, x, p); }
static inline void stores_f32(real x, __global st_f32 *p) { *p = x; }

static inline realv loadv_f16(__global const st_f16 *p) { return CAT2(vload_half, LANES)(0, p); }
static inline real loads_f16(__global const st_f16 *p) { return vload_half(0, p); }
static inline void storev_f16(realv x, __global st_f16 *p) { CAT3(vstore_half, LANES, _rte)(x, 0, p); }
static inline void stores_f16(real x, __global st_f16 *p) { vstore_half_rte(x, 0, p); }

/* bf16 is the upper half of an f32. */
static inline realv loadv_bf16(__global const st_bf16 *p)
{
    return CAT2(as_float, LANES)(CAT2(convert_uint, LANES)(LOAD_NEAR(__global const, ushortv, p)) << 16);
}
static inline real loads_bf16(__global const st_bf16 *p) { return as_float((uint)*p << 16); }
static inline void storev_bf16(realv x, __global st_bf16 *p)
{
    uintv u = CAT2(as_uint, LANES)(x);
    uintv rounded = (u + 0x7fffu + ((u >> 16) & 1u)) >> 16;
    uintv quiet = (u >> 16) | 0x40u;
    vstorev(CAT2(convert_ushort, LANES)(select(rounded, quiet, isnan(x))), 0, p);
}
static inline void stores_bf16(real x, __global st_bf16 *p)
{
    uint u = as_uint(x);
    *p = (ushort)(isnan(x) ? (u >> 16) | 0x40u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
#endif

#define STORAGE(type) CAT2(st_, type)
#define LOADV(type) CAT2(loadv_, type)
#define LOADS(type) CAT2(loads_, type)
#define STOREV(type) CAT2(storev_, type)
#define STORES(type) CAT2(stores_, type)

/* Interleave the low (high) halves of two vectors: a0 b0 a1 b1 ...; log2(LANES) rounds of it transpose. */
#define INTERLEAVE(result_lo, result_hi, a, b) \
    do {                                       \
        (result_lo).even = (a).lo;             \
        (result_lo).odd = (b).lo;              \
        (result_hi).even = (a).hi;             \
        (result_hi).odd = (b).hi;              \
    } while (0)
