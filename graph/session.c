#include "session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "npy.h"
#include "os.h"

static uint64_t bytes_of(const arete_tensor *t) {
    return (uint64_t)arete_tensor_elements(t) * arete_dtype_size(t->dtype);
}

static void fill(const arete_tensor *t, void *data) {
    uint64_t state = 88172645463325252u;
    for (int64_t i = 0; i < arete_tensor_elements(t); i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        float noise = (float)(int32_t)(state >> 32) / 2147483648.0f;
        if (t->dtype == ARETE_F32)
            ((float *)data)[i] = noise;
        else if (t->dtype == ARETE_F64)
            ((double *)data)[i] = (double)noise;
        else if (t->dtype == ARETE_F16)
            ((uint16_t *)data)[i] = arete_f16_from_f32(noise);
        else if (t->dtype == ARETE_BF16)
            ((uint16_t *)data)[i] = arete_bf16_from_f32(noise);
    }
}

/* A port's memory on the device, filled from its file or with noise. */
static arete_status load_input(ar_session *s, size_t index, const char *file) {
    arete_model_port port = arete_model_input(s->model, index);
    arete_tensor *t = &s->inputs[index];
    ar_npy array = {0};
    *t = port.tensor;
    uint64_t bytes = bytes_of(t);
    arete_status status = arete_buffer_create(arete_model_device(s->model), bytes ? bytes : 1, &t->buffer);
    if (status == ARETE_OK && file)
        status = ar_npy_read(file, t, &array);
    if (status == ARETE_OK && file && (array.dtype != t->dtype || array.bytes != bytes))
        status = ar_fail(ARETE_E_SHAPE, "%s has %llu bytes of %s, but the input '%s' takes %llu of %s", file,
                         (unsigned long long)array.bytes, arete_dtype_name(array.dtype), port.name,
                         (unsigned long long)bytes, arete_dtype_name(t->dtype));
    if (status == ARETE_OK && !file) {
        array.data = ar_os_alloc(bytes ? bytes : 1);
        if (!array.data)
            status = ar_fail_memory(port.name, bytes);
        else
            fill(t, array.data);
        s->filled[index] = true;
    }
    if (status == ARETE_OK && bytes)
        status = arete_queue_write(s->queue, t->buffer, 0, bytes, array.data, ARETE_WAIT_NONE, NULL);
    ar_npy_free(&array);
    return status;
}

void ar_session_close(ar_session *s) {
    for (size_t i = 0; i < AR_MOST_PORTS; i++) {
        arete_buffer_release(s->inputs[i].buffer);
        arete_buffer_release(s->outputs[i].buffer);
    }
    arete_queue_release(s->queue);
    *s = (ar_session){0};
}

arete_status ar_session_open(arete_model *model, const char *(*file)(const void *of, const char *name),
                             const void *of, ar_session *s) {
    *s = (ar_session){.model = model};
    arete_status status = arete_queue_create(arete_model_device(model), 0, &s->queue);
    s->input_count = arete_model_input_count(model);
    s->output_count = arete_model_output_count(model);
    if (status == ARETE_OK && (s->input_count > AR_MOST_PORTS || s->output_count > AR_MOST_PORTS))
        status = ar_fail(ARETE_E_UNSUPPORTED, "more than %d inputs or outputs", AR_MOST_PORTS);
    for (size_t i = 0; i < s->input_count && status == ARETE_OK; i++)
        status = load_input(s, i, file(of, arete_model_input(model, i).name));
    for (size_t i = 0; i < s->output_count && status == ARETE_OK; i++) {
        s->outputs[i] = arete_model_output(model, i).tensor;
        uint64_t bytes = bytes_of(&s->outputs[i]);
        status = arete_buffer_create(arete_model_device(model), bytes ? bytes : 1, &s->outputs[i].buffer);
    }
    if (status != ARETE_OK)
        ar_session_close(s);
    return status;
}

arete_status ar_session_run(ar_session *s, double *seconds) {
    double start = ar_os_seconds();
    arete_status status = arete_model_run(s->model, s->queue, s->inputs, s->input_count, s->outputs,
                                          s->output_count, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = arete_queue_finish(s->queue);
    *seconds = ar_os_seconds() - start;
    return status;
}

arete_status ar_session_write(ar_session *s, size_t index, const char *folder, char *path, size_t bytes) {
    arete_model_port port = arete_model_output(s->model, index);
    char name[256];
    ar_npy array = {.dtype = port.tensor.dtype, .rank = port.tensor.rank, .bytes = bytes_of(&port.tensor)};
    memcpy(array.dims, port.tensor.dims, sizeof array.dims);
    snprintf(name, sizeof name, "%s", port.name);
    for (char *c = name; *c; c++)
        if (*c == '/' || *c == '\\')
            *c = '_';
    snprintf(path, bytes, "%s/%s.npy", folder, name[0] == '.' ? "output" : name);
    array.data = ar_os_alloc(array.bytes ? array.bytes : 1);
    if (!array.data)
        return ar_fail_memory(path, array.bytes);
    arete_status status = ARETE_OK;
    if (array.bytes)
        status =
            arete_queue_read(s->queue, s->outputs[index].buffer, 0, array.bytes, array.data, ARETE_WAIT_NONE, NULL);
    if (status == ARETE_OK)
        status = ar_npy_write(path, &array);
    ar_npy_free(&array);
    return status;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

arete_status ar_session_profile(ar_session *s, double *seconds, size_t steps) {
    enum { RUNS = 7 };
    double *all = ar_os_alloc((steps * RUNS + 1) * sizeof *all);
    arete_status status = all ? ARETE_OK : ar_fail_memory("samples", steps * RUNS * sizeof *all);
    for (size_t i = 0; i < RUNS && status == ARETE_OK; i++)
        status = arete_model_profile(s->model, s->queue, s->inputs, s->input_count, s->outputs, s->output_count,
                                     all + i * steps, steps);
    for (size_t k = 0; k < steps && status == ARETE_OK; k++) {
        double samples[RUNS];
        for (size_t i = 0; i < RUNS; i++)
            samples[i] = all[i * steps + k];
        qsort(samples, RUNS, sizeof samples[0], by_size);
        seconds[k] = samples[RUNS / 2];
    }
    ar_os_free(all);
    return status;
}
