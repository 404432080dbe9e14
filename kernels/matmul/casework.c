/* Matmul for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <string.h>

#include "solver_common.h"

/* Operands in their fixed order; each with the field of the arguments it is. */
enum { A, B, C, CIN, BIAS, A_SCALE, A_ZERO, B_SCALE, B_ZERO, OPERANDS };

typedef struct described {
    arete_matmul_desc desc;
    arete_matmul_args args;
    arete_tensor *fields[OPERANDS];
} described;

static void describe(const matmul_problem *p, described *d) {
    arete_matmul_args *args = &d->args;
    arete_tensor *const fields[OPERANDS] = {&args->a,      &args->b,       &args->c,
                                            &args->cin,    &args->bias,    &args->a_scale,
                                            &args->a_zero, &args->b_scale, &args->b_zero};
    ar_matmul_problem_describe(p, &d->desc, args);
    memcpy(d->fields, fields, sizeof fields);
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
    uint8_t which[OPERANDS];
    described d;
    describe(p, &d);
    size_t count = ar_operands_list(d.fields, names, OPERANDS, out, which);
    for (size_t i = 0; i < count; ++i) {
        if (which[i] == B && p->prepack)
            out[i].role = AR_WEIGHT;
        if (which[i] == C)
            out[i].role = p->cin == MATMUL_CIN_IN_PLACE ? AR_INOUT : AR_OUTPUT;
        set_range(&out[i], which[i]);
    }
    return count;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    described d;
    describe(of, &d);
    d.desc.solver = solver;
    return arete_matmul_plan(device, &d.desc, &d.args, plan);
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
    described d;
    describe(of, &d);
    ar_operands_take(d.fields, OPERANDS, tensors);
    d.args.packed_b = packed;
    d.args.workspace = workspace;
    return arete_matmul_run(plan, queue, &d.args, after, done);
}

static void expect(const void *of, const void *const *data, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const matmul_problem *p = of;
    const void *by_field[OPERANDS];
    described d;
    (void)output; /* there is one */
    describe(p, &d);
    ar_operands_data(d.fields, OPERANDS, data, by_field);
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
