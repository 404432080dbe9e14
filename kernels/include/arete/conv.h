/* Convolutions: Y = act(conv(X, W) + bias + residual), 1-D to 3-D, grouped, dilated, transposed. */
#ifndef ARETE_CONV_H
#define ARETE_CONV_H

#include "arete/activation.h"
#include "arete/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ARETE_CONV_MAX_SPATIAL 3

/** The order of the dimensions of x, y and residual. Only ever appended. */
typedef enum arete_conv_layout {
    ARETE_CONV_NCHW = 0, /**< [N,C,spatial...], as in ONNX */
    ARETE_CONV_NHWC = 1  /**< [N,spatial...,C] */
} arete_conv_layout;

/** What arithmetic a solver may use. Only ever appended. */
typedef enum arete_math {
    ARETE_MATH_DEFAULT = 0, /**< also Winograd's, which multiplies less and rounds more; see "Error" below */
    ARETE_MATH_STRICT = 1   /**< sums of the products as written, in some order */
} arete_math;

/** Where padding comes from: ONNX's auto_pad. Only ever appended. */
typedef enum arete_auto_pad {
    ARETE_PAD_EXPLICIT = 0, /**< pads_begin and pads_end */
    ARETE_PAD_SAME_UPPER = 1, /**< as many outputs as inputs / stride (transposed: inputs * stride); what is odd
                                   goes to the end */
    ARETE_PAD_SAME_LOWER = 2, /**< ... to the beginning */
    ARETE_PAD_VALID = 3       /**< none */
} arete_auto_pad;

/**
 * How to convolve. Every field zero, or NULL for the whole: stride 1, no padding, one group, NCHW, the best solver.
 * Arrays have one entry for each spatial dimension, in the order of the tensors' ([0] is height in 2-D); entries
 * past them must be 0.
 */
typedef struct arete_conv_desc {
    size_t size;              /**< sizeof(arete_conv_desc); 0 is taken for the size of this version */
    arete_conv_layout layout; /**< of x, y and residual; w is [M,C/groups,...] in any case */
    bool transposed;          /**< ConvTranspose: w is [C,M/groups,kernel...] */
    bool flip;                /**< the mathematical convolution: the kernel is turned round along each spatial
                                   dimension. Frameworks mean cross-correlation, which is flip = false */
    int64_t strides[ARETE_CONV_MAX_SPATIAL];   /**< 0 means 1 */
    int64_t dilations[ARETE_CONV_MAX_SPATIAL]; /**< 0 means 1 */
    int64_t pads_begin[ARETE_CONV_MAX_SPATIAL]; /**< >= 0; zeros (x_zero where quantised) put before x; transposed:
                                                     taken off y */
    int64_t pads_end[ARETE_CONV_MAX_SPATIAL];
    arete_auto_pad auto_pad; /**< other than explicit: pads_begin and pads_end must be 0 */
    int64_t groups;          /**< 0 means 1; divides C and M */
    int64_t output_padding[ARETE_CONV_MAX_SPATIAL]; /**< transposed: >= 0, added to y's end */
    int64_t output_shape[ARETE_CONV_MAX_SPATIAL]; /**< transposed: y's spatial dims; all 0: from the formula. Given,
                                                       they decide the pads in place of pads_begin and pads_end */
    arete_math math;
    arete_activation activation;
    float alpha; /**< the activation's parameters, as arete/activation.h has them (ReLU6: clip with 0 and 6) */
    float beta;
    const char *solver; /**< NULL: chosen; a name ("implicit"), or with parameters as arete_plan_solver() gives them */
    bool prepack; /**< w will come packed by arete_conv_pack_w() (weights that stay): the solver is chosen without
                       the time of packing, and if it takes packed weights, args.packed_w is required. A solver that
                       reads w as it is may still be chosen: arete_conv_packs_w() tells. */
} arete_conv_desc;

/**
 * The operands. N images, C channels in, M out, G groups; spatial dimensions x_i -> y_i (1 to 3 of them), kernel
 * k_i, stride s_i, dilation d_i, pads b_i before and e_i after.
 *
 *   y[n,m,o...] = act(bias[m] + residual[n,m,o...] +
 *                     sum over c < C/G, r_i < k_i of x[n, g*C/G + c, o_i*s_i - b_i + r_i*d_i ...] * w[m,c,r...])
 *
 * with g = m / (M/G), x zero outside of its bounds, and r_i counted from the end in w with flip.
 *   y_i = floor((x_i + b_i + e_i - d_i*(k_i-1) - 1) / s_i) + 1
 *
 * Transposed, each x[n,c,q...] is added, times w[c,m,r...], to y at q_i*s_i - b_i + r_i*d_i:
 *   y_i = s_i*(x_i-1) + output_padding_i + d_i*(k_i-1) + 1 - b_i - e_i
 * With output_shape given, the sum b_i + e_i is what makes y_i that (at least 0), and is halved; what is odd goes to
 * the beginning, with SAME_UPPER to the end. With SAME_* and no output_shape, y_i is x_i*s_i.
 *
 * Strides: images and channels may lie anywhere (channels of a larger tensor can be read and written in place), but
 * the positions of an image must follow each other evenly, in row-major order. The same holds for the taps of w, so
 * that [M,kernel...,C/G] and [kernel...,C/G,M] in memory are a matter of w.strides. Solvers but the slowest want
 * positions or channels at stride 1.
 * Zero-sized dimensions: without outputs there is nothing to do; N, M may be 0, C too (then y is act(bias +
 * residual)); k_i may not.
 */
typedef struct arete_conv_args {
    size_t size;           /**< sizeof(arete_conv_args); 0 is taken for the size of this version */
    arete_tensor x;        /**< [N,C,x...] or [N,x...,C] */
    arete_tensor w;        /**< [M,C/G,k...]; transposed: [C,M/G,k...] */
    arete_tensor y;        /**< [N,M,y...] or [N,y...,M], written; must not overlap any input but residual */
    arete_tensor bias;     /**< [M], or absent; f32, or y's type; i32 where x is quantised, in units of
                                x_scale*w_scale[m]; contiguous */
    arete_tensor residual; /**< y's shape and type (f32 also with y of f16 or bf16), or absent; the same place and
                                strides as y, or no overlap */

    /** Quantised x (i8, u8): real = x_scale * (x - x_zero). f32, [1]; absent: 1. Only with a y other than i32. */
    arete_tensor x_scale;
    arete_tensor x_zero;  /**< x's type, [1]; absent: 0. Padding holds it, so that it counts as real 0 */
    arete_tensor w_scale; /**< f32, [1] or [M]; absent: 1 */
    arete_tensor w_zero;  /**< w's type, [1] or [M]; absent: 0 */
    arete_tensor y_scale; /**< f32, [1], with y of i8 or u8: y = saturate(round_even(real / y_scale) + y_zero) */
    arete_tensor y_zero;  /**< y's type, [1]; absent: 0 */

    arete_buffer *packed_w; /**< w as arete_conv_pack_w() made it, in place of w.buffer (w still gives the shape);
                                 required with desc.prepack where the plan's solver packs; NULL: none */
    arete_buffer *workspace; /**< at least arete_plan_workspace() bytes, no operand's buffer; NULL: the queue's own
                                  scratch */
} arete_conv_args;

/*
 * Data types (X, W -> Y):
 *   f32,f32 -> f32     f16,f16 -> f16|f32     bf16,bf16 -> bf16|f32
 *   (i8|u8),(i8|u8) -> i32 (exact; zero points, no scales, bias, residual or activation: ConvInteger)
 *   (i8|u8),(i8|u8) -> f32|f16|bf16 (scales)
 *   (i8|u8),(i8|u8) -> i8|u8 (scales, bias of i32 or f32, no residual: QLinearConv)
 * f16, bf16 and f32 accumulate in f32, int8 in int32; sums beyond 31 bits wrap.
 *
 * Error, on every device, with K = C/G * product of k_i, eps = 2^-24, S[o] = sum|x*w| + |bias| + |residual| of an
 * output and L the activation's steepest slope (as in arete/matmul.h): |Y - exact| <= L * 4*max(1, ceil(log2 K)) *
 * eps * S, plus one rounding of Y's type and 4 eps of the activation's value; integer Y is exact; quantised Y is the
 * nearest integer to a real within that bound.
 * With ARETE_MATH_DEFAULT a solver named winograd... may be chosen, for which it is |Y - exact| <= L * 2e-5 * (the
 * largest S of that image), beside the same roundings; in practice below 2e-5 of the largest |Y|. It also spreads
 * a NaN or an infinity of x over the neighbouring outputs (up to 6 positions). ARETE_MATH_STRICT excludes these.
 * Results repeat bit by bit on the same device, driver, solver and parameters.
 *
 * Cost: flops is 2*N*M*(C/G)*k... for each output position, transposed for each input position: the usual
 * convention, in which a product with padding counts. bytes: X (what is read of it), W, Y and the side operands once.
 */

/**
 * Chooses a solver, compiles its kernels, sizes its workspace. args gives shapes, strides and types; its buffers
 * may be NULL ("shape only"), except that an optional operand is present when its dtype is not NONE.
 * A later run must bring operands of the same shapes, strides, types and presence; offsets may differ.
 * On success *plan holds one reference, the caller's; on failure it is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE (the text has the formula), ARETE_E_DTYPE, ARETE_E_RANGE,
 * ARETE_E_ALIAS (strides that make elements of y share a place), ARETE_E_UNSUPPORTED, ARETE_E_NOT_FOUND (no such
 * solver), ARETE_E_BUILD, ARETE_E_MEMORY, ARETE_E_DEVICE. Blocks while kernels compile. Any thread.
 */
ARETE_API arete_status arete_conv_plan(arete_device *device, const arete_conv_desc *desc,
                                       const arete_conv_args *args, arete_plan **plan);

/**
 * Runs a plan of arete_conv_plan(). Only enqueues; never compiles; allocates nothing, unless the queue's scratch is
 * too small (arete_queue_reserve() sees to that ahead).
 * done NULL: no event is made. Otherwise *done holds one reference on success; on failure nothing was enqueued
 * and *done is unchanged.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE or ARETE_E_DTYPE (operands are not the plan's),
 * ARETE_E_RANGE, ARETE_E_ALIAS, ARETE_E_MISMATCH, ARETE_E_MEMORY, ARETE_E_DEVICE. Several threads may run one plan,
 * each on a queue of its own.
 */
ARETE_API arete_status arete_conv_run(const arete_plan *plan, arete_queue *queue, const arete_conv_args *args,
                                      arete_wait_list after, arete_event **done);

/**
 * One shot: plan (kept in the device's plan cache) and run. May compile on the first use of a problem.
 * Statuses are those of arete_conv_plan() and arete_conv_run().
 * Definition: ONNX Conv-11, ConvTranspose-11, ConvInteger-10, QLinearConv-10.
 */
ARETE_API arete_status arete_conv(arete_queue *queue, const arete_conv_desc *desc, const arete_conv_args *args,
                                  arete_wait_list after, arete_event **done);

/**
 * The dimensions that y must have for x, w and desc: fills in rank, dims and (tight) strides of *y, and its dtype
 * when that is NONE (x's; i32 for int8). buffer and offset stay as they are.
 * Returns ARETE_OK, ARETE_E_ARGUMENT, ARETE_E_SHAPE, ARETE_E_DTYPE; on failure *y is unchanged. Any thread.
 */
ARETE_API arete_status arete_conv_output(const arete_conv_desc *desc, const arete_tensor *x, const arete_tensor *w,
                                         arete_tensor *y);

/**
 * Packs w (weights) once, in the form that the plan's solver reads fastest: arete_plan_workspace() shrinks to what
 * remains when the plan was made with desc.prepack. Winograd's form has 4 times the elements of F(4,3) weights.
 * The result serves every plan on this device with the same w (shape, groups, type) and the same solver and
 * parameters. w need not stay; its strides are the plan's. May compile.
 * On success *packed holds one reference, the caller's; the work is enqueued on the queue, in order.
 * Returns as arete_conv_run(), and ARETE_E_UNSUPPORTED when the plan's solver reads w as it is.
 */
ARETE_API arete_status arete_conv_pack_w(const arete_plan *plan, arete_queue *queue, const arete_tensor *w,
                                         arete_buffer **packed);

/** Whether arete_conv_pack_w() works on this plan. */
ARETE_API bool arete_conv_packs_w(const arete_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
