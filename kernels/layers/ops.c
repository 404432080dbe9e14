/* The operations. A new one is an enumerator, a line here, and, when it is element-wise, its device expression
 * op_<name> in steps.h and its value in values.c; else what its form's file needs. */
#include <string.h>

#include "problem.h"

#define R TYPES_REAL
#define N TYPES_NUMBER
#define I TYPES_INT
#define B TYPES_BOOL
#define ANY TYPES_ANY

/* An element-wise operation: name, inputs, types, result, modes, uses, eps, flops. */
#define MAP(OP, name, least, most, types, result, modes, uses, eps, flops) \
    {ARETE_LAYER_##OP, least, most, 1, FORM_MAP, SHAPE_BROADCAST, types, result, modes, uses, eps, flops, name}
/* Any other: name, inputs, outputs, form, shape, types, result, modes, uses, eps, flops. */
#define OTHER(OP, name, least, most, outs, form, shape, types, result, modes, uses, eps, flops) \
    {ARETE_LAYER_##OP, least, most, outs, FORM_##form, SHAPE_##shape, types, RESULT_##result, modes, uses, eps, flops, name}

const layer_op ar_layer_ops[] = {
    {ARETE_LAYER_IDENTITY, 1, 1, 1, FORM_MOVE, SHAPE_GIVEN, ANY, RESULT_X, 0, 0, 0, 0, "identity"},
    MAP(ABS, "abs", 1, 1, N, RESULT_X, 0, 0, 0, 1),
    MAP(NEG, "neg", 1, 1, N, RESULT_X, 0, 0, 0, 1),
    MAP(EXP, "exp", 1, 1, R, RESULT_X, 0, 0, 4, 16),
    MAP(LOG, "log", 1, 1, R, RESULT_X, 0, 0, 16, 16),
    MAP(SQRT, "sqrt", 1, 1, R, RESULT_X, 0, 0, 3, 1),
    MAP(RECIPROCAL, "reciprocal", 1, 1, R, RESULT_X, 0, 0, 3, 1),
    MAP(SIGN, "sign", 1, 1, N, RESULT_X, 0, 0, 0, 1),
    MAP(FLOOR, "floor", 1, 1, R, RESULT_X, 0, 0, 0, 1),
    MAP(CEIL, "ceil", 1, 1, R, RESULT_X, 0, 0, 0, 1),
    MAP(ROUND, "round", 1, 1, R, RESULT_X, 0, 0, 0, 1),
    MAP(NOT, "not", 1, 1, B, RESULT_BOOL, 0, 0, 0, 1),
    MAP(SIN, "sin", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(COS, "cos", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(TAN, "tan", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ASIN, "asin", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ACOS, "acos", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ATAN, "atan", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(SINH, "sinh", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(COSH, "cosh", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ASINH, "asinh", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ACOSH, "acosh", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ATANH, "atanh", 1, 1, R, RESULT_X, 0, 0, 16, 20),
    MAP(ERF, "erf", 1, 1, R, RESULT_X, 0, 0, 16, 30),
    MAP(IS_NAN, "is_nan", 1, 1, R, RESULT_BOOL, 0, 0, 0, 1),
    MAP(IS_INF, "is_inf", 1, 1, R, RESULT_BOOL, 2, USES_MODE, 0, 1),
    MAP(BIT_NOT, "bit_not", 1, 1, I, RESULT_X, 0, 0, 0, 1),
    MAP(CAST, "cast", 1, 1, ANY, RESULT_GIVEN, 0, 0, 0, 1),
    MAP(ACTIVATION, "activation", 1, 1, R, RESULT_X, 0, USES_ACTIVATION | USES_ALPHA | USES_BETA, 16, 20),
    MAP(ADD, "add", 1, 8, N, RESULT_X, 0, 0, 1, 1),
    MAP(SUB, "sub", 2, 2, N, RESULT_X, 0, 0, 1, 1),
    MAP(MUL, "mul", 2, 2, N, RESULT_X, 0, 0, 1, 1),
    MAP(DIV, "div", 2, 2, N, RESULT_X, 0, 0, 3, 1),
    MAP(POW, "pow", 2, 2, N, RESULT_X, 0, 0, 16, 30),
    MAP(MIN, "min", 1, 8, N, RESULT_X, 0, 0, 0, 1),
    MAP(MAX, "max", 1, 8, N, RESULT_X, 0, 0, 0, 1),
    MAP(MEAN, "mean", 1, 8, R, RESULT_X, 0, 0, 1, 1),
    MAP(MOD, "mod", 2, 2, N, RESULT_X, 1, USES_MODE, 0, 4),
    MAP(PRELU, "prelu", 2, 2, N, RESULT_X, 0, 0, 1, 1),
    MAP(EQUAL, "equal", 2, 2, ANY, RESULT_BOOL, 0, 0, 0, 1),
    MAP(LESS, "less", 2, 2, N, RESULT_BOOL, 0, 0, 0, 1),
    MAP(LESS_EQUAL, "less_equal", 2, 2, N, RESULT_BOOL, 0, 0, 0, 1),
    MAP(GREATER, "greater", 2, 2, N, RESULT_BOOL, 0, 0, 0, 1),
    MAP(GREATER_EQUAL, "greater_equal", 2, 2, N, RESULT_BOOL, 0, 0, 0, 1),
    MAP(AND, "and", 2, 2, B, RESULT_BOOL, 0, 0, 0, 1),
    MAP(OR, "or", 2, 2, B, RESULT_BOOL, 0, 0, 0, 1),
    MAP(XOR, "xor", 2, 2, B, RESULT_BOOL, 0, 0, 0, 1),
    MAP(BIT_AND, "bit_and", 2, 2, I, RESULT_X, 0, 0, 0, 1),
    MAP(BIT_OR, "bit_or", 2, 2, I, RESULT_X, 0, 0, 0, 1),
    MAP(BIT_XOR, "bit_xor", 2, 2, I, RESULT_X, 0, 0, 0, 1),
    MAP(SHIFT_LEFT, "shift_left", 2, 2, I, RESULT_X, 0, 0, 0, 1),
    MAP(SHIFT_RIGHT, "shift_right", 2, 2, I, RESULT_X, 0, 0, 0, 1),
    MAP(WHERE, "where", 3, 3, ANY, RESULT_SECOND, 0, 0, 0, 1),
    MAP(CLIP, "clip", 1, 3, N, RESULT_X, 0, USES_ALPHA | USES_BETA, 0, 2),
    MAP(QUANTIZE, "quantize", 2, 3, R, RESULT_GIVEN, 0, USES_AXIS, 0, 4),
    MAP(DEQUANTIZE, "dequantize", 2, 3, I, RESULT_SECOND, 0, USES_AXIS, 1, 2),
    MAP(BATCH_NORM, "batch_norm", 5, 5, R, RESULT_X, 0, USES_EPSILON, 6, 5),
    MAP(FUSED, "fused", 1, 8, ANY, RESULT_GIVEN, 0, 0, 1, 1),

    OTHER(SOFTMAX, "softmax", 1, 1, 1, NORM, SAME, R, X, 0, USES_AXIS, 10, 20),
    OTHER(LOG_SOFTMAX, "log_softmax", 1, 1, 1, NORM, SAME, R, X, 0, USES_AXIS, 10, 20),
    OTHER(HARDMAX, "hardmax", 1, 1, 1, NORM, SAME, R, X, 0, USES_AXIS, 0, 2),
    OTHER(LP_NORM, "lp_norm", 1, 1, 1, NORM, SAME, R, X, 0, USES_AXIS | USES_P, 8.4, 4),
    OTHER(LAYER_NORM, "layer_norm", 1, 3, 3, NORM, NORM, R, X, 0, USES_AXIS | USES_EPSILON, 8.4, 8),
    OTHER(RMS_NORM, "rms_norm", 1, 2, 1, NORM, NORM, R, X, 0, USES_AXIS | USES_EPSILON, 8.4, 4),
    OTHER(INSTANCE_NORM, "instance_norm", 3, 3, 1, NORM, SAME, R, X, 0, USES_EPSILON, 8.4, 8),
    OTHER(GROUP_NORM, "group_norm", 3, 3, 1, NORM, SAME, R, X, 0, USES_EPSILON | USES_GROUPS, 8.4, 8),
    OTHER(LRN, "lrn", 1, 1, 1, WINDOW, SAME, R, X, 0, USES_ALPHA | USES_BETA | USES_LRN, 32, 40),

    OTHER(MAX_POOL, "max_pool", 1, 1, 2, WINDOW, POOL, N, X, 0, USES_WINDOW, 0, 1),
    OTHER(AVERAGE_POOL, "average_pool", 1, 1, 1, WINDOW, POOL, R, X, 0, USES_WINDOW | USES_COUNT_PAD, 1, 1),
    OTHER(LP_POOL, "lp_pool", 1, 1, 1, WINDOW, POOL, R, X, 0, USES_WINDOW | USES_P, 1, 2),

    OTHER(REDUCE_SUM, "reduce_sum", 1, 1, 1, REDUCE, REDUCE, N, X, 0, USES_AXES, 1, 1),
    OTHER(REDUCE_MEAN, "reduce_mean", 1, 1, 1, REDUCE, REDUCE, N, X, 0, USES_AXES, 1, 1),
    OTHER(REDUCE_MAX, "reduce_max", 1, 1, 1, REDUCE, REDUCE, ANY, X, 0, USES_AXES, 0, 1),
    OTHER(REDUCE_MIN, "reduce_min", 1, 1, 1, REDUCE, REDUCE, ANY, X, 0, USES_AXES, 0, 1),
    OTHER(REDUCE_PROD, "reduce_prod", 1, 1, 1, REDUCE, REDUCE, N, X, 0, USES_AXES, 1, 1),
    OTHER(REDUCE_L1, "reduce_l1", 1, 1, 1, REDUCE, REDUCE, N, X, 0, USES_AXES, 1, 2),
    OTHER(REDUCE_L2, "reduce_l2", 1, 1, 1, REDUCE, REDUCE, R, X, 0, USES_AXES, 1, 2),
    OTHER(REDUCE_LOG_SUM, "reduce_log_sum", 1, 1, 1, REDUCE, REDUCE, R, X, 0, USES_AXES, 1, 1),
    OTHER(REDUCE_LOG_SUM_EXP, "reduce_log_sum_exp", 1, 1, 1, REDUCE, REDUCE, R, X, 0, USES_AXES, 1, 20),
    OTHER(REDUCE_SUM_SQUARE, "reduce_sum_square", 1, 1, 1, REDUCE, REDUCE, N, X, 0, USES_AXES, 1, 2),
    OTHER(ARG_MAX, "arg_max", 1, 1, 1, SCAN, ARG, N, I64, 0, USES_AXIS | USES_SELECT_LAST, 0, 1),
    OTHER(ARG_MIN, "arg_min", 1, 1, 1, SCAN, ARG, N, I64, 0, USES_AXIS | USES_SELECT_LAST, 0, 1),
    OTHER(CUM_SUM, "cum_sum", 1, 1, 1, SCAN, SAME, N, X, 0, USES_AXIS | USES_SCAN, 1, 1),
    OTHER(TOP_K, "top_k", 1, 1, 2, SCAN, TOP_K, N, X, 0, USES_AXIS | USES_SMALLEST, 0, 4),

    OTHER(TRANSPOSE, "transpose", 1, 1, 1, MOVE, TRANSPOSE, ANY, X, 0, USES_AXES, 0, 0),
    OTHER(CONCAT, "concat", 1, 15, 1, MOVE, CONCAT, ANY, X, 0, USES_AXIS, 0, 0),
    OTHER(SPLIT, "split", 1, 1, 15, MOVE, SPLIT, ANY, X, 0, USES_AXIS, 0, 0),
    OTHER(SLICE, "slice", 1, 1, 1, MOVE, SLICE, ANY, X, 0, USES_AXES | USES_SLICE, 0, 0),
    OTHER(PAD, "pad", 1, 1, 1, RESAMPLE, PAD, ANY, X, 3, USES_AXES | USES_PADS | USES_MODE | USES_ALPHA, 0, 0),
    OTHER(TILE, "tile", 1, 1, 1, MOVE, GIVEN, ANY, X, 0, 0, 0, 0),
    OTHER(DEPTH_TO_SPACE, "depth_to_space", 1, 1, 1, MOVE, BLOCKS, ANY, X, 1, USES_BLOCKSIZE | USES_MODE, 0, 0),
    OTHER(SPACE_TO_DEPTH, "space_to_depth", 1, 1, 1, MOVE, BLOCKS, ANY, X, 0, USES_BLOCKSIZE, 0, 0),
    OTHER(GATHER, "gather", 2, 2, 1, INDEX, GATHER, ANY, X, 0, USES_AXIS, 0, 0),
    OTHER(GATHER_ELEMENTS, "gather_elements", 2, 2, 1, INDEX, GATHER_ELEMENTS, ANY, X, 0, USES_AXIS, 0, 0),
    OTHER(GATHER_ND, "gather_nd", 2, 2, 1, INDEX, GATHER_ND, ANY, X, 0, USES_BATCH_DIMS, 0, 0),
    OTHER(SCATTER_ELEMENTS, "scatter_elements", 3, 3, 1, INDEX, SCATTER, ANY, X, 4, USES_AXIS | USES_MODE, 1, 0),
    OTHER(SCATTER_ND, "scatter_nd", 3, 3, 1, INDEX, SCATTER, ANY, X, 4, USES_MODE, 1, 0),
    OTHER(RESIZE, "resize", 1, 1, 1, RESAMPLE, GIVEN, ANY, X, 2,
          USES_MODE | USES_ALPHA | USES_BETA | USES_RESIZE, 1, 8),
    OTHER(ONE_HOT, "one_hot", 2, 2, 1, INDEX, ONE_HOT, ANY, SECOND, 0, USES_AXIS, 0, 1),
    OTHER(RANGE, "range", 3, 3, 1, INDEX, GIVEN, N, X, 0, 0, 2, 2),
    OTHER(TRILU, "trilu", 1, 1, 1, INDEX, SAME, ANY, X, 1, USES_MODE | USES_OFFSET, 0, 0),
    OTHER(EYE_LIKE, "eye_like", 0, 0, 1, INDEX, GIVEN, ANY, GIVEN, 0, USES_OFFSET, 0, 0),
    OTHER(REVERSE_SEQUENCE, "reverse_sequence", 2, 2, 1, INDEX, SAME, ANY, X, 0, USES_AXIS | USES_BATCH_AXIS, 0, 0),
    {.op = ARETE_LAYER_NONE},
};

const layer_op *ar_layer_op_find(int op) {
    for (const layer_op *o = ar_layer_ops; o->op != ARETE_LAYER_NONE; ++o) {
        if (o->op == op)
            return o;
    }
    return NULL;
}

const char *arete_layer_op_name(arete_layer_op op) {
    const layer_op *found = ar_layer_op_find((int)op);
    return found ? found->name : "?";
}

arete_layer_op arete_layer_op_parse(const char *name) {
    for (const layer_op *o = ar_layer_ops; name && o->op != ARETE_LAYER_NONE; ++o) {
        if (strcmp(o->name, name) == 0)
            return (arete_layer_op)o->op;
    }
    return ARETE_LAYER_NONE;
}
