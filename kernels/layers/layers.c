/* The public calls: problem, plan, run. */
#include <string.h>

#include "problem.h"

static double traffic(const layer_tensor *t) {
    /* What is repeated is read once. */
    double count = 1;
    for (int32_t d = 0; d < t->rank; ++d)
        count *= t->strides[d] == 0 ? (t->dims[d] > 0 ? 1 : 0) : (double)t->dims[d];
    return count * (double)arete_dtype_size((arete_dtype)t->dtype);
}

/* Every input read once, every output written once; of what an operation reads only in part, as much as it gives. */
void ar_layer_cost(const void *of, arete_cost *cost) {
    const layer_problem *p = of;
    const layer_op *op = ar_layer_op_find(p->a.op);
    const layer_tensor *y = ar_layer_out(p, 0);
    double bytes = 0, elements = (double)ar_layer_elements(y);
    bool picks = p->a.op == ARETE_LAYER_SLICE || p->a.op == ARETE_LAYER_GATHER || p->a.op == ARETE_LAYER_GATHER_ND ||
                 p->a.op == ARETE_LAYER_GATHER_ELEMENTS;
    for (int i = 0; i < p->in_count; ++i) {
        double own = p->t[i].dtype ? traffic(&p->t[i]) : 0;
        bytes += i == 0 && picks && own > traffic(y) ? traffic(y) : own;
    }
    for (uint32_t o = 0; o < p->out_count; ++o)
        bytes += traffic(ar_layer_out(p, o));
    if (op->form == FORM_REDUCE || op->form == FORM_SCAN)
        elements = (double)ar_layer_elements(&p->t[0]);
    double each = op->form == FORM_MAP ? 0 : op->flops;
    for (uint8_t i = 0; i < p->chain_count; ++i)
        each += ar_layer_op_find(p->chain[i].op)->flops;
    for (uint8_t i = 0; i < p->a.kernel_count; ++i)
        each *= (double)p->a.kernel[i];
    *cost = (arete_cost){.flops = each * elements,
                         .flops_executed = each * elements,
                         .bytes = bytes,
                         .launches = 1,
                         .unit = ar_layer_class(p) == CLASS_F64 ? ARETE_UNIT_F64 : ARETE_UNIT_F32};
}

const ar_family ar_layer_family = {"layer", sizeof(layer_problem), ar_layer_solvers, ar_layer_format, ar_layer_cost};

static arete_status make(const char *call, const arete_layer_desc *desc, const arete_layer_args *args,
                         layer_problem *problem) {
    if (!desc || !args)
        return ar_fail(ARETE_E_ARGUMENT, "%s: %s is NULL", call, desc ? "args" : "desc");
    arete_status status = ar_layer_problem_make(desc, args, problem);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", call);
}

arete_status arete_layer_plan(arete_device *device, const arete_layer_desc *desc, const arete_layer_args *args,
                              arete_plan **plan) {
    if (!device || !plan)
        return ar_fail(ARETE_E_ARGUMENT, "arete_layer_plan: %s is NULL", device ? "plan" : "device");
    layer_problem problem;
    arete_status status = make("arete_layer_plan", desc, args, &problem);
    if (status == ARETE_OK)
        status = ar_solve(device, &ar_layer_family, &problem, desc->solver, false, plan);
    return status;
}

arete_status arete_layer_run(const arete_plan *plan, arete_queue *queue, const arete_layer_args *args,
                             arete_wait_list after, arete_event **done) {
    arete_status status = ar_plan_ready("arete_layer_run", plan, queue, &ar_layer_family);
    if (status != ARETE_OK)
        return status;
    if (!args)
        return ar_fail(ARETE_E_ARGUMENT, "arete_layer_run: args is NULL");
    const layer_problem *p = ar_plan_problem(plan);
    status = ar_layer_check_args(p, args);
    if (status == ARETE_OK)
        status = ar_layer_check_buffers(p, plan->device, args);
    if (status != ARETE_OK)
        return ar_fail_within(status, "arete_layer_run");
    return plan->solver->run(plan, queue, args, after, done);
}

arete_status arete_layer(arete_queue *queue, const arete_layer_desc *desc, const arete_layer_args *args,
                         arete_wait_list after, arete_event **done) {
    if (!queue)
        return ar_fail(ARETE_E_ARGUMENT, "arete_layer: queue is NULL");
    layer_problem problem;
    arete_plan *plan = NULL;
    arete_status status = make("arete_layer", desc, args, &problem);
    if (status == ARETE_OK) { /* before anything is compiled */
        status = ar_layer_check_buffers(&problem, queue->device, args);
        status = status == ARETE_OK ? status : ar_fail_within(status, "arete_layer");
    }
    if (status == ARETE_OK)
        status = ar_solve(queue->device, &ar_layer_family, &problem, desc->solver, true, &plan);
    if (status == ARETE_OK)
        status = plan->solver->run(plan, queue, args, after, done);
    arete_plan_release(plan);
    return status;
}
