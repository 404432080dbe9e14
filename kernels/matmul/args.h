/* matmul/args.h: the one argument block of all matmul kernels; the host has the same struct of int64_t.
 * Every distance and offset is in elements of its operand, and 64 bits wide.
 *
 * The common argument list of the kernels, after this struct by value:
 *   real alpha, real beta, real slope, A, B, Cin, bias, C, zero_a, zero_b, scale_a, scale_b
 * A buffer that the variant does not read may be NULL.
 */
typedef struct {
    long m, n, k;
    long lda, ldb, ldc, ldcin; /* row pitches; ldb is not used with packed B */
    long batch_inner;          /* matrix z is (z / batch_inner, z % batch_inner) */
    long a_offset, b_offset, c_offset, cin_offset, bias_offset;
    long zero_a_offset, zero_b_offset, scale_a_offset, scale_b_offset;
    long a_outer, a_inner, b_outer, b_inner, c_outer, c_inner, cin_outer, cin_inner;
    long mc, nc, kc; /* block of C per work-group, and of K per pass; see the kernel */
} matmul_args;

#ifndef TYPE_A
#define TYPE_A f32
#endif
#ifndef TYPE_B
#define TYPE_B f32
#endif
#ifndef TRANS_A
#define TRANS_A 0 /* 1: A is stored [K,M] */
#endif
#ifndef TRANS_B
#define TRANS_B 0 /* 1: B is stored [N,K] */
#endif
#ifndef ZERO_A
#define ZERO_A 0 /* zero point of A: 0 none, 1 one for all, 2 one per row */
#endif
#ifndef ZERO_B
#define ZERO_B 0 /* zero point of B: 0 none, 1 one for all, 2 one per column */
#endif
#ifndef TYPE_ZERO_A
#define TYPE_ZERO_A TYPE_A
#endif
#ifndef TYPE_ZERO_B
#define TYPE_ZERO_B TYPE_B
#endif
#if REAL_F64 != (CODE(TYPE_A) == CODE_f64) || REAL_F64 != (CODE(TYPE_B) == CODE_f64)
#error "f64 goes with f64 only, and needs REAL_F64=1"
#endif
#if ZERO_A < 0 || ZERO_A > 2 || ZERO_B < 0 || ZERO_B > 2
#error "ZERO_A and ZERO_B must be 0, 1 or 2"
#endif
/* int8 x int8 is summed exactly: f32 sums of at most 256 products, |product| <= 255^2, stay below 2^24. */
#define INT_SUM (IS_INT8(TYPE_A) && IS_INT8(TYPE_B))
#define INT_BLOCK 256
#define NR (2 * LANES)

#define BATCH_OFFSET(s, z, what)                                                   \
    ((s).what##_offset + (z) / (s).batch_inner * (s).what##_outer + (z) % (s).batch_inner * (s).what##_inner)

/* Where matrix z of the batch ends up. */
static inline void set_epilogue(epilogue *e, const matmul_args *s, long z, real alpha, real beta, real slope,
                                __global const STORAGE(TYPE_CIN) *cin,
                                __global const STORAGE(TYPE_BIAS) *bias, __global STORAGE(TYPE_C) *c,
                                __global const float *scale_a,
                                __global const float *scale_b)
{
    e->c = c + BATCH_OFFSET(*s, z, c);
    e->cin = cin + BATCH_OFFSET(*s, z, cin);
    e->bias = bias + s->bias_offset;
    e->scale_a = scale_a + s->scale_a_offset;
    e->scale_b = scale_b + s->scale_b_offset;
    e->ldc = s->ldc;
    e->ldcin = s->ldcin;
    e->alpha = alpha;
    e->beta = beta;
    e->slope = slope;
}
