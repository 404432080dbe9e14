/* The public calls: problem, plan, run. */
#include <string.h>

#include "common.h"

static double size_of(uint8_t type) {
    return (double)arete_dtype_size((arete_dtype)type);
}

static double product4(const int64_t *dims) {
    return (double)dims[0] * (double)dims[1] * (double)dims[2] * (double)dims[3];
}

/* The header says what is counted. Keys in caches are read once; new ones are read, and written to the caches. */
static void attention_cost(const void *of, arete_cost *cost) {
    const attention_problem *p = of;
    double heads = (double)p->b * (double)p->hq, kv_heads = (double)p->b * (double)p->hkv;
    double each = (double)(p->d + p->dv), flops = 2 * heads * ar_attention_pairs(p) * each;
    double bytes = heads * (double)p->sq * ((double)p->d * size_of(p->type_q) + (double)p->dv * size_of(p->type_y));
    bytes += kv_heads * (double)p->skv * each * size_of(p->type_kv);
    bytes += kv_heads * (double)p->capacity * each * size_of(p->type_cache);
    if (p->type_mask)
        bytes += product4(p->mask_dims) * size_of(p->type_mask);
    if (p->rotary)
        bytes +=
            (double)p->rotary_dim * (double)(p->table_rows ? p->table_rows : p->b * p->sq) * size_of(p->type_table);
    *cost = (arete_cost){.flops = flops,
                         .flops_executed = flops,
                         .bytes = ar_attention_empty(p) ? 0 : bytes,
                         .launches = 1,
                         .unit = ARETE_UNIT_F32};
}

const ar_family ar_attention_family = {"attention", sizeof(attention_problem), ar_attention_solvers,
                                       ar_attention_format, attention_cost};

static arete_status make(const char *call, const arete_attention_desc *desc, const arete_attention_args *args,
                         attention_problem *problem) {
    if (!args)
        return ar_fail(ARETE_E_ARGUMENT, "%s: args is NULL", call);
    arete_status status = ar_attention_problem_make(desc, args, problem);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", call);
}

arete_status arete_attention_plan(arete_device *device, const arete_attention_desc *desc,
                                  const arete_attention_args *args, arete_plan **plan) {
    if (!device || !plan)
        return ar_fail(ARETE_E_ARGUMENT, "arete_attention_plan: %s is NULL", device ? "plan" : "device");
    attention_problem problem;
    arete_status status = make("arete_attention_plan", desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    return ar_solve(device, &ar_attention_family, &problem, desc ? desc->solver : NULL, false, plan);
}

/* args are those of the plan's problem. */
static arete_status run(const char *call, const arete_plan *plan, arete_queue *queue,
                        const arete_attention_args *args, arete_wait_list after, arete_event **done) {
    const attention_problem *p = ar_plan_problem(plan);
    arete_status status = ar_attention_check_buffers(p, plan->device, args);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s", call);
    if (ar_attention_empty(p))
        return ar_queue_marker(queue, after, done);
    return plan->solver->run(plan, queue, args, after, done);
}

/* Which difference it is, in words: only when there is one. */
static arete_status fail_other(const attention_problem *now, const attention_problem *planned) {
    char text[AR_KEY_BYTES], want[AR_KEY_BYTES];
    ar_attention_format(now, text, sizeof text);
    ar_attention_format(planned, want, sizeof want);
    bool types = now->type_q != planned->type_q || now->type_y != planned->type_y ||
                 now->type_kv != planned->type_kv || now->type_cache != planned->type_cache ||
                 now->type_mask != planned->type_mask || now->type_table != planned->type_table;
    return ar_fail(types ? ARETE_E_DTYPE : ARETE_E_SHAPE,
                   "arete_attention_run: args are of the problem '%s', but the plan was made for '%s': make a plan "
                   "for these",
                   text, want);
}

arete_status arete_attention_run(const arete_plan *plan, arete_queue *queue, const arete_attention_args *args,
                                 arete_wait_list after, arete_event **done) {
    arete_status status = ar_plan_ready("arete_attention_run", plan, queue, &ar_attention_family);
    if (status != ARETE_OK)
        return status;
    const attention_problem *p = ar_plan_problem(plan);
    arete_attention_desc desc;
    arete_attention_args planned;
    attention_problem problem;
    ar_attention_problem_describe(p, &desc, &planned);
    status = make("arete_attention_run", &desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    if (memcmp(&problem, p, sizeof problem) != 0)
        return fail_other(&problem, p);
    return run("arete_attention_run", plan, queue, args, after, done);
}

arete_status arete_attention(arete_queue *queue, const arete_attention_desc *desc, const arete_attention_args *args,
                             arete_wait_list after, arete_event **done) {
    if (!queue)
        return ar_fail(ARETE_E_ARGUMENT, "arete_attention: queue is NULL");
    attention_problem problem;
    arete_plan *plan = NULL;
    arete_status status = make("arete_attention", desc, args, &problem);
    if (status == ARETE_OK) { /* before anything is compiled */
        status = ar_attention_check_buffers(&problem, queue->device, args);
        if (status != ARETE_OK)
            status = ar_fail_within(status, "arete_attention");
    }
    if (status == ARETE_OK)
        status = ar_solve(queue->device, &ar_attention_family, &problem, desc ? desc->solver : NULL, true, &plan);
    if (status == ARETE_OK)
        status = run("arete_attention", plan, queue, args, after, done);
    arete_plan_release(plan);
    return status;
}
