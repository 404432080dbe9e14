/* What is constant is computed while the model is loaded, by the reference device. */
#include <string.h>

#include "lower.h"

/* The operand in memory of the reference device, filled when the step reads it. */
static arete_status stage(ar_lowering *l, const ar_step *step, uint32_t slot, arete_tensor *operand) {
    const ar_value *v = &l->graph->values[step->value[slot]];
    uint64_t bytes = (uint64_t)arete_tensor_elements(&v->t) * arete_dtype_size(v->t.dtype);
    arete_status status =
        arete_buffer_create(arete_queue_device(l->reference), bytes ? bytes : 1, &operand->buffer);
    if (status == ARETE_OK && bytes && !(step->outputs >> slot & 1))
        status = arete_queue_write(l->reference, operand->buffer, 0, bytes,
                                   v->data ? v->data
                                           : l->graph->values[ar_graph_storage(l->graph, step->value[slot])].data,
                                   ARETE_WAIT_NONE, NULL);
    return status;
}

static arete_status take(ar_lowering *l, const ar_step *step, uint32_t slot, const arete_tensor *operand) {
    ar_value *v = &l->graph->values[step->value[slot]];
    uint64_t bytes = (uint64_t)arete_tensor_elements(&v->t) * arete_dtype_size(v->t.dtype);
    void *data = ar_pool_alloc(&l->graph->pool, bytes ? bytes : 1);
    if (!data)
        return ARETE_E_MEMORY;
    arete_status status = ARETE_OK;
    if (bytes)
        status = arete_queue_read(l->reference, operand->buffer, 0, bytes, data, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(l->reference);
    v->role = AR_VALUE_CONSTANT;
    v->data = data;
    return status;
}

/* Memory of the operands on the reference device, and work, within what the load may take. */
static arete_status afford(ar_lowering *l, const ar_step *step, bool *too_long) {
    arete_cost cost = {0};
    uint64_t bytes = arete_plan_workspace(step->plan);
    for (uint32_t i = 0; i < step->slots; i++)
        if (step->value[i] != AR_NO_VALUE) {
            const arete_tensor *t = &l->graph->values[step->value[i]].t;
            uint64_t its = (uint64_t)arete_tensor_elements(t) * arete_dtype_size(t->dtype);
            bytes += (step->outputs >> i & 1) ? 2 * its : its; /* an output is copied from there */
        }
    arete_plan_cost(step->plan, &cost);
    *too_long = l->fold_spent + cost.flops + cost.bytes > l->fold_limit;
    if (*too_long)
        return ARETE_OK;
    l->fold_spent += cost.flops + cost.bytes;
    return ar_pool_fits(&l->graph->pool, bytes);
}

arete_status ar_fold_step(ar_lowering *l, ar_step *step, bool *left) {
    arete_tensor operands[AR_STEP_SLOTS] = {{0}};
    *left = false;
    arete_status status = step->kind->plan(step, arete_queue_device(l->reference));
    if (status == ARETE_OK)
        status = afford(l, step, left);
    if (status != ARETE_OK || *left)
        return status;
    for (uint32_t i = 0; i < step->slots && status == ARETE_OK; i++) {
        operands[i] = step->view[i];
        if (step->value[i] != AR_NO_VALUE)
            status = stage(l, step, i, &operands[i]);
    }
    if (status == ARETE_OK)
        status = step->kind->run(step, l->reference, operands, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(l->reference);
    for (uint32_t i = 0; i < step->slots && status == ARETE_OK; i++)
        if (step->value[i] != AR_NO_VALUE && (step->outputs >> i & 1))
            status = take(l, step, i, &operands[i]);
    for (uint32_t i = 0; i < step->slots; i++)
        arete_buffer_release(operands[i].buffer);
    return status;
}
