/* The oracle: every product summed in f64, and the solver of that name on the reference device. */
#include <math.h>
#include <string.h>

#include "solver_common.h"

#define CHUNK 256

static double load(const void *data, uint8_t type, int64_t at) {
    switch (type) {
    case ARETE_F32:
        return (double)((const float *)data)[at];
    case ARETE_F64:
        return ((const double *)data)[at];
    case ARETE_F16:
        return (double)arete_f32_from_f16(((const uint16_t *)data)[at]);
    case ARETE_BF16:
        return (double)arete_f32_from_bf16(((const uint16_t *)data)[at]);
    case ARETE_I8:
        return ((const int8_t *)data)[at];
    case ARETE_U8:
        return ((const uint8_t *)data)[at];
    default:
        return ((const int32_t *)data)[at];
    }
}

/* count elements from at, stride apart, less zero. */
static void load_line(double *to, const void *data, uint8_t type, int64_t at, int64_t stride, int64_t count,
                      double zero) {
    if (type == ARETE_F32) {
        const float *from = (const float *)data + at;
        for (int64_t i = 0; i < count; ++i)
            to[i] = (double)from[i * stride];
    } else {
        for (int64_t i = 0; i < count; ++i)
            to[i] = load(data, type, at + i * stride) - zero;
    }
}

/* Sum of products of a row of op(A) and a column of op(B), zero points taken off. */
static double dot(const matmul_problem *p, const matmul_host *host, int64_t a, int64_t b, double zero_a,
                  double zero_b, double *magnitude) {
    int64_t step_a = p->trans_a ? p->lda : 1, step_b = p->trans_b ? 1 : p->ldb;
    double sum = 0, size = 0, x[CHUNK], y[CHUNK];
    for (int64_t k = 0; k < p->k; k += CHUNK) {
        int64_t count = p->k - k < CHUNK ? p->k - k : CHUNK;
        load_line(x, host->a, p->type_a, a + k * step_a, step_a, count, zero_a);
        load_line(y, host->b, p->type_b, b + k * step_b, step_b, count, zero_b);
        for (int64_t i = 0; i < count; ++i) {
            sum += x[i] * y[i];
            size += fabs(x[i] * y[i]);
        }
    }
    *magnitude = size;
    return sum;
}

static double activate(const matmul_problem *p, double x) {
    switch ((arete_activation)p->activation) {
    case ARETE_ACT_RELU:
        return x < 0 ? 0 : x;
    case ARETE_ACT_LEAKY_RELU:
        return x < 0 ? (double)p->slope * x : x;
    case ARETE_ACT_SIGMOID:
        return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
    case ARETE_ACT_TANH:
        return tanh(x);
    case ARETE_ACT_GELU_ERF:
        return isinf(x) && x < 0 ? 0 : 0.5 * x * erfc(-x / sqrt(2.0));
    case ARETE_ACT_GELU_TANH: /* x/2 * (1 + tanh u) = x / (1 + exp(-2u)) */
        return isinf(x) && x < 0 ? 0 : x / (1 + exp(-1.5957691216057307118 * (x + 0.044715 * x * x * x)));
    case ARETE_ACT_SILU:
        return isinf(x) && x < 0 ? 0 : x / (1 + exp(-x));
    default:
        return x;
    }
}

/* The steepest slope of the activation: how much it can enlarge an error of its argument. */
static double steepness(const matmul_problem *p) {
    switch ((arete_activation)p->activation) {
    case ARETE_ACT_LEAKY_RELU:
        return fmax(1, fabs((double)p->slope));
    case ARETE_ACT_GELU_ERF:
    case ARETE_ACT_GELU_TANH:
        return 1.13;
    case ARETE_ACT_SILU:
        return 1.1;
    case ARETE_ACT_SIGMOID:
        return 0.25;
    default:
        return 1;
    }
}

static double epsilon(const matmul_problem *p) {
    return p->type_a == ARETE_F64 ? ldexp(1, -53) : ldexp(1, -24);
}

double ar_matmul_tolerance(const matmul_problem *p) {
    if (p->type_c == ARETE_I32)
        return 0;
    double doublings = p->k > 2 ? ceil(log2((double)p->k)) : 1;
    return 4 * doublings * epsilon(p);
}

static int64_t place(const int64_t *steps, const int64_t *index) {
    return steps[0] * index[0] + steps[1] * index[1] + steps[2] * index[2];
}

double ar_matmul_element(const matmul_problem *p, const matmul_host *host, const int64_t *index, int64_t i,
                         int64_t j, double *magnitude) {
    double zero_a = p->a_zero ? load(host->a_zero, p->type_a, p->a_zero == MATMUL_EACH ? i : 0) : 0;
    double zero_b = p->b_zero ? load(host->b_zero, p->type_b, p->b_zero == MATMUL_EACH ? j : 0) : 0;
    double scale = p->alpha, size;
    if (p->a_scale)
        scale *= load(host->a_scale, ARETE_F32, p->a_scale == MATMUL_EACH ? i : 0);
    if (p->b_scale)
        scale *= load(host->b_scale, ARETE_F32, p->b_scale == MATMUL_EACH ? j : 0);
    int64_t a = place(p->step_a, index) + (p->trans_a ? i : i * p->lda);
    int64_t b = place(p->step_b, index) + (p->trans_b ? j * p->ldb : j);
    double x = scale * dot(p, host, a, b, zero_a, zero_b, &size);
    size *= fabs(scale);
    double add = 0;
    if (p->cin == MATMUL_CIN_IN_PLACE)
        add = p->beta * load(host->c, p->type_c, place(p->step_c, index) + i * p->ldc + j);
    else if (p->cin == MATMUL_CIN_APART)
        add = p->beta *
              load(host->cin, p->type_cin, place(p->step_cin, index) + i * p->ldcin + (p->cin_splat ? 0 : j));
    x += add;
    size += fabs(add);
    if (p->bias) {
        add = load(host->bias, p->type_bias, p->bias == MATMUL_BIAS_ROW ? i : j);
        x += add;
        size += fabs(add);
    }
    double value = activate(p, x);
    if (magnitude) {
        /* Given as one figure that the tolerance is multiplied by: the sum's error through the activation, and 4
         * eps of the activation's own value. */
        *magnitude = size * steepness(p);
        if (p->activation > ARETE_ACT_LEAKY_RELU)
            *magnitude += 4 * epsilon(p) / ar_matmul_tolerance(p) * fabs(value);
    }
    return value;
}

static void store(void *data, uint8_t type, int64_t at, double value) {
    switch (type) {
    case ARETE_F32:
        ((float *)data)[at] = (float)value;
        break;
    case ARETE_F64:
        ((double *)data)[at] = value;
        break;
    case ARETE_F16:
        ((uint16_t *)data)[at] = arete_f16_from_f32((float)value);
        break;
    case ARETE_BF16:
        ((uint16_t *)data)[at] = arete_bf16_from_f32((float)value);
        break;
    default: /* sums that pass 32 bits wrap, as on the devices */
        ((int32_t *)data)[at] = (int32_t)(uint32_t)(int64_t)value;
        break;
    }
}

/* A reference buffer's impl is its memory. */
static void *host_of(const arete_tensor *t) {
    return t->buffer ? (unsigned char *)t->buffer->impl + t->offset : NULL;
}

void ar_matmul_host_of(const arete_matmul_args *args, matmul_host *host) {
    *host = (matmul_host){host_of(&args->a),      host_of(&args->b),       host_of(&args->c),
                          host_of(&args->cin),    host_of(&args->bias),    host_of(&args->a_scale),
                          host_of(&args->a_zero), host_of(&args->b_scale), host_of(&args->b_zero)};
}

static bool reference_applies(const void *problem, const arete_device *device, const char **why) {
    (void)problem;
    *why = "it runs on the reference device only";
    return device->info.kind == ARETE_DEVICE_REFERENCE;
}

/* A product and a sum in f64 with their loads and conversions, one at a time: about 3 ns. */
static double reference_estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                                 const ar_params *params) {
    const matmul_problem *p = problem;
    (void)device;
    (void)roofs;
    (void)params;
    return 3e-9 * (double)ar_matmul_batches(p) * (double)p->m * (double)p->n * (double)p->k;
}

static arete_status reference_build(arete_plan *plan) {
    (void)plan;
    return ARETE_OK;
}

static arete_status reference_run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                                  arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    const arete_matmul_args *args = of;
    /* Events of this device are complete when they are made, so the marker may come first; then nothing can fail.
     */
    arete_status status = ar_queue_marker(queue, after, done);
    if (status != ARETE_OK)
        return status;
    matmul_host host;
    ar_matmul_host_of(args, &host);
    void *c = host_of(&args->c);
    int64_t index[MATMUL_LEVELS];
    for (index[0] = 0; index[0] < p->batch[0]; ++index[0]) {
        for (index[1] = 0; index[1] < p->batch[1]; ++index[1]) {
            for (index[2] = 0; index[2] < p->batch[2]; ++index[2]) {
                for (int64_t i = 0; i < p->m; ++i) {
                    for (int64_t j = 0; j < p->n; ++j)
                        store(c, p->type_c, place(p->step_c, index) + i * p->ldc + j,
                              ar_matmul_element(p, &host, index, i, j, NULL));
                }
            }
        }
    }
    return ARETE_OK;
}

const ar_solver ar_matmul_reference = {
    .name = "reference",
    .applies = reference_applies,
    .estimate = reference_estimate,
    .build = reference_build,
    .run = reference_run,
};
