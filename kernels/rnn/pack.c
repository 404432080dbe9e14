/* Packed weights: the layout that CPU-class solvers share, and its making by pack.cl. */
#include <stdio.h>
#include <string.h>

#include "pack_weights.h"
#include "sources.h"

enum { SECOND_UNITS = 4 };

/* W_UNITS, R_UNITS, R_GATES, S_UNITS of packed.h. */
static void shape(const rnn_problem *p, rnn_packed *k) {
    bool plain = p->cell == ARETE_RNN_PLAIN, apart = p->cell == ARETE_RNN_GRU && !p->linear_before_reset;
    const int64_t units[3] = {plain ? 4 : 1, plain ? 4 : apart ? 2 : 1, SECOND_UNITS};
    const int64_t gates[3] = {ar_rnn_gates(p), apart ? 2 : ar_rnn_gates(p), 1};
    memcpy(k->units, units, sizeof units);
    memcpy(k->gates, gates, sizeof gates);
}

/* Elements of w, r and s of a layer. */
static void sizes(const rnn_problem *p, const rnn_packed *k, int64_t lanes, int64_t layer, int64_t of[3]) {
    const int64_t inputs[3] = {ar_rnn_input(p, layer), p->proj, p->hidden};
    for (int i = 0; i < 3; ++i) {
        int64_t steps = p->type_w == ARETE_BF16 ? ar_rnn_ceil(inputs[i], 2) * 2 : inputs[i];
        int64_t vectors = k->units[i] * k->gates[i] + (i == 1 ? k->wide : 0);
        of[i] = ar_rnn_dirs(p) * k->panels[i] * steps * vectors * lanes;
    }
    if (!ar_rnn_two_phases(p))
        of[2] = 0;
}

bool ar_rnn_packed(const rnn_problem *p, const arete_device *device, rnn_packed *k) {
    int64_t lanes = ar_rnn_vec(device), dirs = ar_rnn_dirs(p),
            element = (int64_t)arete_dtype_size((arete_dtype)p->type_w);
    int64_t gates = ar_rnn_gates(p), units = ar_rnn_ceil(p->hidden, lanes), out = ar_rnn_ceil(p->proj, lanes);
    double widest =
        (double)p->input > (double)dirs * (double)p->proj ? (double)p->input : (double)dirs * (double)p->proj;
    memset(k, 0, sizeof *k);
    if ((double)p->layers * (double)dirs * 4 * ((double)p->hidden + 64) *
            (widest + 2 * (double)p->hidden + (double)p->proj) * 4 >
        9e17)
        return false;
    shape(p, k);
    for (int i = 0; i < 3; ++i)
        k->panels[i] = ar_rnn_ceil(i == 2 ? out : units, k->units[i]);
    k->padded = ar_rnn_ceil(units, 4) * 4;
    k->projected = p->projection ? ar_rnn_ceil(out, 4) * 4 : 0;
    k->vectors = lanes * dirs * (k->padded * (3 * gates + 4) + k->projected);
    /* Half of f16 as f32 where the caches hold a layer's recurrent weights easily, a vector of each step where they
     * just do; from memory two bytes are faster. */
    int64_t across = k->units[1] * k->gates[1], each = dirs * k->panels[1] * p->proj * lanes * element;
    k->wide = p->type_w != ARETE_F16                                                       ? 0
              : (uint64_t)(each * (across + across / 2)) <= device->info.cache_bytes / 4 ? across / 2
              : (uint64_t)(each * (across + 1)) <= device->info.cache_bytes / 2          ? 1
                                                                                           : 0;
    uint64_t at = 0;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        int64_t of[3];
        sizes(p, k, lanes, layer, of);
        for (int i = 0; i < 3; ++i) {
            k->at[layer][i] = (int64_t)at / element;
            at = ar_rnn_align(at + (uint64_t)(of[i] * element));
        }
    }
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        k->vectors_at[layer] = (int64_t)(at / 4);
        at = ar_rnn_align(at + (uint64_t)k->vectors * 4);
    }
    k->bytes = at;
    char text[256];
    snprintf(text, sizeof text,
             "rnn v=%d cell=%d lbr=%d order=%d wide=%d d=%d l=%d i=%lld h=%lld p=%lld proj=%d w=%d bias=%d peep=%d",
             (int)lanes, p->cell, p->linear_before_reset, p->order, (int)k->wide, (int)dirs, (int)p->layers,
             (long long)p->input, (long long)p->hidden, (long long)p->proj, p->projection, p->type_w, p->bias,
             p->peephole);
    k->layout = ar_text_hash(text);
    return true;
}

arete_status ar_rnn_pack_kernels(arete_device *device, const rnn_problem *p, rnn_pack_kernels *kernels) {
    char options[256];
    int at = snprintf(options, sizeof options, "-DVEC=%d -DCELL=%d -DTYPE_W=%s", (int)ar_rnn_vec(device),
                      (int)p->cell, arete_dtype_name((arete_dtype)p->type_w));
    if (p->linear_before_reset)
        at += snprintf(options + at, sizeof options - (size_t)at, " -DLBR=1");
    if (p->type_b != ARETE_DTYPE_NONE && p->type_b != ARETE_F32)
        snprintf(options + at, sizeof options - (size_t)at, " -DTYPE_B=%s",
                 arete_dtype_name((arete_dtype)p->type_b));
    arete_status status = ar_kernel_get(device, &ar_source_rnn_pack, options, "rnn_pack_panels", &kernels->panels);
    if (status == ARETE_OK)
        status = ar_kernel_get(device, &ar_source_rnn_pack, options, "rnn_pack_vectors", &kernels->vectors);
    return status;
}

/* One matrix: which 0 w, 1 r, 2 s. */
static arete_status pack_panels(const rnn_problem *p, const rnn_packed *k, const rnn_pack_kernels *kernels,
                                rnn_course *course, int which, int64_t layer, const arete_rnn_weights *w,
                                arete_buffer *into, int64_t into_at) {
    rnn_kernel_args args = {.torch = p->order == ARETE_RNN_GATES_TORCH};
    const arete_tensor *from = which == 0 ? &w->w : which == 1 || !p->projection ? &w->r : &w->proj;
    bool projection = which == 2 && p->projection;
    int64_t count = which == 0 ? ar_rnn_input(p, layer) : which == 1 ? p->proj : p->hidden;
    int64_t rows = projection ? p->proj : p->hidden, all_rows = projection ? p->proj : ar_rnn_gates(p) * p->hidden;
    if (count == 0)
        return ARETE_OK;
    const ar_arg list[] = {
        AR_STRUCT(args),
        AR_I64(count),
        AR_I64(rows),
        AR_I64(all_rows),
        AR_I32((int32_t)k->units[which]),
        AR_I32((int32_t)k->gates[which]),
        AR_I32(which < 2    ? -1
               : projection ? 0
                            : 2), /* a GRU's candidate is the last gate in either order */
        AR_I32(which == 1 ? (int32_t)k->wide : 0),
        AR_I64(ar_rnn_offset(from)),
        AR_I64(into_at + k->at[layer][which]),
        AR_BUFFER(from->buffer),
        AR_BUFFER(into),
    };
    const size_t global[3] = {(size_t)(k->units[which] * k->gates[which]), (size_t)k->panels[which],
                              (size_t)ar_rnn_dirs(p)};
    return ar_rnn_launch(course, kernels->panels, global, 1, list, sizeof list / sizeof list[0], NULL);
}

static arete_status pack_vectors(const rnn_problem *p, const rnn_packed *k, const rnn_pack_kernels *kernels,
                                 rnn_course *course, int64_t layer, const arete_rnn_weights *w, arete_buffer *into,
                                 int64_t into_at) {
    rnn_kernel_args args = {.hidden = p->hidden, .proj = p->proj, .torch = p->order == ARETE_RNN_GATES_TORCH};
    const ar_arg list[] = {
        AR_STRUCT(args),
        AR_I64(k->projected),
        AR_BUFFER(w->b.buffer),
        AR_BUFFER(w->p.buffer),
        AR_BUFFER(w->w_scale.buffer),
        AR_BUFFER(w->r_scale.buffer),
        AR_BUFFER(w->proj_scale.buffer),
        AR_I64(ar_rnn_offset(&w->b)),
        AR_I64(ar_rnn_offset(&w->p)),
        AR_I64(ar_rnn_offset(&w->w_scale)),
        AR_I64(ar_rnn_offset(&w->r_scale)),
        AR_I64(ar_rnn_offset(&w->proj_scale)),
        AR_I64(into_at + k->vectors_at[layer]),
        AR_BUFFER(into),
    };
    const size_t global[3] = {(size_t)k->padded, 1, (size_t)ar_rnn_dirs(p)};
    return ar_rnn_launch(course, kernels->vectors, global, 1, list, sizeof list / sizeof list[0], NULL);
}

arete_status ar_rnn_pack_launch(const rnn_problem *p, const rnn_packed *k, const rnn_pack_kernels *kernels,
                                rnn_course *course, const arete_rnn_weights *weights, arete_buffer *into,
                                uint64_t into_offset) {
    int64_t element = (int64_t)arete_dtype_size((arete_dtype)p->type_w), at = (int64_t)into_offset;
    arete_status status = ARETE_OK;
    for (int64_t layer = 0; layer < p->layers && status == ARETE_OK; ++layer) {
        for (int which = 0; which < (ar_rnn_two_phases(p) ? 3 : 2) && status == ARETE_OK; ++which)
            status = pack_panels(p, k, kernels, course, which, layer, &weights[layer], into, at / element);
        if (status == ARETE_OK)
            status = pack_vectors(p, k, kernels, course, layer, &weights[layer], into, at / 4);
    }
    return status;
}
