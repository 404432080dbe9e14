/* Where values lie on the device. */
#ifndef AR_PLACE_H
#define AR_PLACE_H

#include "graph.h"

typedef struct ar_placement {
    arete_buffer *arena;    /* intermediate values, sharing memory by their lives; NULL: there are none */
    arete_buffer **weights; /* constants */
    size_t weight_buffers;
    uint64_t arena_bytes, apart_bytes; /* apart: without sharing */
    uint64_t weight_bytes, parameters;
    uint64_t limit; /* of weights and arena together */
    void *scratch;  /* while placing: where constants meet their factors */
    uint64_t scratch_bytes;
} ar_placement;

/* limit 0: the device's memory; it is held against sizes before anything is allocated. Uploads constants that steps read
 * as they are, packs those that they read packed, and gives every intermediate value its place. Steps are planned
 * before. Blocks. */
arete_status ar_place(ar_graph *graph, arete_queue *queue, uint64_t limit, ar_placement *placement);
void ar_placement_free(ar_placement *placement);

#endif
