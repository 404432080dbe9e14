#include "model_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "workload.h"

const char ar_model_options_help[] =
    "  --dim NAME=N         fixes an open dimension by its name in the file (else 1), or an input of one integer\n"
    "  --shape NAME=AxBxC   fixes an input's shape\n"
    "  --value NAME=FILE    gives an input its value for good, at load: shapes and branches that follow from it "
    "are\n"
    "                       then known (.npy)\n"
    "  --no-fusion          each node as the file has it\n"
    "  --strict             convolutions without Winograd's arithmetic\n"
    "  --device D           as in `arete devices`\n";

bool ar_model_args_add(ar_model_args *args, char kind, char *text) {
    ar_named *lists[] = {args->dims, args->shapes, args->values, args->inputs};
    size_t *counts[] = {&args->dim_count, &args->shape_count, &args->value_count, &args->input_count};
    int which = kind == 'm' ? 0 : kind == 's' ? 1 : kind == 'v' ? 2 : 3;
    char *equals = strrchr(text, '=');
    if (!equals || equals == text || !equals[1] || *counts[which] == AR_MOST_NAMED) {
        fprintf(stderr, "arete: '%s' is not NAME=VALUE, or there are more than %d of them\n", text, AR_MOST_NAMED);
        return false;
    }
    *equals = '\0';
    lists[which][(*counts[which])++] = (ar_named){text, equals + 1};
    return true;
}

const char *ar_model_args_input(const ar_model_args *args, const char *name) {
    for (size_t i = 0; i < args->input_count; i++)
        if (strcmp(args->inputs[i].name, name) == 0)
            return args->inputs[i].value;
    return NULL;
}

void ar_tensor_text(const arete_tensor *tensor, char *text, size_t bytes) {
    int used = snprintf(text, bytes, "%s [", arete_dtype_name(tensor->dtype));
    for (uint32_t d = 0; d < tensor->rank && used > 0 && (size_t)used < bytes; d++)
        used += snprintf(text + used, bytes - (size_t)used, "%s%lld", d ? "," : "", (long long)tensor->dims[d]);
    if (used > 0 && (size_t)used < bytes)
        snprintf(text + used, bytes - (size_t)used, "]");
}

/* Shapes of --shape, then those of input files. */
static arete_status gather_shapes(const ar_model_args *args, arete_model_shape *shapes, size_t *count) {
    static const arete_tensor any = {0};
    for (size_t i = 0; i < args->shape_count; i++) {
        arete_model_shape *s = &shapes[(*count)++];
        s->input = args->shapes[i].name;
        s->rank = ar_workload_sizes(args->shapes[i].value, 0, s->dims);
        if (s->rank == 0) {
            fprintf(stderr, "arete: --shape %s=%s: the shape must be 1 to %d numbers with x between\n", s->input,
                    args->shapes[i].value, ARETE_MAX_RANK);
            return ARETE_E_FORMAT;
        }
    }
    for (size_t i = 0; i < args->input_count; i++) {
        ar_npy array;
        size_t length = strlen(args->inputs[i].value);
        if (length < 4 || strcmp(args->inputs[i].value + length - 4, ".npy") != 0)
            continue;
        arete_status status = ar_npy_read(args->inputs[i].value, &any, &array);
        if (status != ARETE_OK) {
            ar_command_failed("--input");
            return status;
        }
        arete_model_shape *s = &shapes[(*count)++];
        *s = (arete_model_shape){.input = args->inputs[i].name, .rank = array.rank};
        memcpy(s->dims, array.dims, sizeof s->dims);
        ar_npy_free(&array);
    }
    return ARETE_OK;
}

arete_status ar_model_args_load(const ar_model_args *args, arete_device *device, arete_model **model) {
    static const arete_tensor any = {0};
    arete_model_dim dims[AR_MOST_NAMED];
    arete_model_shape shapes[2 * AR_MOST_NAMED];
    arete_model_value values[AR_MOST_NAMED];
    ar_npy arrays[AR_MOST_NAMED] = {{0}};
    arete_model_desc desc = {.dims = dims, .shapes = shapes, .values = values, .no_fusion = args->no_fusion};
    desc.math = args->strict ? ARETE_MATH_STRICT : ARETE_MATH_DEFAULT;
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < args->dim_count; i++) {
        char *end;
        dims[desc.dim_count++] = (arete_model_dim){args->dims[i].name, strtoll(args->dims[i].value, &end, 10)};
        if (*end) {
            fprintf(stderr, "arete: --dim %s=%s: the dimension must be a whole number\n", args->dims[i].name,
                    args->dims[i].value);
            return ARETE_E_FORMAT;
        }
    }
    for (size_t i = 0; i < args->value_count && status == ARETE_OK; i++) {
        status = ar_npy_read(args->values[i].value, &any, &arrays[i]);
        arete_model_value *v = &values[desc.value_count];
        *v = (arete_model_value){.input = args->values[i].name,
                                 .dtype = arrays[i].dtype,
                                 .rank = arrays[i].rank,
                                 .data = arrays[i].data};
        memcpy(v->dims, arrays[i].dims, sizeof v->dims);
        desc.value_count++;
    }
    if (status != ARETE_OK)
        ar_command_failed("--value");
    else
        status = gather_shapes(args, shapes, &desc.shape_count);
    if (status == ARETE_OK) {
        status = arete_model_load(device, args->path, &desc, model);
        if (status != ARETE_OK)
            ar_command_failed("model");
    }
    for (size_t i = 0; i < args->value_count; i++)
        ar_npy_free(&arrays[i]);
    return status;
}
