/* The oracle: any element of any output, in f64 (integers exactly), one at a time, without memory of its own. */
#ifndef AR_LAYERS_REFERENCE_H
#define AR_LAYERS_REFERENCE_H

#include "problem.h"

/* An element: whole is set for integers and bools, and then real is its value. */
typedef struct layer_number {
    double real;
    int64_t whole;
} layer_number;

/* Results kept from element to element: statistics of rows, the last one found. */
#define LAYER_MEMO 256
typedef struct layer_memo {
    int64_t row;
    double a, b, c;
    int64_t n;
} layer_memo;

typedef struct layer_oracle {
    const layer_problem *p;
    const layer_op *op;
    const void *data[LAYER_TENSORS]; /* of the inputs: their first elements */
    double eps;                      /* of what is computed in */
    int64_t count;                   /* of how many elements a result is made: reductions, windows */
    layer_memo memo[LAYER_MEMO];
} layer_oracle;

void ar_layer_oracle_start(layer_oracle *o, const layer_problem *problem, const void *const *data);

/* Element number index (row-major) of an output, not rounded to its type; *magnitude: what errors are relative to, in
 * units of ar_layer_tolerance(). */
layer_number ar_layer_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude);
double ar_layer_tolerance(const layer_problem *problem);

/* As stored in the type: integers cut, saturated or wrapped. real_class: computed in reals. */
layer_number ar_layer_converted(int32_t dtype, bool real_class, layer_number x);

layer_number ar_layer_load(const layer_oracle *o, uint32_t input, int64_t place);
/* Coordinates of a row-major index; where they are in a tensor of the same rank. */
void ar_layer_coordinates(const layer_tensor *t, int64_t index, int64_t *at);
int64_t ar_layer_place(const layer_tensor *t, const int64_t *at);
layer_number ar_layer_number(double real);

/* One for each group of forms. */
layer_number ar_layer_map_element(layer_oracle *o, int64_t index, double *magnitude);
layer_number ar_layer_move_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude);
layer_number ar_layer_index_element(layer_oracle *o, int64_t index, double *magnitude);
layer_number ar_layer_resample_element(layer_oracle *o, int64_t index, double *magnitude);
layer_number ar_layer_row_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude);
layer_number ar_layer_window_element(layer_oracle *o, uint32_t output, int64_t index, double *magnitude);

#endif
