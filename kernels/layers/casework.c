/* Layers for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <math.h>
#include <string.h>

#include "reference.h"

static arete_tensor shape_of(const layer_tensor *t) {
    arete_tensor made = {.dtype = (arete_dtype)t->dtype, .rank = (uint32_t)t->rank};
    memcpy(made.dims, t->dims, sizeof made.dims);
    memcpy(made.strides, t->strides, sizeof made.strides);
    return made;
}

/* Data in the domain of the operation. */
static void set_range(const layer_problem *p, int i, ar_operand *o) {
    int32_t dtype = p->t[i].dtype;
    bool real = ar_layer_is_real(dtype);
    o->low = real ? -2 : dtype == ARETE_U8 || dtype == ARETE_BOOL ? 0 : -20;
    o->high = real ? 2 : dtype == ARETE_BOOL ? 1 : 20;
    switch ((arete_layer_op)p->a.op) {
    case ARETE_LAYER_SQRT:
    case ARETE_LAYER_LOG:
    case ARETE_LAYER_REDUCE_LOG_SUM:
        o->low = 0.01;
        o->high = 8;
        break;
    case ARETE_LAYER_POW:
        o->low = real && i == 0 ? 0.1 : -2;
        break;
    case ARETE_LAYER_ACOSH: o->low = 1; break;
    case ARETE_LAYER_ASIN:
    case ARETE_LAYER_ACOS:
    case ARETE_LAYER_ATANH:
        o->low = -0.999;
        o->high = 0.999;
        break;
    case ARETE_LAYER_REDUCE_PROD:
        o->low = real ? 0.9 : -2;
        o->high = real ? 1.1 : 2;
        break;
    case ARETE_LAYER_BATCH_NORM: o->low = i == 4 ? 0.1 : -2; break;
    case ARETE_LAYER_QUANTIZE:
    case ARETE_LAYER_DEQUANTIZE:
        if (i == 1)
            o->low = 0.01, o->high = 0.1;
        break;
    case ARETE_LAYER_GATHER:
    case ARETE_LAYER_GATHER_ELEMENTS:
    case ARETE_LAYER_GATHER_ND:
    case ARETE_LAYER_SCATTER_ELEMENTS:
    case ARETE_LAYER_SCATTER_ND:
        if (i == 1) {
            o->low = -3;
            o->high = p->a.op == ARETE_LAYER_GATHER ? (double)p->t[0].dims[p->a.axis] : 8;
        }
        break;
    case ARETE_LAYER_REVERSE_SEQUENCE:
        if (i == 1)
            o->low = 1, o->high = (double)p->t[0].dims[p->a.axis];
        break;
    case ARETE_LAYER_SHIFT_LEFT:
    case ARETE_LAYER_SHIFT_RIGHT:
        if (i == 1)
            o->low = 0, o->high = 5;
        break;
    case ARETE_LAYER_SOFTMAX:
    case ARETE_LAYER_LOG_SOFTMAX:
    case ARETE_LAYER_REDUCE_LOG_SUM_EXP:
        o->low = -10;
        o->high = 10;
        break;
    default: break;
    }
}

static size_t operands(const void *of, ar_operand *out) {
    static const char *const in_names[] = {"x", "in1", "in2", "in3", "in4", "in5", "in6", "in7",
                                           "in8", "in9", "in10", "in11", "in12", "in13", "in14"};
    static const char *const out_names[] = {"y", "out1", "out2", "out3", "out4", "out5", "out6", "out7",
                                            "out8", "out9", "out10", "out11", "out12", "out13", "out14"};
    const layer_problem *p = of;
    size_t count = 0;
    for (int i = 0; i < p->in_count + p->out_count; ++i) {
        if (p->t[i].dtype == ARETE_DTYPE_NONE)
            continue;
        bool input = i < p->in_count;
        ar_operand *o = &out[count++];
        *o = (ar_operand){.name = input ? in_names[i] : out_names[i - p->in_count],
                          .tensor = shape_of(&p->t[i]),
                          .role = input ? AR_INPUT : AR_OUTPUT};
        if (input)
            set_range(p, i, o);
    }
    return count;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    const layer_problem *p = of;
    arete_layer_desc desc;
    arete_layer_step chain[ARETE_LAYER_STEPS];
    arete_tensor tensors[LAYER_TENSORS];
    ar_layer_problem_describe(p, &desc, chain, tensors);
    desc.solver = solver;
    const arete_layer_args args = {
        .in = tensors, .in_count = p->in_count, .out = &tensors[p->in_count], .out_count = p->out_count};
    return arete_layer_plan(device, &desc, &args, plan);
}

static arete_status run_case(const arete_plan *plan, arete_queue *queue, const void *of, const arete_tensor *given,
                             arete_buffer *packed, arete_buffer *workspace, arete_wait_list after,
                             arete_event **done) {
    const layer_problem *p = of;
    arete_tensor tensors[LAYER_TENSORS];
    (void)packed;
    memset(tensors, 0, sizeof tensors);
    for (int i = 0; i < p->in_count + p->out_count; ++i)
        if (p->t[i].dtype != ARETE_DTYPE_NONE)
            tensors[i] = *given++;
    const arete_layer_args args = {.in = tensors,
                                   .in_count = p->in_count,
                                   .out = &tensors[p->in_count],
                                   .out_count = p->out_count,
                                   .workspace = workspace};
    return arete_layer_run(plan, queue, &args, after, done);
}

static void expect(const void *of, const void *const *host, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const layer_problem *p = of;
    const void *data[LAYER_TENSORS] = {NULL};
    size_t at = 0;
    uint32_t which = 0;
    for (int i = 0; i < p->in_count + p->out_count; ++i) {
        if (p->t[i].dtype == ARETE_DTYPE_NONE)
            continue;
        if (at == output)
            which = (uint32_t)(i - p->in_count);
        data[i] = host[at++];
    }
    layer_oracle o;
    ar_layer_oracle_start(&o, p, data);
    bool real = ar_layer_class(p) != CLASS_I64;
    for (size_t e = 0; e < count; ++e) {
        layer_number x = ar_layer_element(&o, which, elements[e], &magnitudes[e]);
        values[e] = o.op->form == FORM_MAP ? ar_layer_converted(ar_layer_out(p, which)->dtype, real, x).real : x.real;
    }
}

static double tolerance(const void *of, const arete_plan *plan, size_t output) {
    (void)plan;
    (void)output;
    return ar_layer_tolerance(of);
}

const ar_casework ar_layer_casework = {
    .family = &ar_layer_family,
    .case_bytes = sizeof(layer_problem),
    .parse = ar_layer_parse,
    .format = ar_layer_format,
    .operands = operands,
    .plan = plan_case,
    .run = run_case,
    .expect = expect,
    .tolerance = tolerance,
    .lists = ar_layer_lists,
    .list_count = AR_LAYER_LISTS,
};
