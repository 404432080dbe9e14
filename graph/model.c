/* The public calls: load, run, profile. */
#include "arete/model.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuse.h"
#include "lower.h"
#include "onnx_wire.h"
#include "place.h"

#define HOST_LIMIT ((uint64_t)4 << 30)
#define FOLD_LIMIT 1e11

struct arete_model {
    atomic_int references;
    arete_device *device;
    arete_context *context;
    ar_graph graph;
    ar_placement placement;
    arete_model_info info;
    uint64_t workspace;
};

void arete_model_retain(arete_model *model) {
    if (model)
        atomic_fetch_add(&model->references, 1);
}

void arete_model_release(arete_model *model) {
    if (!model || atomic_fetch_sub(&model->references, 1) != 1)
        return;
    ar_graph_free(&model->graph);
    ar_placement_free(&model->placement);
    arete_context_release(model->context);
    ar_os_free(model);
}

arete_device *arete_model_device(const arete_model *model) {
    return model ? model->device : NULL;
}

static arete_status check_desc(const arete_model_desc *desc) {
    if (desc->size != 0 && desc->size != sizeof *desc)
        return ar_fail(ARETE_E_ARGUMENT, "desc.size is %zu, but must be 0 or sizeof(arete_model_desc), %zu here",
                       desc->size, sizeof *desc);
    for (size_t i = 0; i < desc->dim_count; i++)
        if (!desc->dims[i].name || desc->dims[i].value < 0)
            return ar_fail(ARETE_E_ARGUMENT, "desc.dims[%zu] has no name, or a negative value", i);
    for (size_t i = 0; i < desc->shape_count; i++)
        if (!desc->shapes[i].input || desc->shapes[i].rank > ARETE_MAX_RANK)
            return ar_fail(ARETE_E_ARGUMENT, "desc.shapes[%zu] has no name, or more than %d dimensions", i,
                           ARETE_MAX_RANK);
    for (size_t i = 0; i < desc->value_count; i++)
        if (!desc->values[i].input || !desc->values[i].data || desc->values[i].rank > ARETE_MAX_RANK)
            return ar_fail(ARETE_E_ARGUMENT, "desc.values[%zu] has no name, no data, or more than %d dimensions", i,
                           ARETE_MAX_RANK);
    return ARETE_OK;
}

/* Steps that fusion dropped are taken out; every step is planned. */
static arete_status plan_steps(arete_model *model) {
    ar_graph *g = &model->graph;
    int kept = 0;
    for (int s = 0; s < g->step_count; s++) {
        if (g->steps[s].dropped)
            ar_step_release(&g->steps[s]);
        else
            g->steps[kept++] = g->steps[s];
    }
    model->info.fused = (size_t)(g->step_count - kept);
    g->step_count = kept;
    for (int s = 0; s < kept; s++) {
        ar_step *step = &g->steps[s];
        arete_cost cost;
        arete_status status = step->kind->plan(step, model->device);
        if (status != ARETE_OK)
            return ar_fail_within(status, "node '%s' (%s)", step->name, step->op);
        arete_plan_cost(step->plan, &cost);
        model->info.flops += cost.flops;
        model->info.bytes += cost.bytes;
        model->info.launches += cost.launches;
        uint64_t workspace = arete_plan_workspace(step->plan);
        model->workspace = workspace > model->workspace ? workspace : model->workspace;
    }
    return ARETE_OK;
}

/* A queue of a device of host memory, for what is constant. */
static arete_status reference_queue(arete_context **context, arete_queue **queue) {
    const arete_context_desc desc = {.backends = "reference", .cache_dir = "off", .tuning_dir = "off"};
    arete_device *device = NULL;
    arete_status status = arete_context_create(&desc, context);
    if (status == ARETE_OK)
        status = arete_device_find(*context, "reference", &device);
    return status == ARETE_OK ? arete_queue_create(device, 0, queue) : status;
}

static arete_status build(arete_model *model, const Onnx__ModelProto *proto, const char *folder,
                          const arete_model_desc *desc) {
    arete_context *context = NULL;
    arete_queue *queue = NULL;
    ar_lowering *l = ar_os_alloc(sizeof *l);
    if (!l)
        return ar_fail_memory("a model", sizeof *l);
    *l = (ar_lowering){
        .graph = &model->graph, .device = model->device, .desc = desc, .model = proto, .folder = folder};
    l->fold_limit = desc->fold_limit > 0 ? desc->fold_limit : FOLD_LIMIT;
    model->graph.pool.limit = desc->host_limit ? desc->host_limit : HOST_LIMIT;
    arete_status status = reference_queue(&context, &l->reference);
    if (status == ARETE_OK)
        status = ar_lower_model(l);
    if (status == ARETE_OK && !desc->no_fusion)
        status = ar_fuse(&model->graph);
    if (status == ARETE_OK)
        status = plan_steps(model);
    if (status == ARETE_OK)
        status = arete_queue_create(model->device, 0, &queue);
    if (status == ARETE_OK)
        status = ar_place(&model->graph, queue, desc->device_limit, &model->placement);
    model->info.nodes = l->nodes;
    model->info.folded = l->folded;
    model->info.steps = (size_t)model->graph.step_count;
    model->info.parameters = model->placement.parameters;
    model->info.weight_bytes = model->placement.weight_bytes;
    model->info.activation_bytes = model->placement.arena_bytes;
    model->info.activation_sum = model->placement.apart_bytes;
    model->info.workspace_bytes = model->workspace;
    ar_mapped_free(l);
    arete_queue_release(queue);
    arete_queue_release(l->reference);
    arete_context_release(context);
    ar_os_free(l);
    return status;
}

arete_status arete_model_read(arete_device *device, const void *data, size_t bytes, const char *folder,
                              const arete_model_desc *desc, arete_model **model) {
    static const arete_model_desc defaults = {0};
    Onnx__ModelProto *proto = NULL;
    ar_pool message = {0};
    if (!device || !data || !model)
        return ar_fail(ARETE_E_ARGUMENT, "%s is NULL", !device ? "device" : !data ? "data" : "model");
    desc = desc ? desc : &defaults;
    arete_status status = check_desc(desc);
    if (status != ARETE_OK)
        return status;
    arete_model *made = ar_os_alloc(sizeof *made);
    if (!made)
        return ar_fail_memory("a model", sizeof *made);
    atomic_init(&made->references, 1);
    made->device = device;
    made->context = arete_device_context(device);
    arete_context_retain(made->context);
    status = ar_onnx_unpack(data, bytes, &message, &proto);
    if (status == ARETE_OK)
        status = build(made, proto, folder, desc);
    ar_pool_free(&message);
    if (status == ARETE_OK)
        *model = made;
    else
        arete_model_release(made);
    return status;
}

arete_status arete_model_load(arete_device *device, const char *path, const arete_model_desc *desc,
                              arete_model **model) {
    ar_os_map map = {0};
    char *folder = NULL;
    if (!path)
        return ar_fail(ARETE_E_ARGUMENT, "path is NULL");
    arete_status status = ar_os_map_file(path, &map);
    if (status != ARETE_OK)
        return status;
    const char *slash = strrchr(path, '/');
    size_t length = slash ? (size_t)(slash - path) : 0;
    folder = ar_os_alloc(length + 2);
    if (folder) {
        memcpy(folder, slash ? path : ".", slash ? length : 1);
        if (slash && length == 0)
            folder[0] = '/';
        status = arete_model_read(device, map.bytes ? map.data : "", map.bytes, folder, desc, model);
    } else {
        status = ar_fail_memory(path, length + 2);
    }
    ar_os_free(folder);
    ar_os_unmap(&map);
    return status == ARETE_OK ? status : ar_fail_within(status, "%s", path);
}

size_t arete_model_input_count(const arete_model *model) {
    return model ? (size_t)model->graph.input_count : 0;
}

size_t arete_model_output_count(const arete_model *model) {
    return model ? (size_t)model->graph.output_count : 0;
}

static arete_model_port port(const ar_graph *g, const int *list, int count, size_t index) {
    if (index >= (size_t)count)
        return (arete_model_port){0};
    return (arete_model_port){g->values[list[index]].name, g->values[list[index]].t};
}

arete_model_port arete_model_input(const arete_model *model, size_t index) {
    return port(&model->graph, model->graph.inputs, model->graph.input_count, index);
}

arete_model_port arete_model_output(const arete_model *model, size_t index) {
    return port(&model->graph, model->graph.outputs, model->graph.output_count, index);
}

void arete_model_get_info(const arete_model *model, arete_model_info *info) {
    *info = model->info;
}

arete_model_step arete_model_get_step(const arete_model *model, size_t index) {
    arete_model_step step = {0};
    if (index >= (size_t)model->graph.step_count)
        return step;
    const ar_step *s = &model->graph.steps[index];
    step = (arete_model_step){.name = s->name,
                              .op = s->op,
                              .family = s->kind->family,
                              .problem = arete_plan_problem(s->plan),
                              .solver = arete_plan_solver(s->plan),
                              .estimate = arete_plan_estimate(s->plan)};
    arete_plan_cost(s->plan, &step.cost);
    for (uint32_t i = 0; i < s->slots; i++)
        if (s->value[i] != AR_NO_VALUE && model->graph.values[s->value[i]].role == AR_VALUE_CONSTANT)
            step.parameters += (uint64_t)arete_tensor_elements(&model->graph.values[s->value[i]].t);
    return step;
}

/* The caller's tensor for a port: right type and shape, tight, with memory. */
static arete_status check_port(const ar_value *v, const arete_tensor *given, const char *kind) {
    if (given->dtype != v->t.dtype)
        return ar_fail(ARETE_E_DTYPE, "%s '%s' is of %s, but %s was given", kind, v->name,
                       arete_dtype_name(v->t.dtype), arete_dtype_name(given->dtype));
    bool same = given->rank == v->t.rank;
    for (uint32_t d = 0; same && d < v->t.rank; d++)
        same = given->dims[d] == v->t.dims[d];
    if (!same)
        return ar_fail(ARETE_E_SHAPE, "%s '%s' was loaded with another shape", kind, v->name);
    if (!given->buffer && arete_tensor_elements(given) > 0)
        return ar_fail(ARETE_E_ARGUMENT, "%s '%s' has no buffer", kind, v->name);
    return ARETE_OK;
}

static arete_status check_ports(const arete_model *model, const arete_queue *queue, const arete_tensor *inputs,
                                size_t input_count, const arete_tensor *outputs, size_t output_count) {
    const ar_graph *g = &model->graph;
    arete_status status = ARETE_OK;
    if (!queue || arete_queue_device(queue) != model->device)
        return ar_fail(ARETE_E_MISMATCH, "the queue is not of the model's device");
    if (input_count != (size_t)g->input_count || output_count != (size_t)g->output_count ||
        (input_count && !inputs) || (output_count && !outputs))
        return ar_fail(ARETE_E_ARGUMENT, "the model has %d inputs and %d outputs, but %zu and %zu were given",
                       g->input_count, g->output_count, input_count, output_count);
    for (size_t i = 0; i < input_count && status == ARETE_OK; i++)
        status = check_port(&g->values[g->inputs[i]], &inputs[i], "input");
    for (size_t i = 0; i < output_count && status == ARETE_OK; i++)
        status = check_port(&g->values[g->outputs[i]], &outputs[i], "output");
    return status;
}

/* Memory of a value: the caller's, or its place. */
static void bind(const ar_graph *g, int value, const arete_tensor *inputs, const arete_tensor *outputs,
                 arete_tensor *operand) {
    int storage = ar_graph_storage(g, value);
    const ar_value *v = &g->values[storage];
    operand->buffer = v->buffer;
    operand->offset += v->offset;
    for (int i = 0; !v->buffer && i < g->input_count; i++)
        if (g->inputs[i] == storage) {
            operand->buffer = inputs[i].buffer;
            operand->offset += inputs[i].offset;
        }
    for (int i = 0; !operand->buffer && i < g->output_count; i++)
        if (ar_graph_storage(g, g->outputs[i]) == storage) {
            operand->buffer = outputs[i].buffer;
            operand->offset += outputs[i].offset;
        }
}

static arete_status run_step(const arete_model *model, const ar_step *step, arete_queue *queue,
                             const arete_tensor *inputs, const arete_tensor *outputs, arete_wait_list after,
                             arete_event **done) {
    arete_tensor operands[AR_STEP_SLOTS];
    for (uint32_t i = 0; i < step->slots; i++) {
        operands[i] = step->view[i];
        if (step->value[i] != AR_NO_VALUE && !(step->packs >> i & 1))
            bind(&model->graph, step->value[i], inputs, outputs, &operands[i]);
    }
    arete_status status = step->kind->run(step, queue, operands, after, done);
    return status == ARETE_OK ? status : ar_fail_within(status, "node '%s' (%s)", step->name, step->op);
}

arete_status arete_model_run(arete_model *model, arete_queue *queue, const arete_tensor *inputs, size_t input_count,
                             const arete_tensor *outputs, size_t output_count, arete_wait_list after,
                             arete_event **done) {
    if (!model)
        return ar_fail(ARETE_E_ARGUMENT, "model is NULL");
    arete_status status = check_ports(model, queue, inputs, input_count, outputs, output_count);
    if (status == ARETE_OK)
        status = arete_queue_reserve(queue, model->workspace);
    for (int s = 0; s < model->graph.step_count && status == ARETE_OK; s++) {
        arete_event **event = s + 1 == model->graph.step_count ? done : NULL;
        status = run_step(model, &model->graph.steps[s], queue, inputs, outputs, after, event);
        after = ARETE_WAIT_NONE; /* the queue is in order */
    }
    return status;
}

arete_status arete_model_profile(arete_model *model, arete_queue *queue, const arete_tensor *inputs,
                                 size_t input_count, const arete_tensor *outputs, size_t output_count,
                                 double *seconds, size_t steps) {
    if (!model || !seconds || steps < (size_t)model->graph.step_count)
        return ar_fail(ARETE_E_ARGUMENT, "model or seconds is NULL, or steps are fewer than the model's");
    arete_status status = check_ports(model, queue, inputs, input_count, outputs, output_count);
    if (status == ARETE_OK)
        status = arete_queue_reserve(queue, model->workspace);
    for (int s = 0; s < model->graph.step_count && status == ARETE_OK; s++) {
        double start = ar_os_seconds();
        status = run_step(model, &model->graph.steps[s], queue, inputs, outputs, ARETE_WAIT_NONE, NULL);
        if (status == ARETE_OK)
            status = arete_queue_finish(queue);
        seconds[s] = ar_os_seconds() - start;
    }
    return status;
}
