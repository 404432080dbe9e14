/* The oracle's frame, element-wise operations, and the solver of the reference device. */
#include "reference.h"

#include <math.h>
#include <string.h>

#include "oracle.h"
#include "values.h"

layer_number ar_layer_number(double real) {
    return (layer_number){real, 0};
}

static layer_number load(const void *data, int32_t dtype, int64_t at) {
    int64_t whole;
    switch (dtype) {
    case ARETE_F32: return ar_layer_number((double)((const float *)data)[at]);
    case ARETE_F64: return ar_layer_number(((const double *)data)[at]);
    case ARETE_F16: return ar_layer_number((double)arete_f32_from_f16(((const uint16_t *)data)[at]));
    case ARETE_BF16: return ar_layer_number((double)arete_f32_from_bf16(((const uint16_t *)data)[at]));
    case ARETE_I8: whole = ((const int8_t *)data)[at]; break;
    case ARETE_I32: whole = ((const int32_t *)data)[at]; break;
    case ARETE_I64: whole = ((const int64_t *)data)[at]; break;
    default: whole = ((const uint8_t *)data)[at]; break;
    }
    return (layer_number){(double)whole, whole};
}

static int64_t saturated(double x, double low, double high) {
    if (isnan(x))
        return 0;
    return x <= low ? (int64_t)low : x >= high ? (high >= 9.2e18 ? INT64_MAX : (int64_t)high) : (int64_t)x;
}

layer_number ar_layer_converted(int32_t dtype, bool real_class, layer_number x) {
    int64_t w = x.whole;
    switch (dtype) {
    case ARETE_I8: w = real_class ? saturated(x.real, -128, 127) : (int64_t)(int8_t)(uint8_t)w; break;
    case ARETE_U8: w = real_class ? saturated(x.real, 0, 255) : (int64_t)(uint8_t)w; break;
    case ARETE_I32:
        w = real_class ? saturated(x.real, -2147483648.0, 2147483647.0) : (int64_t)(int32_t)(uint32_t)(uint64_t)w;
        break;
    case ARETE_I64: w = real_class ? saturated(x.real, -0x1p63, 0x1p63) : w; break;
    case ARETE_BOOL: w = real_class ? x.real != 0 : w != 0; break;
    default: return x;
    }
    return (layer_number){(double)w, w};
}

static void store(void *data, int32_t dtype, int64_t at, layer_number x) {
    switch (dtype) {
    case ARETE_F32: ((float *)data)[at] = (float)x.real; break;
    case ARETE_F64: ((double *)data)[at] = x.real; break;
    case ARETE_F16: ((uint16_t *)data)[at] = arete_f16_from_f32((float)x.real); break;
    case ARETE_BF16: ((uint16_t *)data)[at] = arete_bf16_from_f32((float)x.real); break;
    case ARETE_I8: ((int8_t *)data)[at] = (int8_t)x.whole; break;
    case ARETE_I32: ((int32_t *)data)[at] = (int32_t)x.whole; break;
    case ARETE_I64: ((int64_t *)data)[at] = x.whole; break;
    default: ((uint8_t *)data)[at] = (uint8_t)x.whole; break;
    }
}

layer_number ar_layer_load(const layer_oracle *o, uint32_t input, int64_t place) {
    return load(o->data[input], o->p->t[input].dtype, place);
}

void ar_layer_coordinates(const layer_tensor *t, int64_t index, int64_t *at) {
    for (int32_t d = t->rank; d-- > 0;) {
        at[d] = index % t->dims[d];
        index /= t->dims[d];
    }
}

int64_t ar_layer_place(const layer_tensor *t, const int64_t *at) {
    int64_t place = 0;
    for (int32_t d = 0; d < t->rank; ++d)
        place += at[d] * t->strides[d];
    return place;
}

void ar_layer_oracle_start(layer_oracle *o, const layer_problem *problem, const void *const *data) {
    memset(o, 0, sizeof *o);
    o->p = problem;
    o->op = ar_layer_op_find(problem->a.op);
    o->eps = ar_layer_class(problem) == CLASS_F64 ? 0x1p-53 : 0x1p-24;
    for (int i = 0; i < problem->in_count + problem->out_count; ++i)
        o->data[i] = data[i];
    for (int i = 0; i < LAYER_MEMO; ++i)
        o->memo[i].row = -1;
}

double ar_layer_tolerance(const layer_problem *p) {
    int class_of = ar_layer_class(p);
    double eps = class_of == CLASS_F64 ? 0x1p-53 : 0x1p-24;
    return class_of == CLASS_I64 ? 0 : ar_layer_op_find(p->a.op)->eps * eps;
}

layer_number ar_layer_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude) {
    *magnitude = 0;
    switch ((layer_form)o->op->form) {
    case FORM_MAP: return ar_layer_map_element(o, index, magnitude);
    case FORM_MOVE: return ar_layer_move_element(o, output, index, magnitude);
    case FORM_RESAMPLE: return ar_layer_resample_element(o, index, magnitude);
    case FORM_INDEX: return ar_layer_index_element(o, index, magnitude);
    case FORM_WINDOW: return ar_layer_window_element(o, output, index, magnitude);
    default: return ar_layer_row_element(o, output, index, magnitude);
    }
}

/* An input of an element-wise operation at the output's coordinates: broadcast, or along one axis. */
static layer_number broadcast_load(const layer_oracle *o, uint32_t input, const int64_t *at) {
    const layer_problem *p = o->p;
    const layer_tensor *t = &p->t[input], *y = ar_layer_out(p, 0);
    bool vectors = p->a.op == ARETE_LAYER_QUANTIZE || p->a.op == ARETE_LAYER_DEQUANTIZE ||
                   p->a.op == ARETE_LAYER_BATCH_NORM;
    int64_t place = 0;
    if (vectors && input > 0) {
        int64_t axis = p->a.op == ARETE_LAYER_BATCH_NORM ? (y->rank > 1 ? 1 : 0) : p->a.axis;
        place = ar_layer_elements(t) > 1 ? at[axis] * t->strides[0] : 0;
    } else {
        for (int32_t d = 0; d < t->rank; ++d)
            place += t->dims[d] == 1 ? 0 : at[y->rank - t->rank + d] * t->strides[d];
    }
    return ar_layer_load(o, input, place);
}

/* The error that a step's own arithmetic adds. */
static double own_error(const layer_oracle *o, const layer_step *s, const double *x, double value) {
    const layer_op *op = ar_layer_op_find(s->op);
    double eps = op->eps;
    if (s->op == ARETE_LAYER_BATCH_NORM)
        return eps * o->eps * (fabs(value - x[2]) + fabs(x[2]));
    if (s->op == ARETE_LAYER_QUANTIZE) {
        double q = x[0] / x[1], e = 2 * o->eps * fabs(q);
        return fmax(fabs(rint(q + e) - rint(q)), fabs(rint(q - e) - rint(q)));
    }
    if (s->op == ARETE_LAYER_ADD || s->op == ARETE_LAYER_SUB)
        return eps * o->eps * (fabs(x[0]) + fabs(x[1]));
    if (s->op == ARETE_LAYER_ACTIVATION) {
        bool exact = s->activation == ARETE_ACT_NONE || s->activation == ARETE_ACT_RELU ||
                     s->activation == ARETE_ACT_CLIP || s->activation == ARETE_ACT_THRESHOLDED_RELU;
        if (s->activation == ARETE_ACT_AFFINE || s->activation == ARETE_ACT_HARD_SIGMOID)
            return 2 * o->eps * (fabs((double)s->alpha * x[0]) + fabs((double)s->beta));
        eps = exact ? 0 : eps;
    }
    return eps * o->eps * fabs(value);
}

/* What errors e of its operands make of a step's value. */
static double passed_on(const layer_step *s, double *x, const double *e, double value) {
    double sum = 0;
    for (uint8_t k = 0; k < s->arity; ++k) {
        double at = x[k], most = 0;
        for (int side = -1; side <= 1 && e[k] > 0; side += 2) {
            x[k] = at + side * e[k];
            double moved = fabs(ar_layer_value(s, x) - value);
            if (moved > most)
                most = moved;
        }
        x[k] = at;
        sum += most;
    }
    return sum;
}

layer_number ar_layer_map_element(layer_oracle *o, int64_t index, double *magnitude) {
    const layer_problem *p = o->p;
    int64_t at[ARETE_MAX_RANK];
    layer_number in[LAYER_MAP_INPUTS] = {{0, 0}};
    ar_layer_coordinates(ar_layer_out(p, 0), index, at);
    for (uint32_t i = 0; i < p->in_count; ++i)
        if (ar_layer_has(p, i))
            in[i] = broadcast_load(o, i, at);
    bool whole = ar_layer_class(p) == CLASS_I64;
    layer_number result[ARETE_LAYER_STEPS] = {{0, 0}};
    double error[ARETE_LAYER_STEPS] = {0};
    for (uint8_t i = 0; i < p->chain_count; ++i) {
        const layer_step *s = &p->chain[i];
        double x[5] = {0}, e[5] = {0};
        int64_t w[5] = {0};
        for (uint8_t k = 0; k < s->arity; ++k) {
            bool earlier = s->from[k] >= 16;
            const layer_number *v = earlier ? &result[s->from[k] - 16] : &in[s->from[k]];
            x[k] = v->real;
            w[k] = v->whole;
            e[k] = earlier ? error[s->from[k] - 16] : 0;
        }
        if (whole) {
            result[i].whole = ar_layer_whole(s, w);
            result[i].real = (double)result[i].whole;
        } else {
            result[i].real = ar_layer_value(s, x);
            error[i] = own_error(o, s, x, result[i].real) + passed_on(s, x, e, result[i].real);
        }
    }
    uint8_t last = (uint8_t)(p->chain_count - 1);
    double unit = ar_layer_tolerance(p);
    *magnitude = unit > 0 ? error[last] / unit : fabs(result[last].real);
    return result[last];
}

/* About 50 ns an element with its loads, coordinates and conversions. */
static double reference_estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                                 const ar_params *params) {
    (void)device;
    (void)roofs;
    (void)params;
    return 5e-8 * (double)ar_layer_elements(ar_layer_out(problem, 0));
}

static arete_status reference_run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                                  arete_event **done) {
    const layer_problem *p = ar_plan_problem(plan);
    const arete_layer_args *args = of;
    /* Events of this device are complete when they are made, so the marker may come first; then nothing can fail. */
    arete_status status = ar_queue_marker(queue, after, done);
    if (status != ARETE_OK)
        return status;
    const void *data[LAYER_TENSORS] = {NULL};
    for (uint32_t i = 0; i < p->in_count; ++i)
        data[i] = ar_oracle_host(&args->in[i]);
    bool real = ar_layer_class(p) != CLASS_I64;
    for (uint32_t out = 0; out < p->out_count; ++out) {
        const layer_tensor *t = ar_layer_out(p, out);
        void *to = ar_oracle_host(&args->out[out]);
        int64_t count = ar_layer_elements(t), at[ARETE_MAX_RANK];
        layer_oracle o;
        ar_layer_oracle_start(&o, p, data);
        for (int64_t i = 0; i < count; ++i) {
            double magnitude;
            layer_number x = ar_layer_element(&o, out, i, &magnitude);
            ar_layer_coordinates(t, i, at);
            store(to, t->dtype, ar_layer_place(t, at), o.op->form == FORM_MAP ? ar_layer_converted(t->dtype, real, x) : x);
        }
    }
    return ARETE_OK;
}

const ar_solver ar_layer_reference = {
    .name = "reference",
    .applies = ar_oracle_applies,
    .estimate = reference_estimate,
    .run = reference_run,
};
