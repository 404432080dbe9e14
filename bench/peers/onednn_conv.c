/* Convolutions by oneDNN. Weights go into its own layout ("any") ahead when the case says that they are packed; so do
 * images, as they lie between the layers of a network that it runs, unless the peer is to keep the case's layout. */
#include <string.h>

#include "conv/problem.h"
#include "onednn.h"

enum { SRC, WEIGHTS, BIAS, DST, OPERANDS };

typedef struct onednn_conv {
    const conv_problem *p;
    arete_conv_desc desc;
    int rank; /* spatial dimensions */
    bool grouped;
    dnnl_memory_desc_t given[OPERANDS], used[OPERANDS];
    dnnl_dims_t strides, dilations, before, after;
} onednn_conv;

/* [N,C,spatial] wherever they lie. */
static dnnl_memory_desc_t of_place(const onednn *of, const onednn_conv *c, const conv_place *place, uint8_t type,
                                   int64_t channels, const int64_t *extents) {
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = {c->p->n, channels}, strides = {place->image, place->channel};
    int64_t step = place->point;
    for (int i = c->rank; i-- > 0;) {
        dims[2 + i] = extents[CONV_AXES - c->rank + i];
        strides[2 + i] = step;
        step *= dims[2 + i];
    }
    memset(&desc, 0, sizeof desc);
    of->f.dnnl_memory_desc_init_by_strides(&desc, c->rank + 2, dims, ar_onednn_type((arete_dtype)type), strides);
    return desc;
}

/* [G,M/G,C/G,kernel], or without groups [M,C,kernel]; of a deconvolution too. */
static dnnl_memory_desc_t of_weights(const onednn *of, const onednn_conv *c) {
    const conv_problem *p = c->p;
    dnnl_memory_desc_t desc;
    dnnl_dims_t dims = {p->groups, ar_conv_group_m(p), ar_conv_group_c(p)};
    dnnl_dims_t strides = {p->w.group, p->w.out, p->w.in};
    int64_t step = p->w.tap;
    for (int i = c->rank; i-- > 0;) {
        dims[3 + i] = p->kernel[CONV_AXES - c->rank + i];
        strides[3 + i] = step;
        step *= dims[3 + i];
    }
    int skip = c->grouped ? 0 : 1;
    memset(&desc, 0, sizeof desc);
    of->f.dnnl_memory_desc_init_by_strides(&desc, c->rank + 3 - skip, dims + skip,
                                           ar_onednn_type((arete_dtype)p->type_w), strides + skip);
    return desc;
}

static arete_status check(const conv_problem *p, const arete_conv_desc *desc) {
    if (ar_conv_empty(p) || p->c == 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is not given empty convolutions");
    if (p->type_residual)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN adds residuals in place only");
    if (p->x_scale || p->x_zero || p->w_scale || p->w_zero || p->y_scale || p->y_zero)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is not given scales and zero points here");
    if (desc->flip)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN turns no kernels round");
    if (p->activation > ARETE_ACT_LEAKY_RELU && p->activation != ARETE_ACT_CLIP)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given relu, leaky relu and clip only");
    return ARETE_OK;
}

static void describe(const onednn *of, const ar_peer_case *on, onednn_conv *c) {
    const conv_problem *p = c->p;
    c->rank = p->rank;
    c->grouped = p->groups > 1;
    for (int i = 0; i < c->rank; ++i) {
        c->strides[i] = c->desc.strides[i];
        c->dilations[i] = c->desc.dilations[i] - 1;
        c->before[i] = c->desc.pads_begin[i];
        c->after[i] = c->desc.pads_end[i] - c->desc.output_padding[i];
    }
    dnnl_dims_t m = {p->m}, one = {1};
    c->given[SRC] = of_place(of, c, &p->x, p->type_x, p->c, p->in);
    c->given[DST] = of_place(of, c, &p->y, p->type_y, p->m, p->out);
    c->given[WEIGHTS] = of_weights(of, c);
    memset(&c->given[BIAS], 0, sizeof c->given[BIAS]);
    if (p->type_bias)
        of->f.dnnl_memory_desc_init_by_strides(&c->given[BIAS], 1, m, ar_onednn_type((arete_dtype)p->type_bias), one);
    memcpy(c->used, c->given, sizeof c->used);
    if (on->prepack)
        c->used[WEIGHTS] = ar_onednn_any(c->given[WEIGHTS]);
    if (on->prepack && !of->plain) {
        c->used[SRC] = ar_onednn_any(c->given[SRC]);
        c->used[DST] = ar_onednn_any(c->given[DST]);
    }
}

static arete_status make_attributes(const onednn *of, const conv_problem *p, dnnl_primitive_attr_t *attributes) {
    dnnl_post_ops_t post = NULL;
    bool clip = p->activation == ARETE_ACT_CLIP;
    bool ok = of->f.dnnl_primitive_attr_create(attributes) == dnnl_success;
    if (ok && p->activation != ARETE_ACT_NONE)
        ok = of->f.dnnl_post_ops_create(&post) == dnnl_success &&
             of->f.dnnl_post_ops_append_eltwise(post, 1, clip ? dnnl_eltwise_clip : dnnl_eltwise_relu, p->alpha,
                                                p->beta) == dnnl_success &&
             of->f.dnnl_primitive_attr_set_post_ops(*attributes, post) == dnnl_success;
    if (post)
        of->f.dnnl_post_ops_destroy(post);
    return ok ? ARETE_OK : ar_fail(ARETE_E_UNSUPPORTED, "oneDNN takes no such activation");
}

static arete_status make_primitive(onednn *of, const onednn_conv *c, dnnl_primitive_t *primitive,
                                   dnnl_primitive_desc_t *desc) {
    const dnnl_memory_desc_t *bias = c->p->type_bias ? &c->used[BIAS] : NULL;
    dnnl_convolution_desc_t conv;
    dnnl_deconvolution_desc_t deconv;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_status_t made =
        c->p->transposed
            ? of->f.dnnl_dilated_deconvolution_forward_desc_init(
                  &deconv, dnnl_forward_inference, dnnl_deconvolution_direct, &c->used[SRC], &c->used[WEIGHTS], bias,
                  &c->used[DST], c->strides, c->dilations, c->before, c->after)
            : of->f.dnnl_dilated_convolution_forward_desc_init(
                  &conv, dnnl_forward_inference, dnnl_convolution_auto, &c->used[SRC], &c->used[WEIGHTS], bias,
                  &c->used[DST], c->strides, c->dilations, c->before, c->after);
    if (made != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such convolution");
    arete_status status = make_attributes(of, c->p, &attributes);
    if (status == ARETE_OK)
        status = ar_onednn_primitive(of, c->p->transposed ? (const void *)&deconv : (const void *)&conv, attributes,
                                     "convolution", primitive, desc);
    if (attributes)
        of->f.dnnl_primitive_attr_destroy(attributes);
    return status;
}

/* An operand in the layout that the primitive wants: itself where that is the case's, else a memory beside it that
 * is filled from it (give) or emptied into it (take). */
static arete_status bring(onednn *of, size_t copy, onednn_phase phase, const dnnl_memory_desc_t *given, void *data,
                          const dnnl_memory_desc_t *wanted, dnnl_memory_t *memory) {
    dnnl_memory_t plain = NULL;
    arete_status status = ar_onednn_memory(of, given, data, &plain);
    *memory = plain;
    if (status != ARETE_OK || of->f.dnnl_memory_desc_equal(given, wanted))
        return status;
    status = ar_onednn_memory(of, wanted, DNNL_MEMORY_ALLOCATE, memory);
    if (status == ARETE_OK)
        status = phase == ONEDNN_GIVE ? ar_onednn_reorder(of, phase, copy, given, plain, wanted, *memory)
                                      : ar_onednn_reorder(of, phase, copy, wanted, *memory, given, plain);
    return status;
}

static arete_status add_call(onednn *of, const ar_peer_case *on, const onednn_conv *c, dnnl_primitive_t primitive,
                             dnnl_primitive_desc_t desc, size_t copy) {
    const dnnl_memory_desc_t *src = of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_src_md, 0);
    const dnnl_memory_desc_t *weights = of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    const dnnl_memory_desc_t *dst = of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_dst_md, 0);
    dnnl_memory_t x = NULL, w = NULL, y = NULL, bias = NULL;
    void *at_w = ar_peer_operand(on, copy, "w", NULL);
    arete_status status = bring(of, copy, ONEDNN_GIVE, &c->given[SRC], ar_peer_operand(on, copy, "x", NULL), src, &x);
    if (status == ARETE_OK)
        status = bring(of, copy, ONEDNN_TAKE, &c->given[DST], ar_peer_operand(on, copy, "y", NULL), dst, &y);
    if (status == ARETE_OK && of->f.dnnl_memory_desc_equal(&c->given[WEIGHTS], weights))
        status = ar_onednn_memory(of, weights, at_w, &w);
    else if (status == ARETE_OK)
        status = ar_onednn_pack(of, &c->given[WEIGHTS], at_w, weights, &w);
    if (status == ARETE_OK && c->p->type_bias)
        status = ar_onednn_memory(of, &c->given[BIAS], ar_peer_operand(on, copy, "bias", NULL), &bias);
    onednn_call call = {primitive, {{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}}, 3};
    if (bias)
        call.args[call.arg_count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, bias};
    return status == ARETE_OK ? ar_onednn_add(of, ONEDNN_RUN, copy, &call) : status;
}

arete_status ar_onednn_conv(onednn *of, const ar_peer_case *on) {
    onednn_conv c = {.p = on->of->of};
    arete_conv_args shapes;
    ar_conv_problem_describe(c.p, &c.desc, &shapes);
    arete_status status = check(c.p, &c.desc);
    if (status != ARETE_OK)
        return status;
    describe(of, on, &c);
    dnnl_primitive_t primitive = NULL;
    dnnl_primitive_desc_t desc = NULL;
    status = make_primitive(of, &c, &primitive, &desc);
    for (size_t copy = 0; copy < on->copies && status == ARETE_OK; copy++)
        status = add_call(of, on, &c, primitive, desc, copy);
    if (desc)
        of->f.dnnl_primitive_desc_destroy(desc);
    return status;
}
