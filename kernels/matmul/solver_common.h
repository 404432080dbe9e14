/* What the solvers of matmul share. */
#ifndef AR_MATMUL_SOLVER_COMMON_H
#define AR_MATMUL_SOLVER_COMMON_H

#include "problem.h"

/* reference.c: the data of args on the reference device, whose buffers are host memory. */
void ar_matmul_host_of(const arete_matmul_args *args, matmul_host *host);

/* The unit that does the arithmetic. */
static inline arete_unit ar_matmul_unit(const matmul_problem *p) {
    return p->type_a == ARETE_F64 ? ARETE_UNIT_F64 : ARETE_UNIT_F32;
}

/* VEC of the prelude: the device's vector width in floats. */
static inline int64_t ar_matmul_vec(const arete_device *device) {
    uint32_t width = device->info.vector_f32;
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

/* LANES of the prelude: elements of a vector that the problem computes with. */
static inline int64_t ar_matmul_lanes(const matmul_problem *p, const arete_device *device) {
    return p->type_a == ARETE_F64 ? ar_matmul_vec(device) / 2 : ar_matmul_vec(device);
}

static inline int64_t ar_matmul_ceil(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

/* pack.c: B in panels. Layout: pack_b.cl. */
typedef struct matmul_packed {
    int64_t steps[MATMUL_LEVELS]; /* in elements; 0 repeats */
    uint64_t bytes;
    uint64_t layout; /* hash of all that two packed matrices must have in common */
} matmul_packed;

/* Columns of a panel: NR of args.h. */
int64_t ar_matmul_panel(const matmul_problem *problem, const arete_device *device);
/* false: too large to address. */
bool ar_matmul_packed_layout(const matmul_problem *problem, const arete_device *device, matmul_packed *packed);
arete_status ar_matmul_pack_kernel(arete_device *device, const matmul_problem *problem, const ar_kernel **kernel);
/* Enqueues the packing of all matrices of b (in the problem's layout) to into at into_offset bytes. */
arete_status ar_matmul_pack_launch(arete_queue *queue, const ar_kernel *kernel, const matmul_problem *problem,
                                   const arete_tensor *b, arete_buffer *into, uint64_t into_offset,
                                   arete_wait_list after);
/* Packs b (of the problem's layout, which may differ from the plan's in strides) for a plan with a packed_layout.
 * May compile. */
arete_status ar_matmul_pack(const arete_plan *plan, arete_queue *queue, const matmul_problem *problem,
                            const arete_tensor *b, arete_buffer *into);

#endif
