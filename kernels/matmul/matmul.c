/* The public calls: problem, plan, run. */
#include <stdio.h>
#include <string.h>

#include "solver_common.h"

/* A multiply-add is 2; the epilogue does not count. Every operand is read or written once; B packed or not. */
static void matmul_cost(const void *of, arete_cost *cost) {
    const matmul_problem *p = of;
    double batch = 1, batch_a = 1, batch_b = 1, batch_cin = 1;
    for (int level = 0; level < MATMUL_LEVELS; ++level) {
        double count = (double)p->batch[level];
        batch *= count;
        batch_a *= p->step_a[level] ? count : 1;
        batch_b *= p->step_b[level] ? count : 1;
        batch_cin *= p->step_cin[level] ? count : 1;
    }
    double m = (double)p->m, n = (double)p->n, k = (double)p->k;
    double a = (p->lda || p->trans_a ? m : 1) * k, b = k * n;
    double cin = (p->ldcin ? m : 1) * (p->cin_splat ? 1 : n);
    double bytes = batch_a * a * (double)arete_dtype_size((arete_dtype)p->type_a) +
                   batch_b * b * (double)arete_dtype_size((arete_dtype)p->type_b) +
                   batch * m * n * (double)arete_dtype_size((arete_dtype)p->type_c);
    if (p->cin == MATMUL_CIN_IN_PLACE)
        bytes += batch * m * n * (double)arete_dtype_size((arete_dtype)p->type_c);
    else if (p->cin == MATMUL_CIN_APART)
        bytes += batch_cin * cin * (double)arete_dtype_size((arete_dtype)p->type_cin);
    bytes += (p->bias == MATMUL_BIAS_ROW ? m : n) * (double)arete_dtype_size((arete_dtype)p->type_bias);
    bytes += (p->a_scale == MATMUL_EACH ? 4 * m : 0) + (p->b_scale == MATMUL_EACH ? 4 * n : 0) +
             (p->a_zero == MATMUL_EACH ? m : 0) + (p->b_zero == MATMUL_EACH ? n : 0);
    double flops = 2 * batch * m * n * k;
    *cost = (arete_cost){.flops = flops,
                         .flops_executed = flops,
                         .bytes = ar_matmul_empty(p) ? 0 : bytes,
                         .launches = 1,
                         .unit = ar_matmul_unit(p)};
}

const ar_family ar_matmul_family = {"matmul", sizeof(matmul_problem), ar_matmul_solvers, ar_matmul_format,
                                    matmul_cost};

static arete_status make(const char *call, const arete_matmul_desc *desc, const arete_matmul_args *args,
                         matmul_problem *problem) {
    if (!args)
        return ar_fail(ARETE_E_ARGUMENT, "%s: args is NULL", call);
    arete_status status = ar_matmul_problem_make(desc, args, problem);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", call);
}

arete_status arete_matmul_plan(arete_device *device, const arete_matmul_desc *desc, const arete_matmul_args *args,
                               arete_plan **plan) {
    if (!device || !plan)
        return ar_fail(ARETE_E_ARGUMENT, "arete_matmul_plan: %s is NULL", device ? "plan" : "device");
    matmul_problem problem;
    arete_status status = make("arete_matmul_plan", desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    return ar_solve(device, &ar_matmul_family, &problem, desc ? desc->solver : NULL, false, plan);
}

/* args are those of the plan's problem. */
static arete_status run(const char *call, const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                        arete_wait_list after, arete_event **done) {
    const matmul_problem *p = ar_plan_problem(plan);
    arete_status status = ar_matmul_check_buffers(p, plan->device, args);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s", call);
    if (ar_matmul_empty(p))
        return ar_queue_marker(queue, after, done);
    status = ar_plan_check_packed(call, plan, args->packed_b, p->prepack, "packed_b", "arete_matmul_pack_b()");
    if (status != ARETE_OK)
        return status;
    return plan->solver->run(plan, queue, args, after, done);
}

/* Which difference it is, in words: only when there is one. */
static arete_status fail_other(const matmul_problem *now, const matmul_problem *planned) {
    char text[AR_KEY_BYTES], want[AR_KEY_BYTES];
    ar_matmul_format(now, text, sizeof text);
    ar_matmul_format(planned, want, sizeof want);
    bool types = now->type_a != planned->type_a || now->type_b != planned->type_b ||
                 now->type_c != planned->type_c || now->type_cin != planned->type_cin ||
                 now->type_bias != planned->type_bias;
    return ar_fail(types ? ARETE_E_DTYPE : ARETE_E_SHAPE,
                   "arete_matmul_run: args are of the problem '%s', but the plan "
                   "was made for '%s': make a plan for these",
                   text, want);
}

arete_status arete_matmul_run(const arete_plan *plan, arete_queue *queue, const arete_matmul_args *args,
                              arete_wait_list after, arete_event **done) {
    arete_status status = ar_plan_ready("arete_matmul_run", plan, queue, &ar_matmul_family);
    if (status != ARETE_OK)
        return status;
    const matmul_problem *p = ar_plan_problem(plan);
    const arete_matmul_desc desc = {.trans_a = p->given_trans_a,
                                    .trans_b = p->given_trans_b,
                                    .alpha = p->alpha,
                                    .beta = p->beta,
                                    .activation = (arete_activation)p->activation,
                                    .slope = p->slope,
                                    .prepack = p->prepack};
    matmul_problem problem;
    status = make("arete_matmul_run", &desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    if (memcmp(&problem, p, sizeof problem) != 0)
        return fail_other(&problem, p);
    return run("arete_matmul_run", plan, queue, args, after, done);
}

arete_status arete_matmul(arete_queue *queue, const arete_matmul_desc *desc, const arete_matmul_args *args,
                          arete_wait_list after, arete_event **done) {
    if (!queue)
        return ar_fail(ARETE_E_ARGUMENT, "arete_matmul: queue is NULL");
    matmul_problem problem;
    arete_plan *plan = NULL;
    arete_status status = make("arete_matmul", desc, args, &problem);
    if (status == ARETE_OK) /* before anything is compiled */
        status = ar_matmul_check_buffers(&problem, queue->device, args);
    if (status == ARETE_OK)
        status = ar_solve(queue->device, &ar_matmul_family, &problem, desc ? desc->solver : NULL, true, &plan);
    if (status == ARETE_OK)
        status = run("arete_matmul", plan, queue, args, after, done);
    arete_plan_release(plan);
    return status;
}

bool arete_matmul_packs_b(const arete_plan *plan) {
    return plan && plan->family == &ar_matmul_family && plan->packed_layout != 0;
}

/* b has the shape, type and place that the plan's B has; its strides may differ. */
static arete_status problem_of_b(const arete_plan *plan, const arete_tensor *b, matmul_problem *problem) {
    const matmul_problem *p = ar_plan_problem(plan);
    arete_matmul_desc desc;
    arete_matmul_args args;
    ar_matmul_problem_describe(p, &desc, &args);
    args.b = *b;
    arete_status status = ar_matmul_problem_make(&desc, &args, problem);
    if (status != ARETE_OK)
        return status;
    bool same = problem->type_b == p->type_b && problem->k == p->k && problem->n == p->n;
    for (int level = 0; level < MATMUL_LEVELS && same; ++level)
        same = problem->batch[level] == p->batch[level] && (problem->step_b[level] != 0) == (p->step_b[level] != 0);
    if (!same)
        return ar_fail(problem->type_b == p->type_b ? ARETE_E_SHAPE : ARETE_E_DTYPE,
                       "b does not have the K, N, batch and type of the plan's '%s'", plan->key);
    if (problem->bytes_b == 0)
        return ARETE_OK;
    if (!b->buffer)
        return ar_fail(ARETE_E_ARGUMENT, "b.buffer is NULL");
    if (b->buffer->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "b.buffer is on %s, but the plan is for %s", b->buffer->device->info.id,
                       plan->device->info.id);
    if (b->offset > b->buffer->bytes || problem->bytes_b > b->buffer->bytes - b->offset)
        return ar_fail(ARETE_E_RANGE, "b ends at byte %llu, but its buffer has %llu",
                       (unsigned long long)(b->offset + problem->bytes_b), (unsigned long long)b->buffer->bytes);
    return ARETE_OK;
}

arete_status arete_matmul_pack_b(const arete_plan *plan, arete_queue *queue, const arete_tensor *b,
                                 arete_buffer **packed) {
    if (!plan || !queue || !b || !packed)
        return ar_fail(ARETE_E_ARGUMENT, "arete_matmul_pack_b: %s is NULL",
                       !plan    ? "plan"
                       : !queue ? "queue"
                       : !b     ? "b"
                                : "packed");
    if (!arete_matmul_packs_b(plan))
        return ar_fail(ARETE_E_UNSUPPORTED, "arete_matmul_pack_b: %s reads B as it is: run the plan with args.b",
                       plan->solver_text);
    if (queue->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "arete_matmul_pack_b: queue is of %s, but the plan is for %s",
                       queue->device->info.id, plan->device->info.id);
    matmul_problem problem;
    arete_status status = problem_of_b(plan, b, &problem);
    if (status != ARETE_OK)
        return ar_fail_within(status, "arete_matmul_pack_b");
    arete_buffer *made = NULL;
    status = arete_buffer_create(plan->device, plan->packed_bytes, &made);
    if (status == ARETE_OK)
        status = ar_matmul_pack(plan, queue, &problem, b, made);
    if (status != ARETE_OK) {
        arete_buffer_release(made);
        return ar_fail_within(status, "arete_matmul_pack_b");
    }
    made->layout = plan->packed_layout;
    *packed = made;
    return ARETE_OK;
}
