/* The canonical form of a problem, its extents, its cost. */
#include "problem.h"

#include <string.h>

uint32_t ar_matmul_merge(uint32_t count, int64_t *dims, int64_t *const steps[4]) {
    uint32_t left = 0;
    for (uint32_t i = 0; i < count; ++i) {
        int64_t dim = dims[i];
        if (dim == 0) {
            dims[0] = 0;
            for (int o = 0; o < 4; ++o)
                steps[o][0] = 0;
            return 1;
        }
        if (dim == 1)
            continue;
        bool merge = left > 0 && dims[left - 1] <= INT64_MAX / dim;
        for (int o = 0; o < 4 && merge; ++o)
            merge = steps[o][i] <= INT64_MAX / dim && steps[o][left - 1] == steps[o][i] * dim;
        uint32_t to = merge ? left - 1 : left;
        for (int o = 0; o < 4; ++o)
            steps[o][to] = steps[o][i];
        dims[to] = merge ? dims[to] * dim : dim;
        left = to + 1;
    }
    return left;
}

static void settle_levels(matmul_problem *p) {
    int64_t *const steps[4] = {p->step_a, p->step_b, p->step_c, p->step_cin};
    uint32_t count = ar_matmul_merge(MATMUL_LEVELS, p->batch, steps);
    uint32_t shift = MATMUL_LEVELS - count;
    for (uint32_t i = MATMUL_LEVELS; i-- > 0;) {
        p->batch[i] = i >= shift ? p->batch[i - shift] : 1;
        for (int o = 0; o < 4; ++o)
            steps[o][i] = i >= shift ? steps[o][i - shift] : 0;
    }
}

/* One value for what cannot matter: the stride along a dimension of at most one element. */
static void settle_matrix(int64_t rows, int64_t columns, uint8_t *trans, int64_t *ld) {
    if (rows == 0 || columns == 0) {
        *trans = 0;
        *ld = columns;
    } else if (*trans && columns == 1) {
        *trans = 0;
        *ld = 1;
    } else if (*trans && rows == 1 && *ld == 1) {
        *trans = 0;
    }
    if (!*trans && rows <= 1)
        *ld = columns;
}

static void settle_cin(matmul_problem *p) {
    if (p->beta == 0) {
        p->beta = 0; /* from -0 */
        p->cin = MATMUL_CIN_NONE;
    }
    if (p->cin != MATMUL_CIN_APART) {
        p->type_cin = ARETE_DTYPE_NONE;
        p->cin_splat = 0;
        p->ldcin = 0;
        memset(p->step_cin, 0, sizeof p->step_cin);
        return;
    }
    if (p->n <= 1)
        p->cin_splat = 0;
    if (p->m <= 1)
        p->ldcin = p->cin_splat ? 1 : p->n;
}

/* Whether rows that follow each other by ld go on over the matrices of the innermost level. */
static bool continues(int64_t rows, int64_t ld, int64_t step) {
    return rows == 1 || (ld <= INT64_MAX / rows && step == rows * ld);
}

/* A batch over one B whose rows of A and C follow each other is one product with more rows. */
static bool fold(matmul_problem *p) {
    const int in = MATMUL_LEVELS - 1;
    int64_t count = p->batch[in];
    if (count <= 1 || p->m == 0 || p->m > INT64_MAX / count || p->step_b[in] != 0 || p->step_a[in] == 0 ||
        p->trans_a)
        return false;
    if (p->bias == MATMUL_BIAS_ROW || p->a_scale == MATMUL_EACH || p->a_zero == MATMUL_EACH)
        return false;
    if (!continues(p->m, p->lda, p->step_a[in]) || !continues(p->m, p->ldc, p->step_c[in]))
        return false;
    if (p->cin == MATMUL_CIN_APART && !continues(p->m, p->ldcin, p->step_cin[in]))
        return false;
    if (p->m == 1) {
        p->lda = p->step_a[in];
        p->ldc = p->step_c[in];
        p->ldcin = p->cin == MATMUL_CIN_APART ? p->step_cin[in] : 0;
    }
    p->m *= count;
    p->batch[in] = 1;
    settle_levels(p);
    return true;
}

/* *sum += a * b, at most limit. */
static bool add_product(uint64_t *sum, int64_t a, int64_t b) {
    const uint64_t limit = INT64_MAX;
    uint64_t x = (uint64_t)a, y = (uint64_t)b;
    if ((x | y) >> 31 && y != 0 && x > limit / y)
        return false;
    if (x * y > limit - *sum)
        return false;
    *sum += x * y;
    return true;
}

static arete_status extent(const char *name, const matmul_problem *p, const int64_t *step, int64_t lines,
                           int64_t line, int64_t ld, uint8_t type, uint64_t *bytes) {
    *bytes = 0;
    if (lines == 0 || line == 0 || ar_matmul_batches(p) == 0)
        return ARETE_OK;
    uint64_t elements = 1, whole = 0;
    bool fits = add_product(&elements, lines - 1, ld) && add_product(&elements, line - 1, 1);
    for (int level = 0; level < MATMUL_LEVELS; ++level)
        fits = fits && add_product(&elements, p->batch[level] - 1, step[level]);
    if (!fits || !add_product(&whole, (int64_t)elements, (int64_t)arete_dtype_size((arete_dtype)type)))
        return ar_fail(ARETE_E_RANGE, "%s extends over more than 2^63 bytes: check its dims and strides", name);
    *bytes = whole;
    return ARETE_OK;
}

/* Whether two elements of C may share a place: with its strides sorted, each must pass all that the smaller span.
 */
static arete_status check_output(const matmul_problem *p) {
    int64_t dims[2 + MATMUL_LEVELS] = {p->n, p->m}, strides[2 + MATMUL_LEVELS] = {1, p->ldc};
    if (ar_matmul_empty(p))
        return ARETE_OK;
    for (int level = 0; level < MATMUL_LEVELS; ++level) {
        dims[2 + level] = p->batch[level];
        strides[2 + level] = p->step_c[level];
    }
    uint64_t span = 1;
    for (int taken = 0; taken < 2 + MATMUL_LEVELS; ++taken) {
        int least = -1;
        for (int i = 0; i < 2 + MATMUL_LEVELS; ++i) {
            if (dims[i] > 1 && (least < 0 || strides[i] < strides[least]))
                least = i;
        }
        if (least < 0)
            break;
        if ((uint64_t)strides[least] < span)
            return ar_fail(ARETE_E_ALIAS,
                           "c has a stride of %lld over %lld elements, but must pass the %llu that the "
                           "smaller strides span: elements of c would overlap",
                           (long long)strides[least], (long long)dims[least], (unsigned long long)span);
        if (!add_product(&span, dims[least] - 1, strides[least]))
            return ar_fail(ARETE_E_RANGE, "c extends over more than 2^63 elements: check its dims and strides");
        dims[least] = 1;
    }
    return ARETE_OK;
}

arete_status ar_matmul_problem_settle(matmul_problem *p) {
    if (p->activation != ARETE_ACT_LEAKY_RELU)
        p->slope = 0;
    settle_levels(p);
    settle_matrix(p->m, p->k, &p->trans_a, &p->lda);
    settle_matrix(p->k, p->n, &p->trans_b, &p->ldb);
    if (p->m <= 1 || p->n == 0)
        p->ldc = p->n;
    settle_cin(p);
    arete_status status = check_output(p);
    if (status != ARETE_OK)
        return status;
    while (fold(p)) {
    }
    if (p->trans_a)
        status = extent("a", p, p->step_a, p->k, p->m, p->lda, p->type_a, &p->bytes_a);
    else
        status = extent("a", p, p->step_a, p->m, p->k, p->lda, p->type_a, &p->bytes_a);
    if (status == ARETE_OK && p->trans_b)
        status = extent("b", p, p->step_b, p->n, p->k, p->ldb, p->type_b, &p->bytes_b);
    else if (status == ARETE_OK)
        status = extent("b", p, p->step_b, p->k, p->n, p->ldb, p->type_b, &p->bytes_b);
    if (status == ARETE_OK)
        status = extent("c", p, p->step_c, p->m, p->n, p->ldc, p->type_c, &p->bytes_c);
    if (status == ARETE_OK && p->cin == MATMUL_CIN_APART)
        status = extent("cin", p, p->step_cin, p->m, p->cin_splat ? 1 : p->n, p->ldcin, p->type_cin, &p->bytes_cin);
    return status;
}

/* A leading batch of matrices, then the matrix; a step or stride of 0 becomes a dimension of 1. */
static arete_tensor make_tensor(const matmul_problem *p, const int64_t *step, uint8_t type, int64_t rows,
                                int64_t row_stride, int64_t columns, int64_t column_stride) {
    arete_tensor t = {.dtype = (arete_dtype)type};
    for (int level = 0; level < MATMUL_LEVELS; ++level) {
        if (p->batch[level] == 1)
            continue;
        t.dims[t.rank] = step[level] == 0 && p->batch[level] != 0 ? 1 : p->batch[level];
        t.strides[t.rank++] = step[level];
    }
    t.dims[t.rank] = rows;
    t.strides[t.rank++] = row_stride;
    t.dims[t.rank] = columns;
    t.strides[t.rank++] = column_stride;
    return t;
}

static arete_tensor make_vector(arete_dtype type, uint8_t kind, int64_t n) {
    arete_tensor t = {.dtype = type, .rank = 1, .dims = {kind == MATMUL_EACH ? n : 1}, .strides = {1}};
    return kind == MATMUL_ABSENT ? (arete_tensor){0} : t;
}

void ar_matmul_problem_describe(const matmul_problem *p, arete_matmul_desc *desc, arete_matmul_args *args) {
    *desc = (arete_matmul_desc){.size = sizeof *desc,
                                .trans_a = p->given_trans_a,
                                .trans_b = p->given_trans_b,
                                .alpha = p->alpha,
                                .beta = p->beta,
                                .slope = p->slope,
                                .activation = (arete_activation)p->activation,
                                .prepack = p->prepack};
    memset(args, 0, sizeof *args);
    args->size = sizeof *args;
    int64_t a_m = p->trans_a ? 1 : p->lda, a_k = p->trans_a ? p->lda : 1;
    args->a = p->given_trans_a ? make_tensor(p, p->step_a, p->type_a, p->k, a_k, p->m, a_m)
                               : make_tensor(p, p->step_a, p->type_a, p->m, a_m, p->k, a_k);
    int64_t b_k = p->trans_b ? 1 : p->ldb, b_n = p->trans_b ? p->ldb : 1;
    args->b = p->given_trans_b ? make_tensor(p, p->step_b, p->type_b, p->n, b_n, p->k, b_k)
                               : make_tensor(p, p->step_b, p->type_b, p->k, b_k, p->n, b_n);
    args->c = make_tensor(p, p->step_c, p->type_c, p->m, p->ldc, p->n, 1);
    if (p->cin == MATMUL_CIN_APART)
        args->cin = make_tensor(p, p->step_cin, p->type_cin, p->m > 1 && p->ldcin == 0 ? 1 : p->m,
                                p->ldcin == 0 ? 1 : p->ldcin, p->cin_splat ? 1 : p->n, 1);
    if (p->bias == MATMUL_BIAS_COLUMN)
        args->bias = make_vector((arete_dtype)p->type_bias, MATMUL_EACH, p->n);
    if (p->bias == MATMUL_BIAS_ROW)
        args->bias =
            (arete_tensor){.dtype = (arete_dtype)p->type_bias, .rank = 2, .dims = {p->m, 1}, .strides = {1, 1}};
    args->a_scale = make_vector(ARETE_F32, p->a_scale, p->m);
    args->a_zero = make_vector((arete_dtype)p->type_a, p->a_zero, p->m);
    args->b_scale = make_vector(ARETE_F32, p->b_scale, p->n);
    args->b_zero = make_vector((arete_dtype)p->type_b, p->b_zero, p->n);
}
