/* One axis of a convolution: the extent of the output, and the padding before the input. */
#include "problem.h"

static const int64_t most = INT32_MAX;

static long long ll(int64_t value) {
    return (long long)value;
}

static arete_status check_range(const char *name, uint32_t i, int64_t value, int64_t least) {
    if (value < least || value > most)
        return ar_fail(ARETE_E_SHAPE, "%s[%u] is %lld, but must be %lld to 2^31 - 1", name, (unsigned)i, ll(value),
                       ll(least));
    return ARETE_OK;
}

static arete_status check_values(const arete_conv_desc *desc, uint32_t i) {
    arete_status status = check_range("desc.strides", i, desc->strides[i], 0);
    if (status == ARETE_OK)
        status = check_range("desc.dilations", i, desc->dilations[i], 0);
    if (status == ARETE_OK)
        status = check_range("desc.pads_begin", i, desc->pads_begin[i], 0);
    if (status == ARETE_OK)
        status = check_range("desc.pads_end", i, desc->pads_end[i], 0);
    if (status == ARETE_OK)
        status = check_range("desc.output_padding", i, desc->output_padding[i], 0);
    if (status == ARETE_OK)
        status = check_range("desc.output_shape", i, desc->output_shape[i], 0);
    if (status == ARETE_OK && desc->auto_pad != ARETE_PAD_EXPLICIT && (desc->pads_begin[i] || desc->pads_end[i]))
        status = ar_fail(ARETE_E_SHAPE,
                         "desc.pads_begin[%u] is %lld and desc.pads_end[%u] %lld, but must be 0 where desc.auto_pad is "
                         "not ARETE_PAD_EXPLICIT",
                         (unsigned)i, ll(desc->pads_begin[i]), (unsigned)i, ll(desc->pads_end[i]));
    return status;
}

/* What of a total goes to the beginning. */
static int64_t beginning(int64_t total, bool odd_to_end) {
    return odd_to_end ? total / 2 : total - total / 2;
}

static arete_status ordinary(const arete_conv_desc *desc, uint32_t i, conv_axis *a) {
    int64_t reach = a->dilation * (a->kernel - 1) + 1, end = desc->pads_end[i];
    a->pad = desc->pads_begin[i];
    if (desc->auto_pad == ARETE_PAD_SAME_UPPER || desc->auto_pad == ARETE_PAD_SAME_LOWER) {
        a->out = a->in / a->stride + (a->in % a->stride != 0);
        int64_t total = (a->out - 1) * a->stride + reach - a->in;
        a->pad = total > 0 ? beginning(total, desc->auto_pad == ARETE_PAD_SAME_UPPER) : 0;
        return ARETE_OK;
    }
    int64_t room = a->in + a->pad + end - reach;
    a->out = room >= 0 ? room / a->stride + 1 : 0; /* floor: 0 down to room = -stride */
    if (room < -a->stride)
        return ar_fail(ARETE_E_SHAPE,
                       "axis %u: y = floor((x + pad_begin + pad_end - dilation*(kernel-1) - 1) / stride) + 1 would be "
                       "negative: floor((%lld + %lld + %lld - %lld*%lld - 1) / %lld) + 1; the kernel reaches over %lld, "
                       "the padded input has %lld: pad more, or use a smaller kernel or dilation",
                       (unsigned)i, ll(a->in), ll(a->pad), ll(end), ll(a->dilation), ll(a->kernel - 1), ll(a->stride),
                       ll(reach), ll(a->in + a->pad + end));
    return ARETE_OK;
}

static arete_status transposed(const arete_conv_desc *desc, uint32_t i, bool shaped, conv_axis *a) {
    int64_t whole = a->in == 0 ? 0 : a->stride * (a->in - 1) + a->dilation * (a->kernel - 1) + 1;
    whole += desc->output_padding[i];
    bool same = desc->auto_pad == ARETE_PAD_SAME_UPPER || desc->auto_pad == ARETE_PAD_SAME_LOWER;
    a->pad = desc->pads_begin[i];
    if (shaped || same) {
        a->out = shaped ? desc->output_shape[i] : a->in * a->stride;
        int64_t total = whole > a->out ? whole - a->out : 0;
        a->pad = beginning(total, desc->auto_pad == ARETE_PAD_SAME_UPPER);
        return ARETE_OK;
    }
    a->out = whole - a->pad - desc->pads_end[i];
    if (a->out < 0)
        return ar_fail(ARETE_E_SHAPE,
                       "axis %u: y = stride*(x-1) + output_padding + dilation*(kernel-1) + 1 - pad_begin - pad_end is "
                       "negative: %lld*(%lld-1) + %lld + %lld*%lld + 1 - %lld - %lld = %lld: pad less",
                       (unsigned)i, ll(a->stride), ll(a->in), ll(desc->output_padding[i]), ll(a->dilation),
                       ll(a->kernel - 1), ll(a->pad), ll(desc->pads_end[i]), ll(a->out));
    return ARETE_OK;
}

arete_status ar_conv_axis(const arete_conv_desc *desc, uint32_t i, conv_axis *a) {
    arete_status status = check_values(desc, i);
    if (status == ARETE_OK)
        status = check_range("x's extent of axis", i, a->in, 0);
    if (status == ARETE_OK)
        status = check_range("w's extent of axis", i, a->kernel, 1);
    if (status != ARETE_OK)
        return status;
    bool shaped = false;
    for (int at = 0; at < ARETE_CONV_MAX_SPATIAL; ++at)
        shaped = shaped || desc->output_shape[at] != 0;
    if (!desc->transposed && (shaped || desc->output_padding[i] != 0))
        return ar_fail(ARETE_E_SHAPE, "desc.%s[%u] is %lld, but must be 0 unless desc.transposed",
                       shaped ? "output_shape" : "output_padding", (unsigned)i,
                       ll(shaped ? desc->output_shape[i] : desc->output_padding[i]));
    a->stride = desc->strides[i] ? desc->strides[i] : 1;
    a->dilation = desc->dilations[i] ? desc->dilations[i] : 1;
    status = desc->transposed ? transposed(desc, i, shaped, a) : ordinary(desc, i, a);
    return status == ARETE_OK ? check_range("y's extent of axis", i, a->out, 0) : status;
}
