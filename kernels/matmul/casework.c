/* Matmul for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <string.h>

#include "solver_common.h"

/* Operands in their fixed order; each with the field of the arguments it is. */
enum { A, B, C, CIN, BIAS, A_SCALE, A_ZERO, B_SCALE, B_ZERO, OPERANDS };

static arete_tensor *field(arete_matmul_args *args, int which) {
    arete_tensor *const fields[OPERANDS] = {&args->a,      &args->b,       &args->c,
                                            &args->cin,    &args->bias,    &args->a_scale,
                                            &args->a_zero, &args->b_scale, &args->b_zero};
    return fields[which];
}

static bool present(const matmul_problem *p, int which) {
    switch (which) {
    case CIN:
        return p->cin == MATMUL_CIN_APART;
    case BIAS:
        return p->bias != MATMUL_BIAS_NONE;
    case A_SCALE:
        return p->a_scale;
    case A_ZERO:
        return p->a_zero;
    case B_SCALE:
        return p->b_scale;
    case B_ZERO:
        return p->b_zero;
    default:
        return true;
    }
}

/* Data in the middle of the types' ranges, so that f16 results do not overflow. */
static void set_range(ar_operand *o, int which) {
    bool i8 = o->tensor.dtype == ARETE_I8, u8 = o->tensor.dtype == ARETE_U8;
    o->low = i8 ? -128 : u8 ? 0 : -1;
    o->high = i8 ? 127 : u8 ? 255 : 1;
    if (o->tensor.dtype == ARETE_I32) {
        o->low = -1000;
        o->high = 1000;
    }
    if (which == A_SCALE || which == B_SCALE) {
        o->low = 0.001;
        o->high = 0.01;
    }
    if (which == A_ZERO || which == B_ZERO) {
        o->low = u8 ? 112 : -16;
        o->high = u8 ? 144 : 16;
    }
}

static size_t operands(const void *of, ar_operand *out) {
    static const char *const names[OPERANDS] = {"a",       "b",      "c",       "cin",   "bias",
                                                "a_scale", "a_zero", "b_scale", "b_zero"};
    const matmul_problem *p = of;
    arete_matmul_desc desc;
    arete_matmul_args args;
    size_t count = 0;
    ar_matmul_problem_describe(p, &desc, &args);
    for (int which = 0; which < OPERANDS; ++which) {
        if (!present(p, which))
            continue;
        ar_operand *o = &out[count++];
        *o = (ar_operand){.name = names[which], .tensor = *field(&args, which), .role = AR_INPUT};
        if (which == B && p->prepack)
            o->role = AR_WEIGHT;
        if (which == C)
            o->role = p->cin == MATMUL_CIN_IN_PLACE ? AR_INOUT : AR_OUTPUT;
        set_range(o, which);
    }
    return count;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    arete_matmul_desc desc;
    arete_matmul_args args;
    ar_matmul_problem_describe(of, &desc, &args);
    desc.solver = solver;
    return arete_matmul_plan(device, &desc, &args, plan);
}

static void args_of(const matmul_problem *p, const arete_tensor *tensors, arete_matmul_args *args) {
    memset(args, 0, sizeof *args);
    args->size = sizeof *args;
    for (int which = 0; which < OPERANDS; ++which) {
        if (present(p, which))
            *field(args, which) = *tensors++;
    }
}

static arete_status pack_case(const arete_plan *plan, arete_queue *queue, const void *of,
                              const arete_tensor *tensors, arete_buffer **packed) {
    const matmul_problem *p = of;
    *packed = NULL;
    if (!p->prepack || !arete_matmul_packs_b(plan))
        return ARETE_OK;
    return arete_matmul_pack_b(plan, queue, &tensors[B], packed);
}

static arete_status run_case(const arete_plan *plan, arete_queue *queue, const void *of,
                             const arete_tensor *tensors, arete_buffer *packed, arete_buffer *workspace,
                             arete_wait_list after, arete_event **done) {
    arete_matmul_args args;
    args_of(of, tensors, &args);
    args.packed_b = packed;
    args.workspace = workspace;
    return arete_matmul_run(plan, queue, &args, after, done);
}

static void expect(const void *of, const void *const *data, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const matmul_problem *p = of;
    const void *by_field[OPERANDS] = {0};
    (void)output; /* there is one */
    for (int which = 0; which < OPERANDS; ++which) {
        if (present(p, which))
            by_field[which] = *data++;
    }
    const matmul_host host = {by_field[A],      by_field[B],       by_field[C],
                              by_field[CIN],    by_field[BIAS],    by_field[A_SCALE],
                              by_field[A_ZERO], by_field[B_SCALE], by_field[B_ZERO]};
    for (size_t e = 0; e < count; ++e) {
        int64_t at = elements[e], index[MATMUL_LEVELS];
        int64_t j = at % p->n, i = at / p->n % p->m;
        at = at / p->n / p->m;
        for (int level = MATMUL_LEVELS; level-- > 0;) {
            index[level] = at % p->batch[level];
            at /= p->batch[level];
        }
        values[e] = ar_matmul_element(p, &host, index, i, j, &magnitudes[e]);
    }
}

static double tolerance(const void *of, const arete_plan *plan, size_t output) {
    (void)plan;
    (void)output;
    return ar_matmul_tolerance(of);
}

const ar_casework ar_matmul_casework = {
    .family = &ar_matmul_family,
    .case_bytes = sizeof(matmul_problem),
    .parse = ar_matmul_parse,
    .format = ar_matmul_format,
    .operands = operands,
    .plan = plan_case,
    .pack = pack_case,
    .run = run_case,
    .expect = expect,
    .tolerance = tolerance,
    .lists = ar_matmul_lists,
    .list_count = AR_MATMUL_LISTS,
};
