#include "nodes.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "onnx_attribute.h"
#include "os.h"

static const char *place(void) {
    const char *given = getenv("ARETE_NODES");
    return given && *given ? given : "/usr/share/libonnx-testdata/data";
}

bool nodes_here(void) {
    struct stat info;
    return stat(place(), &info) == 0;
}

int64_t node_int(const node_case *of, const char *name, int64_t absent) {
    return ar_onnx_int(of->node, name, absent);
}

float node_float(const node_case *of, const char *name, float absent) {
    return ar_onnx_float(of->node, name, absent);
}

void node_string(const node_case *of, const char *name, const char *absent, char *text, size_t bytes) {
    ar_onnx_string(of->node, name, absent, text, bytes);
}

size_t node_ints(const node_case *of, const char *name, int64_t *values, size_t most) {
    return ar_onnx_ints(of->node, name, values, most);
}

size_t node_floats(const node_case *of, const char *name, float *values, size_t most) {
    return ar_onnx_floats(of->node, name, values, most);
}

bool node_string_at(const node_case *of, const char *name, size_t index, char *text, size_t bytes) {
    return ar_onnx_string_at(of->node, name, index, text, bytes);
}

const Onnx__TensorProto *node_tensor(const node_case *of, const char *name) {
    return ar_onnx_tensor(of->node, name);
}

/* A message's file, unpacked by its descriptor; NULL when it is none. */
static void *unpack(const char *path, const ProtobufCMessageDescriptor *descriptor) {
    char *data = NULL;
    size_t length = 0;
    if (ar_os_read_file(path, &data, &length) != ARETE_OK)
        return NULL;
    void *message = protobuf_c_message_unpack(descriptor, NULL, length, (const uint8_t *)data);
    ar_os_free(data);
    return message;
}

static bool read_file_array(const char *folder, const char *kind, size_t index, ar_onnx_array *array) {
    char path[2048];
    snprintf(path, sizeof path, "%s/%s/test_data_set_0/%s_%zu.pb", place(), folder, kind, index);
    Onnx__TensorProto *tensor = unpack(path, &onnx__tensor_proto__descriptor);
    bool ok = tensor && ar_onnx_array_read(tensor, array) == ARETE_OK;
    if (tensor)
        onnx__tensor_proto__free_unpacked(tensor, NULL);
    return ok;
}

static bool read_named(const node_case *of, const char *folder, const char *name, ar_onnx_array *array) {
    const Onnx__GraphProto *graph = of->model->graph;
    size_t file = 0;
    for (size_t i = 0; i < graph->n_initializer; i++)
        if (strcmp(graph->initializer[i]->name, name) == 0)
            return ar_onnx_array_read(graph->initializer[i], array) == ARETE_OK;
    for (size_t i = 0; i < graph->n_input; i++) {
        bool constant = false;
        for (size_t c = 0; c < graph->n_initializer; c++)
            constant = constant || strcmp(graph->initializer[c]->name, graph->input[i]->name) == 0;
        if (strcmp(graph->input[i]->name, name) == 0)
            return read_file_array(folder, "input", file, array);
        file += !constant;
    }
    return false;
}

static bool read_output(const node_case *of, const char *folder, const char *name, ar_onnx_array *array) {
    const Onnx__GraphProto *graph = of->model->graph;
    for (size_t i = 0; i < graph->n_output; i++)
        if (strcmp(graph->output[i]->name, name) == 0)
            return read_file_array(folder, "output", i, array);
    return false;
}

static void release(node_case *of) {
    for (size_t i = 0; i < NODE_MOST; i++) {
        ar_onnx_array_free(&of->inputs[i]);
        ar_onnx_array_free(&of->outputs[i]);
    }
    if (of->model)
        onnx__model_proto__free_unpacked(of->model, NULL);
    memset(of, 0, sizeof *of);
}

static int64_t opset_of(const Onnx__ModelProto *model, const char *domain) {
    for (size_t i = 0; i < model->n_opset_import; i++) {
        const char *its = model->opset_import[i]->domain;
        if (strcmp(its ? its : "", domain ? domain : "") == 0)
            return model->opset_import[i]->version;
    }
    return 0;
}

/* The case of a folder, when it is one node with tensors throughout. */
static bool load(const char *folder, const char *op, node_case *of) {
    char path[2048];
    memset(of, 0, sizeof *of);
    snprintf(path, sizeof path, "%s/%s/model.onnx", place(), folder);
    of->model = unpack(path, &onnx__model_proto__descriptor);
    if (!of->model || !of->model->graph || of->model->graph->n_node != 1)
        return false;
    of->node = of->model->graph->node[0];
    of->folder = folder;
    of->op = of->node->op_type;
    of->opset = opset_of(of->model, of->node->domain);
    if ((op && strcmp(of->op, op) != 0) || of->node->n_input > NODE_MOST || of->node->n_output > NODE_MOST)
        return false;
    of->input_count = of->node->n_input;
    of->output_count = of->node->n_output;
    for (size_t i = 0; i < of->input_count; i++)
        if (*of->node->input[i] && !read_named(of, folder, of->node->input[i], &of->inputs[i]))
            return false;
    for (size_t i = 0; i < of->output_count; i++)
        if (*of->node->output[i] && !read_output(of, folder, of->node->output[i], &of->outputs[i]))
            return false;
    return true;
}

static int is_case(const struct dirent *entry) {
    return strncmp(entry->d_name, "test_", 5) == 0;
}

size_t nodes_each(const char *folder, const char *op, bool (*visit)(const node_case *of, void *with), void *with) {
    char path[1024];
    struct dirent **entries = NULL;
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", place(), folder);
    int found = scandir(path, &entries, is_case, alphasort);
    bool go_on = true;
    for (int i = 0; i < found; i++) {
        node_case *of = go_on ? calloc(1, sizeof *of) : NULL;
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (of && load(path, op, of)) {
            count++;
            go_on = visit(of, with);
        }
        if (of)
            release(of);
        free(of);
        free(entries[i]);
    }
    free(entries);
    return count;
}

double node_value(arete_dtype dtype, const void *data, uint64_t i) {
    switch (dtype) {
    case ARETE_F32:
        return (double)((const float *)data)[i];
    case ARETE_F64:
        return ((const double *)data)[i];
    case ARETE_F16:
        return (double)arete_f32_from_f16(((const uint16_t *)data)[i]);
    case ARETE_BF16:
        return (double)arete_f32_from_bf16(((const uint16_t *)data)[i]);
    case ARETE_I8:
        return ((const int8_t *)data)[i];
    case ARETE_I32:
        return ((const int32_t *)data)[i];
    case ARETE_I64:
        return (double)((const int64_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

bool node_same(const ar_onnx_array *want, const void *got, double relative, double absolute, uint64_t *at) {
    bool real = want->dtype == ARETE_F32 || want->dtype == ARETE_F64 || want->dtype == ARETE_F16 ||
                want->dtype == ARETE_BF16;
    size_t size = arete_dtype_size(want->dtype);
    for (*at = 0; *at < want->count; ++*at) {
        if (memcmp((const char *)want->data + *at * size, (const char *)got + *at * size, size) == 0)
            continue;
        double w = node_value(want->dtype, want->data, *at), g = node_value(want->dtype, got, *at);
        if (!real || !((isnan(w) && isnan(g)) || w == g || fabs(g - w) <= absolute + relative * fabs(w)))
            return false;
    }
    return true;
}
