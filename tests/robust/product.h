/* A product of small integers with a known result, for tests that care about everything but its value. */
#ifndef PRODUCT_H
#define PRODUCT_H

#include "../core/test.h"

typedef struct product {
    arete_buffer *buffer; /* A, B, C one after the other */
    arete_matmul_args args;
    int64_t m, n, k;
} product;

static inline float value_a(int64_t i, int64_t p) {
    return (float)((i * 3 + p * 5) % 7 - 3);
}

static inline float value_b(int64_t p, int64_t j) {
    return (float)((p * 2 + j * 7) % 5 - 2);
}

static inline uint64_t padded(int64_t elements) {
    return ((uint64_t)elements * 4 + 255) / 256 * 256;
}

static inline void product_shape(product *x, int64_t m, int64_t n, int64_t k) {
    memset(x, 0, sizeof *x);
    x->m = m;
    x->n = n;
    x->k = k;
    x->args.a = arete_tensor_make(NULL, 0, ARETE_F32, 2, (int64_t[]){m, k});
    x->args.b = arete_tensor_make(NULL, padded(m * k), ARETE_F32, 2, (int64_t[]){k, n});
    x->args.c = arete_tensor_make(NULL, padded(m * k) + padded(k * n), ARETE_F32, 2, (int64_t[]){m, n});
}

/* Gives the product its buffer and its data. */
static inline void product_fill(product *x, arete_queue *queue) {
    uint64_t bytes = x->args.c.offset + padded(x->m * x->n);
    float *host = calloc(1, bytes);
    for (int64_t i = 0; i < x->m * x->k; i++) {
        host[i] = value_a(i / x->k, i % x->k);
    }
    for (int64_t i = 0; i < x->k * x->n; i++) {
        host[x->args.b.offset / 4 + (uint64_t)i] = value_b(i / x->n, i % x->n);
    }
    assert_ok(arete_buffer_create(arete_queue_device(queue), bytes, &x->buffer));
    assert_ok(arete_queue_write(queue, x->buffer, 0, bytes, host, ARETE_WAIT_NONE, NULL));
    x->args.a.buffer = x->args.b.buffer = x->args.c.buffer = x->buffer;
    free(host);
}

/* How many elements of C are not what they must be. */
static inline int product_wrong(const product *x, arete_queue *queue) {
    float *c = calloc((size_t)(x->m * x->n), sizeof *c);
    int wrong = arete_queue_read(queue, x->buffer, x->args.c.offset, (uint64_t)(x->m * x->n) * 4, c, ARETE_WAIT_NONE,
                                 NULL) != ARETE_OK;
    for (int64_t i = 0; i < x->m; i++) {
        for (int64_t j = 0; j < x->n; j++) {
            float sum = 0;
            for (int64_t p = 0; p < x->k; p++) {
                sum += value_a(i, p) * value_b(p, j);
            }
            wrong += c[i * x->n + j] != sum;
        }
    }
    free(c);
    return wrong;
}

static inline arete_device *test_device(arete_context *context) {
    arete_device *device = NULL;
    assert_ok(arete_device_find(context, getenv("ARETE_TEST_DEVICE"), &device));
    return device;
}

#endif
