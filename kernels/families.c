/* The families that there are, for the harness. */
#include "attention/casework.h"
#include "casework.h"
#include "conv/casework.h"
#include "layers/casework.h"
#include "matmul/casework.h"
#include "rnn/casework.h"

const ar_casework *const ar_families[] = {
    &ar_matmul_casework,
    &ar_conv_casework,
    &ar_attention_casework,
    &ar_rnn_casework,
    &ar_layer_casework,
    NULL,
};
