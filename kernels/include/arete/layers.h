/* Layers: everything of a network but its products, recurrences and attention. One plan/run pair; the descriptor names
 * the operation. Element-wise steps can be fused into one launch. */
#ifndef ARETE_LAYERS_H
#define ARETE_LAYERS_H

#include "arete/activation.h"
#include "arete/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The operations; beside each its ONNX operator where the name differs, its inputs, and the fields of the descriptor
 * that it reads. x is the first input. "[...]" inputs may be absent (dtype NONE, or not counted). Only ever appended.
 *
 * Element-wise operations (1..99) broadcast their inputs to the output as numpy does.
 */
typedef enum arete_layer_op {
    ARETE_LAYER_NONE = 0,
    ARETE_LAYER_IDENTITY = 1, /**< copies x, broadcast to the output (Identity-16, Expand-13, inference Dropout); any
                                   strides on either side, so it also gathers and places slices */
    ARETE_LAYER_ABS = 2,
    ARETE_LAYER_NEG = 3,
    ARETE_LAYER_EXP = 4,
    ARETE_LAYER_LOG = 5,
    ARETE_LAYER_SQRT = 6,
    ARETE_LAYER_RECIPROCAL = 7,
    ARETE_LAYER_SIGN = 8,
    ARETE_LAYER_FLOOR = 9,
    ARETE_LAYER_CEIL = 10,
    ARETE_LAYER_ROUND = 11, /**< halves to even */
    ARETE_LAYER_NOT = 12,   /**< bool to bool */
    ARETE_LAYER_SIN = 13,
    ARETE_LAYER_COS = 14,
    ARETE_LAYER_TAN = 15,
    ARETE_LAYER_ASIN = 16,
    ARETE_LAYER_ACOS = 17,
    ARETE_LAYER_ATAN = 18,
    ARETE_LAYER_SINH = 19,
    ARETE_LAYER_COSH = 20,
    ARETE_LAYER_ASINH = 21,
    ARETE_LAYER_ACOSH = 22,
    ARETE_LAYER_ATANH = 23,
    ARETE_LAYER_ERF = 24,
    ARETE_LAYER_IS_NAN = 25, /**< to bool */
    ARETE_LAYER_IS_INF = 26, /**< to bool; mode 1: positive infinities alone, 2: negative ones alone */
    ARETE_LAYER_BIT_NOT = 27,
    ARETE_LAYER_CAST = 28, /**< x to the output's type: to integers towards zero and saturating (from integers they
                                wrap), NaN to 0; to bool x != 0; to f16, bf16, f32 to nearest even */
    ARETE_LAYER_ACTIVATION = 29, /**< the activation of desc.activation, with alpha and beta as they stand there */

    ARETE_LAYER_ADD = 40, /**< also of 1..8 inputs (Sum-13) */
    ARETE_LAYER_SUB = 41,
    ARETE_LAYER_MUL = 42,
    ARETE_LAYER_DIV = 43, /**< integers: towards zero; by zero gives 0 */
    ARETE_LAYER_POW = 44,
    ARETE_LAYER_MIN = 45, /**< also of 1..8 inputs; NaN in, NaN out */
    ARETE_LAYER_MAX = 46,
    ARETE_LAYER_MEAN = 47,    /**< of 1..8 inputs */
    ARETE_LAYER_MOD = 48,     /**< sign of the divisor; mode 1: of the dividend (fmod = 1), as floats always have it;
                                   by zero: integers give 0 */
    ARETE_LAYER_PRELU = 49,   /**< x, slope */
    ARETE_LAYER_EQUAL = 50,   /**< comparisons give bool */
    ARETE_LAYER_LESS = 51,
    ARETE_LAYER_LESS_EQUAL = 52,
    ARETE_LAYER_GREATER = 53,
    ARETE_LAYER_GREATER_EQUAL = 54,
    ARETE_LAYER_AND = 55, /**< of bools */
    ARETE_LAYER_OR = 56,
    ARETE_LAYER_XOR = 57,
    ARETE_LAYER_BIT_AND = 58, /**< of integers */
    ARETE_LAYER_BIT_OR = 59,
    ARETE_LAYER_BIT_XOR = 60,
    ARETE_LAYER_SHIFT_LEFT = 61, /**< BitShift-11; amounts of 64 and more give 0 */
    ARETE_LAYER_SHIFT_RIGHT = 62,

    ARETE_LAYER_WHERE = 70, /**< condition (bool), x, y */
    ARETE_LAYER_CLIP = 71,  /**< x, [min], [max] of x's type; with neither, of reals alone, alpha and beta. NaN stays */
    ARETE_LAYER_QUANTIZE = 72, /**< QuantizeLinear-13: x, scale, [zero]: saturate(round(x / scale) + zero), halves to
                                    even. scale and zero: one value, or one for each index along axis */
    ARETE_LAYER_DEQUANTIZE = 73, /**< DequantizeLinear-13: x (i8, u8, i32), scale, [zero]: (x - zero) * scale */
    ARETE_LAYER_BATCH_NORM = 74, /**< BatchNormalization-15, inference: x [N,C,...], scale, bias, mean, var [C];
                                      epsilon */
    ARETE_LAYER_FUSED = 99,      /**< the steps of desc.steps over 1..8 inputs, in one launch */

    ARETE_LAYER_SOFTMAX = 100,   /**< along axis (before version 13: reshape x to [rows, columns], axis 1). A row of
                                      -inf alone gives NaN, as the formula does; +inf or NaN in it makes it NaN */
    ARETE_LAYER_LOG_SOFTMAX = 101,
    ARETE_LAYER_HARDMAX = 102,   /**< 1 at the first maximum along axis, else 0 */
    ARETE_LAYER_LP_NORM = 103,   /**< LpNormalization-1: x / norm along axis; p 1 or 2 (0: 2); 0 where the norm is */
    ARETE_LAYER_LAYER_NORM = 104, /**< LayerNormalization-17: x, [scale], [bias]; axis, epsilon. scale and bias: one
                                       value for each element from axis on, contiguous. Outputs y, [mean],
                                       [1 / standard deviation] */
    ARETE_LAYER_RMS_NORM = 105,   /**< RMSNormalization-23: x, [scale]; axis, epsilon */
    ARETE_LAYER_INSTANCE_NORM = 106, /**< InstanceNormalization-6: x [N,C,...], scale, bias [C]; epsilon */
    ARETE_LAYER_GROUP_NORM = 107, /**< GroupNormalization-18 and -21: x [N,C,...], scale, bias, both [C] or both
                                       [groups]; groups, epsilon */
    ARETE_LAYER_LRN = 108,        /**< LRN-13 over window channels; alpha, beta, bias */

    ARETE_LAYER_MAX_POOL = 120, /**< MaxPool-12: x [N,C,1 to 3 more]; kernel, strides, dilations, pads, ceil_mode.
                                     Outputs y, [indices i64]; NaN in, NaN out. Global pooling is a reduction */
    ARETE_LAYER_AVERAGE_POOL = 121, /**< AveragePool-19, and count_include_pad */
    ARETE_LAYER_LP_POOL = 122,      /**< LpPool-18; p 1 or 2 (0: 2) */

    ARETE_LAYER_REDUCE_SUM = 140, /**< over axes (axis_count 0: all); drop_dims. Of nothing: 0 */
    ARETE_LAYER_REDUCE_MEAN = 141,
    ARETE_LAYER_REDUCE_MAX = 142, /**< NaN in, NaN out. Of nothing: -inf, or the least integer */
    ARETE_LAYER_REDUCE_MIN = 143,
    ARETE_LAYER_REDUCE_PROD = 144,
    ARETE_LAYER_REDUCE_L1 = 145,
    ARETE_LAYER_REDUCE_L2 = 146,
    ARETE_LAYER_REDUCE_LOG_SUM = 147,
    ARETE_LAYER_REDUCE_LOG_SUM_EXP = 148,
    ARETE_LAYER_REDUCE_SUM_SQUARE = 149,
    ARETE_LAYER_ARG_MAX = 150, /**< i64 along axis; drop_dims, select_last. A NaN counts as the largest */
    ARETE_LAYER_ARG_MIN = 151, /**< a NaN counts as the smallest */
    ARETE_LAYER_CUM_SUM = 152, /**< along axis; exclusive, reverse */
    ARETE_LAYER_TOP_K = 153,   /**< along axis, as many as the output has: values, indices i64, in order, of equal
                                    ones the lower index first; smallest. A NaN counts as the largest */

    ARETE_LAYER_TRANSPOSE = 160, /**< output dimension i is dimension axes[i] of x (axis_count 0: reversed) */
    ARETE_LAYER_CONCAT = 161,    /**< 1..15 inputs along axis */
    ARETE_LAYER_SPLIT = 162,     /**< x to 1..15 outputs along axis, in order */
    ARETE_LAYER_SLICE = 163,     /**< Slice-13: axes, starts, ends, steps (0: 1; may be negative) */
    ARETE_LAYER_PAD = 164,       /**< Pad-19: pads, begins then ends for each of axes (axis_count 0: all; may be
                                      negative); mode; alpha is the constant */
    ARETE_LAYER_TILE = 165,      /**< repeats are read off the output */
    ARETE_LAYER_DEPTH_TO_SPACE = 166, /**< x [N,C,H,W]; blocksize; mode 0: DCR, 1: CRD */
    ARETE_LAYER_SPACE_TO_DEPTH = 167,
    ARETE_LAYER_GATHER = 168, /**< x, indices (i32, i64) along axis; an embedding is axis 0. Here and below negative
                                   indices count from the end, and one outside is taken for the nearest valid one */
    ARETE_LAYER_GATHER_ELEMENTS = 169,  /**< x, indices; axis */
    ARETE_LAYER_GATHER_ND = 170,        /**< x, indices; batch_dims */
    ARETE_LAYER_SCATTER_ELEMENTS = 171, /**< x, indices, updates; axis; mode: arete_scatter_mode */
    ARETE_LAYER_SCATTER_ND = 172,       /**< x, indices, updates; mode: arete_scatter_mode */
    ARETE_LAYER_RESIZE = 173, /**< Resize-19 without antialias, Upsample-9: x; mode, coordinates, nearest, alpha (the
                                   cubic coefficient; 0: -0.75), scales (0: from the sizes), roi, exclude_outside,
                                   beta (the extrapolation value) */
    ARETE_LAYER_ONE_HOT = 174, /**< indices, values [off, on]; axis: where the depth stands in the output */
    ARETE_LAYER_RANGE = 175,   /**< start, limit (not looked at), delta: as many as the output has */
    ARETE_LAYER_TRILU = 176,   /**< x; mode 0: lower, 1: upper; offset: k */
    ARETE_LAYER_EYE_LIKE = 177, /**< no input; offset: k */
    ARETE_LAYER_REVERSE_SEQUENCE = 178 /**< x, lengths i64; axis: time; batch_axis */
} arete_layer_op;

/** "softmax"; "?" for values that are none. Never NULL. The operation of a name; ARETE_LAYER_NONE when there is none. */
ARETE_API const char *arete_layer_op_name(arete_layer_op op);
ARETE_API arete_layer_op arete_layer_op_parse(const char *name);

typedef enum arete_pad_mode {
    ARETE_PAD_CONSTANT = 0,
    ARETE_PAD_REFLECT = 1,
    ARETE_PAD_EDGE = 2,
    ARETE_PAD_WRAP = 3
} arete_pad_mode;

typedef enum arete_scatter_mode {
    ARETE_SCATTER_REPLACE = 0, /**< indices must be distinct */
    ARETE_SCATTER_ADD = 1,
    ARETE_SCATTER_MUL = 2,
    ARETE_SCATTER_MIN = 3,
    ARETE_SCATTER_MAX = 4
} arete_scatter_mode;

typedef enum arete_resize_mode { ARETE_RESIZE_NEAREST = 0, ARETE_RESIZE_LINEAR = 1, ARETE_RESIZE_CUBIC = 2 } arete_resize_mode;

typedef enum arete_resize_coordinates {
    ARETE_RESIZE_HALF_PIXEL = 0,
    ARETE_RESIZE_ASYMMETRIC = 1,
    ARETE_RESIZE_ALIGN_CORNERS = 2,
    ARETE_RESIZE_PYTORCH_HALF_PIXEL = 3,
    ARETE_RESIZE_TF_CROP = 4, /**< tf_crop_and_resize: roi, and beta where it lies outside */
    ARETE_RESIZE_TF_HALF_PIXEL = 5 /**< tf_half_pixel_for_nn */
} arete_resize_coordinates;

typedef enum arete_resize_nearest {
    ARETE_NEAREST_ROUND_PREFER_FLOOR = 0,
    ARETE_NEAREST_ROUND_PREFER_CEIL = 1,
    ARETE_NEAREST_FLOOR = 2,
    ARETE_NEAREST_CEIL = 3
} arete_resize_nearest;

#define ARETE_LAYER_INPUTS 15  /**< of an operation, or outputs; together at most 16 */
#define ARETE_LAYER_STEPS 16   /**< of a fused one */
#define ARETE_LAYER_STEP(i) (16 + (i)) /**< in arete_layer_step.from: the result of step i */

/** A step of a fused operation: any element-wise one of fixed arity but BATCH_NORM, QUANTIZE, DEQUANTIZE and FUSED. */
typedef struct arete_layer_step {
    arete_layer_op op;
    arete_activation activation; /**< of ARETE_LAYER_ACTIVATION */
    uint32_t mode;               /**< as in the descriptor */
    uint32_t from[3]; /**< operands: the number of an input, or ARETE_LAYER_STEP(i) of an earlier step. CLIP takes x
                           alone, and alpha and beta as limits */
    float alpha, beta;
} arete_layer_step;

/** What to do. Zero is the default of every field that an operation reads, except where its line says otherwise. */
typedef struct arete_layer_desc {
    size_t size; /**< sizeof(arete_layer_desc); 0 is taken for the size of this version */
    arete_layer_op op;
    arete_activation activation;
    float alpha, beta; /**< taken as they stand: an operation's ONNX defaults are not filled in (LRN: 0.0001, 0.75) */
    float bias;        /**< of LRN (ONNX's default: 1), taken as it stands */
    float epsilon;     /**< 0: 1e-5 */
    uint32_t mode, coordinates, nearest;
    int64_t axis;        /**< negative: from the end. ONNX's defaults differ (softmax: -1) */
    uint32_t axis_count; /**< of axes */
    int64_t axes[ARETE_MAX_RANK];
    int64_t starts[ARETE_MAX_RANK], ends[ARETE_MAX_RANK], steps[ARETE_MAX_RANK];
    int64_t kernel[3], strides[3], dilations[3]; /**< 0: 1 */
    int64_t pads[2 * ARETE_MAX_RANK]; /**< begins, then ends: of the 1 to 3 window dimensions, or of PAD's axes */
    bool ceil_mode, count_include_pad, exclude_outside;
    bool drop_dims;                /**< keepdims = 0; arete_layer_infer() alone looks at it: a run takes both */
    bool select_last, smallest;    /**< select_last_index; largest = 0 */
    bool exclusive, reverse;
    uint32_t p, groups, window, blocksize, batch_dims, batch_axis;
    int64_t offset;
    float scales[ARETE_MAX_RANK], roi[2 * ARETE_MAX_RANK]; /**< for every dimension of x */
    const arete_layer_step *chain; /**< of FUSED; read during the call */
    uint32_t chain_count;
    const char *solver; /**< NULL: chosen; a name, or with parameters as arete_plan_solver() gives them */
} arete_layer_desc;

/** The operands, read during the call. Strides as arete_tensor has them: any view, outputs without overlap. */
typedef struct arete_layer_args {
    size_t size;            /**< sizeof(arete_layer_args); 0 is taken for the size of this version */
    const arete_tensor *in; /**< in_count inputs; an absent one has dtype NONE */
    const arete_tensor *out;
    uint32_t in_count, out_count;
    arete_buffer *workspace; /**< at least arete_plan_workspace() bytes; NULL: the queue's own scratch */
} arete_layer_args;

/*
 * Data types. Element-wise arithmetic and activations: f32, f16, bf16, f64, all inputs and the output of one type, or
 * (where the value is defined for them) i64, i32, i8, u8; f16 and bf16 are computed in f32, integers in 64 bits and
 * wrapped. POW takes an exponent of another type. Moving operations take every type. Everything else takes f32, f16,
 * bf16, f64; MAX_POOL, REDUCE_*, ARG_*, CUM_SUM, TOP_K take integers too. f64 needs a device that has it.
 *
 * Errors before the rounding of the output's type, eps = 2^-24 (f64: 2^-53), relative to |value| unless said:
 * exact: moving operations, integers, comparisons, ABS, NEG, SIGN, FLOOR, CEIL, ROUND, MIN, MAX, CLIP, RELU.
 * 1 eps of |a| + |b| (the product): ADD, SUB, MUL; 3: DIV, SQRT, RECIPROCAL; 16: POW, the trigonometric and hyperbolic
 * functions, EXP, LOG, ERF, activations (each + the argument's own rounding through the slope); BATCH_NORM 6 eps of the
 * sum of magnitudes. SOFTMAX 10 eps, and
 * the rounding of x - max, eps * |x - max|; LOG_SOFTMAX 10 eps of 1 + |x - max|. Norms 5e-7 of
 * |scale| * (|x - mean| + sqrt(mean square)) / deviation + |bias|. Sums over n: 4 * max(1, ceil(log2 n)) eps of the
 * sum of magnitudes; RESIZE and AVERAGE_POOL likewise over their taps. Results repeat bit by bit on the same device,
 * driver, solver and parameters.
 *
 * An output may be the very input (same buffer, offset, strides, element size) of an element-wise operation; otherwise
 * an output that overlaps an operand is ARETE_E_ALIAS. Tensors without elements need no buffer.
 */

/**
 * Shapes and types of the outputs of an operation from those of its inputs: fills dtype (where it is NONE), rank and
 * dims of out[0 .. out_count-1]. What a shape does not follow from must be there beforehand: the type of CAST, QUANTIZE
 * and EYE_LIKE; dims (with rank) of IDENTITY where it broadcasts, TILE, TOP_K, RESIZE, ONE_HOT, RANGE, EYE_LIKE and SPLIT
 * (along axis). Strides are set to 0 (tight). Buffers are not looked at.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_UNSUPPORTED. Any thread; never blocks.
 */
ARETE_API arete_status arete_layer_infer(const arete_layer_desc *desc, const arete_tensor *in, uint32_t in_count,
                                         arete_tensor *out, uint32_t out_count);

/**
 * Chooses a solver, compiles its kernels, sizes its workspace. args gives shapes, strides and types; buffers may be
 * NULL. A later run must bring operands of the same shapes, strides, types and presence; offsets may differ.
 * On success *plan holds one reference, the caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE, ARETE_E_DTYPE, ARETE_E_UNSUPPORTED, ARETE_E_NOT_FOUND (no such
 * solver), ARETE_E_BUILD, ARETE_E_MEMORY, ARETE_E_DEVICE. Blocks while kernels compile. Any thread.
 */
ARETE_API arete_status arete_layer_plan(arete_device *device, const arete_layer_desc *desc,
                                        const arete_layer_args *args, arete_plan **plan);

/**
 * Runs a plan of arete_layer_plan(). Only enqueues; never compiles; allocates nothing, unless the queue's scratch is
 * too small (arete_queue_reserve() sees to that ahead). done NULL: no event. Otherwise *done holds one reference on
 * success; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE or ARETE_E_DTYPE (operands are not the plan's), ARETE_E_RANGE,
 * ARETE_E_ALIAS, ARETE_E_MISMATCH, ARETE_E_MEMORY, ARETE_E_DEVICE.
 */
ARETE_API arete_status arete_layer_run(const arete_plan *plan, arete_queue *queue, const arete_layer_args *args,
                                       arete_wait_list after, arete_event **done);

/** One shot: plan (kept in the device's plan cache) and run. Statuses are those of the two. */
ARETE_API arete_status arete_layer(arete_queue *queue, const arete_layer_desc *desc, const arete_layer_args *args,
                                   arete_wait_list after, arete_event **done);

#ifdef __cplusplus
}
#endif
#endif
