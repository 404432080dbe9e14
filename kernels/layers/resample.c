/* Padding and resizing: resample.cl. */
#include <math.h>
#include <string.h>

#include "forms.h"
#include "sources.h"

/* resample_args of resample.cl. */
typedef struct resample_block {
    int64_t offset[LAYER_OPERANDS];
    int64_t cols, rows, col_step, row_step, loops;
    int64_t out[8], in[8], x_step[8], y_step[8];
    int64_t before[8];
    float scale[8], scale_low[8], shift[8], shift_low[8];
    int64_t scaled;
    uint64_t fill;
    float outside, cubic;
} resample_block;
_Static_assert(sizeof(resample_block) <= LAYER_BLOCK, "resample_args must fit the argument block");

static arete_status add(layer_build *b, resample_block *s, const ar_layer_text *options, const char *kernel) {
    static const int tensors[2] = {0, 1};
    arete_status status;
    layer_launch *l = ar_layer_add(b, &ar_source_layers_resample, options->text, kernel, &status);
    if (!l)
        return status;
    s->cols = s->out[0];
    s->rows = 1;
    for (int64_t d = 1; d <= s->loops; ++d)
        s->rows *= s->out[d];
    ar_layer_share(b, s->cols, s->rows, &s->col_step, &s->row_step);
    ar_layer_block(l, s, sizeof *s, 2, tensors);
    const int64_t count[2] = {(s->cols + s->col_step - 1) / s->col_step, (s->rows + s->row_step - 1) / s->row_step};
    ar_layer_grid(b, l, 2, count);
    return ARETE_OK;
}

/* The bits of a value in a type. */
static uint64_t bits_of(int32_t dtype, double value) {
    union {
        float f32;
        double f64;
        uint64_t bits;
    } as = {.bits = 0};
    double whole = value != value ? 0 : trunc(value);
    switch (dtype) {
    case ARETE_F32: as.f32 = (float)value; break;
    case ARETE_F64: as.f64 = value; break;
    case ARETE_F16: as.bits = arete_f16_from_f32((float)value); break;
    case ARETE_BF16: as.bits = arete_bf16_from_f32((float)value); break;
    case ARETE_BOOL: as.bits = value != 0; break;
    case ARETE_I8: as.bits = (uint64_t)(int64_t)fmin(fmax(whole, -128), 127); break;
    case ARETE_U8: as.bits = (uint64_t)fmin(fmax(whole, 0), 255); break;
    case ARETE_I32: as.bits = (uint64_t)(int64_t)fmin(fmax(whole, -2147483648.0), 2147483647.0); break;
    default: as.bits = (uint64_t)(int64_t)fmin(fmax(whole, -0x1p62), 0x1p62); break;
    }
    return as.bits;
}

static arete_status lower_pad(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    resample_block s;
    memset(&s, 0, sizeof s);
    int64_t before[ARETE_MAX_RANK] = {0};
    for (int i = 0; i < p->a.axis_count; ++i)
        before[p->a.axes[i]] = p->a.pads[i];
    int n = 0; /* dimensions so far, the last first */
    for (int32_t d = x->rank; d-- > 0;) {
        bool plain = before[d] == 0 && x->dims[d] == y->dims[d];
        if (plain && x->dims[d] == 1)
            continue;
        bool joins = n > 0 && plain && s.before[n - 1] == 0 && s.in[n - 1] == s.out[n - 1] &&
                     x->strides[d] == s.x_step[n - 1] * s.in[n - 1] && y->strides[d] == s.y_step[n - 1] * s.out[n - 1];
        if (joins) {
            s.in[n - 1] *= x->dims[d];
            s.out[n - 1] *= y->dims[d];
            continue;
        }
        s.in[n] = x->dims[d];
        s.out[n] = y->dims[d];
        s.x_step[n] = x->strides[d];
        s.y_step[n] = y->strides[d];
        s.before[n++] = before[d];
    }
    if (n == 0) {
        s.in[0] = s.out[0] = s.x_step[0] = s.y_step[0] = 1;
        n = 1;
    }
    s.loops = n - 1;
    s.fill = bits_of(x->dtype, (double)p->a.alpha);
    ar_layer_text options;
    ar_layer_options(b, CLASS_BITS, &options);
    ar_layer_append(&options, " -DDATA=bits -DBITS=%d -DMODE=%d", (int)arete_dtype_size((arete_dtype)x->dtype),
                    (int)p->a.mode);
    return add(b, &s, &options, "pad");
}

/* x = scale * i + shift, for each way of placing coordinates. */
static void coordinates(const layer_problem *p, int32_t d, double *scale, double *shift) {
    double in = (double)p->t[0].dims[d], out = (double)ar_layer_out(p, 0)->dims[d];
    double ratio = p->a.scales[d] > 0 ? (double)p->a.scales[d] : out / in;
    double start = (double)p->a.roi[d], end = (double)p->a.roi[p->t[0].rank + d];
    *scale = 1 / ratio;
    *shift = 0.5 / ratio - 0.5;
    switch (p->a.coordinates) {
    case ARETE_RESIZE_ASYMMETRIC: *shift = 0; break;
    case ARETE_RESIZE_ALIGN_CORNERS: /* ONNX takes the resized length before it is rounded down */
        out = ratio * in;
        *scale = out > 1 || out < 1 ? (in - 1) / (out - 1) : 0;
        *shift = 0;
        break;
    case ARETE_RESIZE_PYTORCH_HALF_PIXEL:
        if (out <= 1)
            *scale = *shift = 0;
        break;
    case ARETE_RESIZE_TF_HALF_PIXEL: *shift = 0.5 / ratio; break;
    case ARETE_RESIZE_TF_CROP:
        *scale = out > 1 ? (end - start) * (in - 1) / (out - 1) : 0;
        *shift = out > 1 ? start * (in - 1) : 0.5 * (start + end) * (in - 1);
        break;
    default: break;
    }
}

static arete_status lower_resize(layer_build *b) {
    const layer_problem *p = b->p;
    const layer_tensor *x = &p->t[0], *y = ar_layer_out(p, 0);
    bool nearest = p->a.mode == ARETE_RESIZE_NEAREST, crop = p->a.coordinates == ARETE_RESIZE_TF_CROP;
    resample_block s;
    int taps = 0;
    memset(&s, 0, sizeof s);
    s.loops = x->rank > 0 ? x->rank - 1 : 0;
    for (int32_t d = 0; d < x->rank; ++d) {
        int at = x->rank - 1 - d;
        double scale, shift;
        bool same = x->dims[d] == y->dims[d] && !crop &&
                    (!(p->a.scales[d] > 0) || (double)p->a.scales[d] == 1.0);
        s.in[at] = x->dims[d];
        s.out[at] = y->dims[d];
        s.x_step[at] = x->strides[d];
        s.y_step[at] = y->strides[d];
        if (same)
            continue;
        if (y->dims[d] >= 1 << 24)
            return ar_fail(ARETE_E_UNSUPPORTED, "resize: out[0].dims[%d] is %lld, but must be below 2^24 where x is scaled",
                           (int)d, (long long)y->dims[d]);
        coordinates(p, d, &scale, &shift);
        s.scale[at] = (float)scale;
        s.scale_low[at] = (float)(scale - (double)s.scale[at]);
        s.shift[at] = (float)shift;
        s.shift_low[at] = (float)(shift - (double)s.shift[at]);
        s.scaled |= INT64_C(1) << at;
        taps += at > 0;
    }
    if (x->rank == 0)
        s.in[0] = s.out[0] = s.x_step[0] = s.y_step[0] = 1;
    if (!nearest && taps > (p->a.mode == ARETE_RESIZE_CUBIC ? 2 : 4))
        return ar_fail(ARETE_E_UNSUPPORTED, "resize: %d dimensions besides the last are scaled, but at most %d are supported",
                       taps, p->a.mode == ARETE_RESIZE_CUBIC ? 2 : 4);
    if (!nearest && !ar_layer_is_real(x->dtype))
        return ar_fail(ARETE_E_DTYPE, "resize: x is %s, but linear and cubic need f32, f16, bf16 or f64",
                       arete_dtype_name((arete_dtype)x->dtype));
    s.cubic = p->a.alpha;
    s.outside = p->a.beta;
    s.fill = bits_of(x->dtype, (double)p->a.beta);
    ar_layer_text options;
    ar_layer_options(b, nearest ? CLASS_BITS : ar_layer_class(p), &options);
    ar_layer_append(&options, " -DDATA=%s -DBITS=%d -DMODE=%d -DNEAREST=%d -DEXCLUDE=%d -DCROP=%d",
                    nearest ? "bits" : arete_dtype_name((arete_dtype)x->dtype),
                    (int)arete_dtype_size((arete_dtype)x->dtype), (int)p->a.mode, (int)p->a.nearest,
                    (int)p->a.exclude_outside, crop);
    return add(b, &s, &options, "resize");
}

arete_status ar_layer_lower_resample(layer_build *b) {
    return b->p->a.op == ARETE_LAYER_PAD ? lower_pad(b) : lower_resize(b);
}
