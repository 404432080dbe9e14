/* One convolution as a plain value: what solvers choose by, what plans are cached and tuned by. */
#ifndef AR_CONV_PROBLEM_H
#define AR_CONV_PROBLEM_H

#include "arete/conv.h"
#include "error.h"
#include "objects.h"
#include "solver.h"

#define CONV_AXES 3 /* depth, height, width; those that a problem lacks have extent 1 */

/* A side input: absent, one value for all, one for each output channel. */
enum { CONV_ABSENT = 0, CONV_ONE = 1, CONV_EACH = 2 };

/* A tensor of activations in memory: element (n, c, position) is at n*image + c*channel + position*point, position
 * counting tight over depth, height and width. NCHW: point 1; NHWC: channel 1. Strides in elements. */
typedef struct conv_place {
    int64_t image, channel, point;
    uint64_t bytes; /* from the first to past the last element */
} conv_place;

/* Weights: the one between output channel m and input channel c, both counted within group g, at tap r (tight over
 * the three axes), is at g*group + m*out + c*in + r*tap. Transposed convolutions differ only in these strides. */
typedef struct conv_weights {
    int64_t group, out, in, tap;
    uint64_t bytes;
} conv_weights;

/*
 * Zeroed before it is filled, compared as bytes. Canonical: what cannot matter has one fixed value, so equal
 * convolutions have equal problems. All kinds come down to one gather, axis by axis:
 *
 *   output o, tap r reads  u = o*stride - pad + r*dilation,  when 0 <= u, u % up == 0 and u / up < in
 *
 * up is 1 but for transposed convolutions, where it is the caller's stride (and stride is 1): those are convolutions
 * of an input with up - 1 zeros between its elements, the kernel turned round. pad may then be negative. Transposed
 * ones of stride 1 are ordinary convolutions here.
 */
typedef struct conv_problem {
    int64_t n, c, m, groups;                   /* images; channels in and out, of all groups */
    int64_t in[CONV_AXES], out[CONV_AXES];     /* spatial extents */
    int64_t kernel[CONV_AXES];                 /* taps */
    int64_t stride[CONV_AXES], up[CONV_AXES], dilation[CONV_AXES];
    int64_t pad[CONV_AXES]; /* before the first input; what comes after is a matter of out */
    conv_place x, y, residual;
    conv_weights w;
    float alpha, beta;                          /* of the activation */
    uint8_t type_x, type_w, type_y;             /* arete_dtype */
    uint8_t type_bias, type_residual;           /* ARETE_DTYPE_NONE: absent */
    uint8_t x_scale, x_zero, w_scale, w_zero, y_scale, y_zero; /* CONV_ABSENT, ONE, EACH (of w alone) */
    uint8_t flip;       /* tap r of w meets input tap kernel-1-r, axis by axis */
    uint8_t activation; /* arete_activation */
    uint8_t math;       /* arete_math */
    uint8_t prepack;    /* weights come packed */
    uint8_t rank;       /* spatial dimensions that the caller has: the last ones of the three axes */
    uint8_t nhwc;       /* how the caller orders dimensions */
    uint8_t transposed; /* as the caller said: for the text and for w's dimensions, of no account to solvers */
} conv_problem;

extern const ar_family ar_conv_family;
extern const ar_solver *const ar_conv_solvers[]; /* solvers.c; NULL-terminated */
extern const ar_solver ar_conv_pointwise;
extern const ar_solver ar_conv_spread;
extern const ar_solver ar_conv_gpu_implicit;
extern const ar_solver ar_conv_plain;
extern const ar_solver ar_conv_reference;

/* Packing of weights is the solver's: its build() sets plan->packed_layout and plan->packed_bytes, and this table
 * (solvers.c) says who does it. w has the problem's strides. May compile. */
typedef struct conv_packer {
    const ar_solver *solver;
    arete_status (*pack)(const arete_plan *plan, arete_queue *queue, const arete_tensor *w, arete_buffer *into);
} conv_packer;
extern const conv_packer ar_conv_packers[]; /* ends with {NULL, NULL} */

/* Checks all that can be checked without buffers, fills the problem. desc NULL: all defaults. Allocates nothing. */
arete_status ar_conv_problem_make(const arete_conv_desc *desc, const arete_conv_args *args, conv_problem *problem);

/* settle.c: brings a problem whose fields are all set (but bytes) into its canonical form, sets bytes. Geometry is
 * as the gather above says, before transposed ones of stride 1 are turned into ordinary ones. ARETE_E_RANGE when an
 * operand passes 2^63 bytes, ARETE_E_ALIAS when elements of y share a place. */
arete_status ar_conv_problem_settle(conv_problem *problem);

/* The descriptor and the shape-only operands that give this problem: the inverse of ar_conv_problem_make(). */
void ar_conv_problem_describe(const conv_problem *problem, arete_conv_desc *desc, arete_conv_args *args);

/* geometry.c: the extents of y along axis number i (of desc's arrays) and the padding before x, which auto_pad and
 * output_shape may decide. */
typedef struct conv_axis {
    int64_t in, kernel, stride, dilation; /* given */
    int64_t pad, out;                     /* found */
} conv_axis;
arete_status ar_conv_axis(const arete_conv_desc *desc, uint32_t i, conv_axis *axis);

/* check.c: the run-time half of the checks: buffers there, of this device, large enough, Y apart from the inputs. */
arete_status ar_conv_check_buffers(const conv_problem *problem, const arete_device *device,
                                   const arete_conv_args *args);

/* text.c */
void ar_conv_format(const void *problem, char *text, size_t bytes);
arete_status ar_conv_parse(const char *text, void *into);

/* reference.c: element m of image n at output position at[3], exact but for f64 rounding, before the rounding of Y's
 * type; *magnitude (may be NULL): what errors are relative to. Data pointers are those of the operands' first
 * elements; absent ones are NULL. */
typedef struct conv_host {
    const void *x, *w, *bias, *residual, *x_scale, *x_zero, *w_scale, *w_zero, *y_scale, *y_zero;
} conv_host;
double ar_conv_element(const conv_problem *problem, const conv_host *host, int64_t n, int64_t m, const int64_t *at,
                       double *magnitude);

/* Allowed |error| / magnitude of Y before its type's rounding; 0 for integers. */
double ar_conv_tolerance(const conv_problem *problem);

/* The ones of the formula: channels of a group, taps of a kernel, positions of a plane, products of an output. */
static inline int64_t ar_conv_group_c(const conv_problem *p) {
    return p->c / p->groups;
}
static inline int64_t ar_conv_group_m(const conv_problem *p) {
    return p->m / p->groups;
}
static inline int64_t ar_conv_volume(const int64_t extents[CONV_AXES]) {
    return extents[0] * extents[1] * extents[2];
}
static inline int64_t ar_conv_k(const conv_problem *p) {
    return ar_conv_group_c(p) * ar_conv_volume(p->kernel);
}

/* Whether Y has no element, so that there is nothing to do. */
static inline bool ar_conv_empty(const conv_problem *p) {
    return p->n == 0 || p->m == 0 || ar_conv_volume(p->out) == 0;
}

static inline bool ar_conv_is_int8(uint8_t type) {
    return type == ARETE_I8 || type == ARETE_U8;
}

#endif
