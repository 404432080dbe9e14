/* Fourier transforms as products with a matrix of cosines and sines that is made at load: for the lengths of
 * networks over sound, whose frames have some hundred samples, a product on the device is quicker than what it
 * would save. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "lower.h"
#include "steps.h"

#define TAU 6.283185307179586476925286766559

/* One transform: `taken` samples of `parts` numbers (1: real, 2: complex) to `bins` complex numbers, of `length`.
 */
typedef struct transform {
    int64_t length, taken, bins, parts;
    bool inverse;
    const double *window; /* of the samples; NULL: ones */
} transform;

/* What one number of a sample adds to one number of a bin: x e^(-i tau t k / length), and its inverse. */
static double share(const transform *f, int64_t t, int64_t part, int64_t bin, int64_t of) {
    double angle = TAU * (double)(t * bin % f->length) / (double)f->length * (f->inverse ? 1 : -1);
    double value = part == of ? cos(angle) : part ? -sin(angle) : sin(angle);
    value *= f->window ? f->window[t] : 1;
    return f->inverse ? value / (double)f->length : value;
}

/* An optional input of one number that is known at load. */
static arete_status number(ar_lowering *l, const ar_node *n, uint32_t input, const char *what, int64_t absent,
                           int64_t *value) {
    size_t count = 0;
    *value = absent;
    arete_status status = ar_node_integers(l, n, input, NULL, value, 1, &count);
    if (status == ARETE_OK && count == 1 && (*value < 1 || *value > 1 << 20))
        status = ar_fail(ARETE_E_UNSUPPORTED, "%s is %" PRId64 "; 1 to 1048576 are supported", what, *value);
    return status;
}

static arete_status check_signal(const arete_tensor *x) {
    if (x->dtype != ARETE_F32 || x->rank < 2 || x->dims[x->rank - 1] < 1 || x->dims[x->rank - 1] > 2)
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "the signal is %s of %u dimensions, the last of %" PRId64
                       "; it must be f32, its last 1 (real) "
                       "or 2 (complex)",
                       arete_dtype_name(x->dtype), x->rank, x->rank ? x->dims[x->rank - 1] : 0);
    return ARETE_OK;
}

/* [taken * parts, bins * 2], or transposed with the samples last: [bins * 2, parts, taken]. */
static arete_status matrix(ar_lowering *l, const ar_node *n, const transform *f, bool turned, int *value) {
    const int64_t rows = f->taken * f->parts, columns = f->bins * 2;
    const int64_t flat[2] = {rows, columns}, kernels[3] = {columns, f->parts, f->taken};
    arete_tensor t = arete_tensor_make(NULL, 0, ARETE_F32, turned ? 3 : 2, turned ? kernels : flat);
    arete_status status = ar_graph_check_size(&t);
    float *made =
        status == ARETE_OK ? ar_pool_room(&l->graph->pool, (size_t)(rows * columns + 1) * sizeof *made) : NULL;
    if (!made)
        return status == ARETE_OK ? ARETE_E_MEMORY : status;
    for (int64_t s = 0; s < f->taken; s++)
        for (int64_t p = 0; p < f->parts; p++)
            for (int64_t c = 0; c < columns; c++)
                made[turned ? (c * f->parts + p) * f->taken + s : (s * f->parts + p) * columns + c] =
                    (float)share(f, s, p, c / 2, c % 2);
    *value = ar_graph_constant(l->graph, n->name, ARETE_F32, t.rank, t.dims, made, false);
    return *value == AR_NO_VALUE ? ARETE_E_MEMORY : ARETE_OK;
}

/* x with dimension `from` moved to `to`, into a value that is there. */
static arete_status move_into(ar_lowering *l, const ar_node *n, int x, uint32_t from, uint32_t to, int out) {
    arete_layer_desc turn = {.op = ARETE_LAYER_TRANSPOSE, .axis_count = l->graph->values[x].t.rank};
    for (uint32_t d = 0, left = 0; d < turn.axis_count; d++) {
        left += left == from;
        turn.axes[d] = d == to ? from : left++;
    }
    return ar_lower_layer(l, n, &turn, &x, 1, &out, 1);
}

/* The same, as a new value; x itself where nothing moves. */
static arete_status move(ar_lowering *l, const ar_node *n, int x, uint32_t from, uint32_t to, int *moved) {
    *moved = from == to ? x : ar_graph_value(l->graph, n->name);
    if (*moved == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    return from == to ? ARETE_OK : move_into(l, n, x, from, to, *moved);
}

/* DFT-17 and -20: along axis, of x [..., 1 or 2]. */
static arete_status lower_dft(ar_lowering *l, const ar_node *n) {
    const arete_tensor *given;
    arete_status status = ar_node_input(l, n, 0, "the signal", &given);
    if (status == ARETE_OK)
        status = check_signal(given);
    if (status != ARETE_OK)
        return status;
    const arete_tensor x = *given;
    int64_t axis = ar_onnx_int(n->proto, "axis", n->opset >= 20 ? -2 : 1);
    size_t count = 0;
    if (n->opset >= 20)
        status = ar_node_integers(l, n, 2, NULL, &axis, 1, &count);
    axis = axis < 0 ? axis + x.rank : axis;
    if (status == ARETE_OK && (axis < 0 || axis + 1 >= x.rank))
        status = ar_fail(ARETE_E_SHAPE, "axis is %" PRId64 ", but the signal has %u dimensions, the last its parts",
                         axis, x.rank);
    transform f = {.parts = x.dims[x.rank - 1], .inverse = ar_onnx_int(n->proto, "inverse", 0) != 0};
    bool half = ar_onnx_int(n->proto, "onesided", 0) != 0;
    if (status == ARETE_OK)
        status = number(l, n, 1, "dft_length", x.dims[axis], &f.length);
    if (status == ARETE_OK && (f.length < 1 || (half && (f.parts == 2 || f.inverse))))
        status = ar_fail(ARETE_E_UNSUPPORTED, "a transform of nothing, or one-sided of complex numbers");
    if (status != ARETE_OK)
        return status;
    f.taken = f.length < x.dims[axis] ? f.length : x.dims[axis]; /* cut off, or followed by zeros */
    f.bins = half ? f.length / 2 + 1 : f.length;
    const uint32_t last = x.rank - 2;
    int source = n->in[0], turned = AR_NO_VALUE, weights = AR_NO_VALUE;
    if (f.taken < x.dims[axis])
        status = ar_lower_part(l, n, n->in[0], axis, 0, f.taken, &source);
    if (status == ARETE_OK)
        status = move(l, n, source, (uint32_t)axis, last, &turned);
    if (status == ARETE_OK)
        status = matrix(l, n, &f, false, &weights);
    if (status != ARETE_OK)
        return status;
    arete_tensor shape = l->graph->values[turned].t;
    int rows = ar_graph_value(l->graph, n->name), product = ar_graph_value(l->graph, n->name);
    int bins = ar_graph_value(l->graph, n->name);
    if (rows == AR_NO_VALUE || product == AR_NO_VALUE || bins == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    shape.dims[last] *= f.parts;
    status = ar_lower_alias(l, turned, rows, last + 1, shape.dims);
    if (status == ARETE_OK)
        status = ar_lower_product(l, n, rows, weights, product);
    shape.dims[last] = f.bins;
    shape.dims[last + 1] = 2;
    int to = axis == last ? n->out[0] : bins;
    if (status == ARETE_OK)
        status = ar_lower_alias(l, product, to, x.rank, shape.dims);
    if (status != ARETE_OK || axis == last)
        return status;
    return move_into(l, n, bins, last, (uint32_t)axis, n->out[0]);
}

/* [batch, samples, parts] in frames, each times the window and transformed: a convolution. */
static arete_status frames(ar_lowering *l, const ar_node *n, const transform *f, int64_t step_by) {
    const arete_tensor x = l->graph->values[n->in[0]].t;
    int source = ar_graph_value(l->graph, n->name), weights = AR_NO_VALUE, bins = ar_graph_value(l->graph, n->name);
    int turned = AR_NO_VALUE;
    if (source == AR_NO_VALUE || bins == AR_NO_VALUE)
        return ARETE_E_MEMORY;
    arete_status status = f->parts == 1
                              ? ar_lower_alias(l, n->in[0], source, 3, (const int64_t[]){x.dims[0], 1, x.dims[1]})
                              : move_into(l, n, n->in[0], 2, 1, source);
    if (status == ARETE_OK)
        status = matrix(l, n, f, true, &weights);
    ar_step *step = status == ARETE_OK ? ar_graph_step(l->graph, &ar_step_conv, n->name, n->op, CONV_SLOTS,
                                                       sizeof(arete_conv_desc))
                                       : NULL;
    if (!step)
        return status == ARETE_OK ? ARETE_E_MEMORY : status;
    arete_conv_desc *desc = step->desc;
    *desc = (arete_conv_desc){.math = l->desc->math, .prepack = true, .strides = {step_by}};
    const ar_value *v = l->graph->values;
    arete_tensor y = {0};
    status = arete_conv_output(desc, &v[source].t, &v[weights].t, &y);
    if (status != ARETE_OK)
        return status;
    l->graph->values[bins].t = arete_tensor_make(NULL, 0, y.dtype, y.rank, y.dims);
    ar_step_input(l->graph, step, CONV_X, source);
    ar_step_input(l->graph, step, CONV_W, weights);
    ar_step_output(l->graph, step, CONV_Y, bins);
    status = move(l, n, bins, 2, 1, &turned);
    if (status != ARETE_OK)
        return status;
    return ar_lower_alias(l, turned, n->out[0], 4, (const int64_t[]){x.dims[0], y.dims[2], f->bins, 2});
}

/* STFT-17: signal [batch, samples, 1 or 2], frame_step, [window], [frame_length]. */
static arete_status lower_stft(ar_lowering *l, const ar_node *n) {
    const arete_tensor *x;
    int64_t step = 0, window_length = 0;
    size_t count = 0;
    arete_status status = ar_node_input(l, n, 0, "the signal", &x);
    if (status == ARETE_OK)
        status = check_signal(x);
    if (status == ARETE_OK && (x->rank != 3 || !ar_node_has(n, 1)))
        status = ar_fail(ARETE_E_SHAPE, "the signal must be [batch, samples, 1 or 2], and frame_step be there");
    if (status == ARETE_OK)
        status = number(l, n, 1, "frame_step", 1, &step);
    if (status != ARETE_OK)
        return status;
    transform f = {.parts = x->dims[2]};
    const int64_t samples = x->dims[1];
    if (ar_node_has(n, 2)) {
        const arete_tensor *w = &l->graph->values[n->in[2]].t;
        window_length = w->rank == 1 ? w->dims[0] : 0;
        double *window = ar_pool_alloc(&l->graph->pool, (size_t)(window_length + 1) * sizeof *window);
        if (!window)
            return ARETE_E_MEMORY;
        if (!ar_graph_reals(l->graph, n->in[2], window, (size_t)window_length, &count) || count == 0)
            return ar_fail(ARETE_E_UNSUPPORTED, "the window is no row of numbers that is known before the run");
        f.window = window;
    }
    status = number(l, n, 3, "frame_length", window_length, &f.length);
    if (status == ARETE_OK && (f.length < 1 || (f.window && f.length != window_length) || f.length > samples))
        status = ar_fail(ARETE_E_SHAPE,
                         "frames of %" PRId64 " samples of %" PRId64 ", with a window of %" PRId64
                         ": frame_length must be at most the samples, and the window's length",
                         f.length, samples, window_length);
    bool half = ar_onnx_int(n->proto, "onesided", 1) != 0;
    if (status == ARETE_OK && half && f.parts == 2)
        status = ar_fail(ARETE_E_UNSUPPORTED, "a one-sided transform of complex numbers");
    f.taken = f.length;
    f.bins = half ? f.length / 2 + 1 : f.length;
    return status == ARETE_OK ? frames(l, n, &f, step) : status;
}

/* ---- MelWeightMatrix-17 ---- */

static double mel_of(double hertz) {
    return 2595 * log10(1 + hertz / 700);
}

/* The bin at which triangle i of `mels` begins; it ends where i + 2 begins. */
static int64_t mel_edge(int64_t i, int64_t mels, int64_t length, const double *in) {
    double low = mel_of(in[3]), mel = low + (double)i * (mel_of(in[4]) - low) / (double)(mels + 2);
    double edge = floor((double)(length + 1) * 700 * (pow(10, mel / 2595) - 1) / in[2]);
    return edge < 0 ? 0 : edge > (double)length ? length : (int64_t)edge;
}

/* Triangles over the bins of a spectrum, whose corners lie evenly on the mel scale. */
static arete_status lower_mel(ar_lowering *l, const ar_node *n) {
    static const char *const names[5] = {"num_mel_bins", "dft_length", "sample_rate", "lower_edge_hertz",
                                         "upper_edge_hertz"};
    double in[5] = {0};
    size_t count = 0;
    for (uint32_t i = 0; i < 5; i++)
        if (!ar_node_has(n, i) || !ar_graph_reals(l->graph, n->in[i], &in[i], 1, &count) || count != 1)
            return ar_fail(ARETE_E_UNSUPPORTED, "%s is no number that is known before the run", names[i]);
    if (!(in[0] >= 1 && in[0] <= 65536 && in[1] >= 1 && in[1] <= 1 << 20 && in[2] > 0 && in[3] > -700 &&
          in[4] > -700) ||
        ar_onnx_int(n->proto, "output_datatype", 1) != 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "%g bins of mel over %g of Fourier at a rate of %g, or not of f32",
                       in[0], in[1], in[2]);
    const int64_t mels = (int64_t)in[0], length = (int64_t)in[1], bins = length / 2 + 1;
    float *made = ar_pool_alloc(&l->graph->pool, (size_t)(bins * mels) * sizeof *made);
    if (!made)
        return ARETE_E_MEMORY;
    for (int64_t i = 0; i < mels; i++) {
        int64_t low = mel_edge(i, mels, length, in), top = mel_edge(i + 1, mels, length, in);
        int64_t high = mel_edge(i + 2, mels, length, in);
        for (int64_t b = low; b < high && b < bins; b++)
            made[b * mels + i] = (float)(b < top ? (double)(b - low) / (double)(top - low)
                                                 : (double)(high - b) / (double)(high - top));
        if (top < bins)
            made[top * mels + i] = 1; /* also of a triangle that is nothing but its tip */
    }
    int value = ar_graph_constant(l->graph, n->name, ARETE_F32, 2, (const int64_t[]){bins, mels}, made, false);
    return value == AR_NO_VALUE ? ARETE_E_MEMORY
                                : ar_lower_alias(l, value, n->out[0], 2, (const int64_t[]){bins, mels});
}

const ar_lower_op ar_lower_spectra[] = {
    {"DFT", lower_dft},
    {"STFT", lower_stft},
    {"MelWeightMatrix", lower_mel},
    {NULL, NULL},
};
