/* From descriptor and operands to the canonical problem: shapes, types, strides. Buffers are looked at in check.c.
 */
#include "problem.h"

#include <string.h>

#define MAX_BATCH (ARETE_MAX_RANK - 2)

/* A matrix of an operand with the batch before it. */
typedef struct view {
    int64_t rows, columns, row_stride, column_stride;
    uint32_t levels;
    int64_t dims[MAX_BATCH], strides[MAX_BATCH];
} view;

static long long ll(int64_t value) {
    return (long long)value;
}

static bool known_type(arete_dtype type) {
    return arete_dtype_size(type) != 0;
}

/* Dimensions, strides and offset that make sense by themselves; strides all zero become tight ones. */
static arete_status check_tensor(const char *name, const arete_tensor *t, int64_t strides[ARETE_MAX_RANK]) {
    if (!known_type(t->dtype))
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %d, which is no data type: set it (ARETE_F32, ...)", name,
                       (int)t->dtype);
    if (t->rank > ARETE_MAX_RANK)
        return ar_fail(ARETE_E_SHAPE, "%s.rank is %u, but at most %d is possible", name, (unsigned)t->rank,
                       ARETE_MAX_RANK);
    if (t->offset % arete_dtype_size(t->dtype) != 0)
        return ar_fail(ARETE_E_RANGE, "%s.offset is %llu bytes, but must be a multiple of the %zu bytes of %s",
                       name, (unsigned long long)t->offset, arete_dtype_size(t->dtype), arete_dtype_name(t->dtype));
    bool tight = true;
    for (uint32_t i = 0; i < t->rank; ++i) {
        if (t->dims[i] < 0)
            return ar_fail(ARETE_E_SHAPE, "%s.dims[%u] is %lld, but must not be negative", name, (unsigned)i,
                           ll(t->dims[i]));
        if (t->strides[i] < 0)
            return ar_fail(ARETE_E_SHAPE,
                           "%s.strides[%u] is %lld, but must not be negative: copy the data in order", name,
                           (unsigned)i, ll(t->strides[i]));
        tight = tight && t->strides[i] == 0;
    }
    int64_t step = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        strides[i] = tight ? step : t->strides[i];
        if (tight && t->dims[i] > 1) {
            if (step > INT64_MAX / t->dims[i])
                return ar_fail(ARETE_E_RANGE, "%s has more than 2^63 elements: dims[%u] is %lld", name, (unsigned)i,
                               ll(t->dims[i]));
            step *= t->dims[i];
        }
    }
    return ARETE_OK;
}

static arete_status read_view(const char *name, const arete_tensor *t, view *v) {
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->rank < 2)
        return ar_fail(ARETE_E_SHAPE,
                       "%s.rank is %u, but a matrix has 2 dimensions or more: give a vector as [1,n] "
                       "or [n,1]",
                       name, (unsigned)t->rank);
    v->levels = t->rank - 2;
    for (uint32_t i = 0; i < v->levels; ++i) {
        v->dims[i] = t->dims[i];
        v->strides[i] = strides[i];
    }
    v->rows = t->dims[v->levels];
    v->columns = t->dims[v->levels + 1];
    v->row_stride = strides[v->levels];
    v->column_stride = strides[v->levels + 1];
    return ARETE_OK;
}

/* Turns a view given as [columns,rows] round. */
static void turn(view *v) {
    int64_t rows = v->rows, row_stride = v->row_stride;
    v->rows = v->columns;
    v->row_stride = v->column_stride;
    v->columns = rows;
    v->column_stride = row_stride;
}

/* An input's layout: one of its two strides is 1. One row or one column may have any stride along the other. */
static arete_status read_layout(const char *name, const view *v, uint8_t *trans, int64_t *ld) {
    if (v->column_stride == 1 || v->columns <= 1) {
        *trans = 0;
        *ld = v->row_stride;
    } else if (v->row_stride == 1 || v->rows <= 1) {
        *trans = 1;
        *ld = v->column_stride;
    } else {
        return ar_fail(ARETE_E_SHAPE,
                       "%s has strides %lld and %lld in its last two dimensions, but one of them must "
                       "be 1: copy it to a matrix whose rows or columns are contiguous",
                       name, ll(v->row_stride), ll(v->column_stride));
    }
    return ARETE_OK;
}

/* The batch of an operand against C's, aligned at the right; missing or 1 repeats. */
static arete_status read_batch(const char *name, const view *v, const view *c, int64_t steps[MAX_BATCH]) {
    for (uint32_t i = 0; i < c->levels; ++i)
        steps[i] = 0;
    for (uint32_t i = 0; i < v->levels; ++i) {
        bool extra = v->levels - i > c->levels;
        uint32_t at = extra ? 0 : c->levels - (v->levels - i);
        int64_t want = extra ? 1 : c->dims[at];
        if (v->dims[i] != 1 && v->dims[i] != want)
            return ar_fail(ARETE_E_SHAPE,
                           "%s.dims[%u] is %lld, but the batch of c there is %lld: give that, or 1 to "
                           "repeat",
                           name, (unsigned)i, ll(v->dims[i]), ll(want));
        if (!extra && v->dims[i] != 1)
            steps[at] = v->strides[i];
    }
    return ARETE_OK;
}

static bool is_float(arete_dtype type) {
    return type == ARETE_F32 || type == ARETE_F16 || type == ARETE_BF16;
}

static bool is_int8(arete_dtype type) {
    return type == ARETE_I8 || type == ARETE_U8;
}

static bool types_fit(arete_dtype a, arete_dtype b, arete_dtype c) {
    switch (a) {
    case ARETE_F32:
        return (is_float(b) || is_int8(b)) && c == ARETE_F32;
    case ARETE_F16:
    case ARETE_BF16:
        return (b == a || is_int8(b)) && (c == a || c == ARETE_F32);
    case ARETE_F64:
        return b == a && c == a;
    case ARETE_I8:
    case ARETE_U8:
        return is_int8(b) && (c == ARETE_I32 || is_float(c));
    default:
        return false;
    }
}

static arete_status check_types(const arete_matmul_desc *desc, const arete_matmul_args *args) {
    arete_dtype a = args->a.dtype, b = args->b.dtype, c = args->c.dtype;
    if (!types_fit(a, b, c))
        return ar_fail(
            ARETE_E_DTYPE,
            "a, b, c are %s, %s, %s, but supported are: f32 x (f32|f16|bf16|i8|u8) -> f32, f16 x "
            "(f16|i8|u8) -> f16|f32, bf16 x (bf16|i8|u8) -> bf16|f32, f64 x f64 -> f64, (i8|u8) x (i8|u8) "
            "-> i32|f32|f16|bf16",
            arete_dtype_name(a), arete_dtype_name(b), arete_dtype_name(c));
    if (c != ARETE_I32)
        return ARETE_OK;
    if (desc->alpha != 0 && desc->alpha != 1)
        return ar_fail(ARETE_E_DTYPE, "desc.alpha is %g, but must be 1 with c of i32: give c as f32", desc->alpha);
    if (desc->beta != 0 && desc->beta != 1)
        return ar_fail(ARETE_E_DTYPE, "desc.beta is %g, but must be 0 or 1 with c of i32: give c as f32",
                       desc->beta);
    if (desc->activation != ARETE_ACT_NONE || args->bias.dtype != ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_DTYPE, "%s needs a real c, but c is i32: give c as f32",
                       desc->activation != ARETE_ACT_NONE ? "desc.activation" : "bias");
    if (args->a_scale.dtype != ARETE_DTYPE_NONE || args->b_scale.dtype != ARETE_DTYPE_NONE)
        return ar_fail(ARETE_E_DTYPE, "%s needs a real c, but c is i32: give c as f32, or leave the scale out",
                       args->a_scale.dtype != ARETE_DTYPE_NONE ? "a_scale" : "b_scale");
    return ARETE_OK;
}

static arete_status read_cin(const arete_matmul_args *args, const view *c, matmul_problem *p,
                             int64_t steps[MAX_BATCH]) {
    view v;
    arete_status status = read_view("cin", &args->cin, &v);
    if (status != ARETE_OK)
        return status;
    arete_dtype want = args->c.dtype;
    if (args->cin.dtype != want && !(is_float(want) && args->cin.dtype == ARETE_F32))
        return ar_fail(ARETE_E_DTYPE, "cin.dtype is %s, but must be that of c, %s%s",
                       arete_dtype_name(args->cin.dtype), arete_dtype_name(want), is_float(want) ? ", or f32" : "");
    if ((v.rows != 1 && v.rows != c->rows) || (v.columns != 1 && v.columns != c->columns))
        return ar_fail(ARETE_E_SHAPE, "cin is [..., %lld, %lld], but must be broadcastable to c, [..., %lld, %lld]",
                       ll(v.rows), ll(v.columns), ll(c->rows), ll(c->columns));
    if (v.columns > 1 && v.column_stride > 1)
        return ar_fail(ARETE_E_SHAPE, "cin has stride %lld in its last dimension, but must have 1 (or 0)",
                       ll(v.column_stride));
    status = read_batch("cin", &v, c, steps);
    p->cin = MATMUL_CIN_APART;
    p->type_cin = (uint8_t)args->cin.dtype;
    p->ldcin = v.rows == 1 ? 0 : v.row_stride;
    p->cin_splat = v.columns == 1 || v.column_stride == 0;
    return status;
}

/* A contiguous vector operand: [1] or [n] (letter), of the type wanted. */
static arete_status read_vector(const char *name, const arete_tensor *t, arete_dtype want, int64_t n,
                                const char *letter, uint8_t *kind) {
    if (t->dtype == ARETE_DTYPE_NONE) {
        if (t->buffer)
            return ar_fail(ARETE_E_DTYPE,
                           "%s has a buffer, but no dtype: set %s.dtype to ARETE_%s, or leave the "
                           "buffer out",
                           name, name, want == ARETE_F32 ? "F32" : "I8 or ARETE_U8");
        return ARETE_OK;
    }
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->dtype != want)
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be %s", name, arete_dtype_name(t->dtype),
                       arete_dtype_name(want));
    if (t->rank != 1 || (t->dims[0] != 1 && t->dims[0] != n))
        return ar_fail(ARETE_E_SHAPE, "%s has rank %u and dims[0] %lld, but must be [1] or [%s], %s = %lld", name,
                       (unsigned)t->rank, ll(t->rank ? t->dims[0] : 0), letter, letter, ll(n));
    if (t->dims[0] > 1 && strides[0] != 1)
        return ar_fail(ARETE_E_SHAPE, "%s.strides[0] is %lld, but must be 1", name, ll(strides[0]));
    *kind = t->dims[0] == 1 ? MATMUL_ONE : MATMUL_EACH;
    return ARETE_OK;
}

static arete_status read_bias(const arete_matmul_args *args, matmul_problem *p) {
    const arete_tensor *t = &args->bias;
    if (t->dtype == ARETE_DTYPE_NONE) {
        if (t->buffer)
            return ar_fail(ARETE_E_DTYPE,
                           "bias has a buffer, but no dtype: set bias.dtype to ARETE_F32 or that of c, "
                           "or leave the buffer out");
        return ARETE_OK;
    }
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor("bias", t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->dtype != (arete_dtype)p->type_c && !(t->dtype == ARETE_F32 && p->type_c != ARETE_F64))
        return ar_fail(ARETE_E_DTYPE, "bias.dtype is %s, but must be that of c, %s%s", arete_dtype_name(t->dtype),
                       arete_dtype_name((arete_dtype)p->type_c), p->type_c == ARETE_F64 ? "" : ", or f32");
    int64_t step;
    if (t->rank == 1 || (t->rank == 2 && t->dims[0] == 1)) {
        p->bias = MATMUL_BIAS_COLUMN;
        step = strides[t->rank - 1];
    } else if (t->rank == 2 && t->dims[1] == 1) {
        p->bias = MATMUL_BIAS_ROW;
        step = strides[0];
    } else {
        return ar_fail(ARETE_E_SHAPE,
                       "bias has rank %u, but must be [N], [1,N] or [M,1]: other shapes go into cin "
                       "with beta = 1",
                       (unsigned)t->rank);
    }
    int64_t have = p->bias == MATMUL_BIAS_ROW ? t->dims[0] : t->dims[t->rank - 1];
    int64_t want = p->bias == MATMUL_BIAS_ROW ? p->m : p->n;
    if (t->rank == 2 && have == 1 && want != 1 && p->m == 1) { /* [1,1] on one row */
        want = p->m;
        p->bias = MATMUL_BIAS_ROW;
    }
    if (have != want)
        return ar_fail(ARETE_E_SHAPE,
                       "bias has %lld values, but c has %lld %s: a single value goes into cin with "
                       "beta = 1",
                       ll(have), ll(want), p->bias == MATMUL_BIAS_ROW ? "rows" : "columns");
    if (have > 1 && step != 1)
        return ar_fail(ARETE_E_SHAPE, "bias has stride %lld, but must have 1: copy it to a contiguous vector",
                       ll(step));
    p->type_bias = (uint8_t)t->dtype;
    return ARETE_OK;
}

static arete_status read_sides(const arete_matmul_args *args, matmul_problem *p) {
    arete_dtype a = args->a.dtype, b = args->b.dtype;
    if (!is_int8(a) && (args->a_scale.dtype != ARETE_DTYPE_NONE || args->a_zero.dtype != ARETE_DTYPE_NONE))
        return ar_fail(ARETE_E_DTYPE, "%s is given, but a is %s: only i8 and u8 have scales and zero points",
                       args->a_scale.dtype != ARETE_DTYPE_NONE ? "a_scale" : "a_zero", arete_dtype_name(a));
    if (!is_int8(b) && (args->b_scale.dtype != ARETE_DTYPE_NONE || args->b_zero.dtype != ARETE_DTYPE_NONE))
        return ar_fail(ARETE_E_DTYPE, "%s is given, but b is %s: only i8 and u8 have scales and zero points",
                       args->b_scale.dtype != ARETE_DTYPE_NONE ? "b_scale" : "b_zero", arete_dtype_name(b));
    arete_status status = read_bias(args, p);
    if (status == ARETE_OK)
        status = read_vector("a_scale", &args->a_scale, ARETE_F32, p->m, "M", &p->a_scale);
    if (status == ARETE_OK)
        status = read_vector("a_zero", &args->a_zero, a, p->m, "M", &p->a_zero);
    if (status == ARETE_OK)
        status = read_vector("b_scale", &args->b_scale, ARETE_F32, p->n, "N", &p->b_scale);
    if (status == ARETE_OK)
        status = read_vector("b_zero", &args->b_zero, b, p->n, "N", &p->b_zero);
    return status;
}

static arete_status read_levels(matmul_problem *p, const view *c, int64_t *const steps[4]) {
    int64_t dims[MAX_BATCH] = {0};
    for (uint32_t i = 0; i < c->levels; ++i)
        dims[i] = c->dims[i];
    uint32_t count = ar_matmul_merge(c->levels, dims, steps);
    if (count > MATMUL_LEVELS)
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "the batch dimensions of a, b, c and cin leave %u levels that cannot be "
                       "merged, but at most %d are supported: make one of them contiguous",
                       (unsigned)count, MATMUL_LEVELS);
    for (int level = 0; level < MATMUL_LEVELS; ++level)
        p->batch[level] = 1;
    for (uint32_t i = 0; i < count; ++i) {
        uint32_t level = MATMUL_LEVELS - count + i;
        p->batch[level] = dims[i];
        p->step_a[level] = steps[0][i];
        p->step_b[level] = steps[1][i];
        p->step_c[level] = steps[2][i];
        p->step_cin[level] = steps[3][i];
    }
    return ARETE_OK;
}

static arete_status check_desc(const arete_matmul_desc *desc, const arete_matmul_args *args) {
    if (desc->size != 0 && desc->size != sizeof *desc)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but must be 0 or sizeof(arete_matmul_desc), %zu here",
                       desc->size, sizeof *desc);
    if (args->size != 0 && args->size != sizeof *args)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but must be 0 or sizeof(arete_matmul_args), %zu here",
                       args->size, sizeof *args);
    if (desc->activation < ARETE_ACT_NONE || desc->activation > ARETE_ACT_SILU)
        return ar_fail(strcmp(arete_activation_name(desc->activation), "?") == 0 ? ARETE_E_ARGUMENT
                                                                                 : ARETE_E_UNSUPPORTED,
                       "desc.activation is %d (%s); a product can be followed by 0 (none) to %d (silu)",
                       (int)desc->activation, arete_activation_name(desc->activation), (int)ARETE_ACT_SILU);
    return ARETE_OK;
}

/* M, N, K and the layouts of A, B, C. */
static arete_status read_matrices(const arete_matmul_desc *desc, const arete_matmul_args *args, matmul_problem *p,
                                  view *a, view *b, view *c) {
    arete_status status = read_view("a", &args->a, a);
    if (status == ARETE_OK)
        status = read_view("b", &args->b, b);
    if (status == ARETE_OK)
        status = read_view("c", &args->c, c);
    if (status != ARETE_OK)
        return status;
    if (desc->trans_a)
        turn(a);
    if (desc->trans_b)
        turn(b);
    p->m = c->rows;
    p->n = c->columns;
    p->k = a->columns;
    if (a->rows != p->m)
        return ar_fail(ARETE_E_SHAPE, "a has M = %lld%s, but c has M = %lld", ll(a->rows),
                       desc->trans_a ? " (transposed)" : "", ll(p->m));
    if (b->rows != p->k)
        return ar_fail(ARETE_E_SHAPE, "b has K = %lld%s, but a has K = %lld", ll(b->rows),
                       desc->trans_b ? " (transposed)" : "", ll(p->k));
    if (b->columns != p->n)
        return ar_fail(ARETE_E_SHAPE, "b has N = %lld%s, but c has N = %lld", ll(b->columns),
                       desc->trans_b ? " (transposed)" : "", ll(p->n));
    if (c->columns > 1 && c->column_stride != 1)
        return ar_fail(ARETE_E_SHAPE,
                       "c has stride %lld in its last dimension, but must have 1: to write a transposed "
                       "C, exchange A and B, transposed",
                       ll(c->column_stride));
    p->ldc = c->row_stride;
    status = read_layout("a", a, &p->trans_a, &p->lda);
    if (status == ARETE_OK)
        status = read_layout("b", b, &p->trans_b, &p->ldb);
    return status;
}

arete_status ar_matmul_problem_make(const arete_matmul_desc *desc, const arete_matmul_args *args,
                                    matmul_problem *p) {
    static const arete_matmul_desc defaults;
    desc = desc ? desc : &defaults;
    memset(p, 0, sizeof *p);
    arete_status status = check_desc(desc, args);
    if (status != ARETE_OK)
        return status;
    view a, b, c;
    int64_t step_a[MAX_BATCH] = {0}, step_b[MAX_BATCH] = {0}, step_c[MAX_BATCH] = {0}, step_cin[MAX_BATCH] = {0};
    status = read_matrices(desc, args, p, &a, &b, &c);
    if (status == ARETE_OK)
        status = check_types(desc, args);
    if (status == ARETE_OK)
        status = read_batch("a", &a, &c, step_a);
    if (status == ARETE_OK)
        status = read_batch("b", &b, &c, step_b);
    if (status != ARETE_OK)
        return status;
    (void)read_batch("c", &c, &c, step_c);
    p->given_trans_a = desc->trans_a;
    p->given_trans_b = desc->trans_b;
    p->alpha = desc->alpha == 0 ? 1 : desc->alpha;
    p->beta = desc->beta;
    p->activation = (uint8_t)desc->activation;
    p->slope = desc->slope;
    p->prepack = desc->prepack;
    p->type_a = (uint8_t)args->a.dtype;
    p->type_b = (uint8_t)args->b.dtype;
    p->type_c = (uint8_t)args->c.dtype;
    if (desc->beta != 0 && args->cin.dtype != ARETE_DTYPE_NONE)
        status = read_cin(args, &c, p, step_cin);
    else if (desc->beta != 0 && args->cin.buffer)
        status = ar_fail(ARETE_E_DTYPE, "cin has a buffer, but no dtype: set cin.dtype to that of c, %s",
                         arete_dtype_name(args->c.dtype));
    else if (desc->beta != 0)
        p->cin = MATMUL_CIN_IN_PLACE;
    if (status == ARETE_OK)
        status = read_sides(args, p);
    if (status == ARETE_OK)
        status = read_levels(p, &c, (int64_t *const[4]){step_a, step_b, step_c, step_cin});
    if (status == ARETE_OK)
        status = ar_matmul_problem_settle(p);
    return status;
}
