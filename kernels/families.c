/* The families that there are, for the harness. */
#include "casework.h"
#include "matmul/casework.h"

const ar_casework *const ar_families[] = {&ar_matmul_casework, NULL};
