/* A small recurrent layer in buffers, for tests that care about everything but its values. */
#ifndef TEST_RNN_LAYER_H
#define TEST_RNN_LAYER_H

#include "../core/test.h"

typedef struct layer {
    int64_t steps, batch, input, hidden;
    arete_rnn_cell cell;
    int64_t gates;
    arete_rnn_desc desc;
    arete_rnn_args args;
    arete_rnn_weights weights;
    arete_buffer *buffer;
} layer;

static inline float layer_value(uint64_t i) {
    i = (i + 1) * 0x9e3779b97f4a7c15u;
    i = (i ^ (i >> 29)) * 0xbf58476d1ce4e5b9u;
    return (float)((double)(i >> 40) / (1 << 23) - 1);
}

/* Shapes alone: x, y, all states, w, r, b; one forward layer of f32. */
static inline void layer_shape(layer *l, arete_rnn_cell cell, int64_t steps, int64_t batch, int64_t input,
                               int64_t hidden) {
    memset(l, 0, sizeof *l);
    l->steps = steps;
    l->batch = batch;
    l->input = input;
    l->hidden = hidden;
    l->cell = l->desc.cell = cell;
    l->gates = cell == ARETE_RNN_LSTM ? 4 : cell == ARETE_RNN_GRU ? 3 : 1;
    const int64_t x[3] = {steps, batch, input}, y[4] = {steps, 1, batch, hidden}, s[3] = {1, batch, hidden};
    const int64_t w[3] = {1, l->gates * hidden, input}, r[3] = {1, l->gates * hidden, hidden},
                  b[2] = {1, 2 * l->gates * hidden};
    l->args.x = arete_tensor_make(NULL, 0, ARETE_F32, 3, x);
    l->args.y = arete_tensor_make(NULL, 0, ARETE_F32, 4, y);
    l->args.h0 = l->args.y_h = arete_tensor_make(NULL, 0, ARETE_F32, 3, s);
    if (cell == ARETE_RNN_LSTM)
        l->args.c0 = l->args.y_c = l->args.h0;
    l->weights.w = arete_tensor_make(NULL, 0, ARETE_F32, 3, w);
    l->weights.r = arete_tensor_make(NULL, 0, ARETE_F32, 3, r);
    l->weights.b = arete_tensor_make(NULL, 0, ARETE_F32, 2, b);
    l->args.weights = &l->weights;
}

/* One buffer for all operands, each at a place of its own, with data. */
static inline void layer_fill(layer *l, arete_queue *queue) {
    arete_tensor *const all[] = {&l->args.x,   &l->args.y,    &l->args.h0,   &l->args.y_h, &l->args.c0,
                                 &l->args.y_c, &l->weights.w, &l->weights.r, &l->weights.b};
    uint64_t bytes = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        all[i]->offset = bytes;
        bytes += (arete_tensor_extent(all[i]) + 255) / 256 * 256;
    }
    float *host = malloc(bytes);
    float scale = 1.5f / sqrtf((float)(l->hidden > l->input ? l->hidden : l->input));
    for (uint64_t i = 0; i < bytes / 4; i++)
        host[i] = layer_value(i) * (i * 4 >= l->weights.w.offset ? scale : 1);
    assert_ok(arete_buffer_create(arete_queue_device(queue), bytes, &l->buffer));
    assert_ok(arete_queue_write(queue, l->buffer, 0, bytes, host, ARETE_WAIT_NONE, NULL));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i]->dtype != ARETE_DTYPE_NONE)
            all[i]->buffer = l->buffer;
    free(host);
}

static inline arete_device *test_device(arete_context *context) {
    arete_device *device = NULL;
    assert_ok(arete_device_find(context, getenv("ARETE_TEST_DEVICE"), &device));
    return device;
}

/* A context whose CPU workers are spread over the cores. */
static inline arete_context *test_context(void) {
    arete_context_desc desc = {.cpu_workers = ARETE_CPU_WORKERS_PINNED};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    return context;
}

/* What the tests of a group share. */
typedef struct fixture {
    arete_context *context;
    arete_device *device;
    arete_queue *queue;
} fixture;

static inline int open_fixture(void **state) {
    fixture *f = calloc(1, sizeof *f);
    f->context = test_context();
    f->device = test_device(f->context);
    assert_ok(arete_queue_create(f->device, 0, &f->queue));
    *state = f;
    return 0;
}

static inline int close_fixture(void **state) {
    fixture *f = *state;
    arete_queue_release(f->queue);
    arete_context_release(f->context);
    free(f);
    return 0;
}

#endif
