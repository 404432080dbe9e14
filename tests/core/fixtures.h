/* What tests of operations share: a device, a queue, and buffers with known contents. */
#ifndef FIXTURES_H
#define FIXTURES_H

#include "test.h"

/* For refusals: on the reference device, where what was enqueued has already happened, so that a refused call that did
 * something is seen by the output's bytes. */
enum { REFUSAL_BYTES = 8192, REFUSAL_POISON = 0xAB };

typedef struct refusal {
    arete_context *context, *other;
    arete_device *device;
    arete_queue *queue;
    arete_buffer *in[2], *out; /* zeros; poison */
    arete_buffer *small;       /* 16 bytes */
    arete_buffer *foreign;     /* of another context's device */
} refusal;

static inline arete_buffer *buffer_of(arete_device *device, uint64_t bytes) {
    arete_buffer *made = NULL;
    assert_ok(arete_buffer_create(device, bytes, &made));
    return made;
}

static inline arete_buffer *filled(refusal *f, unsigned char byte) {
    arete_buffer *made = buffer_of(f->device, REFUSAL_BYTES);
    assert_ok(arete_queue_fill(f->queue, made, 0, REFUSAL_BYTES, &byte, 1, NULL));
    return made;
}

static inline int refusal_open(void **state) {
    static refusal f;
    f.context = reference_context();
    f.other = reference_context();
    f.device = arete_device_at(f.context, 0);
    assert_ok(arete_queue_create(f.device, 0, &f.queue));
    f.in[0] = filled(&f, 0);
    f.in[1] = filled(&f, 0);
    f.out = filled(&f, REFUSAL_POISON);
    f.small = buffer_of(f.device, 16);
    f.foreign = buffer_of(arete_device_at(f.other, 0), REFUSAL_BYTES);
    *state = &f;
    return 0;
}

static inline int refusal_close(void **state) {
    refusal *f = *state;
    arete_buffer *const all[] = {f->in[0], f->in[1], f->out, f->small, f->foreign};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; ++i)
        arete_buffer_release(all[i]);
    arete_queue_release(f->queue);
    arete_context_release(f->context);
    arete_context_release(f->other);
    return 0;
}

/* The output as refusal_open() left it. */
static inline void refusal_unchanged(const refusal *f) {
    unsigned char bytes[REFUSAL_BYTES];
    assert_ok(arete_queue_read(f->queue, f->out, 0, sizeof bytes, bytes, ARETE_WAIT_NONE, NULL));
    for (size_t i = 0; i < sizeof bytes; ++i)
        assert_int_equal(bytes[i], REFUSAL_POISON);
}

/* For values: buffers that all hold host[], small whole numbers without a short period, so that every device must be
 * exact. */
enum { PLACE_ROOM = 4096, PLACE_BUFFERS = 4 };

typedef struct place {
    arete_context *context;
    arete_device *device;
    arete_queue *queue;
    arete_buffer *buffer[PLACE_BUFFERS];
    float host[PLACE_ROOM];
} place;

static inline void place_open(place *p, arete_context *context, arete_device *device) {
    p->context = context;
    p->device = device;
    assert_ok(arete_queue_create(device, 0, &p->queue));
    for (int i = 0; i < PLACE_ROOM; ++i)
        p->host[i] = (float)(i * 7 % 11 - 5 + i / 11 % 3);
    for (int i = 0; i < PLACE_BUFFERS; ++i) {
        p->buffer[i] = buffer_of(device, sizeof p->host);
        assert_ok(arete_queue_write(p->queue, p->buffer[i], 0, sizeof p->host, p->host, ARETE_WAIT_NONE, NULL));
    }
}

static inline void place_close(place *p) {
    for (int i = 0; i < PLACE_BUFFERS; ++i)
        arete_buffer_release(p->buffer[i]);
    arete_queue_release(p->queue);
}

#endif
