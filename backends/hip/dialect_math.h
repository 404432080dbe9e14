/* dialect_math.h: part of dialect.h: mathematical functions, of one value and of vectors. */
/* ---- math of one value ---- */
/* AR_CALL(name, f): the device library's function, for floats f32 and doubles f64. */
#if AR_NVRTC
#define AR_LIBRARY1(name)                                                                                          \
    AR_FN float ar_##name(float x) { return ::name##f(x); }                                                        \
    AR_FN double ar_##name(double x) { return ::name(x); }
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
