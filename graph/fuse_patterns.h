/* The parts of ar_fuse(), and what they share. */
#ifndef AR_FUSE_PATTERNS_H
#define AR_FUSE_PATTERNS_H

#include "fuse.h"

/* Norms, activations and attention as exporters write them, in primitive operators. */
arete_status ar_fuse_patterns(ar_graph *graph);

/* Attention in products and a softmax. */
arete_status ar_fuse_attention(ar_graph *graph);

/* Products of the same rows by different weights into one. */
arete_status ar_fuse_shared(ar_graph *graph);

/* Neighbouring element-wise steps into one launch. */
arete_status ar_fuse_chains(ar_graph *graph);

/* Slices, rows and casts that only name a piece of memory. */
void ar_fuse_pieces(ar_graph *graph);

/* The one step that reads the value, if it is the only one and the value is no output of the network; else -1. */
int ar_fuse_reader(const ar_graph *graph, int value);
/* The step that makes the value's memory; -1: none does. */
int ar_fuse_maker(const ar_graph *graph, int value);
/* The step's descriptor, when it is a layer that is still there. */
const arete_layer_desc *ar_fuse_layer(const ar_step *step);
/* Whether a view is its value's own row-major order. */
bool ar_fuse_tight(const arete_tensor *view);
/* The step's first output. */
int ar_step_result(const ar_step *step);

#endif
