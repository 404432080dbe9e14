/* From descriptor and operands to the canonical problem: shapes, types, strides; and back. Buffers are looked at in
 * check.c. */
#include "problem.h"

#include <math.h>
#include <string.h>

static long long ll(int64_t value) {
    return (long long)value;
}

static bool is_float(arete_dtype type) {
    return type == ARETE_F32 || type == ARETE_F16 || type == ARETE_BF16;
}

/* Sizes beyond this make products of three overflow; no memory holds them. */
#define MOST_ROWS ((int64_t)1 << 40)

/* Dimensions, strides and offset that make sense by themselves; strides all zero become tight ones. */
static arete_status check_tensor(const char *name, const arete_tensor *t, int64_t strides[ARETE_MAX_RANK]) {
    if (arete_dtype_size(t->dtype) == 0)
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
        if (t->dims[i] < 0 || t->dims[i] > MOST_ROWS)
            return ar_fail(ARETE_E_SHAPE, "%s.dims[%u] is %lld, but must be 0 to 2^40", name, (unsigned)i,
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
        int64_t reach = t->dims[i] > 1 ? t->dims[i] - 1 : 0;
        if (reach > 0 && (strides[i] > INT64_MAX / 64 / reach || (tight && step > INT64_MAX / 64 / t->dims[i])))
            return ar_fail(ARETE_E_RANGE, "%s reaches beyond 2^57 elements: dims[%u] is %lld", name, (unsigned)i,
                           ll(t->dims[i]));
        if (tight && t->dims[i] > 1)
            step *= t->dims[i];
    }
    return ARETE_OK;
}

/* q, k, v, y or a cache, as [B,H,S,E]. */
typedef struct view {
    int64_t b, h, s, e;
    attention_steps steps;
} view;

static arete_status read_view(const char *name, const arete_tensor *t, int64_t heads, const char *heads_name,
                              view *v) {
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (!is_float(t->dtype))
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be f32, f16 or bf16", name,
                       arete_dtype_name(t->dtype));
    if (t->rank != 4 && !(t->rank == 3 && heads_name))
        return ar_fail(ARETE_E_SHAPE, "%s.rank is %u, but must be 4, [B,H,S,D]%s", name, (unsigned)t->rank,
                       heads_name ? ", or 3, [B,S,H*D]" : "");
    uint32_t last = t->rank - 1;
    if (t->dims[last] > 1 && strides[last] != 1)
        return ar_fail(ARETE_E_SHAPE, "%s.strides[%u] is %lld, but the elements of a head must be contiguous", name,
                       (unsigned)last, ll(strides[last]));
    if (t->rank == 4) {
        *v = (view){t->dims[0], t->dims[1], t->dims[2], t->dims[3], {strides[0], strides[1], strides[2]}};
    } else {
        if (heads < 1 || t->dims[2] % heads != 0)
            return ar_fail(ARETE_E_SHAPE,
                           "%s is packed with %lld elements a token, which desc.%s = %lld does not divide: set it "
                           "to the number of heads",
                           name, ll(t->dims[2]), heads_name, ll(heads));
        int64_t e = t->dims[2] / heads;
        *v = (view){t->dims[0], heads, t->dims[1], e, {strides[0], e, strides[1]}};
    }
    v->steps.b = v->b > 1 ? v->steps.b : 0;
    v->steps.h = v->h > 1 ? v->steps.h : 0;
    v->steps.s = v->s > 1 ? v->steps.s : 0;
    return ARETE_OK;
}

static arete_status expect(const char *name, const char *what, int64_t got, int64_t want, const char *why) {
    if (got == want)
        return ARETE_OK;
    return ar_fail(ARETE_E_SHAPE, "%s has %s = %lld, but must have %lld, as %s has", name, what, ll(got), ll(want),
                   why);
}

static bool present(const arete_tensor *t) {
    return t->dtype != ARETE_DTYPE_NONE;
}

static arete_status read_q_and_y(const arete_attention_desc *desc, const arete_attention_args *args,
                                 attention_problem *p) {
    view q, y;
    arete_status status = read_view("q", &args->q, desc->q_heads, "q_heads", &q);
    if (status == ARETE_OK)
        status = read_view("y", &args->y, desc->q_heads, "q_heads", &y);
    if (status == ARETE_OK)
        status = expect("y", "B", y.b, q.b, "q");
    if (status == ARETE_OK)
        status = expect("y", "Hq", y.h, q.h, "q");
    if (status == ARETE_OK)
        status = expect("y", "Sq", y.s, q.s, "q");
    if (status != ARETE_OK)
        return status;
    if (args->y.dtype != args->q.dtype && args->y.dtype != ARETE_F32)
        return ar_fail(ARETE_E_DTYPE, "y.dtype is %s, but must be that of q, %s, or f32",
                       arete_dtype_name(args->y.dtype), arete_dtype_name(args->q.dtype));
    bool stays = (y.s > 1 && y.steps.s == 0) || (y.h > 1 && y.steps.h == 0) || (y.b > 1 && y.steps.b == 0);
    if (stays && y.b > 0 && y.h > 0 && y.s > 0 && y.e > 0)
        return ar_fail(ARETE_E_SHAPE, "y has a stride of 0, but its elements must lie apart");
    p->b = q.b;
    p->hq = q.h;
    p->sq = q.s;
    p->d = q.e;
    p->dv = y.e;
    p->q = q.steps;
    p->y = y.steps;
    p->type_q = (uint8_t)args->q.dtype;
    p->type_y = (uint8_t)args->y.dtype;
    return ARETE_OK;
}

/* A pair (k, v) of new keys or of caches against B, D and Dv; gives Hkv and the rows. */
static arete_status read_pair(const char *const names[2], const arete_tensor *k, const arete_tensor *v,
                              int64_t heads, const char *heads_name, const attention_problem *p, view views[2]) {
    arete_status status = read_view(names[0], k, heads, heads_name, &views[0]);
    if (status == ARETE_OK && !present(v))
        status = ar_fail(ARETE_E_ARGUMENT, "%s is absent, but %s is there: give both", names[1], names[0]);
    if (status == ARETE_OK)
        status = read_view(names[1], v, heads, heads_name, &views[1]);
    if (status == ARETE_OK && k->dtype != v->dtype)
        status = ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be that of %s, %s", names[1],
                         arete_dtype_name(v->dtype), names[0], arete_dtype_name(k->dtype));
    if (status == ARETE_OK)
        status = expect(names[0], "B", views[0].b, p->b, "q");
    if (status == ARETE_OK)
        status = expect(names[0], "D", views[0].e, p->d, "q");
    if (status == ARETE_OK)
        status = expect(names[1], "B", views[1].b, p->b, "q");
    if (status == ARETE_OK)
        status = expect(names[1], "Dv", views[1].e, p->dv, "y");
    if (status == ARETE_OK)
        status = expect(names[1], "Hkv", views[1].h, views[0].h, names[0]);
    if (status == ARETE_OK)
        status = expect(names[1], "S", views[1].s, views[0].s, names[0]);
    return status;
}

static arete_status read_keys(const arete_attention_desc *desc, const arete_attention_args *args,
                              attention_problem *p) {
    static const char *const fresh[2] = {"k", "v"}, *const cached[2] = {"k_cache", "v_cache"};
    view now[2] = {{0}}, kept[2] = {{0}};
    bool has_new = present(&args->k), has_cache = present(&args->k_cache);
    if (!has_new && !has_cache)
        return ar_fail(ARETE_E_DTYPE, "k has no dtype: give k and v, or caches");
    if (!has_new && present(&args->v))
        return ar_fail(ARETE_E_ARGUMENT, "k is absent, but v is there: give both");
    if (!has_cache && (present(&args->v_cache) || present(&args->past_lens)))
        return ar_fail(ARETE_E_ARGUMENT, "k_cache is absent, but %s is there: give k_cache, too",
                       present(&args->v_cache) ? "v_cache" : "past_lens");
    int64_t heads = desc->kv_heads ? desc->kv_heads : desc->q_heads;
    const char *heads_name = desc->kv_heads ? "kv_heads" : "q_heads";
    arete_status status = ARETE_OK;
    if (has_new)
        status = read_pair(fresh, &args->k, &args->v, heads, heads_name, p, now);
    if (status == ARETE_OK && has_cache)
        status = read_pair(cached, &args->k_cache, &args->v_cache, 0, NULL, p, kept);
    if (status == ARETE_OK && has_new && has_cache)
        status = expect("k_cache", "Hkv", kept[0].h, now[0].h, "k");
    if (status != ARETE_OK)
        return status;
    p->hkv = has_new ? now[0].h : kept[0].h;
    if (p->hkv == 0 ? p->hq != 0 : p->hq % p->hkv != 0)
        return ar_fail(ARETE_E_SHAPE, "q has %lld heads, but must have a multiple of the %lld of k", ll(p->hq),
                       ll(p->hkv));
    if (has_new) {
        p->skv = now[0].s;
        p->k = now[0].steps;
        p->v = now[1].steps;
        p->type_kv = (uint8_t)args->k.dtype;
    }
    if (!has_cache)
        return ARETE_OK;
    p->capacity = kept[0].s;
    p->k_cache = kept[0].steps;
    p->v_cache = kept[1].steps;
    p->type_cache = (uint8_t)args->k_cache.dtype;
    if (p->skv > p->capacity)
        return ar_fail(ARETE_E_SHAPE, "k has %lld new keys, but k_cache has only %lld rows", ll(p->skv),
                       ll(p->capacity));
    return ARETE_OK;
}

static arete_status read_mask(const arete_attention_args *args, attention_problem *p) {
    for (int i = 0; i < 4; ++i)
        p->mask_dims[i] = 1;
    if (!present(&args->mask))
        return ARETE_OK;
    int64_t strides[ARETE_MAX_RANK];
    const arete_tensor *t = &args->mask;
    arete_status status = check_tensor("mask", t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->dtype != ARETE_BOOL && t->dtype != ARETE_U8 && !is_float(t->dtype))
        return ar_fail(ARETE_E_DTYPE, "mask.dtype is %s, but must be bool, u8, f32, f16 or bf16",
                       arete_dtype_name(t->dtype));
    if (t->rank < 1 || t->rank > 4)
        return ar_fail(ARETE_E_SHAPE, "mask.rank is %u, but must be 1 to 4: broadcastable to [B,Hq,Sq,keys]",
                       (unsigned)t->rank);
    const int64_t whole[4] = {p->b, p->hq, p->sq, ar_attention_keys(p)};
    static const char *const letters[4] = {"B", "Hq", "Sq", "keys"};
    for (uint32_t i = 0; i < t->rank; ++i) {
        uint32_t at = 4 - t->rank + i;
        int64_t n = t->dims[i];
        if (n != 1 && n != whole[at] && !(at == 3 && n < whole[at]))
            return ar_fail(ARETE_E_SHAPE, "mask.dims[%u] is %lld, but must be 1 or %s = %lld%s", (unsigned)i, ll(n),
                           letters[at], ll(whole[at]), at == 3 ? ", or less" : "");
        if (n > 1 && strides[i] == 0 && n != whole[at])
            return ar_fail(ARETE_E_SHAPE, "mask.strides[%u] is 0, but its dimension of %lld ends before the keys",
                           (unsigned)i, ll(n));
        p->mask_dims[at] = strides[i] != 0 || n == 0 ? n : 1; /* what repeats is one */
        p->mask_steps[at] = n > 1 ? strides[i] : 0;
    }
    if (p->mask_dims[3] > 1 && p->mask_steps[3] > 1)
        return ar_fail(ARETE_E_SHAPE, "mask has stride %lld in its last dimension, but must have 1 (or 0)",
                       ll(p->mask_steps[3]));
    p->type_mask = (uint8_t)(t->dtype == ARETE_U8 ? ARETE_BOOL : t->dtype);
    return ARETE_OK;
}

static arete_status check_integer(const char *name, const arete_tensor *t, int64_t strides[ARETE_MAX_RANK]) {
    arete_status status = check_tensor(name, t, strides);
    if (status == ARETE_OK && t->dtype != ARETE_I32 && t->dtype != ARETE_I64)
        status = ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be i32 or i64", name, arete_dtype_name(t->dtype));
    return status;
}

static arete_status read_lens(const char *name, const arete_tensor *t, int64_t b, uint8_t *kind, uint8_t *type) {
    if (!present(t))
        return ARETE_OK;
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_integer(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->rank != 1 || (t->dims[0] != 1 && t->dims[0] != b) || (t->dims[0] > 1 && strides[0] != 1))
        return ar_fail(ARETE_E_SHAPE,
                       "%s has rank %u and dims[0] %lld, but must be a contiguous [1] or [B], B = %lld", name,
                       (unsigned)t->rank, ll(t->dims[0]), ll(b));
    *kind = t->dims[0] == 1 ? ATTENTION_ONE_LEN : ATTENTION_EACH_LEN;
    *type = (uint8_t)t->dtype;
    return ARETE_OK;
}

static bool contiguous(const arete_tensor *t, const int64_t *strides) {
    int64_t step = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        if (t->dims[i] > 1 && strides[i] != step)
            return false;
        step *= t->dims[i];
    }
    return true;
}

static arete_status read_positions(const char *name, const arete_tensor *t, int64_t b, int64_t s, uint8_t *type) {
    if (!present(t))
        return ARETE_OK;
    int64_t strides[ARETE_MAX_RANK];
    arete_status status = check_integer(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (t->rank != 2 || t->dims[0] != b || t->dims[1] != s || !contiguous(t, strides))
        return ar_fail(ARETE_E_SHAPE, "%s must be a contiguous [B,S], here [%lld,%lld]", name, ll(b), ll(s));
    *type = (uint8_t)t->dtype;
    return ARETE_OK;
}

static arete_status read_table(const char *name, const arete_tensor *t, const attention_problem *p) {
    int64_t strides[ARETE_MAX_RANK], half = p->rotary_dim / 2;
    arete_status status = check_tensor(name, t, strides);
    if (status != ARETE_OK)
        return status;
    if (!is_float(t->dtype))
        return ar_fail(ARETE_E_DTYPE, "%s.dtype is %s, but must be f32, f16 or bf16", name,
                       arete_dtype_name(t->dtype));
    if ((t->rank != 2 && t->rank != 3) || t->dims[t->rank - 1] != half || !contiguous(t, strides))
        return ar_fail(
            ARETE_E_SHAPE,
            "%s must be a contiguous [positions,%lld] or [B,S,%lld], with half of the %lld elements that "
            "are rotated",
            name, ll(half), ll(half), ll(p->rotary_dim));
    if (t->rank == 2 && t->dims[0] < 1)
        return ar_fail(ARETE_E_SHAPE, "%s.dims[0] is 0, but must be the number of positions", name);
    if (t->rank == 3 && (t->dims[0] != p->b || t->dims[1] != p->sq || (p->type_kv && t->dims[1] != p->skv)))
        return ar_fail(ARETE_E_SHAPE,
                       "%s is [%lld,%lld,...], a row for each token, but q has B = %lld and Sq = %lld, k has Skv = "
                       "%lld: they must agree, or give a table by positions",
                       name, ll(t->dims[0]), ll(t->dims[1]), ll(p->b), ll(p->sq), ll(p->skv));
    return ARETE_OK;
}

static arete_status read_rotary(const arete_attention_desc *desc, const arete_attention_args *args,
                                attention_problem *p) {
    const arete_tensor *cos = &args->cos, *sin = &args->sin;
    if (!present(cos)) {
        if (present(sin) || present(&args->q_positions) || present(&args->k_positions))
            return ar_fail(ARETE_E_ARGUMENT, "cos is absent, but %s is there: give cos and sin",
                           present(sin) ? "sin" : "positions");
        return ARETE_OK;
    }
    p->rotary = desc->rotary_interleaved ? ATTENTION_ROTARY_PAIRS : ATTENTION_ROTARY_HALVES;
    p->rotary_dim = desc->rotary_dim ? desc->rotary_dim : p->d;
    if (p->rotary_dim < 0 || p->rotary_dim > p->d || p->rotary_dim % 2 != 0)
        return ar_fail(ARETE_E_SHAPE, "desc.rotary_dim is %lld, but must be even and at most D = %lld",
                       ll(p->rotary_dim), ll(p->d));
    arete_status status = read_table("cos", cos, p);
    if (status == ARETE_OK)
        status = read_table("sin", sin, p);
    if (status == ARETE_OK && (sin->dtype != cos->dtype || sin->rank != cos->rank || sin->dims[0] != cos->dims[0]))
        status = ar_fail(ARETE_E_SHAPE, "sin must have the shape and type of cos");
    if (status == ARETE_OK && cos->rank == 3 && (present(&args->q_positions) || present(&args->k_positions)))
        status = ar_fail(ARETE_E_SHAPE, "cos has a row for each token: leave the positions out");
    if (status == ARETE_OK)
        status = read_positions("q_positions", &args->q_positions, p->b, p->sq, &p->type_q_positions);
    if (status == ARETE_OK && present(&args->k_positions) && p->type_kv == ARETE_DTYPE_NONE)
        status = ar_fail(ARETE_E_ARGUMENT, "k_positions is there, but k is absent");
    if (status == ARETE_OK)
        status = read_positions("k_positions", &args->k_positions, p->b, p->skv, &p->type_k_positions);
    p->type_table = (uint8_t)cos->dtype;
    p->table_rows = cos->rank == 2 ? cos->dims[0] : 0;
    return status;
}

static arete_status read_desc(const arete_attention_desc *desc, attention_problem *p) {
    if (!isfinite(desc->scale))
        return ar_fail(ARETE_E_ARGUMENT, "desc.scale is %g, but must be finite", desc->scale);
    if (!(desc->softcap >= 0) || !isfinite(desc->softcap))
        return ar_fail(ARETE_E_ARGUMENT, "desc.softcap is %g, but must be 0 (none) or more", desc->softcap);
    if (desc->window < 0)
        return ar_fail(ARETE_E_ARGUMENT, "desc.window is %lld, but must be 0 (none) or more", ll(desc->window));
    if (desc->causal && (desc->causal_shift > MOST_ROWS || desc->causal_shift < -MOST_ROWS))
        return ar_fail(ARETE_E_ARGUMENT, "desc.causal_shift is %lld, but must be within 2^40",
                       ll(desc->causal_shift));
    p->scale = desc->scale != 0 ? desc->scale : p->d > 0 ? 1 / sqrt((double)p->d) : 1;
    p->softcap = desc->softcap;
    p->causal = desc->causal;
    p->shift = desc->causal ? desc->causal_shift : 0;
    p->window = desc->window > MOST_ROWS ? 0 : desc->window;
    return ARETE_OK;
}

arete_status ar_attention_problem_make(const arete_attention_desc *desc, const arete_attention_args *args,
                                       attention_problem *p) {
    static const arete_attention_desc defaults;
    if (desc && desc->size != 0 && desc->size != sizeof *desc)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but must be sizeof(arete_attention_desc) = %zu, or 0",
                       desc->size, sizeof *desc);
    if (args->size != 0 && args->size != sizeof *args)
        return ar_fail(ARETE_E_ARGUMENT, "args.size is %zu, but must be sizeof(arete_attention_args) = %zu, or 0",
                       args->size, sizeof *args);
    desc = desc ? desc : &defaults;
    memset(p, 0, sizeof *p);
    arete_status status = read_q_and_y(desc, args, p);
    if (status == ARETE_OK)
        status = read_keys(desc, args, p);
    if (status == ARETE_OK)
        status = read_desc(desc, p);
    if (status == ARETE_OK)
        status = read_mask(args, p);
    if (status == ARETE_OK)
        status = read_lens("kv_lens", &args->kv_lens, p->b, &p->lens, &p->type_lens);
    if (status == ARETE_OK)
        status = read_lens("past_lens", &args->past_lens, p->b, &p->past, &p->type_past);
    if (status == ARETE_OK)
        status = read_rotary(desc, args, p);
    return status;
}

static arete_tensor tensor4(uint8_t type, int64_t b, int64_t h, int64_t s, int64_t e, attention_steps steps) {
    arete_tensor t = {.dtype = (arete_dtype)type, .rank = 4, .dims = {b, h, s, e}};
    const int64_t strides[4] = {steps.b, steps.h, steps.s, 1};
    if (type)
        memcpy(t.strides, strides, sizeof strides);
    return type ? t : (arete_tensor){0};
}

static arete_tensor lens_tensor(uint8_t kind, uint8_t type, int64_t b) {
    const int64_t n = kind == ATTENTION_ONE_LEN ? 1 : b;
    return kind ? arete_tensor_make(NULL, 0, (arete_dtype)type, 1, &n) : (arete_tensor){0};
}

void ar_attention_problem_describe(const attention_problem *p, arete_attention_desc *desc,
                                   arete_attention_args *args) {
    *desc = (arete_attention_desc){.size = sizeof *desc,
                                   .scale = p->scale,
                                   .softcap = p->softcap,
                                   .causal = p->causal,
                                   .causal_shift = p->shift,
                                   .window = p->window,
                                   .q_heads = p->hq,
                                   .kv_heads = p->hkv,
                                   .rotary_dim = p->rotary_dim,
                                   .rotary_interleaved = p->rotary == ATTENTION_ROTARY_PAIRS};
    memset(args, 0, sizeof *args);
    args->size = sizeof *args;
    args->q = tensor4(p->type_q, p->b, p->hq, p->sq, p->d, p->q);
    args->y = tensor4(p->type_y, p->b, p->hq, p->sq, p->dv, p->y);
    args->k = tensor4(p->type_kv, p->b, p->hkv, p->skv, p->d, p->k);
    args->v = tensor4(p->type_kv, p->b, p->hkv, p->skv, p->dv, p->v);
    args->k_cache = tensor4(p->type_cache, p->b, p->hkv, p->capacity, p->d, p->k_cache);
    args->v_cache = tensor4(p->type_cache, p->b, p->hkv, p->capacity, p->dv, p->v_cache);
    if (p->type_mask) {
        args->mask.dtype = (arete_dtype)p->type_mask;
        args->mask.rank = 4;
        memcpy(args->mask.dims, p->mask_dims, sizeof p->mask_dims);
        memcpy(args->mask.strides, p->mask_steps, sizeof p->mask_steps);
    }
    args->kv_lens = lens_tensor(p->lens, p->type_lens, p->b);
    args->past_lens = lens_tensor(p->past, p->type_past, p->b);
    if (p->rotary) {
        const int64_t half = p->rotary_dim / 2, by_position[2] = {p->table_rows, half};
        const int64_t by_token[3] = {p->b, p->sq, half};
        args->cos = p->table_rows ? arete_tensor_make(NULL, 0, (arete_dtype)p->type_table, 2, by_position)
                                  : arete_tensor_make(NULL, 0, (arete_dtype)p->type_table, 3, by_token);
        args->sin = args->cos;
    }
    const int64_t q_positions[2] = {p->b, p->sq}, k_positions[2] = {p->b, p->skv};
    if (p->type_q_positions)
        args->q_positions = arete_tensor_make(NULL, 0, (arete_dtype)p->type_q_positions, 2, q_positions);
    if (p->type_k_positions)
        args->k_positions = arete_tensor_make(NULL, 0, (arete_dtype)p->type_k_positions, 2, k_positions);
}
