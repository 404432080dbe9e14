/* layers/elements.h: elements of any storage type as `num` and vectors of LANES of them, `numv`.
 *
 * Parameters
 *   CLASS   what the kernel computes in: 1 f32, 2 f64 (with REAL_F64=1), 3 i64, 4 raw bits
 *   BITS    bytes of an element of class 4: 1, 2, 4 or 8; its storage type is `bits`
 *
 * For each storage type T (f32 f16 bf16 f64 i8 u8 i32 i64 bool, or bits):
 *   el_T                                 in memory
 *   get_T(p) put_T(x, p)                 one element
 *   getv_T(p) putv_T(x, p)               LANES of them, which need not be aligned
 *   fetch_T(p, step, count)              count <= LANES of them, step apart; the others are 0
 *   store_T(x, p, step, count)
 * Reals to integers go towards zero and saturate, NaN to 0; integers to integers wrap; anything but 0 is true.
 */
#define CLASS_F32 1
#define CLASS_F64 2
#define CLASS_I64 3
#define CLASS_BITS 4
#ifndef CLASS
#define CLASS CLASS_F32
#endif
#ifndef BITS
#define BITS 4
#endif
#if CLASS < 1 || CLASS > 4 || (CLASS == CLASS_F64) != REAL_F64
#error "CLASS must be 1 to 4, and 2 goes with REAL_F64=1"
#endif
#define IS_REAL (CLASS == CLASS_F32 || CLASS == CLASS_F64)

typedef char el_i8;
typedef uchar el_u8;
typedef int el_i32;
typedef long el_i64;
typedef uchar el_bool;
#define vloadl CAT2(vload, LANES)
#define vstorel CAT2(vstore, LANES)
#define INTO(type, how) CAT3(convert_##type, LANES, how)

#if IS_REAL
typedef real num;
typedef realv numv;
#define convert_numv convert_realv
#elif CLASS == CLASS_I64
typedef long num;
typedef CAT2(long, LANES) numv;
#define convert_numv CAT2(convert_long, LANES)
#elif BITS == 1
typedef uchar el_bits;
typedef CAT2(uchar, LANES) numv;
#elif BITS == 2
typedef ushort el_bits;
typedef CAT2(ushort, LANES) numv;
#elif BITS == 4
typedef uint el_bits;
typedef CAT2(uint, LANES) numv;
#elif BITS == 8
typedef ulong el_bits;
typedef CAT2(ulong, LANES) numv;
#else
#error "BITS must be 1, 2, 4 or 8"
#endif

#if CLASS == CLASS_BITS
typedef el_bits num;
#ifdef __clang__
typedef numv near_numv __attribute__((aligned(BITS)));
static inline numv getv_bits(__global const el_bits *p) { return *(__global const near_numv *)p; }
static inline void putv_bits(numv x, __global el_bits *p) { *(__global near_numv *)p = x; }
#else
static inline numv getv_bits(__global const el_bits *p) { return vloadl(0, p); }
static inline void putv_bits(numv x, __global el_bits *p) { vstorel(x, 0, p); }
#endif
static inline num get_bits(__global const el_bits *p) { return *p; }
static inline void put_bits(num x, __global el_bits *p) { *p = x; }
#else

#define INTEGER(T)                                                                                   \
    static inline num get_##T(__global const el_##T *p) { return (num)*p; }                        \
    static inline numv getv_##T(__global const el_##T *p) { return convert_numv(vloadl(0, p)); }
INTEGER(i8)
INTEGER(u8)
INTEGER(i32)
INTEGER(i64)
INTEGER(bool)
#undef INTEGER

#if IS_REAL
#define HOW _sat_rtz
#else
#define HOW
#endif
static inline void put_i8(num x, __global el_i8 *p) { *p = CAT2(convert_char, HOW)(x); }
static inline void put_u8(num x, __global el_u8 *p) { *p = CAT2(convert_uchar, HOW)(x); }
static inline void put_i32(num x, __global el_i32 *p) { *p = CAT2(convert_int, HOW)(x); }
static inline void put_i64(num x, __global el_i64 *p) { *p = CAT2(convert_long, HOW)(x); }
static inline void put_bool(num x, __global el_bool *p) { *p = x != 0; }
static inline void putv_i8(numv x, __global el_i8 *p) { vstorel(INTO(char, HOW)(x), 0, p); }
static inline void putv_u8(numv x, __global el_u8 *p) { vstorel(INTO(uchar, HOW)(x), 0, p); }
static inline void putv_i32(numv x, __global el_i32 *p) { vstorel(INTO(int, HOW)(x), 0, p); }
static inline void putv_i64(numv x, __global el_i64 *p) { vstorel(INTO(long, HOW)(x), 0, p); }
static inline void putv_bool(numv x, __global el_bool *p) { vstorel(INTO(uchar, )(x != 0) & (uchar)1, 0, p); }
#endif

#if CLASS == CLASS_F32
typedef float el_f32;
typedef half el_f16;
typedef ushort el_bf16;
static inline num get_f32(__global const el_f32 *p) { return *p; }
static inline num get_f16(__global const el_f16 *p) { return loads_f16(p); }
static inline num get_bf16(__global const el_bf16 *p) { return loads_bf16(p); }
static inline numv getv_f32(__global const el_f32 *p) { return loadv_f32(p); }
static inline numv getv_f16(__global const el_f16 *p) { return loadv_f16(p); }
static inline numv getv_bf16(__global const el_bf16 *p) { return loadv_bf16(p); }
static inline void put_f32(num x, __global el_f32 *p) { *p = x; }
static inline void put_f16(num x, __global el_f16 *p) { stores_f16(x, p); }
static inline void put_bf16(num x, __global el_bf16 *p) { stores_bf16(x, p); }
static inline void putv_f32(numv x, __global el_f32 *p) { storev_f32(x, p); }
static inline void putv_f16(numv x, __global el_f16 *p) { storev_f16(x, p); }
static inline void putv_bf16(numv x, __global el_bf16 *p) { storev_bf16(x, p); }
#elif CLASS == CLASS_F64
typedef float el_f32;
typedef half el_f16;
typedef ushort el_bf16;
typedef double el_f64;
static inline num get_f64(__global const el_f64 *p) { return *p; }
static inline num get_f32(__global const el_f32 *p) { return *p; }
static inline num get_f16(__global const el_f16 *p) { return vload_half(0, p); }
static inline num get_bf16(__global const el_bf16 *p) { return as_float((uint)*p << 16); }
static inline void put_f64(num x, __global el_f64 *p) { *p = x; }
static inline void put_f32(num x, __global el_f32 *p) { *p = convert_float_rte(x); }
/* To f32 first, keeping in its last bit that something was cut off (round to odd), so that the second rounding, to
 * fewer bits, comes out as one of the whole. */
static inline float to_odd(double x)
{
    float y = convert_float_rtz(x);
    uint cut = (double)y != x && !isnan(x);
    return as_float(as_uint(y) | cut);
}
static inline void put_f16(num x, __global el_f16 *p) { vstore_half_rte(to_odd(x), 0, p); }
static inline void put_bf16(num x, __global el_bf16 *p)
{
    uint u = as_uint(to_odd(x));
    *p = (ushort)(isnan(x) ? (u >> 16) | 0x40u : (u + 0x7fffu + ((u >> 16) & 1u)) >> 16);
}
#define EACH(T)                                                            \
    static inline numv getv_##T(__global const el_##T *p)                  \
    {                                                                      \
        num x[LANES];                                                      \
        for (int i = 0; i < LANES; ++i)                                    \
            x[i] = get_##T(p + i);                                         \
        return vloadl(0, x);                                               \
    }                                                                      \
    static inline void putv_##T(numv x, __global el_##T *p)                \
    {                                                                      \
        num y[LANES];                                                      \
        vstorel(x, 0, y);                                                  \
        for (int i = 0; i < LANES; ++i)                                    \
            put_##T(y[i], p + i);                                          \
    }
EACH(f16)
EACH(bf16)
#undef EACH
static inline numv getv_f64(__global const el_f64 *p) { return loadv_f64(p); }
static inline numv getv_f32(__global const el_f32 *p) { return convert_numv(vloadl(0, p)); }
static inline void putv_f64(numv x, __global el_f64 *p) { storev_f64(x, p); }
static inline void putv_f32(numv x, __global el_f32 *p) { vstorel(INTO(float, _rte)(x), 0, p); }
#endif

/* Elements apart from each other, or fewer than a vector. */
#define APART(T)                                                                          \
    static inline numv fetch_##T(__global const el_##T *p, long step, long count)         \
    {                                                                                     \
        num x[LANES];                                                                     \
        for (int i = 0; i < LANES; ++i)                                                   \
            x[i] = i < count ? get_##T(p + i * step) : (num)0;                            \
        return vloadl(0, x);                                                              \
    }                                                                                     \
    static inline void store_##T(numv x, __global el_##T *p, long step, long count)       \
    {                                                                                     \
        num y[LANES];                                                                     \
        vstorel(x, 0, y);                                                                 \
        for (int i = 0; i < LANES; ++i) {                                                 \
            if (i < count)                                                                \
                put_##T(y[i], p + i * step);                                              \
        }                                                                                 \
    }
#if CLASS == CLASS_BITS
APART(bits)
#else
APART(i8)
APART(u8)
APART(i32)
APART(i64)
APART(bool)
#if IS_REAL
APART(f32)
APART(f16)
APART(bf16)
#endif
#if CLASS == CLASS_F64
APART(f64)
#endif
#endif
#undef APART

#define EL(T) CAT2(el_, T)
#define GET(T) CAT2(get_, T)
#define PUT(T) CAT2(put_, T)
#define GETV(T) CAT2(getv_, T)
#define PUTV(T) CAT2(putv_, T)
#define FETCH(T) CAT2(fetch_, T)
#define STORE(T) CAT2(store_, T)

/* Where turn `index` of a nest of loops, the innermost first, is. */
static inline long place(long index, long loops, const long *dim, const long *step)
{
    long at = 0;
    for (long d = 0; d < loops; ++d) {
        at += index % dim[d] * step[d];
        index /= dim[d];
    }
    return at;
}

/* Whole vectors that go past the cache, so that their lines are not read first: BEYOND says whether p is aligned for it. */
#if defined(__clang__)
#define BEYOND(p, bytes) (((ulong)(p) & ((bytes) - 1)) == 0)
#define PUT_BEYOND(x, p) __builtin_nontemporal_store(x, (__global numv *)(p))
#else
#define BEYOND(p, bytes) 0
#define PUT_BEYOND(x, p) (*(__global numv *)(p) = (x))
#endif
