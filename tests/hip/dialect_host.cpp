/* The HIP dialect's vectors and functions (backends/hip/dialect.h), as NVRTC gets them, on the host: what a GPU is not
 * needed for. Stands in for NVRTC's built-in names, then checks functions against their definitions, and runs a real
 * GPU-class kernel (gpu_tiled without local memory, which has no barriers) item by item against a plain product.
 * Halves are left out: their arithmetic is PTX. Built and run by dialect.sh.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define __CUDACC_RTC__
#define __device__
#define __global__
#define __shared__ static
#define __forceinline__ inline __attribute__((always_inline))
#define __align__(n) alignas(n)
#define asm(...) ((void)0)
struct three {
    unsigned x, y, z;
};
static three threadIdx, blockIdx, blockDim = {1, 1, 1}, gridDim = {1, 1, 1};
static inline void __syncthreads() {}
static inline void __threadfence() {}
template <class T> static T atomicAdd(T *p, T x) { T old = *p; *p += x; return old; }
template <class T> static T atomicMax(T *p, T x) { T old = *p; *p = old < x ? x : old; return old; }
template <class T> static T atomicExch(T *p, T x) { T old = *p; *p = x; return old; }
template <class T> static T atomicCAS(T *p, T want, T x) { T old = *p; *p = old == want ? x : old; return old; }
static inline float __int_as_float(int i) { float x; memcpy(&x, &i, 4); return x; }
static inline double __longlong_as_double(long long i) { double x; memcpy(&x, &i, 8); return x; }
static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }

static int failures;
static void check(int good, const char *text, int line) {
    if (!good) {
        printf("FAILED line %d: %s\n", line, text);
        failures++;
    }
}

#include "../../backends/hip/dialect.h"
#include "prelude.h"
#include "matmul/gpu_tiled.cl"

#define CHECK(x) check(!!(x), #x, __LINE__)
#define IS4(v, a, b, c, d) CHECK((v).x == (a) && (v).y == (b) && (v).z == (c) && (v).w == (d))

static void arithmetic() {
    float4 a = MAKE4(float4, 1, -2, 3, -4), b = (float4)(2.0f);
    int4 i = MAKE4(int4, 7, -7, 5, 0);
    IS4(a + b, 3, 0, 5, -2);
    IS4(2.0f * a - 1.0f, 1, -5, 5, -9);
    IS4(-a, -1, 2, -3, 4);
    a *= b;
    IS4(a, 2, -4, 6, -8);
    IS4(i % 4, 3, -3, 1, 0);
    IS4((i & 3) << 2, 12, 4, 4, 0);
    IS4(i >> 1, 3, -4, 2, 0);
    IS4(a > 0.0f, -1, 0, -1, 0);
    IS4(a > 0.0f || i == 0, -1, 0, -1, -1);
    IS4(!i, 0, 0, 0, -1);
    IS4(~i, -8, 6, -6, -1);
    IS4(select(a, b, a > 0.0f), 2, -4, 2, -8);
    CHECK(select(1.0f, 2.0f, 1) == 2.0f && select(1.0f, 2.0f, 0) == 1.0f);
    CHECK(1 / (-(float4)(0.0f)).x < 0);
    float16 wide = (float16)(3.0f);
    wide = fma(wide, wide, wide);
    CHECK(wide.lo.lo.x == 12 && wide.hi.hi.w == 12);
    double2 d = MAKE2(double2, 0.5, -0.25);
    CHECK((d < 0.0).y == -1 && (d < 0.0).x == 0);
}

static void functions() {
    float4 x = MAKE4(float4, 0.5f, -1.5f, NAN, INFINITY);
    IS4(isnan(x), 0, 0, -1, 0);
    IS4(isinf(x), 0, 0, 0, -1);
    CHECK(isnan(NAN) == 1 && isnan(1.0f) == 0 && isfinite(1.0f) == 1 && isinf(-INFINITY) == 1);
    CHECK(rint(x).x == 0 && rint(x).y == -2 && floor(x).y == -2 && trunc(x).y == -1);
    CHECK(min(3, -2) == -2 && max(3u, 7u) == 7u && min(2l, 5l) == 2 && clamp(5.0f, 0.0f, 1.0f) == 1.0f);
    IS4(max(MAKE4(int4, 1, 2, 3, 4), (int4)(2)), 2, 2, 3, 4);
    CHECK(copysign(2.0f, -0.0f) == -2 && sign(-3.0f) == -1 && sign(NAN) == 0 && mad(2.0f, 3.0f, 1.0f) == 7);
    CHECK(fabs(exp(1.0) - 2.718281828459045) < 1e-15 && fabs(tanh(0.5f) - 0.46211716f) < 1e-7f);
    CHECK(mul_hi(0x40000000, 8) == 2 && mul24(3, 4) == 12 && abs(-5) == 5);
    CHECK(dot(MAKE4(float4, 1, 2, 3, 4), MAKE4(float4, 1, 1, 1, 2)) == 14);
}

static void conversions() {
    float4 x = MAKE4(float4, 2.5f, -2.5f, 300.0f, NAN);
    IS4(convert_int4(MAKE4(float4, 2.9f, -2.9f, 0, 1)), 2, -2, 0, 1);
    IS4(convert_int4_rte(MAKE4(float4, 2.5f, 3.5f, -2.5f, 0.4f)), 2, 4, -2, 0);
    IS4(convert_char4_sat_rte(x), 2, -2, 127, 0);
    IS4(convert_uchar4_sat_rte(x), 2, 0, 255, 0);
    IS4(convert_char4_sat(MAKE4(int4, 1000, -1000, 5, -5)), 127, -128, 5, -5);
    CHECK(convert_int_sat_rte(3e9f) == 2147483647 && convert_int_sat_rte(-3e9f) == -2147483647 - 1);
    CHECK(convert_uint_sat_rte(5e9f) == 4294967295u && convert_long_sat_rte(1e30f) == 9223372036854775807l);
    CHECK(convert_char_sat_rte(-0.5f) == 0 && convert_char_sat_rte(1.5f) == 2);
    IS4(convert_float4(MAKE4(uchar4, 200, 1, 2, 3)), 200, 1, 2, 3);
    IS4(as_uint4((float4)(1.0f)), 0x3f800000u, 0x3f800000u, 0x3f800000u, 0x3f800000u);
    CHECK(as_float(0x40000000u) == 2.0f && convert_ulong(-1) == 18446744073709551615ul);
    float8 eight = convert_float8((int8)(-3));
    CHECK(eight.hi.w == -3);
}

static void memory() {
    float data[20];
    for (int i = 0; i < 20; i++)
        data[i] = (float)i;
    IS4(vload4(1, data + 1), 5, 6, 7, 8);
    CHECK(vload16(0, data + 2).hi.hi.w == 17 && vload2(3, data).y == 7);
    vstore4((float4)(-1.0f), 2, data + 1);
    CHECK(data[8] == 8 && data[9] == -1 && data[12] == -1 && data[13] == 13);
    int at = 5;
    CHECK(atomic_add(&at, 2) == 5 && at == 7 && atomic_cmpxchg(&at, 7, 1) == 7 && at == 1 && atomic_inc(&at) == 1);
}

/* Every work-item of every group, one after another. */
static void kernel() {
    enum { M = 45, N = 39, K = 29, GROUPS = ((M + TM - 1) / TM) * ((N + TN - 1) / TN) };
    static float a[M * K], b[K * N], c[M * N], bias[N];
    for (int i = 0; i < M * K; i++)
        a[i] = (float)(i * 7 % 11 - 5);
    for (int i = 0; i < K * N; i++)
        b[i] = (float)(i * 5 % 13 - 6);
    for (int i = 0; i < N; i++)
        bias[i] = (float)i;
    matmul_args s = {};
    s.m = M, s.n = N, s.k = K, s.lda = K, s.ldb = N, s.ldc = N, s.batch_inner = 1;
    s.mc = (M + TM - 1) / TM, s.nc = (N + TN - 1) / TN, s.kc = (K + TK - 1) / TK * TK;
    blockDim.x = GROUP;
    gridDim.x = GROUPS;
    for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++)
            matmul_gpu_tiled(s, 2.0f, 0.0f, 0.0f, a, b, c, bias, c, a, b, bias, bias, c, 1, 0);
    for (int i = 0; i < M; i++)
        for (int j = 0; j < N; j++) {
            float want = 0;
            for (int k = 0; k < K; k++)
                want += a[i * K + k] * b[k * N + j];
            want = 2 * want + bias[j];
            CHECK(c[i * N + j] == (want < 0 ? 0 : want)); /* small whole numbers: exact */
        }
}

int main() {
    arithmetic();
    functions();
    conversions();
    memory();
    kernel();
    printf("%d failures\n", failures);
    return failures != 0;
}
} /* of the dialect's extern "C" */
