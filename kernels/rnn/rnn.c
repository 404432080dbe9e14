/* The public calls: problem, plan, run. */
#include <stdio.h>
#include <string.h>

#include "pack_weights.h"
#include "probe.h"

/* A multiply-add is 2; gates do not count. Every operand is read or written once. */
static void rnn_cost(const void *of, arete_cost *cost) {
    const rnn_problem *p = of;
    double dirs = (double)ar_rnn_dirs(p), rows = (double)p->steps * (double)p->batch, macs = 0, weights = 0,
           more = 0;
    double gh = (double)ar_rnn_gates(p) * (double)p->hidden;
    for (int64_t layer = 0; layer < p->layers; ++layer) {
        double each = gh * ((double)ar_rnn_input(p, layer) + (double)p->proj);
        if (p->projection)
            each += (double)p->proj * (double)p->hidden;
        macs += rows * dirs * each;
        weights += dirs * each;
        more += dirs * (p->bias ? 2 * gh : 0) + dirs * (p->peephole ? 3 * (double)p->hidden : 0);
    }
    double states = (double)p->layers * dirs * (double)p->batch;
    double held = states * ((double)p->proj * (p->h0 + p->y_h) + (double)p->hidden * (p->c0 + p->y_c));
    double bytes = weights * (double)arete_dtype_size((arete_dtype)p->type_w) +
                   more * (double)arete_dtype_size((arete_dtype)p->type_b) +
                   rows * (double)p->input * (double)arete_dtype_size((arete_dtype)p->type_x) +
                   rows * dirs * (double)p->proj * (double)arete_dtype_size((arete_dtype)p->type_y) +
                   held * (double)arete_dtype_size((arete_dtype)p->type_state);
    *cost = (arete_cost){.flops = 2 * macs,
                         .flops_executed = 2 * macs,
                         .bytes = ar_rnn_empty(p) ? 0 : bytes,
                         .launches = 1,
                         .unit = ARETE_UNIT_F32};
}

const ar_family ar_rnn_family = {"rnn", sizeof(rnn_problem), ar_rnn_solvers, ar_rnn_format, rnn_cost};

static arete_status make(const char *call, const arete_rnn_desc *desc, const arete_rnn_args *args,
                         rnn_problem *problem) {
    if (!args)
        return ar_fail(ARETE_E_ARGUMENT, "%s: args is NULL", call);
    arete_status status = ar_rnn_problem_make(desc, args, problem);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", call);
}

arete_status arete_rnn_plan(arete_device *device, const arete_rnn_desc *desc, const arete_rnn_args *args,
                            arete_plan **plan) {
    if (!device || !plan)
        return ar_fail(ARETE_E_ARGUMENT, "arete_rnn_plan: %s is NULL", device ? "plan" : "device");
    rnn_problem problem;
    arete_status status = make("arete_rnn_plan", desc, args, &problem);
    if (status == ARETE_OK)
        status = ar_rnn_probe(device);
    if (status != ARETE_OK)
        return status;
    return ar_solve(device, &ar_rnn_family, &problem, desc ? desc->solver : NULL, false, plan);
}

static arete_status run(const char *call, const arete_plan *plan, arete_queue *queue, const arete_rnn_args *args,
                        arete_wait_list after, arete_event **done) {
    const rnn_problem *p = ar_plan_problem(plan);
    arete_status status = ar_rnn_check_buffers(p, plan->device, args);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s", call);
    if (ar_rnn_empty(p))
        return ar_queue_marker(queue, after, done);
    status = ar_plan_check_packed(call, plan, args->packed, p->prepack, "packed", "arete_rnn_pack()");
    if (status != ARETE_OK)
        return status;
    return plan->solver->run(plan, queue, args, after, done);
}

static arete_status fail_other(const rnn_problem *now, const rnn_problem *planned) {
    char text[AR_KEY_BYTES], want[AR_KEY_BYTES];
    ar_rnn_format(now, text, sizeof text);
    ar_rnn_format(planned, want, sizeof want);
    bool types = now->type_x != planned->type_x || now->type_w != planned->type_w ||
                 now->type_y != planned->type_y || now->type_state != planned->type_state ||
                 now->type_b != planned->type_b;
    return ar_fail(
        types ? ARETE_E_DTYPE : ARETE_E_SHAPE,
        "arete_rnn_run: args are of the problem '%s', but the plan was made for '%s': make a plan for these", text,
        want);
}

arete_status arete_rnn_run(const arete_plan *plan, arete_queue *queue, const arete_rnn_args *args,
                           arete_wait_list after, arete_event **done) {
    arete_status status = ar_plan_ready("arete_rnn_run", plan, queue, &ar_rnn_family);
    if (status != ARETE_OK)
        return status;
    rnn_problem problem;
    rnn_described_acts acts;
    const arete_rnn_desc desc = ar_rnn_problem_desc(ar_plan_problem(plan), &acts);
    status = make("arete_rnn_run", &desc, args, &problem);
    if (status != ARETE_OK)
        return status;
    if (memcmp(&problem, ar_plan_problem(plan), sizeof problem) != 0)
        return fail_other(&problem, ar_plan_problem(plan));
    return run("arete_rnn_run", plan, queue, args, after, done);
}

arete_status arete_rnn(arete_queue *queue, const arete_rnn_desc *desc, const arete_rnn_args *args,
                       arete_wait_list after, arete_event **done) {
    if (!queue)
        return ar_fail(ARETE_E_ARGUMENT, "arete_rnn: queue is NULL");
    rnn_problem problem;
    arete_plan *plan = NULL;
    arete_status status = make("arete_rnn", desc, args, &problem);
    if (status == ARETE_OK) { /* before anything is compiled */
        status = ar_rnn_check_buffers(&problem, queue->device, args);
        if (status != ARETE_OK)
            return ar_fail_within(status, "arete_rnn");
    }
    if (status == ARETE_OK)
        status = ar_rnn_probe(queue->device);
    if (status == ARETE_OK)
        status = ar_solve(queue->device, &ar_rnn_family, &problem, desc ? desc->solver : NULL, true, &plan);
    if (status == ARETE_OK)
        status = run("arete_rnn", plan, queue, args, after, done);
    arete_plan_release(plan);
    return status;
}

bool arete_rnn_packs(const arete_plan *plan) {
    return plan && plan->family == &ar_rnn_family && plan->packed_layout != 0;
}

arete_status arete_rnn_pack(const arete_plan *plan, arete_queue *queue, const arete_rnn_weights *weights,
                            arete_buffer **packed) {
    if (!plan || !queue || !weights || !packed)
        return ar_fail(ARETE_E_ARGUMENT, "arete_rnn_pack: %s is NULL",
                       !plan      ? "plan"
                       : !queue   ? "queue"
                       : !weights ? "weights"
                                  : "packed");
    if (!arete_rnn_packs(plan))
        return ar_fail(ARETE_E_UNSUPPORTED,
                       "arete_rnn_pack: %s reads the weights as they are: run the plan with them",
                       plan->solver_text);
    if (queue->device != plan->device)
        return ar_fail(ARETE_E_MISMATCH, "arete_rnn_pack: queue is of %s, but the plan is for %s",
                       queue->device->info.id, plan->device->info.id);
    const rnn_problem *p = ar_plan_problem(plan);
    arete_status status = ar_rnn_problem_weights(p, weights);
    if (status == ARETE_OK)
        status = ar_rnn_check_weights(p, plan->device, weights);
    if (status != ARETE_OK)
        return ar_fail_within(status, "arete_rnn_pack");
    const rnn_pack_state *state = plan->state;
    arete_buffer *made = NULL;
    rnn_course course = {.queue = queue};
    status = arete_buffer_create(plan->device, plan->packed_bytes, &made);
    if (status == ARETE_OK)
        status = ar_rnn_pack_launch(p, &state->packed, &state->kernels, &course, weights, made, 0);
    if (status != ARETE_OK) {
        arete_buffer_release(made);
        return ar_fail_within(status, "arete_rnn_pack");
    }
    made->layout = plan->packed_layout;
    *packed = made;
    return ARETE_OK;
}
