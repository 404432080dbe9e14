#include "common.h"

#include <stdio.h>
#include <string.h>

#include "sources.h"

/* bring_args of bring.cl, field by field. */
typedef struct bring_args {
    int64_t batch, heads, tokens, width, rotated, rotary;
    int64_t from_offset, from_b, from_h, from_s;
    int64_t to_offset, to_b, to_h, to_s;
    int64_t past, past_offset, past_step, past_most;
    int64_t past_bytes, to_cache;
    int64_t table_rows, cos_offset, sin_offset, position_offset, position_bytes;
} bring_args;

/* Where rotated copies lie in the workspace, in bytes; the solver's own part is behind them. */
typedef struct layout {
    bool q, k; /* copied */
    uint64_t k_at, own_at;
} layout;

static uint64_t round_up(uint64_t bytes) {
    return (bytes + 255) / 256 * 256;
}

static layout layout_of(const attention_problem *p) {
    layout l = {.q = p->rotary && !ar_attention_no_y(p), .k = p->rotary && !ar_attention_has_cache(p)};
    l.k_at = l.q ? round_up(4 * (uint64_t)(p->b * p->hq * p->sq * p->d)) : 0;
    l.own_at = l.k_at + (l.k ? round_up(4 * (uint64_t)(p->b * p->hkv * p->skv * p->d)) : 0);
    return l;
}

static const char *type_name(uint8_t type) {
    return type == ARETE_BOOL ? "u8" : arete_dtype_name((arete_dtype)type);
}

size_t ar_attention_options(const attention_problem *p, const arete_device *device, char *text, size_t bytes) {
    uint8_t type_v = ar_attention_has_cache(p) ? p->type_cache : p->type_kv;
    uint8_t type_q = p->rotary ? ARETE_F32 : p->type_q;
    uint8_t type_k = p->rotary && !ar_attention_has_cache(p) ? ARETE_F32 : type_v;
    size_t at = (size_t)snprintf(text, bytes, "-DVEC=%d -DTYPE_Q=%s -DTYPE_K=%s -DTYPE_V=%s -DTYPE_Y=%s",
                                 (int)ar_attention_vec(device), type_name(type_q), type_name(type_k),
                                 type_name(type_v), type_name(p->type_y));
    if (p->type_mask)
        at += (size_t)snprintf(text + at, bytes - at, " -DMASK=%d -DTYPE_MASK=%s",
                               p->type_mask == ARETE_BOOL ? 1 : 2, type_name(p->type_mask));
    return at;
}

enum { FOR_Q, FOR_K, FOR_V };

static arete_status bring_kernel(arete_plan *plan, int which) {
    const attention_problem *p = ar_plan_problem(plan);
    bool rotary = p->rotary && which != FOR_V, cache = ar_attention_has_cache(p) && which != FOR_Q;
    uint8_t to = cache ? p->type_cache : ARETE_F32;
    char options[160];
    size_t at = (size_t)snprintf(options, sizeof options, "-DVEC=%d -DTYPE_FROM=%s -DTYPE_TO=%s",
                                 (int)ar_attention_vec(plan->device),
                                 type_name(which == FOR_Q ? p->type_q : p->type_kv), type_name(to));
    if (rotary)
        snprintf(options + at, sizeof options - at, " -DTYPE_TABLE=%s", type_name(p->type_table));
    return ar_kernel_get(plan->device, &ar_source_attention_bring, options, "attention_bring",
                         &plan->kernels[ATTENTION_BRING_Q + which]);
}

arete_status ar_attention_bring_build(arete_plan *plan, uint64_t own) {
    const attention_problem *p = ar_plan_problem(plan);
    layout l = layout_of(p);
    bool append = ar_attention_has_cache(p) && p->b > 0 && p->hkv > 0 && p->skv > 0;
    arete_status status = ARETE_OK;
    if (l.q)
        status = bring_kernel(plan, FOR_Q);
    if (status == ARETE_OK && (l.k || append))
        status = bring_kernel(plan, FOR_K);
    if (status == ARETE_OK && append)
        status = bring_kernel(plan, FOR_V);
    plan->workspace = l.own_at + own;
    plan->cost.launches += (double)(l.q + (l.k || append) + append);
    return status;
}

static int64_t elements(const arete_tensor *t) {
    return t->dtype == ARETE_DTYPE_NONE ? 0 : (int64_t)(t->offset / arete_dtype_size(t->dtype));
}

/* The steps of a tight [B,H,S,E]. */
static attention_steps tight(int64_t h, int64_t s, int64_t e) {
    return (attention_steps){h * s * e, s * e, e};
}

static arete_status bring(const arete_plan *plan, arete_queue *queue, const arete_attention_args *args, int which,
                          bring_args *block, const arete_tensor *from, attention_steps from_steps, arete_buffer *to,
                          attention_steps to_steps, arete_wait_list after) {
    const attention_problem *p = ar_plan_problem(plan);
    const arete_tensor *positions = which == FOR_Q ? &args->q_positions : &args->k_positions;
    block->batch = p->b;
    block->heads = which == FOR_Q ? p->hq : p->hkv;
    block->tokens = which == FOR_Q ? p->sq : p->skv;
    block->width = which == FOR_V ? p->dv : p->d;
    block->rotary = which == FOR_V ? 0 : p->rotary;
    block->rotated = p->rotary_dim;
    block->from_offset = elements(from);
    block->from_b = from_steps.b, block->from_h = from_steps.h, block->from_s = from_steps.s;
    block->to_b = to_steps.b, block->to_h = to_steps.h, block->to_s = to_steps.s;
    block->past = ar_attention_has_cache(p) && !p->past ? args->past : 0;
    block->past_offset = elements(&args->past_lens);
    block->past_step = p->past == ATTENTION_EACH_LEN;
    block->past_most = p->capacity - p->skv;
    block->past_bytes = p->past ? (int64_t)arete_dtype_size((arete_dtype)p->type_past) : 0;
    block->table_rows = p->table_rows;
    block->cos_offset = elements(&args->cos);
    block->sin_offset = elements(&args->sin);
    block->position_offset = elements(positions);
    block->position_bytes = positions->dtype ? (int64_t)arete_dtype_size(positions->dtype) : 0;
    size_t rows = (size_t)(block->batch * block->heads * block->tokens);
    size_t local = ar_attention_is_cpu(plan->device) ? 1 : 64;
    if (rows == 0)
        return ARETE_OK;
    const ar_arg list[] = {AR_STRUCT(*block),
                           AR_BUFFER(from->buffer),
                           AR_BUFFER(to),
                           AR_BUFFER(args->cos.buffer),
                           AR_BUFFER(args->sin.buffer),
                           AR_BUFFER(positions->buffer),
                           AR_BUFFER(args->past_lens.buffer)};
    const ar_launch launch = {.kernel = plan->kernels[ATTENTION_BRING_Q + which],
                              .dims = 1,
                              .global = {(rows + local - 1) / local * local, 1, 1},
                              .local = {local, 1, 1},
                              .args = list,
                              .arg_count = sizeof list / sizeof list[0]};
    return ar_launch_run(queue, &launch, after, NULL);
}

static void fill_block(const attention_problem *p, const arete_attention_args *args, const layout *l,
                       attention_kernel_args *to) {
    bool cache = ar_attention_has_cache(p);
    attention_steps q = l->q ? tight(p->hq, p->sq, p->d) : p->q;
    attention_steps k = l->k ? tight(p->hkv, p->skv, p->d) : cache ? p->k_cache : p->k;
    attention_steps v = cache ? p->v_cache : p->v;
    *to = (attention_kernel_args){
        .batch = p->b,
        .hq = p->hq,
        .group = p->hkv ? p->hq / p->hkv : 1,
        .sq = p->sq,
        .skv = p->skv,
        .capacity = p->capacity,
        .d = p->d,
        .dv = p->dv,
        .past = cache && !p->past ? args->past : 0,
        .shift = p->shift,
        .window = p->window,
        .causal = p->causal,
        .softcap = p->softcap > 0,
        .cache = !cache       ? 0
                 : p->type_kv ? 1
                              : 2,
        .lens_bytes = p->lens ? (int64_t)arete_dtype_size((arete_dtype)p->type_lens) : 0,
        .past_bytes = p->past ? (int64_t)arete_dtype_size((arete_dtype)p->type_past) : 0,
        .q_offset = l->q ? 0 : elements(&args->q),
        .q_b = q.b,
        .q_h = q.h,
        .q_s = q.s,
        .k_offset = l->k ? (int64_t)(l->k_at / 4) : elements(cache ? &args->k_cache : &args->k),
        .k_b = k.b,
        .k_h = k.h,
        .k_s = k.s,
        .v_offset = elements(cache ? &args->v_cache : &args->v),
        .v_b = v.b,
        .v_h = v.h,
        .v_s = v.s,
        .y_offset = elements(&args->y),
        .y_b = p->y.b,
        .y_h = p->y.h,
        .y_s = p->y.s,
        .mask_offset = elements(&args->mask),
        .mask_b = p->mask_steps[0],
        .mask_h = p->mask_steps[1],
        .mask_q = p->mask_steps[2],
        .mask_k = p->mask_steps[3],
        .mask_keys = p->type_mask && p->mask_dims[3] != 1 ? p->mask_dims[3] : INT64_MAX,
        .lens_offset = elements(&args->kv_lens),
        .lens_step = p->lens == ATTENTION_EACH_LEN,
        .past_offset = elements(&args->past_lens),
        .past_step = p->past == ATTENTION_EACH_LEN,
        .work_offset = (int64_t)(l->own_at / 4),
    };
}

arete_status ar_attention_begin(const arete_plan *plan, arete_queue *queue, const arete_attention_args *args,
                                arete_wait_list after, attention_launch *launch) {
    const attention_problem *p = ar_plan_problem(plan);
    layout l = layout_of(p);
    bool cache = ar_attention_has_cache(p), append = plan->kernels[ATTENTION_BRING_V] != NULL;
    arete_buffer *scratch = NULL;
    arete_status status = ar_plan_scratch(plan, queue, args->workspace, &scratch);
    if (status == ARETE_OK && l.q) {
        bring_args block = {0};
        status = bring(plan, queue, args, FOR_Q, &block, &args->q, p->q, scratch, tight(p->hq, p->sq, p->d), after);
        after = ARETE_WAIT_NONE; /* the queue is in order */
    }
    if (status == ARETE_OK && (l.k || append)) {
        bring_args block = {.to_cache = append,
                            .to_offset = append ? elements(&args->k_cache) : (int64_t)(l.k_at / 4)};
        status = bring(plan, queue, args, FOR_K, &block, &args->k, p->k, append ? args->k_cache.buffer : scratch,
                       append ? p->k_cache : tight(p->hkv, p->skv, p->d), after);
        after = ARETE_WAIT_NONE;
    }
    if (status == ARETE_OK && append) {
        bring_args block = {.to_cache = 1, .to_offset = elements(&args->v_cache)};
        status = bring(plan, queue, args, FOR_V, &block, &args->v, p->v, args->v_cache.buffer, p->v_cache, after);
    }
    fill_block(p, args, &l, &launch->block);
    launch->after = after;
    const ar_arg list[11] = {
        AR_STRUCT(launch->block),
        AR_F32((float)p->scale),
        AR_F32((float)p->softcap),
        AR_BUFFER(l.q ? scratch : args->q.buffer),
        AR_BUFFER(l.k     ? scratch
                  : cache ? args->k_cache.buffer
                          : args->k.buffer),
        AR_BUFFER(cache ? args->v_cache.buffer : args->v.buffer),
        AR_BUFFER(args->y.buffer),
        AR_BUFFER(args->mask.buffer),
        AR_BUFFER(args->kv_lens.buffer),
        AR_BUFFER(args->past_lens.buffer),
        AR_BUFFER(scratch),
    };
    memcpy(launch->args, list, sizeof list);
    return status;
}

arete_status ar_attention_launch(const arete_plan *plan, arete_queue *queue, size_t kernel,
                                 const attention_launch *launch, const size_t global[3], size_t local,
                                 arete_event **done) {
    const ar_launch one = {.kernel = plan->kernels[kernel],
                           .dims = 3,
                           .global = {global[0], global[1], global[2]},
                           .local = {local, 1, 1},
                           .args = launch->args,
                           .arg_count = sizeof launch->args / sizeof launch->args[0]};
    return ar_launch_run(queue, &one, launch->after, done);
}

double ar_attention_pairs(const attention_problem *p) {
    int64_t keys = ar_attention_keys(p), offset = 0;
    if (ar_attention_has_cache(p))
        offset = keys - (p->type_kv ? p->skv : p->sq);
    else if (p->lens)
        offset = keys - p->sq;
    if (!p->causal && !p->window)
        return (double)p->sq * (double)keys;
    /* Row by row; of very many, an even sample. */
    int64_t step = ar_attention_ceil(p->sq, 65536), rows = 0;
    double pairs = 0;
    for (int64_t i = 0; i < p->sq; i += step, ++rows) {
        int64_t end = p->causal ? i + offset + p->shift + 1 : keys,
                first = p->window ? i + offset - p->window + 1 : 0;
        end = end > keys ? keys : end;
        first = first < 0 ? 0 : first;
        pairs += end > first ? (double)(end - first) : 0;
    }
    return rows ? pairs * (double)p->sq / (double)rows : 0;
}
