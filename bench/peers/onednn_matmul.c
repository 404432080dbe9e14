/* Products by oneDNN. Weights go into its own layout ("any") ahead when the case says that they are packed. */
#include <string.h>

#include "onednn.h"

/* rows x cols with that leading dimension, lying transposed or not, step elements from one of the batch to the
 * next. */
static dnnl_memory_desc_t describe(const onednn *of, arete_dtype dtype, int64_t batch, int64_t step, int64_t rows,
                                   int64_t cols, int64_t leading, bool transposed) {
    dnnl_memory_desc_t desc;
    int64_t row = transposed ? 1 : leading, col = transposed ? leading : 1;
    dnnl_dims_t dims3 = {step ? batch : 1, rows, cols}, strides3 = {step ? step : rows * cols, row, col};
    dnnl_dims_t dims2 = {rows, cols}, strides2 = {row, col};
    memset(&desc, 0, sizeof desc);
    if (batch > 1)
        of->f.dnnl_memory_desc_init_by_strides(&desc, 3, dims3, ar_onednn_type(dtype), strides3);
    else
        of->f.dnnl_memory_desc_init_by_strides(&desc, 2, dims2, ar_onednn_type(dtype), strides2);
    return desc;
}

static arete_status make_attributes(const onednn *of, const ar_gemm *g, dnnl_primitive_attr_t *attributes) {
    dnnl_post_ops_t post = NULL;
    float alpha = (float)g->alpha;
    bool ok = of->f.dnnl_primitive_attr_create(attributes) == dnnl_success;
    if (ok && g->alpha != 1)
        ok = of->f.dnnl_primitive_attr_set_output_scales(*attributes, 1, 0, &alpha) == dnnl_success;
    if (ok && g->beta != 0)
        ok = of->f.dnnl_post_ops_create(&post) == dnnl_success &&
             of->f.dnnl_post_ops_append_sum(post, (float)g->beta) == dnnl_success &&
             of->f.dnnl_primitive_attr_set_post_ops(*attributes, post) == dnnl_success;
    if (post)
        of->f.dnnl_post_ops_destroy(post);
    return ok ? ARETE_OK : ar_fail(ARETE_E_UNSUPPORTED, "oneDNN takes no such alpha and beta");
}

/* One call per set of operands. weights: the layout that B is packed into, or NULL. */
static arete_status add_calls(onednn *of, const ar_peer_case *on, const dnnl_memory_desc_t descs[3],
                              const dnnl_memory_desc_t *weights, dnnl_primitive_t product) {
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < on->copies && status == ARETE_OK; i++) {
        dnnl_memory_t a = NULL, b = NULL, c = NULL;
        void *at_b = ar_peer_operand(on, i, "b", NULL);
        status = ar_onednn_memory(of, &descs[0], ar_peer_operand(on, i, "a", NULL), &a);
        if (status == ARETE_OK)
            status = ar_onednn_memory(of, &descs[2], ar_peer_operand(on, i, "c", NULL), &c);
        if (status == ARETE_OK)
            status = weights ? ar_onednn_pack(of, &descs[1], at_b, weights, &b)
                             : ar_onednn_memory(of, &descs[1], at_b, &b);
        onednn_call call = {product, {{DNNL_ARG_SRC, a}, {DNNL_ARG_WEIGHTS, b}, {DNNL_ARG_DST, c}}, 3};
        if (status == ARETE_OK)
            status = ar_onednn_add(of, ONEDNN_RUN, i, &call);
    }
    return status;
}

arete_status ar_onednn_matmul(onednn *of, const ar_peer_case *on) {
    ar_gemm g;
    arete_status status = ar_gemm_of(on, "oneDNN", &g);
    if (status != ARETE_OK)
        return status;
    if (g.type_a == ARETE_F64 || g.type_b == ARETE_F64 || g.type_c == ARETE_F64)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN multiplies no f64");
    dnnl_memory_desc_t descs[3] = {describe(of, g.type_a, g.batch, g.step_a, g.m, g.k, g.lda, g.trans_a),
                                   describe(of, g.type_b, g.batch, g.step_b, g.k, g.n, g.ldb, g.trans_b),
                                   describe(of, g.type_c, g.batch, g.step_c, g.m, g.n, g.ldc, false)};
    dnnl_memory_desc_t wanted = on->prepack ? ar_onednn_any(descs[1]) : descs[1];
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_primitive_desc_t desc = NULL;
    status = make_attributes(of, &g, &attributes);
    if (status == ARETE_OK &&
        of->f.dnnl_matmul_desc_init(&product, &descs[0], &wanted, NULL, &descs[2]) != dnnl_success)
        status = ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such product");
    if (status == ARETE_OK)
        status = ar_onednn_primitive(of, &product, attributes, "product", &primitive, &desc);
    if (status == ARETE_OK)
        status = add_calls(of, on, descs,
                           on->prepack ? of->f.dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0) : NULL,
                           primitive);
    if (desc)
        of->f.dnnl_primitive_desc_destroy(desc);
    if (attributes)
        of->f.dnnl_primitive_attr_destroy(attributes);
    return status;
}
