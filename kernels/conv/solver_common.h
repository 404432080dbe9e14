/* What the solvers of convolution share. */
#ifndef AR_CONV_SOLVER_COMMON_H
#define AR_CONV_SOLVER_COMMON_H

#include "problem.h"

/* VEC of the prelude: the device's vector width in floats. */
static inline int64_t ar_conv_vec(const arete_device *device) {
    uint32_t width = device->info.vector_f32;
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

static inline int64_t ar_conv_ceil(int64_t a, int64_t b) {
    return a / b + (a % b != 0);
}

/* Whether a solver that is made for CPUs, or for GPUs, is chosen here unasked. */
static inline bool ar_conv_cpu_home(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_CPU;
}
static inline bool ar_conv_gpu_home(const arete_device *device) {
    return device->info.kind == ARETE_DEVICE_GPU || device->info.kind == ARETE_DEVICE_ACCELERATOR;
}

/* Every product and side input of the problem, as conv/args.h has it: what a kernel gets by value as its first
 * argument. Every distance and offset is in elements of its operand. */
typedef struct conv_kernel_args {
    int64_t n, c, m, groups;
    int64_t group_c, group_m;
    int64_t in[CONV_AXES], out[CONV_AXES], kernel[CONV_AXES];
    int64_t stride[CONV_AXES], up[CONV_AXES], dilation[CONV_AXES], pad[CONV_AXES];
    int64_t x_image, x_channel, x_point;
    int64_t y_image, y_channel, y_point;
    int64_t r_image, r_channel, r_point;
    int64_t w_group, w_out, w_in, w_tap;
    int64_t x_offset, w_offset, y_offset, bias_offset, r_offset;
    int64_t x_scale_offset, x_zero_offset, w_scale_offset, w_zero_offset, y_scale_offset, y_zero_offset;
    int64_t plane[CONV_AXES];
} conv_kernel_args;

/* kernel_args.c */
void ar_conv_kernel_args(const conv_problem *problem, const arete_conv_args *args, conv_kernel_args *into);

/* The build options that the problem alone decides, for kernels that include conv/args.h; only what is not a default
 * is written, beginning with -DVEC. The length, less than bytes. */
size_t ar_conv_options(const conv_problem *problem, int64_t vec, char *text, size_t bytes);

/* The buffers of the common argument list (args.h) after the block, alpha and beta: x, w, bias, residual, y, x_scale, x_zero,
 * w_scale, w_zero, y_scale, y_zero; those that the problem has not are NULL. */
#define CONV_BUFFERS 11
void ar_conv_buffers(const conv_problem *problem, const arete_conv_args *args, ar_arg into[CONV_BUFFERS]);

/* Work-items of a group for kernels of one output a work-item: few on GPUs; on CPUs, where starting a group costs
 * microseconds, as many as there are along the line of items. */
static inline size_t ar_conv_flat_group(const arete_device *device, int64_t items) {
    size_t group = 64, most = device->info.max_group_size;
    while (device->info.kind == ARETE_DEVICE_CPU && group < 1024 && (int64_t)group < items)
        group *= 2;
    while (group > 1 && (group > most || group > device->info.max_group_dims[0]))
        group /= 2;
    return group;
}

/* Whether a kernel can run here at all: not on the reference device. */
static inline bool ar_conv_has_kernels(const arete_device *device, const char **why) {
    *why = "the reference device runs no kernels";
    return device->info.kind != ARETE_DEVICE_REFERENCE;
}

/* The roofline's time for the problem with that many operations executed, at a share of the peak, in that many
 * launches. */
double ar_conv_seconds(const conv_problem *problem, const arete_roofs *roofs, double executed, double share,
                       double launches);

/* solver_pointwise.c: packs weights that are B of the plan's product. */
arete_status ar_conv_pack_matmul(const arete_plan *plan, arete_queue *queue, const arete_tensor *w,
                                 arete_buffer *into);

/* solver_gpu_implicit.c: packs weights as [group][tap][channel][m]. */
arete_status ar_conv_pack_gpu(const arete_plan *plan, arete_queue *queue, const arete_tensor *w, arete_buffer *into);

#endif
