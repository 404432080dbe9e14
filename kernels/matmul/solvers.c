/* The solvers of matmul, in the order they are asked. */
#include "problem.h"

extern const ar_solver ar_matmul_gpu_tiled, ar_matmul_clblast;

const ar_solver *const ar_matmul_solvers[] = {
    &ar_matmul_reference,
    &ar_matmul_gpu_tiled,
#ifdef ARETE_HAVE_CLBLAST
    &ar_matmul_clblast,
#endif
    NULL,
};
