/* The oracle: every product summed in f64, and the solver of that name on the reference device. */
#include <math.h>
#include <string.h>

#include "activation.h"
#include "oracle.h"
#include "solver_common.h"

typedef struct sum {
    double value, size;
} sum;

/* One tap: all channels of the group. */
static void add_channels(const conv_problem *p, const conv_host *host, int64_t x, int64_t w, double zero_x,
                         double zero_w, sum *into) {
    int64_t count = ar_conv_group_c(p), step_x = p->x.channel, step_w = p->w.in;
    double value = 0, size = 0;
    if (p->type_x == ARETE_F32) {
        const float *at_x = (const float *)host->x + x, *at_w = (const float *)host->w + w;
        for (int64_t c = 0; c < count; ++c) {
            double product = (double)at_x[c * step_x] * (double)at_w[c * step_w];
            value += product;
            size += fabs(product);
        }
    } else {
        for (int64_t c = 0; c < count; ++c) {
            double product = (ar_oracle_load(host->x, p->type_x, x + c * step_x) - zero_x) *
                             (ar_oracle_load(host->w, p->type_w, w + c * step_w) - zero_w);
            value += product;
            size += fabs(product);
        }
    }
    into->value += value;
    into->size += size;
}

/* The input that tap r reads along an axis; false: padding, or a zero between the inputs. */
static bool reads(const conv_problem *p, int axis, int64_t at, int64_t r, int64_t *input) {
    int64_t u = at * p->stride[axis] - p->pad[axis] + r * p->dilation[axis];
    if (u < 0 || u % p->up[axis] != 0)
        return false;
    *input = u / p->up[axis];
    return *input < p->in[axis];
}

static sum add_taps(const conv_problem *p, const conv_host *host, int64_t n, int64_t m, const int64_t *at) {
    sum total = {0, 0};
    int64_t group_m = ar_conv_group_m(p), g = m / group_m;
    double zero_x = p->x_zero ? ar_oracle_load(host->x_zero, p->type_x, 0) : 0;
    double zero_w = p->w_zero ? ar_oracle_load(host->w_zero, p->type_w, p->w_zero == CONV_EACH ? m : 0) : 0;
    int64_t x = n * p->x.image + g * ar_conv_group_c(p) * p->x.channel;
    int64_t w = g * p->w.group + m % group_m * p->w.out, taps = ar_conv_volume(p->kernel);
    int64_t r[CONV_AXES], i[CONV_AXES];
    for (r[0] = 0; r[0] < p->kernel[0]; ++r[0]) {
        if (!reads(p, 0, at[0], r[0], &i[0]))
            continue;
        for (r[1] = 0; r[1] < p->kernel[1]; ++r[1]) {
            if (!reads(p, 1, at[1], r[1], &i[1]))
                continue;
            for (r[2] = 0; r[2] < p->kernel[2]; ++r[2]) {
                if (!reads(p, 2, at[2], r[2], &i[2]))
                    continue;
                int64_t point = (i[0] * p->in[1] + i[1]) * p->in[2] + i[2];
                int64_t tap = (r[0] * p->kernel[1] + r[1]) * p->kernel[2] + r[2];
                tap = p->flip ? taps - 1 - tap : tap;
                add_channels(p, host, x + point * p->x.point, w + tap * p->w.tap, zero_x, zero_w, &total);
            }
        }
    }
    return total;
}

static const double epsilon = 0x1p-24;

double ar_conv_tolerance(const conv_problem *p) {
    if (p->type_y == ARETE_I32)
        return 0;
    double k = (double)ar_conv_k(p);
    return 4 * (k > 2 ? ceil(log2(k)) : 1) * epsilon;
}

double ar_conv_element(const conv_problem *p, const conv_host *host, int64_t n, int64_t m, const int64_t *at,
                       double *magnitude) {
    sum total = add_taps(p, host, n, m, at);
    double scale = p->x_scale ? ar_oracle_load(host->x_scale, ARETE_F32, 0) : 1;
    scale *= p->w_scale ? ar_oracle_load(host->w_scale, ARETE_F32, p->w_scale == CONV_EACH ? m : 0) : 1;
    double x = total.value, size = total.size;
    double bias = p->type_bias ? ar_oracle_load(host->bias, p->type_bias, m) : 0;
    bias *= p->type_bias == ARETE_I32 ? scale : 1;
    x = x * scale + bias;
    size = size * fabs(scale) + fabs(bias);
    if (p->type_residual) {
        int64_t point = (at[0] * p->out[1] + at[1]) * p->out[2] + at[2];
        double add = ar_oracle_load(host->residual, p->type_residual,
                                    n * p->residual.image + m * p->residual.channel + point * p->residual.point);
        x += add;
        size += fabs(add);
    }
    arete_activation activation = (arete_activation)p->activation;
    double value = ar_activation_value(activation, (double)p->alpha, (double)p->beta, x);
    size *= ar_activation_slope(activation, (double)p->alpha, (double)p->beta);
    if (activation > ARETE_ACT_LEAKY_RELU) /* 4 eps of the activation's own value, in units of the tolerance */
        size += 4 * epsilon / ar_conv_tolerance(p) * fabs(value);
    if (ar_conv_is_int8(p->type_y)) {
        double y_scale = p->y_scale ? ar_oracle_load(host->y_scale, ARETE_F32, 0) : 1;
        double zero = p->y_zero ? ar_oracle_load(host->y_zero, p->type_y, 0) : 0;
        double least = p->type_y == ARETE_I8 ? -128 : 0;
        value = fmin(fmax(value / y_scale + zero, least), least + 255);
        size = size / fabs(y_scale) + fabs(zero);
    }
    if (magnitude)
        *magnitude = size;
    return value;
}

static void find_host(const arete_conv_args *args, conv_host *host) {
    *host =
        (conv_host){ar_oracle_host(&args->x),        ar_oracle_host(&args->w),       ar_oracle_host(&args->bias),
                    ar_oracle_host(&args->residual), ar_oracle_host(&args->x_scale), ar_oracle_host(&args->x_zero),
                    ar_oracle_host(&args->w_scale),  ar_oracle_host(&args->w_zero),  ar_oracle_host(&args->y_scale),
                    ar_oracle_host(&args->y_zero)};
}

/* A product and a sum in f64 with their loads and conversions, one at a time: about 3 ns. */
static double reference_estimate(const void *problem, const arete_device *device, const arete_roofs *roofs,
                                 const ar_params *params) {
    const conv_problem *p = problem;
    (void)device;
    (void)roofs;
    (void)params;
    return 3e-9 * (double)p->n * (double)p->m * (double)ar_conv_volume(p->out) * (double)ar_conv_k(p);
}

/* Every position of one channel of one image. */
static void run_plane(const conv_problem *p, const conv_host *host, void *y, int64_t n, int64_t m) {
    int64_t at[CONV_AXES], place = n * p->y.image + m * p->y.channel;
    for (at[0] = 0; at[0] < p->out[0]; ++at[0]) {
        for (at[1] = 0; at[1] < p->out[1]; ++at[1]) {
            for (at[2] = 0; at[2] < p->out[2]; ++at[2], place += p->y.point)
                ar_oracle_store(y, p->type_y, place, ar_conv_element(p, host, n, m, at, NULL));
        }
    }
}

static arete_status reference_run(const arete_plan *plan, arete_queue *queue, const void *of, arete_wait_list after,
                                  arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    const arete_conv_args *args = of;
    /* Events of this device are complete when they are made, so the marker may come first; then nothing can fail.
     */
    arete_status status = ar_queue_marker(queue, after, done);
    if (status != ARETE_OK)
        return status;
    conv_host host;
    find_host(args, &host);
    void *y = ar_oracle_host(&args->y);
    for (int64_t n = 0; n < p->n; ++n) {
        for (int64_t m = 0; m < p->m; ++m)
            run_plane(p, &host, y, n, m);
    }
    return ARETE_OK;
}

const ar_solver ar_conv_reference = {
    .name = "reference",
    .applies = ar_oracle_applies,
    .estimate = reference_estimate,
    .run = reference_run,
};
