/* The queue of the reference device that a cmocka group of network tests works on, as its setup and teardown. */
#ifndef AR_TEST_GRAPH_QUEUE_H
#define AR_TEST_GRAPH_QUEUE_H

#include "hostile_load.h"

static arete_context *context;
static arete_queue *queue;

static int open_queue(void **state) {
    (void)state;
    queue = hostile_queue(&context);
    return 0;
}

static int close_queue(void **state) {
    (void)state;
    arete_queue_release(queue);
    arete_context_release(context);
    return 0;
}

#endif
