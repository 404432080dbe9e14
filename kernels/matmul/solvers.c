/* The solvers of matmul, in the order they are asked. */
#include "problem.h"

const ar_solver *const ar_matmul_solvers[] = {
    &ar_matmul_reference,
    NULL,
};
