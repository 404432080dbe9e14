/* What the commands on ONNX models share: how a model is given and loaded. */
#ifndef AR_MODEL_ARGS_H
#define AR_MODEL_ARGS_H

#include "arete/model.h"
#include "npy.h"

#define AR_MOST_NAMED 32

typedef struct ar_named {
    const char *name, *value;
} ar_named;

typedef struct ar_model_args {
    const char *path, *device;
    ar_named dims[AR_MOST_NAMED], shapes[AR_MOST_NAMED], values[AR_MOST_NAMED], inputs[AR_MOST_NAMED];
    size_t dim_count, shape_count, value_count, input_count;
    bool no_fusion, strict;
} ar_model_args;

extern const char ar_model_options_help[];

/* Takes one of --dim, --shape, --value, --input; false: the text is wrong, said on standard error. */
bool ar_model_args_add(ar_model_args *args, char kind, char *text);

/* Loads; shapes of inputs that are given as .npy follow from the files. On failure said on standard error. */
arete_status ar_model_args_load(const ar_model_args *args, arete_device *device, arete_model **model);

/* The file given for an input, or NULL. */
const char *ar_model_args_input(const ar_model_args *args, const char *name);

/* "f32 [1,3,224,224]" */
void ar_tensor_text(const arete_tensor *tensor, char *text, size_t bytes);

#endif
