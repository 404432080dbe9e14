/* The values of element-wise operations on the host: what the reference and the harness compute by. */
#ifndef AR_LAYERS_VALUES_H
#define AR_LAYERS_VALUES_H

#include "problem.h"

/* One step in f64 of its operands x; NaN for operations that are not defined on reals. */
double ar_layer_value(const layer_step *step, const double *x);
/* One step of integers, wrapping in 64 bits; 0 for operations that are not defined on them. */
int64_t ar_layer_whole(const layer_step *step, const int64_t *x);

#endif
