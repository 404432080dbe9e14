/* The problem's text form: "m=128 n=64 k=32" and what differs from the defaults. Key of tuning records, repro line.
 */
#include "problem.h"

#include <string.h>

#include "words.h"

static const char *const bias_names[] = {"none", "col", "row", NULL};
static const char *const vary_names[] = {"none", "one", "each", NULL};

static void put_real(ar_writer *w, const char *name, double value, bool single) {
    ar_put(w, " %s=", name);
    ar_put_real(w, value, single);
}

static uint8_t default_c(uint8_t a) {
    return ar_matmul_is_int8(a) ? ARETE_I32 : a;
}

static uint8_t default_bias(uint8_t c) {
    return c == ARETE_F64 ? ARETE_F64 : ARETE_F32;
}

static int64_t wrapping_product(int64_t a, int64_t b) {
    return (int64_t)((uint64_t)a * (uint64_t)b & INT64_MAX);
}

/* Steps of tight matrices of that many elements. */
static void tight_steps(const matmul_problem *p, int64_t size, int64_t steps[MATMUL_LEVELS]) {
    for (int level = MATMUL_LEVELS; level-- > 0;) {
        steps[level] = p->batch[level] == 1 ? 0 : size;
        size = wrapping_product(size, p->batch[level]);
    }
}

static int64_t lines_a(const matmul_problem *p) {
    return wrapping_product(p->trans_a ? p->k : p->m, p->lda);
}

static int64_t lines_b(const matmul_problem *p) {
    return wrapping_product(p->trans_b ? p->n : p->k, p->ldb);
}

static int64_t lines_cin(const matmul_problem *p) {
    int64_t row = p->cin_splat ? 1 : p->n;
    return p->ldcin == 0 ? row : wrapping_product(p->m, p->ldcin);
}

static void put_levels(ar_writer *w, const char *name, const matmul_problem *p, const int64_t *values) {
    const char *between = "";
    ar_put(w, " %s=", name);
    for (int level = 0; level < MATMUL_LEVELS; ++level) {
        if (p->batch[level] == 1)
            continue;
        ar_put(w, "%s%lld", between, (long long)values[level]);
        between = "x";
    }
}

static void put_steps(ar_writer *w, const char *name, const matmul_problem *p, const int64_t *steps, int64_t size) {
    int64_t tight[MATMUL_LEVELS];
    tight_steps(p, size, tight);
    if (ar_matmul_batches(p) != 0 && memcmp(tight, steps, sizeof tight) != 0)
        put_levels(w, name, p, steps);
}

static void put_layout(ar_writer *w, const matmul_problem *p) {
    if (p->lda != (p->trans_a ? p->m : p->k))
        ar_put(w, " lda=%lld", (long long)p->lda);
    if (p->ldb != (p->trans_b ? p->k : p->n))
        ar_put(w, " ldb=%lld", (long long)p->ldb);
    if (p->ldc != p->n)
        ar_put(w, " ldc=%lld", (long long)p->ldc);
    if (p->cin == MATMUL_CIN_APART && p->ldcin != (p->cin_splat ? 1 : p->n))
        ar_put(w, " ldcin=%lld", (long long)p->ldcin);
    if (p->batch[0] == 1 && p->batch[1] == 1 && p->batch[2] == 1)
        return;
    put_levels(w, "batch", p, p->batch);
    put_steps(w, "sa", p, p->step_a, lines_a(p));
    put_steps(w, "sb", p, p->step_b, lines_b(p));
    put_steps(w, "sc", p, p->step_c, wrapping_product(p->m, p->ldc));
    if (p->cin == MATMUL_CIN_APART)
        put_steps(w, "scin", p, p->step_cin, lines_cin(p));
}

void ar_matmul_format(const void *problem, char *text, size_t bytes) {
    const matmul_problem *p = problem;
    ar_writer w = {text, bytes};
    ar_put(&w, "m=%lld n=%lld k=%lld", (long long)p->m, (long long)p->n, (long long)p->k);
    if (p->trans_a)
        ar_put(&w, " ta=1");
    if (p->trans_b)
        ar_put(&w, " tb=1");
    if (p->type_a != ARETE_F32)
        ar_put(&w, " dtype=%s", arete_dtype_name((arete_dtype)p->type_a));
    if (p->type_b != p->type_a)
        ar_put(&w, " b=%s", arete_dtype_name((arete_dtype)p->type_b));
    if (p->type_c != default_c(p->type_a))
        ar_put(&w, " c=%s", arete_dtype_name((arete_dtype)p->type_c));
    if (p->alpha != 1)
        put_real(&w, "alpha", p->alpha, false);
    if (p->beta != 0)
        put_real(&w, "beta", p->beta, false);
    if (p->cin == MATMUL_CIN_APART)
        ar_put(&w, " cin=%s", arete_dtype_name((arete_dtype)p->type_cin));
    if (p->cin_splat)
        ar_put(&w, " cinsplat=1");
    if (p->bias != MATMUL_BIAS_NONE)
        ar_put(&w, " bias=%s", bias_names[p->bias]);
    if (p->bias != MATMUL_BIAS_NONE && p->type_bias != default_bias(p->type_c))
        ar_put(&w, " biastype=%s", arete_dtype_name((arete_dtype)p->type_bias));
    if (p->activation != ARETE_ACT_NONE)
        ar_put(&w, " act=%s", arete_activation_name((arete_activation)p->activation));
    if (p->slope != 0)
        put_real(&w, "slope", (double)p->slope, true);
    const char *const names[4] = {"ascale", "azero", "bscale", "bzero"};
    const uint8_t kinds[4] = {p->a_scale, p->a_zero, p->b_scale, p->b_zero};
    for (int i = 0; i < 4; ++i) {
        if (kinds[i] != MATMUL_ABSENT)
            ar_put(&w, " %s=%s", names[i], vary_names[kinds[i]]);
    }
    put_layout(&w, p);
    if (p->prepack)
        ar_put(&w, " prepack=1");
}

/* What parse() has read so far: the problem, and what is only known in the end. */
typedef struct reader {
    matmul_problem p;
    bool has_m, has_n, has_k;
    int64_t ld[4];                    /* of a, b, c, cin; -1: tight */
    int64_t levels[5][MATMUL_LEVELS]; /* batch, sa, sb, sc, scin, from the outermost */
    int level_count[5];               /* 0: not given */
} reader;

static arete_status read_flag(const char *word, const char *value, uint8_t *into) {
    static const char *const names[] = {"0", "1", NULL};
    return ar_read_name(word, value, names, into);
}

/* "4", "2x3", "2x3x5": from the outermost level. */
static arete_status read_levels(const char *word, const char *value, int64_t *levels, int *count) {
    size_t found = 0;
    arete_status status = ar_read_integers(word, value, levels, MATMUL_LEVELS, &found);
    *count = (int)found;
    for (size_t i = 0; status == ARETE_OK && i < found; ++i)
        if (levels[i] < 0)
            status = ar_fail(ARETE_E_FORMAT, "'%s=%s': values must be 0 or more", word, value);
    return status;
}

static const char words_known[] =
    "m, n, k, ta, tb, dtype, b, c, alpha, beta, cin, cinsplat, bias, biastype, act, slope, "
    "ascale, azero, bscale, bzero, lda, ldb, ldc, ldcin, batch, sa, sb, sc, scin, "
    "prepack";

static arete_status read_shape_word(reader *r, const char *word, const char *value, bool *known) {
    static const char *const lds[] = {"lda", "ldb", "ldc", "ldcin"};
    static const char *const levels[] = {"batch", "sa", "sb", "sc", "scin"};
    for (int i = 0; i < 4; ++i) {
        if (strcmp(word, lds[i]) == 0)
            return ar_read_integer(word, value, &r->ld[i]);
    }
    for (int i = 0; i < 5; ++i) {
        if (strcmp(word, levels[i]) == 0)
            return read_levels(word, value, r->levels[i], &r->level_count[i]);
    }
    if (strcmp(word, "m") == 0) {
        r->has_m = true;
        return ar_read_integer(word, value, &r->p.m);
    }
    if (strcmp(word, "n") == 0) {
        r->has_n = true;
        return ar_read_integer(word, value, &r->p.n);
    }
    if (strcmp(word, "k") == 0) {
        r->has_k = true;
        return ar_read_integer(word, value, &r->p.k);
    }
    *known = false;
    return ARETE_OK;
}

static arete_status read_activation(const char *word, const char *value, uint8_t *into) {
    const char *names[ARETE_ACT_SILU + 2] = {NULL};
    for (int i = 0; i <= ARETE_ACT_SILU; ++i)
        names[i] = arete_activation_name((arete_activation)i);
    return ar_read_name(word, value, names, into);
}

static arete_status read_word(void *of, const char *word, const char *value) {
    reader *r = of;
    matmul_problem *p = &r->p;
    const struct {
        const char *word;
        uint8_t *into;
        int kind; /* 0 flag, 1 type, 2 none/one/each */
    } simple[] = {{"ta", &p->trans_a, 0},     {"tb", &p->trans_b, 0},         {"prepack", &p->prepack, 0},
                  {"dtype", &p->type_a, 1},   {"b", &p->type_b, 1},           {"c", &p->type_c, 1},
                  {"cin", &p->type_cin, 1},   {"cinsplat", &p->cin_splat, 0}, {"biastype", &p->type_bias, 1},
                  {"ascale", &p->a_scale, 2}, {"azero", &p->a_zero, 2},       {"bscale", &p->b_scale, 2},
                  {"bzero", &p->b_zero, 2}};
    for (size_t i = 0; i < sizeof simple / sizeof simple[0]; ++i) {
        if (strcmp(word, simple[i].word) != 0)
            continue;
        if (simple[i].kind == 1)
            return ar_read_type(word, value, simple[i].into);
        return simple[i].kind == 0 ? read_flag(word, value, simple[i].into)
                                   : ar_read_name(word, value, vary_names, simple[i].into);
    }
    if (strcmp(word, "bias") == 0)
        return ar_read_name(word, value, bias_names, &p->bias);
    if (strcmp(word, "act") == 0)
        return read_activation(word, value, &p->activation);
    if (strcmp(word, "alpha") == 0)
        return ar_read_real(word, value, &p->alpha);
    if (strcmp(word, "beta") == 0)
        return ar_read_real(word, value, &p->beta);
    if (strcmp(word, "slope") == 0) {
        double slope;
        arete_status status = ar_read_real(word, value, &slope);
        p->slope = (float)slope;
        return status;
    }
    bool known = true;
    arete_status status = read_shape_word(r, word, value, &known);
    if (!known)
        return ar_fail(ARETE_E_FORMAT, "'%s' is no word of a matmul case; known are %s", word, words_known);
    return status;
}

static arete_status read_text(reader *r, const char *text) {
    arete_status status = ar_words_each("matmul", text, read_word, r);
    if (status == ARETE_OK && (!r->has_m || !r->has_n || !r->has_k))
        return ar_fail(ARETE_E_FORMAT, "%s= is missing: m, n and k are needed, as in m=128 n=64 k=32",
                       !r->has_m   ? "m"
                       : !r->has_n ? "n"
                                   : "k");
    return status;
}

/* Defaults that hang on other words, strides last. */
static arete_status finish(reader *r) {
    matmul_problem *p = &r->p;
    if (p->type_b == ARETE_DTYPE_NONE)
        p->type_b = p->type_a;
    if (p->type_c == ARETE_DTYPE_NONE)
        p->type_c = default_c(p->type_a);
    if (p->type_bias == ARETE_DTYPE_NONE && p->bias != MATMUL_BIAS_NONE)
        p->type_bias = default_bias(p->type_c);
    p->cin = p->beta == 0                      ? MATMUL_CIN_NONE
             : p->type_cin != ARETE_DTYPE_NONE ? MATMUL_CIN_APART
                                               : MATMUL_CIN_IN_PLACE;
    p->given_trans_a = p->trans_a;
    p->given_trans_b = p->trans_b;
    p->lda = r->ld[0] >= 0 ? r->ld[0] : p->trans_a ? p->m : p->k;
    p->ldb = r->ld[1] >= 0 ? r->ld[1] : p->trans_b ? p->k : p->n;
    p->ldc = r->ld[2] >= 0 ? r->ld[2] : p->n;
    p->ldcin = r->ld[3] >= 0 ? r->ld[3] : p->cin_splat ? 1 : p->n;
    int levels = r->level_count[0], first = MATMUL_LEVELS - levels;
    for (int i = 0; i < MATMUL_LEVELS; ++i)
        p->batch[i] = i >= first ? r->levels[0][i - first] : 1;
    int64_t *const steps[4] = {p->step_a, p->step_b, p->step_c, p->step_cin};
    const int64_t sizes[4] = {lines_a(p), lines_b(p), wrapping_product(p->m, p->ldc), lines_cin(p)};
    static const char *const names[4] = {"sa", "sb", "sc", "scin"};
    for (int o = 0; o < 4; ++o) {
        tight_steps(p, sizes[o], steps[o]);
        if (r->level_count[o + 1] == 0)
            continue;
        if (r->level_count[o + 1] != levels)
            return ar_fail(ARETE_E_FORMAT, "'%s' has %d steps, but 'batch' has %d levels", names[o],
                           r->level_count[o + 1], levels);
        for (int i = 0; i < levels; ++i)
            steps[o][first + i] = r->levels[o + 1][i];
    }
    return ARETE_OK;
}

arete_status ar_matmul_parse(const char *text, void *into) {
    reader r = {.ld = {-1, -1, -1, -1}};
    r.p.type_a = ARETE_F32;
    r.p.alpha = 1;
    arete_status status = read_text(&r, text);
    if (status == ARETE_OK)
        status = finish(&r);
    if (status == ARETE_OK)
        status = ar_matmul_problem_settle(&r.p);
    if (status != ARETE_OK)
        return ar_fail_within(status == ARETE_E_FORMAT ? status : ARETE_E_FORMAT, "matmul case '%s'", text);
    /* The same checks as for a caller, so that a case is one that can be planned. */
    arete_matmul_desc desc;
    arete_matmul_args args;
    ar_matmul_problem_describe(&r.p, &desc, &args);
    matmul_problem made;
    status = ar_matmul_problem_make(&desc, &args, &made);
    if (status != ARETE_OK)
        return ar_fail_within(ARETE_E_FORMAT, "matmul case '%s'", text);
    memcpy(into, &made, sizeof made);
    return ARETE_OK;
}
