#include "hostile_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model_text.h"
#include "os.h"
#include "session.h"

arete_queue *hostile_queue(arete_context **context) {
    const arete_context_desc desc = {.backends = "reference", .cache_dir = "off", .tuning_dir = "off"};
    arete_device *device = NULL;
    arete_queue *queue = NULL;
    if (arete_context_create(&desc, context) != ARETE_OK ||
        arete_device_find(*context, "reference", &device) != ARETE_OK ||
        arete_queue_create(device, 0, &queue) != ARETE_OK) {
        fprintf(stderr, "%s\n", arete_error_text());
        abort();
    }
    return queue;
}

static const char *no_file(const void *of, const char *name) {
    (void)of;
    (void)name;
    return NULL;
}

arete_status hostile_load(arete_queue *queue, const uint8_t *data, size_t bytes) {
    const arete_model_desc desc = {
        .host_limit = HOSTILE_HOST_BYTES, .device_limit = HOSTILE_DEVICE_BYTES, .fold_limit = 1e8};
    arete_model *model = NULL;
    ar_session session;
    double seconds;
    arete_status status = arete_model_read(arete_queue_device(queue), data, bytes, NULL, &desc, &model);
    if (status != ARETE_OK)
        return status;
    arete_model_info info;
    arete_model_get_info(model, &info);
    uint64_t outside = 0;
    for (size_t i = 0; i < arete_model_input_count(model) + arete_model_output_count(model); i++) {
        arete_model_port port = i < arete_model_input_count(model)
                                    ? arete_model_input(model, i)
                                    : arete_model_output(model, i - arete_model_input_count(model));
        outside += (uint64_t)arete_tensor_elements(&port.tensor) * arete_dtype_size(port.tensor.dtype);
    }
    if (info.flops < 1e7 && info.bytes < 1e7 && info.workspace_bytes < HOSTILE_DEVICE_BYTES && outside < 1 << 16 &&
        ar_session_open(model, no_file, NULL, &session) == ARETE_OK) {
        (void)ar_session_run(&session, &seconds);
        ar_session_close(&session);
    }
    arete_model_release(model);
    return ARETE_OK;
}

corpus_model *corpus_read(const char *folder, size_t *count) {
    char **names = NULL;
    *count = 0;
    if (ar_os_list_folder(folder, ".txt", &names) != ARETE_OK) {
        fprintf(stderr, "%s\n", arete_error_text());
        abort();
    }
    while (names[*count])
        ++*count;
    corpus_model *models = calloc(*count + 1, sizeof *models);
    for (size_t i = 0; i < *count && models; i++) {
        char path[4096], *text = NULL;
        size_t length = 0;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (ar_os_read_file(path, &text, &length) != ARETE_OK)
            abort();
        snprintf(models[i].name, sizeof models[i].name, "%s", names[i]);
        models[i].data = model_bytes_from_text(text, &models[i].bytes);
        ar_os_free(text);
    }
    ar_os_free_names(names);
    return models;
}

void corpus_free(corpus_model *models, size_t count) {
    for (size_t i = 0; i < count; i++)
        free(models[i].data);
    free(models);
}
