/* Copies that turn rows into columns: transpose.cl, when a walk is one; else map.cl. */
#include "forms.h"
#include "sources.h"

/* transpose_args of transpose.cl. */
typedef struct transpose_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t a, b, x_a, y_b, a_step, b_step;
    int64_t loops, dim[6], x[6], y[6], outer;
} transpose_block;
_Static_assert(sizeof(transpose_block) <= LAYER_BLOCK, "transpose_args must fit the argument block");

static const layer_step copy_step = {.op = ARETE_LAYER_IDENTITY, .arity = 1};

/* The loop along which x lies while y lies along the last one; -1 when there is none worth tiles. */
static int32_t crossing(const layer_walk *w, int64_t least) {
    int32_t last = w->loops - 1;
    if (w->loops < 2 || w->loops > 8 || w->step[1][last] != 1 || w->step[0][last] == 1 || w->step[0][last] == 0 ||
        w->dims[last] < least)
        return -1;
    for (int32_t d = 0; d < last; ++d)
        if (w->step[0][d] == 1 && w->dims[d] >= least)
            return d;
    return -1;
}

/* The two loops that change places, a and b; all others are turns of these. */
static transpose_block block_of(const layer_walk *w, int32_t a, int32_t b) {
    transpose_block s = {.offset = {w->offset[0], w->offset[1]},
                         .a = w->dims[a],
                         .b = w->dims[b],
                         .x_a = w->step[0][a],
                         .y_b = w->step[1][b],
                         .outer = 1};
    for (int32_t d = w->loops; d-- > 0;) {
        if (d == a || d == b)
            continue;
        s.dim[s.loops] = w->dims[d];
        s.x[s.loops] = w->step[0][d];
        s.y[s.loops++] = w->step[1][d];
        s.outer *= w->dims[d];
    }
    return s;
}

/* Channels that become the innermost dimension or were it, too few for tiles: the loop of the other dimension. */
static int32_t few_channels(const layer_walk *w, int64_t least, int32_t *channels, bool *inward) {
    int32_t last = w->loops - 1;
    if (w->loops < 2 || w->loops > 8 || w->step[1][last] != 1)
        return -1;
    *inward = w->dims[last] <= 4;
    if (*inward) {
        *channels = last;
        return w->step[1][last - 1] == w->dims[last] && w->step[0][last - 1] == 1 && w->dims[last - 1] >= least
                   ? last - 1
                   : -1;
    }
    for (int32_t d = 0; d < last; ++d)
        if (w->step[0][d] == 1 && w->dims[d] <= 4 && w->step[0][last] == w->dims[d] && w->dims[last] >= least) {
            *channels = d;
            return last;
        }
    return -1;
}

static arete_status few(layer_build *b, const layer_walk *w, int32_t along, int32_t channels, bool inward, int size) {
    transpose_block s = block_of(w, along, channels);
    s.x_a = w->step[0][channels]; /* from channel to channel, whichever side has them innermost */
    ar_layer_text options;
    ar_layer_options(b, CLASS_BITS, &options);
    options.at = 0;
    ar_layer_append(&options, "-DVEC=%d -DBITS=%d -DFEW=%d -DINWARD=%d", (int)b->vec, size, (int)s.b, inward);
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_transpose, options.text, "transpose_few", &status);
    if (!l)
        return status;
    s.a_step = 256 * b->vec;
    l->dims = 3;
    l->global[0] = (size_t)((s.a + s.a_step - 1) / s.a_step);
    l->global[1] = 1;
    l->global[2] = (size_t)s.outer;
    l->local[0] = l->local[1] = l->local[2] = 1;
    ar_layer_block(l, &s, sizeof s, 2, w->tensor);
    return ARETE_OK;
}

static arete_status tiles(layer_build *b, const layer_walk *w, int32_t cross, int size) {
    transpose_block s = block_of(w, w->loops - 1, cross);
    ar_layer_text options;
    ar_layer_options(b, CLASS_BITS, &options);
    options.at = 0;
    ar_layer_append(&options, "-DVEC=%d -DBITS=%d -DLOCAL_TILE=%d", (int)b->vec, size, b->gpu);
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_transpose, options.text,
                                   b->gpu ? "transpose_local" : "transpose_tiles", &status);
    if (!l)
        return status;
    l->dims = 3;
    if (b->gpu) {
        l->global[0] = (size_t)((s.b + 31) / 32 * 32);
        l->global[1] = (size_t)((s.a + 31) / 32 * 8);
        l->local[0] = 32;
        l->local[1] = 8;
    } else {
        s.a_step = 4 * b->vec;
        s.b_step = 16 * b->vec;
        l->global[0] = (size_t)((s.a + s.a_step - 1) / s.a_step);
        l->global[1] = (size_t)((s.b + s.b_step - 1) / s.b_step);
        l->local[0] = l->local[1] = 1;
    }
    l->global[2] = (size_t)s.outer;
    l->local[2] = 1;
    ar_layer_block(l, &s, sizeof s, 2, w->tensor);
    return ARETE_OK;
}

arete_status ar_layer_copy_walk(layer_build *b, layer_walk *w) {
    ar_walk_merge(w);
    int32_t cross = crossing(w, b->gpu ? 8 : b->vec), channels = 0;
    int size = (int)arete_dtype_size((arete_dtype)b->p->t[w->tensor[1]].dtype);
    bool inward;
    int32_t along = b->gpu ? -1 : few_channels(w, b->vec, &channels, &inward);
    if (along >= 0 && w->dims[channels] > 1)
        return few(b, w, along, channels, inward, size);
    if (cross < 0 || (b->gpu && b->device->info.max_group_size < 256))
        return ar_layer_map_walk(b, w, &copy_step, 1, true);
    return tiles(b, w, cross, size);
}
