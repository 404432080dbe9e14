/* What the CPU-class solvers of convolution share. */
#ifndef AR_CONV_SOLVER_CPU_H
#define AR_CONV_SOLVER_CPU_H

#include "solver_common.h"
#include "sources.h"

/* Positions that one tile broadcasts against two vectors of channels: 28 sums of 32 registers, 12 of 16. */
static inline int64_t ar_conv_tile_rows(const arete_device *device) {
    return ar_conv_vec(device) == 16 ? 14 : 6;
}

/* Whether the CPU-class kernels can take the problem: types, gather, contiguous positions or channels; the second:
 * but for the types, which may then be int8. */
bool ar_conv_cpu_applies(const conv_problem *problem, const arete_device *device, const char **why);
bool ar_conv_cpu_gathers(const conv_problem *problem, const arete_device *device, const char **why);

/* Whether positions are contiguous in x, y and the residual. */
bool ar_conv_cpu_planar(const conv_problem *problem, const char **why);

/* The problem as the kernels are to see it: a 1 x 1 kernel of stride 1 without padding has one long row. */
void ar_conv_cpu_view(const conv_problem *problem, conv_problem *view);
bool ar_conv_cpu_pointwise(const conv_problem *problem);

/* Whether every output reads only inputs that are there. */
bool ar_conv_cpu_unpadded(const conv_problem *problem);

/* Packed weights, as a plan's state holds it. A solver puts its own numbers behind it. */
typedef struct conv_cpu_state {
    uint64_t packed_bytes;
    const ar_kernel *pack;   /* NULL: weights are read as they lie */
    int64_t panel, channels; /* arguments of cpu_pack.cl; panel 0: winograd_pack.cl, which has none */
    size_t pack_global[3];
    size_t global[2][3]; /* of the plan's launches */
} conv_cpu_state;

/* Sets plan->state, packed_layout, packed_bytes and the workspace (packed weights unless they come packed, then
 * `more` bytes); layout tells the packing apart from every other. Gets the packing kernel, with options for it. On
 * failure nothing is left behind. */
arete_status ar_conv_cpu_state(arete_plan *plan, const conv_cpu_state *state, const ar_source *source,
                               const char *options, const char *name, const char *layout, uint64_t more);

/* For ar_conv_packers. */
arete_status ar_conv_cpu_pack(const arete_plan *plan, arete_queue *queue, const arete_tensor *w, arete_buffer *into);

/* The launch of one of the plan's kernels: block, alpha, beta, the longs, then buffers. */
typedef struct conv_cpu_run {
    const arete_conv_args *args;
    conv_kernel_args block;
    arete_buffer *weights; /* packed, or as they lie */
    arete_buffer *scratch; /* the workspace; `more` begins at scratch_at bytes */
    uint64_t scratch_at;
    arete_wait_list after; /* what is still to be waited for */
} conv_cpu_run;

/* Packs the weights where they do not come packed. */
arete_status ar_conv_cpu_begin(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                               arete_wait_list after, conv_cpu_run *run);

/* kernels[0] with the arguments block, alpha, beta, the longs, x, weights, bias, residual, y; with int8
 * the scales and zero points. */
arete_status ar_conv_cpu_launch(const arete_plan *plan, arete_queue *queue, conv_cpu_run *run, const int64_t *longs,
                                size_t count, arete_event **done);

/*
 * The models count time in slots: one vector fma at the unit's peak. A finished vector that is turned costs about 9
 * on its way out (measured on Zen 4), a group 400. Seconds of the slots that the busiest unit has, at least
 * the roofline's own.
 */
#define CONV_SLOTS_STORE 9.0
#define CONV_SLOTS_GROUP 400.0
#define CONV_SLOTS_WAKE 30000.0
double ar_conv_cpu_seconds(const conv_problem *problem, const arete_device *device, const arete_roofs *roofs,
                           double slots, double launches);
/* groups that take slots_each, except that all of them together take slots_all: some are at an edge. */
double ar_conv_cpu_busiest(const arete_device *device, double groups, double slots_each, double slots_all);

/* Flops that are executed, for plan->cost: slots without overheads. */
static inline double ar_conv_cpu_flops(const arete_device *device, double fmas) {
    return fmas * 2 * (double)ar_conv_vec(device);
}

/* Sizes of private arrays, few of them so that programs are shared: what is not touched costs nothing. */
int64_t ar_conv_cpu_room(int64_t elements);

/* The options of the packing kernels, which see nothing of the problem but the type of w and flip. The length. */
size_t ar_conv_cpu_pack_options(const conv_problem *problem, int64_t vec, char *text, size_t bytes);

extern const ar_solver ar_conv_cpu_direct, ar_conv_cpu_implicit, ar_conv_cpu_depthwise, ar_conv_winograd;

#endif
