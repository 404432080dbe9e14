/* What the solvers of attention share: kernel arguments, build options, and what happens to Q, K and V first. */
#ifndef AR_ATTENTION_COMMON_H
#define AR_ATTENTION_COMMON_H

#include "problem.h"

/* attention_args of args.h, field by field. */
typedef struct attention_kernel_args {
    int64_t batch, hq, group, sq, skv, capacity;
    int64_t d, dv;
    int64_t past, shift, window;
    int64_t causal, softcap, cache, lens_bytes, past_bytes;
    int64_t q_offset, q_b, q_h, q_s;
    int64_t k_offset, k_b, k_h, k_s;
    int64_t v_offset, v_b, v_h, v_s;
    int64_t y_offset, y_b, y_h, y_s;
    int64_t mask_offset, mask_b, mask_h, mask_q, mask_k, mask_keys;
    int64_t lens_offset, lens_step, past_offset, past_step;
    int64_t work_offset;
    int64_t rows, keys, splits;
} attention_kernel_args;

/* Kernels of a plan: a solver's own come first. */
enum { ATTENTION_BRING_Q = 5, ATTENTION_BRING_K = 6, ATTENTION_BRING_V = 7 };

/* Everything that a run needs beside its grid. */
typedef struct attention_launch {
    attention_kernel_args block;
    ar_arg args[11]; /* the common list; args[0] is the block */
    arete_wait_list after;
} attention_launch;

/* Builds what brings new keys to the caches and rotated Q and K to the workspace (if the problem has such), and
 * sets plan->workspace and launches. own: bytes of workspace that the solver needs besides. */
arete_status ar_attention_bring_build(arete_plan *plan, uint64_t own);

/* Enqueues that, and fills launch for the solver's kernels. launch->block may still be changed by the caller. */
arete_status ar_attention_begin(const arete_plan *plan, arete_queue *queue, const arete_attention_args *args,
                                arete_wait_list after, attention_launch *launch);

/* One of the plan's kernels with the common arguments. */
arete_status ar_attention_launch(const arete_plan *plan, arete_queue *queue, size_t kernel,
                                 const attention_launch *launch, const size_t global[3], size_t local,
                                 arete_event **done);

/* The options that the types and the device decide. The length. */
size_t ar_attention_options(const attention_problem *problem, const arete_device *device, char *text, size_t bytes);

/* Pairs of a query and a key that causal and window leave, of one head of one sequence, all keys taken for there.
 */
double ar_attention_pairs(const attention_problem *problem);

/* VEC of the prelude: the device's vector width in floats. */
static inline int64_t ar_attention_vec(const arete_device *device) {
    uint32_t width = device->info.vector_f32;
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

static inline int64_t ar_attention_ceil(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

static inline bool ar_attention_no_y(const attention_problem *p) {
    return p->b == 0 || p->hq == 0 || p->sq == 0 || p->dv == 0;
}

static inline bool ar_attention_is_cpu(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_CPU;
}

#endif
