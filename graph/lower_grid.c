/* GridSample-16 and -20 of pictures, in primitive layers: positions and weights of each tap along y and x, a gather
 * of whole pixels for each pair of taps, and their weighted sum. Fusion makes one launch of each element-wise part.
 */
#include <string.h>

#include "lower.h"

typedef enum padding { PAD_ZEROS, PAD_BORDER, PAD_REFLECTION } padding;

enum { MOST_TAPS = 4 };

typedef struct sampling {
    ar_lowering *l;
    const ar_node *n;
    arete_status status; /* of the first failure; values made after it are AR_NO_VALUE */
    uint32_t taps;       /* 1: nearest, 2: linear, 4: cubic */
    padding pad;
    bool align;
} sampling;

typedef struct tap {
    int position, weight; /* [N,Ho,Wo,1]; the position is inside, the weight 0 where it was outside and zeros pad */
} tap;

static int make(sampling *s, const arete_layer_desc *desc, int x, int y) {
    const int in[2] = {x, y};
    int out = s->status == ARETE_OK ? ar_graph_value(s->l->graph, s->n->name) : AR_NO_VALUE;
    if (s->status == ARETE_OK)
        s->status = out == AR_NO_VALUE ? ARETE_E_MEMORY
                                       : ar_lower_layer(s->l, s->n, desc, in, y == AR_NO_VALUE ? 1 : 2, &out, 1);
    return out;
}

static int apply(sampling *s, arete_layer_op op, int x, int y) {
    return make(s, &(arete_layer_desc){.op = op}, x, y);
}

static int number(sampling *s, double value) {
    int made = s->status == ARETE_OK ? ar_lower_scalar(s->l, ARETE_F32, value) : AR_NO_VALUE;
    if (s->status == ARETE_OK && made == AR_NO_VALUE)
        s->status = ARETE_E_MEMORY;
    return made;
}

static int scaled(sampling *s, int x, double factor, double addend) {
    return apply(s, ARETE_LAYER_ADD, apply(s, ARETE_LAYER_MUL, x, number(s, factor)), number(s, addend));
}

static int cast(sampling *s, int x, arete_dtype dtype) {
    int out = s->status == ARETE_OK ? ar_graph_value(s->l->graph, s->n->name) : AR_NO_VALUE;
    if (out == AR_NO_VALUE)
        return out;
    s->l->graph->values[out].t.dtype = dtype;
    s->status = ar_lower_layer(s->l, s->n, &(arete_layer_desc){.op = ARETE_LAYER_CAST}, &x, 1, &out, 1);
    return out;
}

static int seen_as(sampling *s, int x, uint32_t rank, const int64_t *dims) {
    int out = s->status == ARETE_OK ? ar_graph_value(s->l->graph, s->n->name) : AR_NO_VALUE;
    if (s->status == ARETE_OK)
        s->status = out == AR_NO_VALUE ? ARETE_E_MEMORY : ar_lower_alias(s->l, x, out, rank, dims);
    return out;
}

/* Keys' cubic with a = -0.75 at a distance in [0, 1], or in [1, 2]: c3 d^3 + c2 d^2 + c1 d + c0. */
static int cubic(sampling *s, int distance, bool far) {
    static const double near_by[4] = {1.25, -2.25, 0, 1}, far_off[4] = {-0.75, 3.75, -6, 3};
    const double *c = far ? far_off : near_by;
    int sum = scaled(s, distance, c[0], c[1]);
    for (int i = 2; i < 4; i++)
        sum = apply(s, ARETE_LAYER_ADD, apply(s, ARETE_LAYER_MUL, sum, distance), number(s, c[i]));
    return sum;
}

/* A position that may be outside of 0..size-1, brought inside. */
static int inside(sampling *s, int position, int64_t size) {
    if (s->pad == PAD_REFLECTION) { /* to and fro: at the middles of the outermost pixels, or at their edges */
        double period = (double)(s->align ? 2 * (size - 1) : 2 * size);
        period = period > 0 ? period : 1;
        int turns =
            apply(s, ARETE_LAYER_FLOOR, apply(s, ARETE_LAYER_DIV, position, number(s, period)), AR_NO_VALUE);
        int to = apply(s, ARETE_LAYER_SUB, position, apply(s, ARETE_LAYER_MUL, turns, number(s, period)));
        position = apply(s, ARETE_LAYER_MIN, to, scaled(s, to, -1, s->align ? period : period - 1));
    }
    const arete_layer_desc clip = {.op = ARETE_LAYER_CLIP, .alpha = 0, .beta = (float)(size - 1)};
    return make(s, &clip, position, AR_NO_VALUE);
}

/* The taps along one dimension, of coordinates in [-1, 1]. */
static void find_taps(sampling *s, int coordinate, int64_t size, tap taps[MOST_TAPS]) {
    double middle = (double)(size - 1) / 2;
    int at = scaled(s, coordinate, s->align ? middle : (double)size / 2, middle);
    int base = apply(s, s->taps == 1 ? ARETE_LAYER_ROUND : ARETE_LAYER_FLOOR, at, AR_NO_VALUE);
    int part = s->taps == 1 ? AR_NO_VALUE : apply(s, ARETE_LAYER_SUB, at, base);
    for (int i = 0; i < (int)s->taps; i++) {
        int offset = s->taps == 4 ? i - 1 : i;
        int position = offset ? apply(s, ARETE_LAYER_ADD, base, number(s, offset)) : base;
        taps[i].weight = AR_NO_VALUE;
        if (s->taps > 1) {
            int distance = offset <= 0 ? scaled(s, part, 1, -offset) : scaled(s, part, -1, offset);
            taps[i].weight = s->taps == 2 ? scaled(s, distance, -1, 1) : cubic(s, distance, i == 0 || i == 3);
        }
        taps[i].position = inside(s, position, size);
        if (s->pad == PAD_ZEROS) {
            int within = cast(s, apply(s, ARETE_LAYER_EQUAL, taps[i].position, position), ARETE_F32);
            taps[i].weight = s->taps == 1 ? within : apply(s, ARETE_LAYER_MUL, taps[i].weight, within);
        }
    }
}

/* The pixels [N,Ho Wo,C] of two taps times their weights. */
static int pixels(sampling *s, int picture, const tap *y, const tap *x, int64_t width, const int64_t flat[3]) {
    const arete_layer_desc gather = {.op = ARETE_LAYER_GATHER_ND, .batch_dims = 1};
    int place =
        apply(s, ARETE_LAYER_ADD, apply(s, ARETE_LAYER_MUL, y->position, number(s, (double)width)), x->position);
    int found = make(s, &gather, picture, seen_as(s, cast(s, place, ARETE_I64), 3, flat));
    if (y->weight == AR_NO_VALUE)
        return found;
    return apply(s, ARETE_LAYER_MUL, found, seen_as(s, apply(s, ARETE_LAYER_MUL, y->weight, x->weight), 3, flat));
}

static arete_status read_attributes(const ar_node *n, sampling *s) {
    static const char *const modes[] = {"nearest", "bilinear", "bicubic", "linear", "cubic"};
    static const uint32_t taps[] = {1, 2, 4, 2, 4};
    static const char *const pads[] = {"zeros", "border", "reflection"};
    char mode[16], pad[16];
    ar_onnx_string(n->proto, "mode", "bilinear", mode, sizeof mode);
    ar_onnx_string(n->proto, "padding_mode", "zeros", pad, sizeof pad);
    s->align = ar_onnx_int(n->proto, "align_corners", 0) != 0;
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        s->taps = strcmp(mode, modes[i]) == 0 ? taps[i] : s->taps;
    size_t p = 0;
    while (p < 3 && strcmp(pad, pads[p]) != 0)
        p++;
    if (s->taps == 0 || p == 3)
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "mode is '%s' and padding_mode '%s'; modes are nearest, bilinear, bicubic, "
                       "paddings zeros, border, reflection",
                       mode, pad);
    s->pad = (padding)p;
    return ARETE_OK;
}

static arete_status lower_grid_sample(ar_lowering *l, const ar_node *n) {
    const arete_tensor *at;
    sampling s = {.l = l, .n = n};
    arete_status status = ar_node_input(l, n, 0, "x", &at);
    const arete_tensor x = status == ARETE_OK ? *at : (arete_tensor){0};
    if (status == ARETE_OK)
        status = ar_node_input(l, n, 1, "the grid", &at);
    if (status == ARETE_OK)
        status = read_attributes(n, &s);
    if (status != ARETE_OK)
        return status;
    const arete_tensor grid = *at;
    if (x.dtype != ARETE_F32 || grid.dtype != ARETE_F32 || x.rank != 4 || grid.rank != 4)
        return ar_fail(ARETE_E_UNSUPPORTED, "x is %s of %u dimensions and the grid %s of %u; both must be f32 of 4",
                       arete_dtype_name(x.dtype), x.rank, arete_dtype_name(grid.dtype), grid.rank);
    if (grid.dims[3] != 2 || grid.dims[0] != x.dims[0] || x.dims[2] < 1 || x.dims[3] < 1)
        return ar_fail(ARETE_E_SHAPE, "the grid must be [%lld,Ho,Wo,2], and x not empty", (long long)x.dims[0]);
    if (x.dims[2] > (1 << 24) / x.dims[3])
        return ar_fail(ARETE_E_UNSUPPORTED, "a plane of more than 2^24 pixels, which f32 does not count");
    tap taps[2][MOST_TAPS];
    for (int d = 0; d < 2; d++) { /* y is the second coordinate */
        int coordinate;
        s.status = ar_lower_part(l, n, n->in[1], 3, 1 - d, 2 - d, &coordinate);
        if (s.status != ARETE_OK)
            return s.status;
        find_taps(&s, coordinate, x.dims[2 + d], taps[d]);
    }
    const int64_t count = grid.dims[1] * grid.dims[2], flat[3] = {x.dims[0], count, 1};
    const arete_layer_desc turn = {.op = ARETE_LAYER_TRANSPOSE, .axis_count = 3, .axes = {0, 2, 1}};
    int planes = seen_as(&s, n->in[0], 3, (const int64_t[]){x.dims[0], x.dims[1], x.dims[2] * x.dims[3]});
    int picture = make(&s, &turn, planes, AR_NO_VALUE), sum = AR_NO_VALUE;
    for (uint32_t y = 0; y < s.taps; y++)
        for (uint32_t i = 0; i < s.taps; i++) {
            int own = pixels(&s, picture, &taps[0][y], &taps[1][i], x.dims[3], flat);
            sum = y + i == 0 ? own : apply(&s, ARETE_LAYER_ADD, sum, own);
        }
    int turned = make(&s, &turn, sum, AR_NO_VALUE);
    if (s.status != ARETE_OK)
        return s.status;
    return ar_lower_alias(l, turned, n->out[0], 4,
                          (const int64_t[]){x.dims[0], x.dims[1], grid.dims[1], grid.dims[2]});
}

const ar_lower_op ar_lower_grids[] = {
    {"GridSample", lower_grid_sample},
    {NULL, NULL},
};
