/* What the solvers of matmul share. */
#ifndef AR_MATMUL_SOLVER_COMMON_H
#define AR_MATMUL_SOLVER_COMMON_H

#include "problem.h"

/* The data of args on the reference device, whose buffers are host memory. */
void ar_matmul_host_of(const arete_matmul_args *args, matmul_host *host);

/* The unit that does the arithmetic. */
static inline arete_unit ar_matmul_unit(const matmul_problem *p) {
    return p->type_a == ARETE_F64 ? ARETE_UNIT_F64 : ARETE_UNIT_F32;
}

/* Packs b (of the problem's layout, which may differ from the plan's in strides) into `into`, for a plan with a
 * packed_layout. */
arete_status ar_matmul_pack(const arete_plan *plan, arete_queue *queue, const matmul_problem *problem,
                            const arete_tensor *b, arete_buffer *into, arete_wait_list after);

#endif
