/* The activations on the host, in f64: what references compute by. */
#ifndef AR_ACTIVATION_H
#define AR_ACTIVATION_H

#include "arete/activation.h"

/* Their names in the order of the enumeration; ends with NULL. */
extern const char *const ar_activation_names[];

double ar_activation_value(arete_activation activation, double alpha, double beta, double x);

/* The steepest slope of the activation: how much it can enlarge an error of its argument. */
double ar_activation_slope(arete_activation activation, double alpha, double beta);

#endif
