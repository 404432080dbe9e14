/* The public calls: problem, plan, run, packed weights. */
#include <string.h>

#include "solver_common.h"

static double elements(const conv_place *place, int64_t n, int64_t c, const int64_t *extents) {
    return place->bytes == 0 ? 0 : (double)n * (double)c * (double)ar_conv_volume(extents);
}

/* How much of the input is read: positions that no output meets are not (1x1 kernels of stride 2 leave three of
 * four). */
static double read_share(const conv_problem *p) {
    double share = 1;
    for (int i = 0; i < CONV_AXES; ++i)
        if (p->up[i] == 1 && p->stride[i] > p->kernel[i] && p->in[i] > 0) {
            double met = (double)p->out[i] * (double)p->kernel[i] / (double)p->in[i];
            share *= met < 1 ? met : 1;
        }
    return share;
}

/* A multiply-add is 2; the epilogue does not count, padding does. Every operand is read or written once. */
static void conv_cost(const void *of, arete_cost *cost) {
    const conv_problem *p = of;
    double positions = (double)(p->transposed ? ar_conv_volume(p->in) : ar_conv_volume(p->out));
    double products = (double)p->n * (double)p->m * (double)ar_conv_group_c(p) * (double)ar_conv_volume(p->kernel);
    double flops = ar_conv_empty(p) ? 0 : 2 * products * positions;
    double m = (double)p->m;
    double bytes = elements(&p->x, p->n, p->c, p->in) * read_share(p) * (double)arete_dtype_size(p->type_x) +
                   elements(&p->y, p->n, p->m, p->out) * (double)arete_dtype_size(p->type_y) +
                   elements(&p->residual, p->n, p->m, p->out) * (double)arete_dtype_size(p->type_residual) +
                   m * (double)ar_conv_k(p) * (double)arete_dtype_size(p->type_w) +
                   m * (double)arete_dtype_size(p->type_bias) + (p->w_scale == CONV_EACH ? 4 * m : 0) +
                   (p->w_zero == CONV_EACH ? m : 0);
    *cost = (arete_cost){.flops = flops,
                         .flops_executed = flops,
                         .bytes = ar_conv_empty(p) ? 0 : bytes,
                         .launches = 1,
                         .unit = ARETE_UNIT_F32};
}

const ar_family ar_conv_family = {"conv", sizeof(conv_problem), ar_conv_solvers, ar_conv_format, conv_cost};

double ar_conv_seconds(const conv_problem *p, const arete_roofs *roofs, double executed, double share,
                       double launches) {
    arete_cost cost;
    conv_cost(p, &cost);
    cost.flops_executed = executed / share;
    cost.launches = launches;
    return arete_roofline_seconds(roofs, &cost, NULL);
}

static arete_status make(const char *call, const arete_conv_desc *desc, const arete_conv_args *args,
                         conv_problem *problem) {
    if (!args)
        return ar_fail(ARETE_E_ARGUMENT, "%s: args is NULL", call);
    arete_status status = ar_conv_problem_make(desc, args, problem);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", call);
}

arete_status arete_conv_plan(arete_device *device, const arete_conv_desc *desc, const arete_conv_args *args,
                             arete_plan **plan) {
    if (!device || !plan)
        return ar_fail(ARETE_E_ARGUMENT, "arete_conv_plan: %s is NULL", device ? "plan" : "device");
    conv_problem problem;
    arete_status status = make("arete_conv_plan", desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    return ar_solve(device, &ar_conv_family, &problem, desc ? desc->solver : NULL, false, plan);
}

/* args are those of the plan's problem. */
static arete_status run(const char *call, const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                        arete_wait_list after, arete_event **done) {
    const conv_problem *p = ar_plan_problem(plan);
    arete_status status = ar_conv_check_buffers(p, plan->device, args);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s", call);
    if (ar_conv_empty(p))
        return ar_queue_marker(queue, after, done);
    status = ar_plan_check_packed(call, plan, args->packed_w, p->prepack, "packed_w", "arete_conv_pack_w()");
    if (status != ARETE_OK)
        return status;
    return plan->solver->run(plan, queue, args, after, done);
}

/* Which difference it is, in words: only when there is one. */
static arete_status fail_other(const conv_problem *now, const conv_problem *planned) {
    char text[AR_KEY_BYTES], want[AR_KEY_BYTES];
    ar_conv_format(now, text, sizeof text);
    ar_conv_format(planned, want, sizeof want);
    bool types = now->type_x != planned->type_x || now->type_w != planned->type_w || now->type_y != planned->type_y ||
                 now->type_bias != planned->type_bias || now->type_residual != planned->type_residual;
    return ar_fail(types ? ARETE_E_DTYPE : ARETE_E_SHAPE,
                   "arete_conv_run: args are of the problem '%s', but the plan was made for '%s': make a plan for these",
                   text, want);
}

arete_status arete_conv_run(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                            arete_wait_list after, arete_event **done) {
    arete_status status = ar_plan_ready("arete_conv_run", plan, queue, &ar_conv_family);
    if (status != ARETE_OK)
        return status;
    const conv_problem *p = ar_plan_problem(plan);
    arete_conv_desc desc;
    arete_conv_args shapes;
    ar_conv_problem_describe(p, &desc, &shapes);
    conv_problem problem;
    status = make("arete_conv_run", &desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    if (memcmp(&problem, p, sizeof problem) != 0)
        return fail_other(&problem, p);
    return run("arete_conv_run", plan, queue, args, after, done);
}

arete_status arete_conv(arete_queue *queue, const arete_conv_desc *desc, const arete_conv_args *args,
                        arete_wait_list after, arete_event **done) {
    if (!queue)
        return ar_fail(ARETE_E_ARGUMENT, "arete_conv: queue is NULL");
    conv_problem problem;
    arete_plan *plan = NULL;
    arete_status status = make("arete_conv", desc, args, &problem);
    if (status == ARETE_OK) /* before anything is compiled */
        status = ar_conv_check_buffers(&problem, queue->device, args);
    if (status == ARETE_OK)
        status = ar_solve(queue->device, &ar_conv_family, &problem, desc ? desc->solver : NULL, true, &plan);
    if (status == ARETE_OK)
        status = run("arete_conv", plan, queue, args, after, done);
    arete_plan_release(plan);
    return status;
}

static const conv_packer *packer_of(const arete_plan *plan) {
    if (!plan || plan->family != &ar_conv_family || plan->packed_layout == 0)
        return NULL;
    const conv_packer *packer = ar_conv_packers;
    while (packer->solver && packer->solver != plan->solver)
        ++packer;
    return packer->solver ? packer : NULL;
}

bool arete_conv_packs_w(const arete_plan *plan) {
    return packer_of(plan) != NULL;
}

/* w is the plan's: shape, strides, type; its buffer is there and large enough. */
static arete_status check_w(const arete_plan *plan, const arete_tensor *w) {
    const conv_problem *p = ar_plan_problem(plan);
    arete_conv_desc desc;
    arete_conv_args args;
    ar_conv_problem_describe(p, &desc, &args);
    args.w = *w;
    conv_problem problem;
    arete_status status = ar_conv_problem_make(&desc, &args, &problem);
    if (status != ARETE_OK)
        return status;
    if (memcmp(&problem, p, sizeof problem) != 0)
        return ar_fail(problem.type_w == p->type_w ? ARETE_E_SHAPE : ARETE_E_DTYPE,
                       "w does not have the shape, strides and type of the plan's '%s'", plan->key);
    if (p->w.bytes == 0)
        return ARETE_OK;
    if (!w->buffer)
        return ar_fail(ARETE_E_ARGUMENT, "w.buffer is NULL");
    if (w->buffer->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "w.buffer is on %s, but the plan is for %s", w->buffer->device->info.id,
                       plan->device->info.id);
    if (w->offset > w->buffer->bytes || p->w.bytes > w->buffer->bytes - w->offset)
        return ar_fail(ARETE_E_RANGE, "w ends at byte %llu, but its buffer has %llu",
                       (unsigned long long)(w->offset + p->w.bytes), (unsigned long long)w->buffer->bytes);
    return ARETE_OK;
}

arete_status arete_conv_pack_w(const arete_plan *plan, arete_queue *queue, const arete_tensor *w,
                               arete_buffer **packed) {
    if (!plan || !queue || !w || !packed)
        return ar_fail(ARETE_E_ARGUMENT, "arete_conv_pack_w: %s is NULL",
                       !plan    ? "plan"
                       : !queue ? "queue"
                       : !w     ? "w"
                                : "packed");
    const conv_packer *packer = packer_of(plan);
    if (!packer)
        return ar_fail(ARETE_E_UNSUPPORTED, "arete_conv_pack_w: %s reads w as it is: run the plan with args.w",
                       plan->solver_text);
    if (queue->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "arete_conv_pack_w: queue is of %s, but the plan is for %s",
                       queue->device->info.id, plan->device->info.id);
    arete_status status = check_w(plan, w);
    arete_buffer *made = NULL;
    if (status == ARETE_OK)
        status = arete_buffer_create(plan->device, plan->packed_bytes, &made);
    if (status == ARETE_OK)
        status = packer->pack(plan, queue, w, made);
    if (status != ARETE_OK) {
        arete_buffer_release(made);
        return ar_fail_within(status, "arete_conv_pack_w");
    }
    made->layout = plan->packed_layout;
    *packed = made;
    return ARETE_OK;
}
