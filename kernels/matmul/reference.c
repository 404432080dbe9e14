/* The oracle: every product summed in f64, and the solver of that name on the reference device. */
#include <math.h>
#include <string.h>

#include "oracle.h"
#include "solver_common.h"

#define CHUNK 256

/* count elements from at, stride apart, less zero. */
static void load_line(double *to, const void *data, uint8_t type, int64_t at, int64_t stride, int64_t count,
                      double zero) {
    if (type == ARETE_F32) {
        const float *from = (const float *)data + at;
        for (int64_t i = 0; i < count; ++i)
            to[i] = (double)from[i * stride];
    } else {
        for (int64_t i = 0; i < count; ++i)
            to[i] = ar_oracle_load(data, type, at + i * stride) - zero;
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
    double zero_a = p->a_zero ? ar_oracle_load(host->a_zero, p->type_a, p->a_zero == MATMUL_EACH ? i : 0) : 0;
    double zero_b = p->b_zero ? ar_oracle_load(host->b_zero, p->type_b, p->b_zero == MATMUL_EACH ? j : 0) : 0;
    double scale = p->alpha, size;
    if (p->a_scale)
        scale *= ar_oracle_load(host->a_scale, ARETE_F32, p->a_scale == MATMUL_EACH ? i : 0);
    if (p->b_scale)
        scale *= ar_oracle_load(host->b_scale, ARETE_F32, p->b_scale == MATMUL_EACH ? j : 0);
    int64_t a = place(p->step_a, index) + (p->trans_a ? i : i * p->lda);
    int64_t b = place(p->step_b, index) + (p->trans_b ? j * p->ldb : j);
    double x = scale * dot(p, host, a, b, zero_a, zero_b, &size);
    size *= fabs(scale);
    double add = 0;
    if (p->cin == MATMUL_CIN_IN_PLACE)
        add = p->beta * ar_oracle_load(host->c, p->type_c, place(p->step_c, index) + i * p->ldc + j);
    else if (p->cin == MATMUL_CIN_APART)
        add = p->beta * ar_oracle_load(host->cin, p->type_cin,
                                       place(p->step_cin, index) + i * p->ldcin + (p->cin_splat ? 0 : j));
    x += add;
    size += fabs(add);
    if (p->bias) {
        add = ar_oracle_load(host->bias, p->type_bias, p->bias == MATMUL_BIAS_ROW ? i : j);
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

void ar_matmul_host_of(const arete_matmul_args *args, matmul_host *host) {
    *host =
        (matmul_host){ar_oracle_host(&args->a),      ar_oracle_host(&args->b),       ar_oracle_host(&args->c),
                      ar_oracle_host(&args->cin),    ar_oracle_host(&args->bias),    ar_oracle_host(&args->a_scale),
                      ar_oracle_host(&args->a_zero), ar_oracle_host(&args->b_scale), ar_oracle_host(&args->b_zero)};
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
    void *c = ar_oracle_host(&args->c);
    int64_t index[MATMUL_LEVELS];
    for (index[0] = 0; index[0] < p->batch[0]; ++index[0]) {
        for (index[1] = 0; index[1] < p->batch[1]; ++index[1]) {
            for (index[2] = 0; index[2] < p->batch[2]; ++index[2]) {
                for (int64_t i = 0; i < p->m; ++i) {
                    for (int64_t j = 0; j < p->n; ++j)
                        ar_oracle_store(c, p->type_c, place(p->step_c, index) + i * p->ldc + j,
                                        ar_matmul_element(p, &host, index, i, j, NULL));
                }
            }
        }
    }
    return ARETE_OK;
}

const ar_solver ar_matmul_reference = {
    .name = "reference",
    .applies = ar_oracle_applies,
    .estimate = reference_estimate,
    .run = reference_run,
};
