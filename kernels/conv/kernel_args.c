/* A problem and its operands as the kernels take them (args.h). */
#include <stdio.h>
#include <string.h>

#include "solver_common.h"

static int64_t elements(const arete_tensor *t) {
    return t->dtype == ARETE_DTYPE_NONE ? 0 : (int64_t)(t->offset / arete_dtype_size(t->dtype));
}

void ar_conv_kernel_args(const conv_problem *p, const arete_conv_args *args, conv_kernel_args *into) {
    *into = (conv_kernel_args){
        .n = p->n, .c = p->c, .m = p->m, .groups = p->groups,
        .group_c = ar_conv_group_c(p), .group_m = ar_conv_group_m(p),
        .x_image = p->x.image, .x_channel = p->x.channel, .x_point = p->x.point,
        .y_image = p->y.image, .y_channel = p->y.channel, .y_point = p->y.point,
        .r_image = p->residual.image, .r_channel = p->residual.channel, .r_point = p->residual.point,
        .w_group = p->w.group, .w_out = p->w.out, .w_in = p->w.in, .w_tap = p->w.tap,
        .x_offset = elements(&args->x), .w_offset = elements(&args->w), .y_offset = elements(&args->y),
        .bias_offset = elements(&args->bias), .r_offset = elements(&args->residual),
        .x_scale_offset = elements(&args->x_scale), .x_zero_offset = elements(&args->x_zero),
        .w_scale_offset = elements(&args->w_scale), .w_zero_offset = elements(&args->w_zero),
        .y_scale_offset = elements(&args->y_scale), .y_zero_offset = elements(&args->y_zero),
    };
    memcpy(into->in, p->in, sizeof into->in);
    memcpy(into->out, p->out, sizeof into->out);
    memcpy(into->plane, p->out, sizeof into->plane);
    memcpy(into->kernel, p->kernel, sizeof into->kernel);
    memcpy(into->stride, p->stride, sizeof into->stride);
    memcpy(into->up, p->up, sizeof into->up);
    memcpy(into->dilation, p->dilation, sizeof into->dilation);
    memcpy(into->pad, p->pad, sizeof into->pad);
}

size_t ar_conv_options(const conv_problem *p, int64_t vec, char *text, size_t bytes) {
    const struct {
        const char *name;
        uint8_t type;
    } types[] = {{"TYPE_X", p->type_x}, {"TYPE_W", p->type_w}, {"TYPE_Y", p->type_y},
                 {"TYPE_BIAS", p->type_bias ? p->type_bias : ARETE_F32},
                 {"TYPE_R", p->type_residual ? p->type_residual : p->type_y}};
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"HAS_BIAS", p->type_bias != 0}, {"HAS_RESIDUAL", p->type_residual != 0}, {"ACT", p->activation},
                   {"X_SCALE", p->x_scale}, {"X_ZERO", p->x_zero}, {"W_SCALE", p->w_scale}, {"W_ZERO", p->w_zero},
                   {"Y_SCALE", p->y_scale}, {"Y_ZERO", p->y_zero}, {"FLIP", p->flip}};
    size_t at = (size_t)snprintf(text, bytes, "-DVEC=%d", (int)vec);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; ++i)
        at += (size_t)snprintf(text + at, bytes - at, " -D%s=%s", types[i].name,
                               arete_dtype_name((arete_dtype)types[i].type));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; ++i)
        if (numbers[i].value)
            at += (size_t)snprintf(text + at, bytes - at, " -D%s=%d", numbers[i].name, numbers[i].value);
    return at;
}

void ar_conv_buffers(const conv_problem *p, const arete_conv_args *args, ar_arg into[CONV_BUFFERS]) {
    into[0] = AR_BUFFER(args->x.buffer);
    into[1] = AR_BUFFER(args->w.buffer);
    into[2] = AR_BUFFER(p->type_bias ? args->bias.buffer : NULL);
    into[3] = AR_BUFFER(p->type_residual ? args->residual.buffer : NULL);
    into[4] = AR_BUFFER(args->y.buffer);
    into[5] = AR_BUFFER(p->x_scale ? args->x_scale.buffer : NULL);
    into[6] = AR_BUFFER(p->x_zero ? args->x_zero.buffer : NULL);
    into[7] = AR_BUFFER(p->w_scale ? args->w_scale.buffer : NULL);
    into[8] = AR_BUFFER(p->w_zero ? args->w_zero.buffer : NULL);
    into[9] = AR_BUFFER(p->y_scale ? args->y_scale.buffer : NULL);
    into[10] = AR_BUFFER(p->y_zero ? args->y_zero.buffer : NULL);
}
