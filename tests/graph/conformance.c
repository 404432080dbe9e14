/* ONNX's own test data through arete_model_load() and arete_model_run(): every folder below "node", "simple",
 * "pytorch-converted" and "pytorch-operator". What is expected to be passed over stands in a list with its reason;
 * a case that passes must not stand there, and one that fails must.
 *
 *   conformance DATA SKIPPED DEVICE [every Nth] [only a case whose name has this in it] */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arete/model.h"
#include "nodes.h"
#include "onnx_wire.h"
#include "os.h"

#define MOST_PORTS 32

typedef struct tally {
    char op[48];
    int passed, failed, skipped;
} tally;

typedef struct run {
    const char *data;
    arete_device *device;
    arete_queue *queue;
    char *skips; /* the list's text */
    tally ops[400];
    int op_count, passed, failed, skipped, folded, wrong;
} run;

typedef struct arrays {
    ar_onnx_array in[MOST_PORTS], out[MOST_PORTS];
    size_t in_count, out_count;
} arrays;

/* The network's own words on its index-th input that has no initializer, or output; NULL: there is none. */
static const Onnx__ValueInfoProto *port_of(const Onnx__GraphProto *graph, bool input, size_t index) {
    if (!input)
        return index < graph->n_output ? graph->output[index] : NULL;
    for (size_t i = 0; i < graph->n_input; i++) {
        bool weight = false;
        for (size_t w = 0; w < graph->n_initializer; w++)
            weight = weight || strcmp(graph->initializer[w]->name, graph->input[i]->name) == 0;
        if (!weight && index-- == 0)
            return graph->input[i];
    }
    return NULL;
}

/* The data have bf16 as the bits of u16, where the network says bf16. */
static void as_declared(Onnx__TensorProto *tensor, const Onnx__ValueInfoProto *port) {
    const Onnx__TypeProto *type = port ? port->type : NULL;
    if (tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__UINT16 && type && type->tensor_type &&
        type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE &&
        type->tensor_type->elem_type == ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16)
        tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__BFLOAT16;
}

static bool read_array(const run *r, const char *folder, const Onnx__GraphProto *graph, bool input, size_t index,
                       ar_onnx_array *array) {
    char path[2048], *data = NULL;
    size_t length = 0;
    snprintf(path, sizeof path, "%s/%s/test_data_set_0/%s_%zu.pb", r->data, folder, input ? "input" : "output",
             index);
    if (ar_os_read_file(path, &data, &length) != ARETE_OK)
        return false;
    Onnx__TensorProto *tensor = onnx__tensor_proto__unpack(NULL, length, (const uint8_t *)data);
    if (tensor)
        as_declared(tensor, port_of(graph, input, index));
    bool ok = tensor && ar_onnx_array_read(tensor, array) == ARETE_OK;
    if (tensor)
        onnx__tensor_proto__free_unpacked(tensor, NULL);
    ar_os_free(data);
    return ok;
}

static void free_arrays(arrays *a) {
    for (size_t i = 0; i < MOST_PORTS; i++) {
        ar_onnx_array_free(&a->in[i]);
        ar_onnx_array_free(&a->out[i]);
    }
}

/* How many of the inputs become constants: what the file's inputs may be turned into before a load fails. */
typedef enum fixing { FIX_NONE, FIX_INTEGERS, FIX_LATER, FIX_ALL, FIXINGS } fixing;

static bool fixed(const ar_onnx_array *a, size_t index, fixing how) {
    bool integer = a->dtype == ARETE_I64 || a->dtype == ARETE_I32 || a->dtype == ARETE_BOOL;
    return how == FIX_ALL || (how == FIX_LATER && index > 0) || (how == FIX_INTEGERS && index > 0 && integer);
}

static arete_status load(const run *r, const char *folder, const Onnx__ModelProto *proto, const arrays *a,
                         fixing how, arete_model **model) {
    arete_model_value values[MOST_PORTS] = {0};
    arete_model_shape shapes[MOST_PORTS] = {0};
    arete_model_desc desc = {.values = values, .shapes = shapes};
    char path[2048];
    size_t file = 0;
    for (size_t i = 0; i < proto->graph->n_input; i++) {
        const char *name = proto->graph->input[i]->name;
        bool weight = false;
        for (size_t w = 0; w < proto->graph->n_initializer; w++)
            weight = weight || strcmp(proto->graph->initializer[w]->name, name) == 0;
        if (weight || file >= a->in_count)
            continue;
        const ar_onnx_array *array = &a->in[file];
        if (fixed(array, file, how)) {
            arete_model_value *v = &values[desc.value_count++];
            *v =
                (arete_model_value){.input = name, .dtype = array->dtype, .rank = array->rank, .data = array->data};
            memcpy(v->dims, array->dims, sizeof v->dims);
        } else {
            arete_model_shape *s = &shapes[desc.shape_count++];
            *s = (arete_model_shape){.input = name, .rank = array->rank};
            memcpy(s->dims, array->dims, sizeof s->dims);
        }
        file++;
    }
    snprintf(path, sizeof path, "%s/%s/model.onnx", r->data, folder);
    return arete_model_load(r->device, path, &desc, model);
}

/* The array of the case for an input that is left. */
static const ar_onnx_array *array_for(const Onnx__ModelProto *proto, const arrays *a, const char *name) {
    size_t file = 0;
    for (size_t i = 0; i < proto->graph->n_input; i++) {
        bool weight = false;
        for (size_t w = 0; w < proto->graph->n_initializer; w++)
            weight = weight || strcmp(proto->graph->initializer[w]->name, proto->graph->input[i]->name) == 0;
        if (weight)
            continue;
        if (strcmp(proto->graph->input[i]->name, name) == 0)
            return file < a->in_count ? &a->in[file] : NULL;
        file++;
    }
    return NULL;
}

static arete_status upload(const run *r, arete_model_port port, const ar_onnx_array *array, arete_tensor *tensor) {
    *tensor = port.tensor;
    arete_status status = arete_buffer_create(r->device, array->bytes ? array->bytes : 1, &tensor->buffer);
    if (status == ARETE_OK && array->bytes)
        status = arete_queue_write(r->queue, tensor->buffer, 0, array->bytes, array->data, ARETE_WAIT_NONE, NULL);
    return status;
}

static bool same_shape(const arete_tensor *t, const ar_onnx_array *want) {
    bool same = t->dtype == want->dtype && t->rank == want->rank;
    for (uint32_t d = 0; same && d < t->rank; d++)
        same = t->dims[d] == want->dims[d];
    return same;
}

/* A single node is held to what its rounding allows, a network to what remains after many of them. */
static double relative_error(const Onnx__ModelProto *proto, arete_dtype dtype) {
    return dtype == ARETE_BF16 ? 1e-2 : dtype == ARETE_F16 ? 2e-3 : proto->graph->n_node == 1 ? 1e-5 : 1e-3;
}

static bool compare(const run *r, const arete_tensor *tensor, const ar_onnx_array *want, double relative, char *why,
                    size_t bytes) {
    uint64_t at = 0;
    if (!same_shape(tensor, want)) {
        snprintf(why, bytes, "an output is %s of %u dimensions (first %lld), not %s of %u (first %lld)",
                 arete_dtype_name(tensor->dtype), tensor->rank, (long long)tensor->dims[0],
                 arete_dtype_name(want->dtype), want->rank, (long long)want->dims[0]);
        return false;
    }
    void *got = malloc(want->bytes ? want->bytes : 1);
    bool ok = got && (want->bytes == 0 || arete_queue_read(r->queue, tensor->buffer, 0, want->bytes, got,
                                                           ARETE_WAIT_NONE, NULL) == ARETE_OK);
    double absolute = want->dtype == ARETE_F16 || want->dtype == ARETE_BF16 ? 1e-3 : 2e-6;
    if (!ok) {
        snprintf(why, bytes, "an output could not be read: %s", arete_error_text());
    } else if (!node_same(want, got, relative, absolute, &at)) {
        snprintf(why, bytes, "element %llu of an output is %g, should be %g", (unsigned long long)at,
                 node_value(want->dtype, got, at), node_value(want->dtype, want->data, at));
        ok = false;
    }
    free(got);
    return ok;
}

static bool execute(const run *r, arete_model *model, const Onnx__ModelProto *proto, const arrays *a, char *why,
                    size_t bytes) {
    arete_tensor in[MOST_PORTS] = {{0}}, out[MOST_PORTS] = {{0}};
    size_t inputs = arete_model_input_count(model), outputs = arete_model_output_count(model);
    arete_status status = ARETE_OK;
    bool ok = inputs <= MOST_PORTS && outputs == a->out_count;
    for (size_t i = 0; i < inputs && ok && status == ARETE_OK; i++) {
        arete_model_port port = arete_model_input(model, i);
        const ar_onnx_array *array = array_for(proto, a, port.name);
        ok = array != NULL;
        status = ok ? upload(r, port, array, &in[i]) : status;
    }
    for (size_t i = 0; i < outputs && ok && status == ARETE_OK; i++) {
        out[i] = arete_model_output(model, i).tensor;
        uint64_t size = (uint64_t)arete_tensor_elements(&out[i]) * arete_dtype_size(out[i].dtype);
        status = arete_buffer_create(r->device, size ? size : 1, &out[i].buffer);
    }
    for (int twice = 0; twice < 2 && ok && status == ARETE_OK; twice++)
        status = arete_model_run(model, r->queue, in, inputs, out, outputs, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(r->queue);
    if (!ok || status != ARETE_OK)
        snprintf(why, bytes, "%s", ok ? arete_error_text() : "inputs or outputs are not those of the case");
    ok = ok && status == ARETE_OK;
    for (size_t i = 0; i < outputs && ok; i++)
        ok = compare(r, &out[i], &a->out[i], relative_error(proto, a->out[i].dtype), why, bytes);
    for (size_t i = 0; i < MOST_PORTS; i++) {
        arete_buffer_release(in[i].buffer);
        arete_buffer_release(out[i].buffer);
    }
    return ok;
}

/* Whether the case passes, and with how many constants. */
static bool passes(run *r, const char *folder, const Onnx__ModelProto *proto, char *why, size_t bytes) {
    arrays a = {0};
    arete_model *model = NULL;
    arete_status status = ARETE_E_UNSUPPORTED;
    bool ok = true;
    while (a.in_count < MOST_PORTS && read_array(r, folder, proto->graph, true, a.in_count, &a.in[a.in_count]))
        a.in_count++;
    while (a.out_count < MOST_PORTS && read_array(r, folder, proto->graph, false, a.out_count, &a.out[a.out_count]))
        a.out_count++;
    for (size_t i = 0; i < a.in_count; i++)
        ok = ok && a.in[i].dtype != ARETE_DTYPE_NONE;
    if (!ok || a.out_count != proto->graph->n_output) {
        snprintf(why, bytes, "its data are no tensors, or of a type that Arete has not");
        free_arrays(&a);
        return false;
    }
    for (fixing how = FIX_NONE; how < FIXINGS && status == ARETE_E_UNSUPPORTED; how++) {
        status = load(r, folder, proto, &a, how, &model);
        r->folded += status == ARETE_OK && how == FIX_ALL;
    }
    if (status != ARETE_OK)
        snprintf(why, bytes, "%s", arete_error_text());
    else
        ok = execute(r, model, proto, &a, why, bytes);
    arete_model_release(model);
    free_arrays(&a);
    return ok && status == ARETE_OK;
}

static tally *tally_of(run *r, const char *op) {
    for (int i = 0; i < r->op_count; i++)
        if (strcmp(r->ops[i].op, op) == 0)
            return &r->ops[i];
    if (r->op_count == (int)(sizeof r->ops / sizeof r->ops[0]))
        return &r->ops[0];
    snprintf(r->ops[r->op_count].op, sizeof r->ops[0].op, "%s", op);
    return &r->ops[r->op_count++];
}

/* How many cases the list names for each reason, in its order. */
static void print_reasons(const run *r) {
    for (const char *line = r->skips; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        size_t length = strcspn(line, "\n"), name = strcspn(line, " ");
        const char *reason = line + name;
        size_t bytes = length > name ? length - name : 0;
        if (*line == '#' || bytes == 0)
            continue;
        int count = 0;
        bool first = true;
        for (const char *at = r->skips; at && *at; at = strchr(at, '\n'), at += at != NULL) {
            size_t own = strcspn(at, " \n");
            bool same = *at != '#' && strcspn(at, "\n") == own + bytes && strncmp(at + own, reason, bytes) == 0;
            first = first && !(same && at < line);
            count += same;
        }
        if (first)
            printf("listed to be passed over, %2d:%.*s\n", count, (int)bytes, reason);
    }
}

/* "folder/case  reason"; a reason of the reference device alone says so. */
static bool listed(const run *r, const char *folder) {
    static const char only_reference[] = "  on reference:";
    bool reference = arete_device_get_info(r->device)->kind == ARETE_DEVICE_REFERENCE;
    size_t length = strlen(folder);
    for (const char *at = r->skips; (at = strstr(at, folder)) != NULL; at += length)
        if ((at == r->skips || at[-1] == '\n') && at[length] == ' ')
            return reference || strncmp(at + length, only_reference, sizeof only_reference - 1) != 0;
    return false;
}

static void look_at(run *r, const char *folder) {
    char path[2048], why[4096] = "", *data = NULL;
    size_t length = 0;
    Onnx__ModelProto *proto = NULL;
    ar_pool message = {0};
    snprintf(path, sizeof path, "%s/%s/model.onnx", r->data, folder);
    if (ar_os_read_file(path, &data, &length) != ARETE_OK)
        return;
    bool ok = ar_onnx_unpack(data, length, &message, &proto) == ARETE_OK;
    tally *t = tally_of(r, ok && proto->graph->n_node == 1 ? proto->graph->node[0]->op_type : "(several nodes)");
    ok = ok && passes(r, folder, proto, why, sizeof why);
    bool expected = !listed(r, folder);
    t->passed += ok;
    t->skipped += !ok && !expected;
    t->failed += !ok && expected;
    r->passed += ok;
    r->skipped += !ok && !expected;
    r->failed += !ok && expected;
    if (ok != expected) {
        r->wrong++;
        printf("%s %s: %s\n", ok ? "PASSES, BUT IS LISTED" : "FAILED", folder, ok ? "strike it off" : why);
    }
    ar_pool_free(&message);
    ar_os_free(data);
}

static int is_case(const struct dirent *entry) {
    return strncmp(entry->d_name, "test_", 5) == 0;
}

static void look_below(run *r, const char *kind, int every, const char *only) {
    char path[2048];
    struct dirent **entries = NULL;
    snprintf(path, sizeof path, "%s/%s", r->data, kind);
    int count = scandir(path, &entries, is_case, alphasort);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", kind, entries[i]->d_name);
        if (i % every == 0 && (!only || strstr(path, only)))
            look_at(r, path);
        free(entries[i]);
    }
    free(entries);
}

int main(int argc, char **argv) {
    static run r;
    static const char *const kinds[] = {"node", "simple", "pytorch-converted", "pytorch-operator"};
    const arete_context_desc desc = {.cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_context *context = NULL;
    size_t length = 0;
    if (argc < 4) {
        fprintf(stderr, "usage: conformance DATA SKIPPED DEVICE [EVERY] [ONLY]\n");
        return 2;
    }
    r.data = argv[1];
    struct stat facts;
    if (stat(r.data, &facts) != 0) {
        printf("skipped: ONNX's test data (libonnx-testdata) is not in %s\n", r.data);
        return 77;
    }
    if (arete_context_create(&desc, &context) != ARETE_OK ||
        arete_device_find(context, argv[3], &r.device) != ARETE_OK ||
        arete_queue_create(r.device, 0, &r.queue) != ARETE_OK ||
        ar_os_read_file(argv[2], &r.skips, &length) != ARETE_OK) {
        printf("%s\n", arete_error_text());
        return strcmp(argv[3], "reference") != 0 && !r.device ? 77 : 1;
    }
    int every = argc > 4 ? atoi(argv[4]) : 1;
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
        look_below(&r, kinds[k], every > 0 ? every : 1, argc > 5 ? argv[5] : NULL);
    for (int i = 0; i < r.op_count; i++)
        printf("%-28s passed %3d  failed %3d  skipped %3d\n", r.ops[i].op, r.ops[i].passed, r.ops[i].failed,
               r.ops[i].skipped);
    printf("all: passed %d, failed %d, skipped %d of %d (%.1f%% pass; %d of them wholly constant)\n", r.passed,
           r.failed, r.skipped, r.passed + r.failed + r.skipped,
           100.0 * r.passed / (r.passed + r.failed + r.skipped ? r.passed + r.failed + r.skipped : 1), r.folded);
    print_reasons(&r);
    ar_os_free(r.skips);
    arete_queue_release(r.queue);
    arete_context_release(context);
    return r.wrong ? 1 : 0;
}
