/* The problem's text form: "b=1 hq=12 sq=512 d=64" and what differs from the defaults. Key of tuning records, repro
 * line. Words that are left out follow others (hkv is hq, skv is sq, dv is d, types are dtype), so the text is made
 * from, and read into, a form of its own. */
#include <math.h>
#include <string.h>

#include "problem.h"
#include "words.h"

typedef struct steps_words {
    int64_t step[3];
    uint8_t count;
} steps_words;

typedef struct form {
    int64_t b, hq, hkv, sq, skv, d, dv, capacity, past; /* hkv, skv, dv 0 while unknown: -1 */
    steps_words q, k, v, y, k_cache, v_cache;
    int64_t mask_dims[4], mask_steps[4], shift[1];
    uint8_t mask_dim_count, mask_step_count, shift_count;
    int64_t window, rotary_dim, table_rows;
    double scale, softcap;
    uint8_t type_q, type_y, type_kv, type_cache, type_mask, type_table, type_lens, type_past;
    uint8_t type_q_positions, type_k_positions;
    uint8_t lens, pasts, causal, rotary, packed, fresh;
} form;

static const char *const lens_names[] = {"none", "one", "each", NULL};
static const char *const rotary_names[] = {"none", "halves", "pairs", NULL};
static const char *const layout_names[] = {"bhsd", "packed", NULL};

#define INT(word, field)                                                                                           \
    { word, AR_WORD_INT, offsetof(form, field), NULL, 0, 0, false }
#define REQUIRED(word, field)                                                                                      \
    { word, AR_WORD_INT, offsetof(form, field), NULL, 0, 0, true }
#define REAL(word, field)                                                                                          \
    { word, AR_WORD_REAL, offsetof(form, field), NULL, 0, 0, false }
#define FLAG(word, field)                                                                                          \
    { word, AR_WORD_FLAG, offsetof(form, field), NULL, 0, 0, false }
#define TYPE(word, field)                                                                                          \
    { word, AR_WORD_TYPE, offsetof(form, field), NULL, 0, 0, false }
#define NAME(word, field, names)                                                                                   \
    { word, AR_WORD_NAME, offsetof(form, field), names, 0, 0, false }
#define INTS(word, field, most, count)                                                                             \
    { word, AR_WORD_INTS, offsetof(form, field), NULL, most, offsetof(form, count), false }
#define STEPS(word, field) INTS(word, field.step, 3, field.count)

static const ar_word words[] = {
    REQUIRED("b", b),
    REQUIRED("hq", hq),
    INT("hkv", hkv),
    REQUIRED("sq", sq),
    INT("skv", skv),
    REQUIRED("d", d),
    INT("dv", dv),
    TYPE("dtype", type_q),
    TYPE("kv", type_kv),
    TYPE("y", type_y),
    INT("capacity", capacity),
    TYPE("cache", type_cache),
    FLAG("fresh", fresh),
    INT("past", past),
    NAME("pasts", pasts, lens_names),
    TYPE("pasttype", type_past),
    NAME("lens", lens, lens_names),
    TYPE("lenstype", type_lens),
    FLAG("causal", causal),
    INTS("shift", shift, 1, shift_count),
    INT("window", window),
    REAL("scale", scale),
    REAL("softcap", softcap),
    TYPE("mask", type_mask),
    INTS("maskdims", mask_dims, 4, mask_dim_count),
    INTS("masksteps", mask_steps, 4, mask_step_count),
    NAME("rotary", rotary, rotary_names),
    INT("rotdim", rotary_dim),
    INT("table", table_rows),
    TYPE("tabletype", type_table),
    TYPE("qpos", type_q_positions),
    TYPE("kpos", type_k_positions),
    NAME("layout", packed, layout_names),
    STEPS("qs", q),
    STEPS("ks", k),
    STEPS("vs", v),
    STEPS("ys", y),
    STEPS("kcs", k_cache),
    STEPS("vcs", v_cache),
    {0},
};

enum { UNSAID = -1 };

static const form defaults = {
    .hkv = UNSAID,
    .skv = UNSAID,
    .dv = UNSAID,
    .type_q = ARETE_F32,
    .fresh = 1,
    .rotary_dim = UNSAID,
};

static attention_steps tight(bool packed, int64_t b, int64_t h, int64_t s, int64_t e) {
    attention_steps steps =
        packed ? (attention_steps){s * h * e, e, h * e} : (attention_steps){h * s * e, s * e, e};
    steps.b = b > 1 ? steps.b : 0;
    steps.h = h > 1 ? steps.h : 0;
    steps.s = s > 1 ? steps.s : 0;
    return steps;
}

static bool same(attention_steps x, attention_steps y) {
    return x.b == y.b && x.h == y.h && x.s == y.s;
}

/* How the operands lie when nothing is said. */
static void tight_all(const attention_problem *p, bool packed, attention_steps all[6]) {
    all[0] = tight(packed, p->b, p->hq, p->sq, p->d);
    all[1] = tight(packed, p->b, p->hkv, p->skv, p->d);
    all[2] = tight(packed, p->b, p->hkv, p->skv, p->dv);
    all[3] = tight(packed, p->b, p->hq, p->sq, p->dv);
    all[4] = tight(false, p->b, p->hkv, p->capacity, p->d);
    all[5] = tight(false, p->b, p->hkv, p->capacity, p->dv);
    if (!p->type_kv)
        all[1] = all[2] = (attention_steps){0};
}

static void mask_whole(const attention_problem *p, int64_t dims[4]) {
    const int64_t whole[4] = {p->b, p->hq, p->sq, ar_attention_keys(p)};
    memcpy(dims, whole, sizeof whole);
}

static void mask_tight(const int64_t dims[4], int64_t steps[4]) {
    int64_t step = 1;
    for (int i = 3; i >= 0; --i) {
        steps[i] = dims[i] > 1 ? step : 0;
        step *= dims[i];
    }
}

static double usual_scale(const attention_problem *p) {
    return p->d > 0 ? 1 / sqrt((double)p->d) : 1;
}

static void steps_to_words(const attention_problem *p, form *f) {
    attention_steps usual[6], packed[6];
    const attention_steps are[6] = {p->q, p->k, p->v, p->y, p->k_cache, p->v_cache};
    steps_words *const said[6] = {&f->q, &f->k, &f->v, &f->y, &f->k_cache, &f->v_cache};
    int as_usual = 0, as_packed = 0;
    tight_all(p, false, usual);
    tight_all(p, true, packed);
    for (int i = 0; i < 4; ++i) {
        as_usual += same(are[i], usual[i]);
        as_packed += same(are[i], packed[i]);
    }
    f->packed = as_packed > as_usual;
    for (int i = 0; i < 6; ++i) {
        if (same(are[i], f->packed ? packed[i] : usual[i]))
            continue;
        const int64_t steps[3] = {are[i].b, are[i].h, are[i].s};
        memcpy(said[i]->step, steps, sizeof steps);
        said[i]->count = 3;
    }
}

static void mask_to_words(const attention_problem *p, form *f) {
    int64_t whole[4], steps[4];
    mask_whole(p, whole);
    mask_tight(p->mask_dims, steps);
    if (memcmp(whole, p->mask_dims, sizeof whole) != 0) {
        memcpy(f->mask_dims, p->mask_dims, sizeof whole);
        f->mask_dim_count = 4;
    }
    if (memcmp(steps, p->mask_steps, sizeof steps) != 0) {
        memcpy(f->mask_steps, p->mask_steps, sizeof steps);
        f->mask_step_count = 4;
    }
}

void ar_attention_format_case(const attention_problem *p, int64_t past, char *text, size_t bytes) {
    form f = {.b = p->b, .hq = p->hq, .sq = p->sq, .d = p->d, .capacity = p->capacity, .past = past};
    f.hkv = p->hkv == p->hq ? UNSAID : p->hkv;
    f.skv = p->skv == p->sq || !p->type_kv ? UNSAID : p->skv;
    f.dv = p->dv == p->d ? UNSAID : p->dv;
    f.type_q = p->type_q;
    f.type_kv = p->type_kv == p->type_q ? 0 : p->type_kv;
    f.type_y = p->type_y == p->type_q ? 0 : p->type_y;
    f.type_cache = p->type_cache;
    f.fresh = p->type_kv != ARETE_DTYPE_NONE;
    f.pasts = p->past;
    f.type_past = p->type_past == ARETE_I32 ? 0 : p->type_past;
    f.lens = p->lens;
    f.type_lens = p->type_lens == ARETE_I32 ? 0 : p->type_lens;
    f.causal = p->causal;
    f.shift[0] = p->shift;
    f.shift_count = p->shift != 0;
    f.window = p->window;
    f.scale = p->scale == usual_scale(p) ? 0 : p->scale;
    f.softcap = p->softcap;
    f.type_mask = p->type_mask;
    if (p->type_mask)
        mask_to_words(p, &f);
    f.rotary = p->rotary;
    f.rotary_dim = !p->rotary || p->rotary_dim == p->d ? UNSAID : p->rotary_dim;
    f.table_rows = p->table_rows;
    f.type_table = p->type_table == ARETE_F32 ? 0 : p->type_table;
    f.type_q_positions = p->type_q_positions;
    f.type_k_positions = p->type_k_positions;
    steps_to_words(p, &f);
    ar_words_write(words, &f, &defaults, text, bytes);
}

void ar_attention_format(const void *problem, char *text, size_t bytes) {
    ar_attention_format_case(problem, 0, text, bytes);
}

static arete_status words_to_steps(const form *f, attention_problem *p) {
    const steps_words *const said[6] = {&f->q, &f->k, &f->v, &f->y, &f->k_cache, &f->v_cache};
    static const char *const names[6] = {"qs", "ks", "vs", "ys", "kcs", "vcs"};
    attention_steps all[6];
    tight_all(p, f->packed, all);
    for (int i = 0; i < 6; ++i) {
        if (said[i]->count == 0)
            continue;
        if (said[i]->count != 3)
            return ar_fail(ARETE_E_FORMAT, "'%s' has %d steps, but must have 3: of b, h and s", names[i],
                           said[i]->count);
        all[i] = (attention_steps){said[i]->step[0], said[i]->step[1], said[i]->step[2]};
    }
    p->q = all[0];
    p->k = all[1];
    p->v = all[2];
    p->y = all[3];
    p->k_cache = all[4];
    p->v_cache = all[5];
    return ARETE_OK;
}

static arete_status words_to_mask(const form *f, attention_problem *p) {
    for (int i = 0; i < 4; ++i)
        p->mask_dims[i] = 1;
    if (!p->type_mask)
        return ARETE_OK;
    mask_whole(p, p->mask_dims);
    if ((f->mask_dim_count && f->mask_dim_count != 4) || (f->mask_step_count && f->mask_step_count != 4))
        return ar_fail(ARETE_E_FORMAT, "'maskdims' and 'masksteps' have 4 numbers each, as in 1x1x8x8");
    if (f->mask_dim_count)
        memcpy(p->mask_dims, f->mask_dims, sizeof p->mask_dims);
    mask_tight(p->mask_dims, p->mask_steps);
    if (f->mask_step_count)
        memcpy(p->mask_steps, f->mask_steps, sizeof p->mask_steps);
    return ARETE_OK;
}

/* The problem as said; the caller has it checked. */
static arete_status from_form(const form *f, attention_problem *p) {
    p->b = f->b;
    p->hq = f->hq;
    p->hkv = f->hkv == UNSAID ? f->hq : f->hkv;
    p->sq = f->sq;
    p->skv = !f->fresh ? 0 : f->skv == UNSAID ? f->sq : f->skv;
    p->d = f->d;
    p->dv = f->dv == UNSAID ? f->d : f->dv;
    p->capacity = f->capacity;
    p->type_q = f->type_q;
    p->type_kv = !f->fresh ? 0 : f->type_kv ? f->type_kv : f->type_q;
    p->type_y = f->type_y ? f->type_y : f->type_q;
    p->type_cache = f->type_cache ? f->type_cache : f->capacity ? f->type_q : 0;
    p->past = f->pasts;
    p->type_past = !f->pasts ? 0 : f->type_past ? f->type_past : ARETE_I32;
    p->lens = f->lens;
    p->type_lens = !f->lens ? 0 : f->type_lens ? f->type_lens : ARETE_I32;
    p->causal = f->causal;
    p->shift = f->shift_count ? f->shift[0] : 0;
    p->window = f->window;
    p->scale = f->scale != 0 ? f->scale : usual_scale(p);
    p->softcap = f->softcap;
    p->type_mask = f->type_mask;
    p->rotary = f->rotary;
    p->rotary_dim = !f->rotary ? 0 : f->rotary_dim == UNSAID ? f->d : f->rotary_dim;
    p->table_rows = f->table_rows;
    p->type_table = !f->rotary ? 0 : f->type_table ? f->type_table : ARETE_F32;
    p->type_q_positions = f->type_q_positions;
    p->type_k_positions = f->type_k_positions;
    arete_status status = words_to_mask(f, p);
    return status == ARETE_OK ? words_to_steps(f, p) : status;
}

arete_status ar_attention_parse(const char *text, attention_problem *into, int64_t *past) {
    form f = defaults;
    attention_problem p, made;
    memset(&p, 0, sizeof p);
    arete_status status = ar_words_read("attention", words, text, &f);
    if (status == ARETE_OK)
        status = from_form(&f, &p);
    if (status == ARETE_OK && past)
        *past = f.past;
    if (status == ARETE_OK && f.past && (!past || f.past > p.capacity - p.skv || f.pasts))
        status = ar_fail(ARETE_E_FORMAT,
                         "'past=%lld' needs caches with that many rows beside the new keys, and no "
                         "'pasts'",
                         (long long)f.past);
    if (status != ARETE_OK)
        return ar_fail_within(ARETE_E_FORMAT, "attention case '%s'", text);
    /* The same checks as for a caller, so that a case is one that can be planned. */
    arete_attention_desc desc;
    arete_attention_args args;
    ar_attention_problem_describe(&p, &desc, &args);
    status = ar_attention_problem_make(&desc, &args, &made);
    if (status != ARETE_OK)
        return ar_fail_within(ARETE_E_FORMAT, "attention case '%s'", text);
    *into = made;
    return ARETE_OK;
}
