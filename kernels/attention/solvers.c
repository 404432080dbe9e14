/* The solvers of attention, in the order they are asked; of equal estimates the first wins. */
#include "problem.h"

const ar_solver *const ar_attention_solvers[] = {
    &ar_attention_cpu_flash,
    &ar_attention_decode,
    &ar_attention_gpu_flash,
    &ar_attention_two_pass,
    &ar_attention_reference,
    NULL,
};
