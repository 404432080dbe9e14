/* Element-wise operations, and every walk that is one: map.cl. */
#include <string.h>

#include "forms.h"
#include "sources.h"

/* map_args of map.cl. */
typedef struct map_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t cols, rows, col_step, row_step, loops;
    int64_t dims[7];
    int64_t step[LAYER_OPERANDS][8];
    float number[2 * ARETE_LAYER_STEPS];
} map_block;
_Static_assert(sizeof(map_block) <= LAYER_BLOCK, "map_args must fit the argument block");

static const char *storage(int dtype, bool bits) {
    return bits ? "bits" : arete_dtype_name((arete_dtype)dtype);
}

/* "op_add(x0,s1)" */
static void expression(const layer_step *s, uint32_t number, ar_layer_text *text) {
    if (s->op == ARETE_LAYER_ACTIVATION)
        ar_layer_append(text, "act_%s(", arete_activation_name((arete_activation)s->activation));
    else
        ar_layer_append(text, "op_%s", arete_layer_op_name((arete_layer_op)s->op));
    if (s->op != ARETE_LAYER_ACTIVATION && s->mode)
        ar_layer_append(text, "_m%d", (int)s->mode);
    if (s->op != ARETE_LAYER_ACTIVATION)
        ar_layer_append(text, "(");
    for (uint8_t i = 0; i < s->arity; ++i)
        ar_layer_append(text, "%s%c%d", i ? "," : "", s->from[i] < 16 ? 'x' : 's', (int)s->from[i] % 16);
    bool scaled = s->op == ARETE_LAYER_QUANTIZE || s->op == ARETE_LAYER_DEQUANTIZE;
    if (scaled && s->arity == 2)
        ar_layer_append(text, ",(numv)(0)");
    if (s->op == ARETE_LAYER_BATCH_NORM)
        ar_layer_append(text, ",P(%u)", (unsigned)(2 * number));
    if (s->op == ARETE_LAYER_ACTIVATION || s->op == ARETE_LAYER_CLIP)
        ar_layer_append(text, ",P(%u),P(%u)", (unsigned)(2 * number), (unsigned)(2 * number + 1));
    ar_layer_append(text, ")");
}

static int mode_of(const layer_walk *w, int32_t operand) {
    int64_t step = w->step[operand][w->loops - 1];
    bool out = operand == w->operands - 1;
    return w->dims[w->loops - 1] == 1 || step == 1 ? 0 : step == 0 && !out ? 1 : 2;
}

/* How many elements a work-item of the CPU class has: enough that a group's cost does not show, few enough that there
 * are several groups for each unit. */
void ar_layer_share(const layer_build *b, int64_t cols, int64_t rows, int64_t *col_step, int64_t *row_step) {
    if (b->gpu) {
        *col_step = b->lanes;
        *row_step = 1;
        return;
    }
    int64_t units = b->device->info.compute_units ? b->device->info.compute_units : 1;
    int64_t each = cols * rows / (8 * units);
    each = each < 2048 ? 2048 : each > 16384 ? 16384 : each;
    *col_step = cols <= each + each / 2 ? cols : each / b->lanes * b->lanes;
    *row_step = *col_step < cols ? 1 : each / cols > 1 ? each / cols : 1;
}

/* A last loop of a few turns (channels at the end) leaves vectors empty: a long one takes its place. */
static void lengthen(layer_walk *w, int64_t lanes) {
    int32_t last = w->loops - 1, best = last;
    if (w->dims[last] * 2 > lanes)
        return;
    for (int32_t d = 0; d < last; ++d)
        if (w->dims[d] >= lanes && w->dims[d] > w->dims[best])
            best = d;
    for (int32_t d = best; d < last; ++d)
        ar_walk_swap(w, d, d + 1);
}

arete_status ar_layer_map_walk(layer_build *b, layer_walk *w, const layer_step *chain, uint32_t steps, bool bits) {
    ar_walk_merge(w);
    if (w->loops > 8)
        return ar_fail(ARETE_E_UNSUPPORTED, "%s: %d loops are left that cannot be merged, but at most 8 are supported",
                       b->op->name, (int)w->loops);
    lengthen(w, b->vec);
    map_block s = {.loops = w->loops - 1, .rows = 1, .cols = w->dims[w->loops - 1]};
    for (int32_t k = 0; k < w->operands; ++k) {
        s.offset[k] = w->offset[k];
        for (int32_t d = 0; d < w->loops; ++d)
            s.step[k][d] = w->step[k][w->loops - 1 - d];
    }
    for (int32_t d = 0; d + 1 < w->loops; ++d) {
        s.dims[d] = w->dims[w->loops - 2 - d];
        s.rows *= s.dims[d];
    }
    ar_layer_text options;
    ar_layer_options(b, bits ? CLASS_BITS : ar_layer_class(b->p), &options);
    int last = w->operands - 1;
    if (bits)
        ar_layer_append(&options, " -DBITS=%d", (int)arete_dtype_size((arete_dtype)b->p->t[w->tensor[last]].dtype));
    ar_layer_append(&options, " -DNIN=%d", last);
    for (int k = 0; k < last; ++k)
        ar_layer_append(&options, " -DIN%d=%s -DMODE%d=%d", k, storage(b->p->t[w->tensor[k]].dtype, bits), k,
                        mode_of(w, k));
    ar_layer_append(&options, " -DOUT=%s -DMODE_OUT=%d -DSTEPS=%u", storage(b->p->t[w->tensor[last]].dtype, bits),
                    mode_of(w, last), (unsigned)steps);
    for (uint32_t i = 0; i < steps; ++i) {
        ar_layer_append(&options, " -DSTEP%u=", (unsigned)i);
        expression(&chain[i], i, &options);
        s.number[2 * i] = chain[i].alpha;
        s.number[2 * i + 1] = chain[i].beta;
    }
    ar_layer_share(b, s.cols, s.rows, &s.col_step, &s.row_step);
    arete_status status;
    layer_launch *launch = ar_layer_add(b, &ar_source_layers_map, options.text, "layer_map", &status);
    if (!launch)
        return status;
    ar_layer_block(launch, &s, sizeof s, (uint32_t)w->operands, w->tensor);
    const int64_t count[2] = {(s.cols + s.col_step - 1) / s.col_step, (s.rows + s.row_step - 1) / s.row_step};
    ar_layer_grid(b, launch, 2, count);
    return ARETE_OK;
}

/* A vector along one axis of the output: scales, zero points, statistics. */
static void along(layer_walk *w, int operand, const layer_tensor *t, int64_t axis) {
    for (int32_t d = 0; d < w->loops; ++d)
        w->step[operand][d] = d == axis && ar_layer_elements(t) > 1 ? t->strides[0] : 0;
}

arete_status ar_layer_lower_map(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *y = ar_layer_out(p, 0);
    layer_walk w = {.loops = y->rank};
    layer_step chain[ARETE_LAYER_STEPS];
    bool vectors = p->a.op == ARETE_LAYER_QUANTIZE || p->a.op == ARETE_LAYER_DEQUANTIZE ||
                   p->a.op == ARETE_LAYER_BATCH_NORM;
    int64_t axis = p->a.op == ARETE_LAYER_BATCH_NORM ? (y->rank > 1 ? 1 : 0) : p->a.axis;
    int place[LAYER_TENSORS] = {0};
    memcpy(w.dims, y->dims, sizeof y->dims);
    for (int i = 0; i <= p->in_count; ++i) {
        if (p->t[i].dtype == ARETE_DTYPE_NONE)
            continue;
        int k = w.operands++;
        place[i] = k;
        w.tensor[k] = i;
        if (vectors && i > 0 && i < p->in_count)
            along(&w, k, &p->t[i], axis);
        else
            ar_walk_broadcast(&w, k, &p->t[i]);
    }
    memcpy(chain, p->chain, sizeof chain);
    for (uint8_t i = 0; i < p->chain_count; ++i)
        for (uint8_t k = 0; k < chain[i].arity; ++k)
            if (chain[i].from[k] < 16)
                chain[i].from[k] = (uint8_t)place[chain[i].from[k]];
    return ar_layer_map_walk(b, &w, chain, p->chain_count, false);
}
