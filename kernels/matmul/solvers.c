/* The solvers of matmul, in the order they are asked; of equal estimates the first wins. */
#include "problem.h"

const ar_solver *const ar_matmul_solvers[] = {
    &ar_matmul_cpu_packed, &ar_matmul_cpu_direct,
    &ar_matmul_gemv,       &ar_matmul_gpu_tiled,
#ifdef ARETE_HAVE_CLBLAST
    &ar_matmul_clblast,
#endif
    &ar_matmul_reference,  NULL,
};
