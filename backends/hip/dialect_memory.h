/* dialect_memory.h: part of dialect.h: conversions, loads and stores, work-items, barriers, atomics. */
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
    return x < ar_ends<AR_TO>::low    ? (AR_TO)ar_ends<AR_TO>::low
           : x > ar_ends<AR_TO>::high ? (AR_TO)ar_ends<AR_TO>::high
                                      : (AR_TO)x;
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

/* To float: a cast rounds to the nearest; one double towards zero, whose next bits below are the next float. */
#define AR_CONVERT_NEAREST(to, name) AR_CONVERT_(to, name##_rte, false, false)
AR_EVERY_WIDTH(AR_CONVERT_NEAREST, float, float)
AR_FN float ar_convert_float_rtz(double x)
{
    float y = (float)x;
    double beyond = y < 0 ? x - y : y - x;
    return beyond > 0 ? ar_as<float>(ar_as<ar_uint>(y) - 1) : y;
}

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
