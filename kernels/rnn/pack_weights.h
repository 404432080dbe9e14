/* Packed weights on the host: the layout of packed.h, and its making. */
#ifndef AR_RNN_PACK_WEIGHTS_H
#define AR_RNN_PACK_WEIGHTS_H

#include "solver_common.h"

typedef struct rnn_packed {
    int64_t units[3], gates[3];                        /* of a panel of w, r, s: vectors of units, gates of each */
    int64_t panels[3], at[ARETE_RNN_MAX_LAYERS][3];    /* places in elements of the weights' type */
    int64_t vectors, vectors_at[ARETE_RNN_MAX_LAYERS]; /* floats of a layer; places in floats */
    int64_t wide;                                      /* vectors of a step of r that lie as f32 */
    int64_t padded, projected;                         /* vectors of units, of the projection's outputs */
    uint64_t bytes, layout;
} rnn_packed;

/* Where everything of all layers is. false: too large to address. */
bool ar_rnn_packed(const rnn_problem *problem, const arete_device *device, rnn_packed *packed);

typedef struct rnn_pack_kernels {
    const ar_kernel *panels, *vectors;
} rnn_pack_kernels;

arete_status ar_rnn_pack_kernels(arete_device *device, const rnn_problem *problem, rnn_pack_kernels *kernels);

/* Enqueues the packing of all layers into a buffer at into_offset bytes. */
arete_status ar_rnn_pack_launch(const rnn_problem *problem, const rnn_packed *packed,
                                const rnn_pack_kernels *kernels, rnn_course *course,
                                const arete_rnn_weights *weights, arete_buffer *into, uint64_t into_offset);

/* Packs for a plan with a packed_layout, whose state starts with an rnn_pack_state. */
typedef struct rnn_pack_state {
    rnn_packed packed;
    rnn_pack_kernels kernels;
} rnn_pack_state;

#endif
