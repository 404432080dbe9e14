/* Attention for the harness: operands, expected values, tolerance. */
#include "casework.h"

#include <math.h>
#include <string.h>

#include "common.h"

/* A case is a problem and, where the caches' filling comes from the host, how many keys they hold. */
typedef struct attention_case {
    attention_problem p;
    int64_t past;
} attention_case;

/* Operands in their fixed order; each with the field of the arguments it is. */
enum { Q, K, V, Y, MASK, KV_LENS, K_CACHE, V_CACHE, PAST_LENS, COS, SIN, Q_POSITIONS, K_POSITIONS, OPERANDS };

static const char *const names[OPERANDS] = {"q",       "k",           "v",          "y",         "mask",
                                            "kv_lens", "k_cache",     "v_cache",    "past_lens", "cos",
                                            "sin",     "q_positions", "k_positions"};

typedef struct described {
    arete_attention_desc desc;
    arete_attention_args args;
    arete_tensor *fields[OPERANDS];
} described;

static void describe(const attention_case *c, described *d) {
    arete_attention_args *args = &d->args;
    arete_tensor *const fields[OPERANDS] = {&args->q,          &args->k,       &args->v,       &args->y,
                                            &args->mask,       &args->kv_lens, &args->k_cache, &args->v_cache,
                                            &args->past_lens,  &args->cos,     &args->sin,     &args->q_positions,
                                            &args->k_positions};
    ar_attention_problem_describe(&c->p, &d->desc, args);
    memcpy(d->fields, fields, sizeof fields);
}

static arete_status parse(const char *text, void *into) {
    attention_case *of = into;
    return ar_attention_parse(text, &of->p, &of->past);
}

static void format(const void *of, char *text, size_t bytes) {
    const attention_case *c = of;
    ar_attention_format_case(&c->p, c->past, text, bytes);
}

/* Lengths and positions from 0, so that rows without keys and full ones come up. */
static void set_range(const attention_problem *p, ar_operand *o, int which) {
    o->low = -1;
    o->high = 1;
    if (which == MASK) {
        o->low = p->type_mask == ARETE_BOOL ? 0 : -3;
        o->high = p->type_mask == ARETE_BOOL ? 1 : 3;
    } else if (which == KV_LENS) {
        o->low = 0;
        o->high = (double)ar_attention_keys(p);
    } else if (which == PAST_LENS) {
        o->low = 0;
        o->high = (double)(p->capacity - p->skv);
    } else if (which == Q_POSITIONS || which == K_POSITIONS) {
        o->low = 0;
        o->high = (double)p->table_rows - 1;
    }
}

static size_t operands(const void *of, ar_operand *out) {
    const attention_case *c = of;
    uint8_t which[OPERANDS];
    described d;
    describe(c, &d);
    size_t count = ar_operands_list(d.fields, names, OPERANDS, out, which);
    for (size_t i = 0; i < count; ++i) {
        if (which[i] == Y)
            out[i].role = AR_OUTPUT;
        if ((which[i] == K_CACHE || which[i] == V_CACHE) && c->p.skv > 0)
            out[i].role = AR_INOUT;
        set_range(&c->p, &out[i], which[i]);
    }
    return count;
}

static arete_status plan_case(arete_device *device, const void *of, const char *solver, arete_plan **plan) {
    described d;
    describe(of, &d);
    d.desc.solver = solver;
    return arete_attention_plan(device, &d.desc, &d.args, plan);
}

static arete_status run_case(const arete_plan *plan, arete_queue *queue, const void *of,
                             const arete_tensor *tensors, arete_buffer *packed, arete_buffer *workspace,
                             arete_wait_list after, arete_event **done) {
    const attention_case *c = of;
    described d;
    (void)packed;
    describe(c, &d);
    ar_operands_take(d.fields, OPERANDS, tensors);
    d.args.past = c->past;
    d.args.workspace = workspace;
    return arete_attention_run(plan, queue, &d.args, after, done);
}

/* Elements come in rising order, so a row is computed once. */
static void expect_y(const attention_case *c, const attention_host *host, const int64_t *elements, size_t count,
                     double *values, double *magnitudes) {
    const attention_problem *p = &c->p;
    size_t dv = (size_t)p->dv;
    double *row = ar_os_alloc((2 * dv + ar_attention_scratch(p)) * sizeof *row);
    int64_t have = -1;
    for (size_t e = 0; e < count; ++e) {
        int64_t at = elements[e] / p->dv;
        values[e] = magnitudes[e] = NAN; /* fails the check where there is no memory */
        if (!row)
            continue;
        if (at != have)
            ar_attention_row(p, host, at / p->sq / p->hq, at / p->sq % p->hq, at % p->sq, row, row + dv,
                             row + 2 * dv);
        have = at;
        values[e] = row[elements[e] % p->dv];
        magnitudes[e] = row[dv + (size_t)(elements[e] % p->dv)];
    }
    ar_os_free(row);
}

static void expect(const void *of, const void *const *data, size_t output, const int64_t *elements, size_t count,
                   double *values, double *magnitudes) {
    const attention_case *c = of;
    const attention_problem *p = &c->p;
    const void *f[OPERANDS];
    ar_operand all[AR_MAX_OPERANDS];
    described d;
    describe(c, &d);
    ar_operands_data(d.fields, OPERANDS, data, f);
    const attention_host host = {f[Q],           f[K],           f[V],         f[MASK], f[KV_LENS],
                                 f[K_CACHE],     f[V_CACHE],     f[PAST_LENS], f[COS],  f[SIN],
                                 f[Q_POSITIONS], f[K_POSITIONS], c->past};
    operands(of, all);
    if (strcmp(all[output].name, "y") == 0) {
        expect_y(c, &host, elements, count, values, magnitudes);
        return;
    }
    bool of_v = strcmp(all[output].name, "v_cache") == 0;
    int64_t width = of_v ? p->dv : p->d;
    for (size_t e = 0; e < count; ++e) {
        int64_t at = elements[e] / width, row = at % p->capacity;
        values[e] = ar_attention_cached(p, &host, of_v, at / p->capacity / p->hkv, at / p->capacity % p->hkv, row,
                                        elements[e] % width, &magnitudes[e]);
    }
}

/* Caches hold what was copied, or rotated: two products, a sum. */
static double tolerance(const void *of, const arete_plan *plan, size_t output) {
    const attention_case *c = of;
    ar_operand all[AR_MAX_OPERANDS];
    (void)plan;
    operands(of, all);
    return strcmp(all[output].name, "y") == 0 ? ar_attention_tolerance(&c->p) : c->p.rotary ? 2 * 0x1p-24 : 0;
}

const ar_casework ar_attention_casework = {
    .family = &ar_attention_family,
    .case_bytes = sizeof(attention_case),
    .parse = parse,
    .format = format,
    .operands = operands,
    .plan = plan_case,
    .run = run_case,
    .expect = expect,
    .tolerance = tolerance,
    .lists = ar_attention_lists,
    .list_count = AR_ATTENTION_LISTS,
};
