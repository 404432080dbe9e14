/* The solvers of rnn, in the order they are asked; of equal estimates the first wins. */
#include "problem.h"

const ar_solver *const ar_rnn_solvers[] = {&ar_rnn_persistent, &ar_rnn_stepwise, &ar_rnn_reference, NULL};
