/* An ONNX file as a workload: its steps, as they are left after fusion, with the cases that run them. The graph
 * library loads it for the reference device, which compiles nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "error.h"
#include "os.h"
#include "workload.h"

bool ar_workload_is_model(const char *word) {
    size_t length = strcspn(word, ",");
    return length > 5 && strncmp(word + length - 5, ".onnx", 5) == 0;
}

#ifdef ARETE_HAVE_GRAPH
#include "arete/model.h"

typedef struct model_settings {
    char names[2 * AR_WORKLOAD_PARAMS][64];
    arete_model_dim dims[2 * AR_WORKLOAD_PARAMS];
    arete_model_shape shapes[2 * AR_WORKLOAD_PARAMS];
} model_settings;

/* "batch=8,seq=128": open dimensions by name, or inputs of one integer; batch is the first one of every input as well,
 * whatever its name. "x=1x3x48x192": the shape of an input. */
static arete_status read_settings(const char *const *settings, size_t count, model_settings *own,
                                  arete_model_desc *desc) {
    for (size_t i = 0; i < count; i++) {
        const char *equals = strchr(settings[i], '=');
        int64_t sizes[ARETE_MAX_RANK] = {0};
        uint32_t rank = equals ? ar_workload_sizes(equals + 1, 1, sizes) : 0;
        if (rank == 0 || equals == settings[i] || equals - settings[i] >= 64)
            return ar_fail(ARETE_E_ARGUMENT,
                           "'%s': NAME=N, of an open dimension of the model, or INPUT=AxBxC, its shape, was expected",
                           settings[i]);
        snprintf(own->names[i], sizeof own->names[i], "%.*s", (int)(equals - settings[i]), settings[i]);
        if (rank > 1) {
            arete_model_shape *shape = &own->shapes[desc->shape_count++];
            *shape = (arete_model_shape){.input = own->names[i], .rank = rank};
            memcpy(shape->dims, sizes, sizeof shape->dims);
            continue;
        }
        own->dims[desc->dim_count++] = (arete_model_dim){own->names[i], sizes[0]};
        if (strcmp(own->names[i], "batch") == 0)
            desc->batch = sizes[0];
    }
    desc->dims = own->dims;
    desc->shapes = own->shapes;
    return ARETE_OK;
}

/* What is no product, convolution, recurrence or attention streams through memory: bytes as its cost has them, told
 * in elements of its real type. */
static void layer_of(const ar_case *of, const arete_model_step *step, ar_op *op) {
    double written = 0;
    *op = (ar_op){.kind = AR_OP_LAYER, .dtype = ARETE_F32, .params = (int64_t)step->parameters};
    for (size_t i = 0; i < of->count; i++) {
        const arete_tensor *t = &of->operands[i].tensor;
        if (of->operands[i].role == AR_OUTPUT || of->operands[i].role == AR_INOUT)
            written += (double)arete_tensor_elements(t) * (double)arete_dtype_size(t->dtype);
        if (t->dtype >= ARETE_F16 && t->dtype <= ARETE_F64)
            op->dtype = (uint8_t)t->dtype;
    }
    double size = (double)arete_dtype_size((arete_dtype)op->dtype), read = step->cost.bytes - written;
    op->reads = read > 0 ? (int64_t)(read / size) : 0;
    op->writes = (int64_t)(written / size);
    op->ops = op->writes > 0 ? step->cost.flops / (double)op->writes : 0;
}

static arete_status add_step(ar_workload *w, const arete_model_step *step, arete_dtype dtype) {
    ar_workload_op one = {.count = 1, .line = 0};
    char text[AR_CASE_BYTES];
    ar_case of;
    int length = snprintf(text, sizeof text, "%s %s", step->family, step->problem);
    const char *words = strncmp(step->problem, step->family, strlen(step->family)) == 0 &&
                                step->problem[strlen(step->family)] == ' '
                            ? step->problem
                            : text;
    if (words == text && (size_t)length >= sizeof text)
        return ar_fail(ARETE_E_UNSUPPORTED, "a problem of more than %zu characters", sizeof text - 1);
    arete_status status = ar_case_make(words, &of);
    if (status != ARETE_OK)
        return ar_fail_within(status, "%s (%s)", step->name, step->op);
    if (!ar_op_of_case(of.work->family->name, of.text, &one.op))
        layer_of(&of, step, &one.op);
    else if (dtype != ARETE_DTYPE_NONE)
        one.op.dtype = (uint8_t)dtype;
    snprintf(one.exact, sizeof one.exact, "%.31s %.479s", of.work->family->name, of.text);
    if (strlen(of.text) > 479)
        status = ar_fail(ARETE_E_UNSUPPORTED, "%s: its case is too long", step->name);
    ar_case_free(&of);
    snprintf(one.label, sizeof one.label, "%s", step->op);
    for (size_t i = 0; i < w->op_count && status == ARETE_OK; i++)
        if (strcmp(w->ops[i].exact, one.exact) == 0 && w->ops[i].op.params == one.op.params) {
            w->ops[i].count++;
            return ARETE_OK;
        }
    ar_op_count(&one.op, &one.cost);
    return status == ARETE_OK ? ar_workload_push(w, &one) : status;
}

static arete_status take_model(const arete_model *model, const char *path, arete_dtype dtype, ar_workload *w) {
    arete_model_info info;
    arete_model_get_info(model, &info);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    snprintf(w->name, sizeof w->name, "%.*s", (int)strcspn(base, "."), base);
    snprintf(w->title, sizeof w->title, "%.60s: %zu nodes, %zu steps", base, info.nodes, info.steps);
    snprintf(w->source, sizeof w->source, "%s", path);
    snprintf(w->path, sizeof w->path, "%s", path);
    snprintf(w->item, sizeof w->item, "sample");
    for (size_t i = 0; i < arete_model_input_count(model); i++) {
        const arete_tensor t = arete_model_input(model, i).tensor;
        w->input += (double)arete_tensor_elements(&t);
    }
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < info.steps && status == ARETE_OK; i++) {
        const arete_model_step step = arete_model_get_step(model, i);
        status = add_step(w, &step, dtype);
    }
    return status;
}

arete_status ar_workload_of_model(const char *path, const char *const *settings, size_t count, arete_dtype dtype,
                                  ar_workload *into) {
    static const arete_context_desc reference = {.backends = "reference", .cache_dir = "off", .tuning_dir = "off"};
    model_settings own = {0};
    arete_model_desc desc = {0};
    arete_context *context = NULL;
    arete_device *device = NULL;
    arete_model *model = NULL;
    *into = (ar_workload){.dtype = dtype == ARETE_DTYPE_NONE ? ARETE_F32 : dtype, .items = 1};
    arete_status status = read_settings(settings, count, &own, &desc);
    if (status == ARETE_OK)
        status = arete_context_create(&reference, &context);
    if (status == ARETE_OK)
        status = arete_device_find(context, "reference", &device);
    if (status == ARETE_OK)
        status = arete_model_load(device, path, &desc, &model);
    if (status == ARETE_OK)
        status = take_model(model, path, dtype, into);
    into->items = desc.batch > 0 ? (double)desc.batch : 1;
    arete_model_release(model);
    arete_context_release(context);
    if (status != ARETE_OK)
        ar_workload_free(into);
    return status;
}
#else
arete_status ar_workload_of_model(const char *path, const char *const *settings, size_t count, arete_dtype dtype,
                                  ar_workload *into) {
    (void)settings;
    (void)count;
    (void)dtype;
    *into = (ar_workload){0};
    return ar_fail(ARETE_E_UNSUPPORTED, "%s: this build reads no ONNX files (libprotobuf-c-dev, libonnx-dev)",
                   path);
}
#endif
