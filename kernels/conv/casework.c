/* Convolution for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <math.h>
#include <string.h>

#include "problem.h"

/* Operands in their fixed order; each with the field of the arguments it is. */
enum { X, W, Y, BIAS, RESIDUAL, X_SCALE, X_ZERO, W_SCALE, W_ZERO, Y_SCALE, Y_ZERO, OPERANDS };

typedef struct described {
    arete_conv_desc desc;
    arete_conv_args args;
    arete_tensor *fields[OPERANDS];
} described;

static void describe(const conv_problem *p, described *d) {
    arete_conv_args *args = &d->args;
    arete_tensor *const fields[OPERANDS] = {&args->x,        &args->w,       &args->y,      &args->bias,
                                            &args->residual, &args->x_scale, &args->x_zero, &args->w_scale,
                                            &args->w_zero,   &args->y_scale, &args->y_zero};
    ar_conv_problem_describe(p, &d->desc, args);
    memcpy(d->fields, fields, sizeof fields);
}

/* Data in the middle of the types' ranges; the scales of a quantised output bring most results into its range. */
static void set_range(const conv_problem *p, ar_operand *o, int which) {
    bool i8 = o->tensor.dtype == ARETE_I8, u8 = o->tensor.dtype == ARETE_U8;
    o->low = i8 ? -128 : u8 ? 0 : -1;
    o->high = i8 ? 127 : u8 ? 255 : 1;
    if (o->tensor.dtype == ARETE_I32) {
        o->low = -1000;
        o->high = 1000;
    }
    if (which == X_SCALE || which == W_SCALE) {
        o->low = 0.001;
        o->high = 0.01;
    }
    if (which == X_ZERO || which == W_ZERO || which == Y_ZERO) {
        o->low = u8 ? 112 : -16;
        o->high = u8 ? 144 : 16;
    }
    if (which == Y_SCALE) { /* of a sum of k products of bytes, which deviate by 74 each */
        double k = (double)ar_conv_k(p);
        double deviation = 74 * 74 * sqrt(k > 1 ? k : 1) * (p->x_scale ? 0.0055 : 1) * (p->w_scale ? 0.0055 : 1);
        o->low = deviation / 60;
        o->high = deviation / 40;
    }
}

static size_t operands(const void *of, ar_operand *out) {
    static const char *const names[OPERANDS] = {"x",      "w",       "y",      "bias",    "residual", "x_scale",
                                                "x_zero", "w_scale", "w_zero", "y_scale", "y_zero"};
    const conv_problem *p = of;
    uint8_t which[OPERANDS];
    described d;
    describe(p, &d);
    size_t count = ar_operands_list(d.fields, names, OPERANDS, out, which);
    for (size_t i = 0; i < count; ++i) {
        if (which[i] == W && p->prepack)
            out[i].role = AR_WEIGHT;
        if (which[i] == Y)
            out[i].role = AR_OUTPUT;
        set_range(p, &out[i], which[i]);
    }
    return count;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    described d;
    describe(of, &d);
    d.desc.solver = solver;
    return arete_conv_plan(device, &d.desc, &d.args, plan);
}

static arete_status pack_case(const arete_plan *plan, arete_queue *queue, const void *of,
                              const arete_tensor *tensors, arete_buffer **packed) {
    const conv_problem *p = of;
    *packed = NULL;
    if (!p->prepack || !arete_conv_packs_w(plan))
        return ARETE_OK;
    return arete_conv_pack_w(plan, queue, &tensors[W], packed);
}

static arete_status run_case(const arete_plan *plan, arete_queue *queue, const void *of, const arete_tensor *tensors,
                             arete_buffer *packed, arete_buffer *workspace, arete_wait_list after,
                             arete_event **done) {
    described d;
    describe(of, &d);
    ar_operands_take(d.fields, OPERANDS, tensors);
    d.args.packed_w = packed;
    d.args.workspace = workspace;
    return arete_conv_run(plan, queue, &d.args, after, done);
}

static void expect(const void *of, const void *const *data, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const conv_problem *p = of;
    const void *by_field[OPERANDS];
    described d;
    (void)output; /* there is one */
    describe(p, &d);
    ar_operands_data(d.fields, OPERANDS, data, by_field);
    const conv_host host = {by_field[X],       by_field[W],      by_field[BIAS],    by_field[RESIDUAL],
                            by_field[X_SCALE], by_field[X_ZERO], by_field[W_SCALE], by_field[W_ZERO],
                            by_field[Y_SCALE], by_field[Y_ZERO]};
    for (size_t e = 0; e < count; ++e) {
        int64_t rest = elements[e], at[CONV_AXES], m = 0;
        if (p->nhwc) {
            m = rest % p->m;
            rest /= p->m;
        }
        for (int axis = CONV_AXES; axis-- > 0;) {
            at[axis] = rest % p->out[axis];
            rest /= p->out[axis];
        }
        if (!p->nhwc) {
            m = rest % p->m;
            rest /= p->m;
        }
        values[e] = ar_conv_element(p, &host, rest, m, at, &magnitudes[e]);
    }
}

/* Winograd's transforms mix neighbours, and their constants are no whole numbers. */
static bool is_winograd(const arete_plan *plan) {
    return plan && strncmp(plan->solver->name, "winograd", strlen("winograd")) == 0;
}

static double tolerance(const void *of, const arete_plan *plan, size_t output) {
    (void)output;
    return is_winograd(plan) ? 2e-5 : ar_conv_tolerance(of);
}

static bool inexact(const void *of, const arete_plan *plan) {
    (void)of;
    return is_winograd(plan);
}

const ar_casework ar_conv_casework = {
    .family = &ar_conv_family,
    .case_bytes = sizeof(conv_problem),
    .parse = ar_conv_parse,
    .format = ar_conv_format,
    .operands = operands,
    .plan = plan_case,
    .pack = pack_case,
    .run = run_case,
    .expect = expect,
    .tolerance = tolerance,
    .inexact = inexact,
    .lists = ar_conv_lists,
    .list_count = AR_CONV_LISTS,
    .times = ar_conv_times,
};
