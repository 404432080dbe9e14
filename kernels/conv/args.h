/* conv/args.h: the argument block of convolution kernels; the host has the same struct of int64_t (solver_common.h).
 * Every distance and offset is in elements of its operand, and 64 bits wide.
 *
 * The common argument list of the kernels: this struct by value, then
 *   float alpha, float beta, X, W, bias, residual, Y, x_scale, x_zero, w_scale, w_zero, y_scale, y_zero
 * (alpha and beta are the activation's). A buffer that the variant does not read may be NULL.
 *
 * Output o of an axis reads, at tap r, u = o*stride - pad + r*dilation, when 0 <= u, u % up == 0 and u / up < in.
 */
typedef struct {
    long n, c, m, groups;
    long group_c, group_m;            /* channels of a group: in, out */
    long in[3], out[3], taps[3];      /* depth, height, width */
    long stride[3], up[3], dilation[3], pad[3];
    long x_image, x_channel, x_point; /* strides of X: image, channel, position */
    long y_image, y_channel, y_point;
    long r_image, r_channel, r_point; /* of the residual */
    long w_group, w_out, w_in, w_tap;
    long x_offset, w_offset, y_offset, bias_offset, r_offset;
    long x_scale_offset, x_zero_offset, w_scale_offset, w_zero_offset, y_scale_offset, y_zero_offset;
    long plane[3]; /* extents that positions of Y are counted in: out's, but where a solver leaves margins out */
} conv_args;

#ifndef TYPE_X
#define TYPE_X f32
#endif
#ifndef TYPE_W
#define TYPE_W TYPE_X
#endif
#ifndef TYPE_Y
#define TYPE_Y f32
#endif
#ifndef TYPE_BIAS
#define TYPE_BIAS f32
#endif
#ifndef TYPE_R
#define TYPE_R TYPE_Y /* residual */
#endif
#ifndef HAS_BIAS
#define HAS_BIAS 0
#endif
#ifndef HAS_RESIDUAL
#define HAS_RESIDUAL 0
#endif
#ifndef X_SCALE
#define X_SCALE 0 /* these six: 0 none, 1 one for all, 2 one for each output channel (w's only) */
#endif
#ifndef X_ZERO
#define X_ZERO 0
#endif
#ifndef W_SCALE
#define W_SCALE 0
#endif
#ifndef W_ZERO
#define W_ZERO 0
#endif
#ifndef Y_SCALE
#define Y_SCALE 0
#endif
#ifndef Y_ZERO
#define Y_ZERO 0
#endif
#ifndef FLIP
#define FLIP 0 /* 1: taps of W are counted from the end */
#endif
#define INT_SUM IS_INT8(TYPE_X) /* int8 x int8 is summed exactly in int */
#if IS_INT8(TYPE_X) != IS_INT8(TYPE_W)
#error "TYPE_X and TYPE_W must both be of 8 bits, or neither"
#endif
