/* Attention by oneDNN 2: a product, a softmax over its rows, a product. Causal by a mask that is added. */
#include <math.h>
#include <string.h>

#include "attention/problem.h"
#include "onednn.h"

enum { Q, K, V, Y, SCORES, MASK, OPERANDS };

typedef struct onednn_attention {
    const attention_problem *p;
    dnnl_memory_desc_t descs[OPERANDS];
    dnnl_primitive_t scores, softmax, values;
} onednn_attention;

static void describe(const onednn *of, onednn_attention *a) {
    const attention_problem *p = a->p;
    const int64_t rows[OPERANDS] = {p->sq, p->d, p->skv, p->sq, p->sq, p->sq};
    const int64_t columns[OPERANDS] = {p->d, p->skv, p->dv, p->dv, p->skv, p->skv};
    const attention_steps steps[OPERANDS] = {
        p->q, p->k, p->v, p->y, {p->hq * p->sq * p->skv, p->sq * p->skv, p->skv}, {0, 0, p->skv}};
    for (int i = 0; i < OPERANDS; i++) {
        /* A dimension of 1 has step 0 in the problem; oneDNN wants one that fits. */
        int64_t s = steps[i].s ? steps[i].s : i == K ? p->d : columns[i];
        int64_t h = steps[i].h ? steps[i].h : rows[i] * columns[i], b = steps[i].b ? steps[i].b : p->hq * h;
        dnnl_dims_t dims = {i == MASK ? 1 : p->b, i == MASK ? 1 : p->hq, rows[i], columns[i]};
        dnnl_dims_t strides = {b, h, i == K ? 1 : s, i == K ? s : 1};
        memset(&a->descs[i], 0, sizeof a->descs[i]);
        of->f.dnnl_memory_desc_init_by_strides(&a->descs[i], 4, dims, dnnl_f32, strides);
    }
}

static arete_status make_product(onednn *of, const dnnl_memory_desc_t *left, const dnnl_memory_desc_t *right,
                                 const dnnl_memory_desc_t *to, float scale, const dnnl_memory_desc_t *mask,
                                 dnnl_primitive_t *made) {
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t post = NULL;
    bool ok = of->f.dnnl_primitive_attr_create(&attributes) == dnnl_success;
    if (ok && scale != 1)
        ok = of->f.dnnl_primitive_attr_set_output_scales(attributes, 1, 0, &scale) == dnnl_success;
    if (ok && mask)
        ok = of->f.dnnl_post_ops_create(&post) == dnnl_success &&
             of->f.dnnl_post_ops_append_binary(post, dnnl_binary_add, mask) == dnnl_success &&
             of->f.dnnl_primitive_attr_set_post_ops(attributes, post) == dnnl_success;
    ok = ok && of->f.dnnl_matmul_desc_init(&product, left, right, NULL, to) == dnnl_success;
    arete_status status = ok ? ar_onednn_primitive(of, &product, attributes, "product", made, NULL)
                             : ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such product");
    if (post)
        of->f.dnnl_post_ops_destroy(post);
    if (attributes)
        of->f.dnnl_primitive_attr_destroy(attributes);
    return status;
}

static arete_status make_primitives(onednn *of, onednn_attention *a) {
    const attention_problem *p = a->p;
    dnnl_softmax_desc_t softmax;
    arete_status status = make_product(of, &a->descs[Q], &a->descs[K], &a->descs[SCORES], (float)p->scale,
                                       p->causal ? &a->descs[MASK] : NULL, &a->scores);
    if (status == ARETE_OK)
        status = make_product(of, &a->descs[SCORES], &a->descs[V], &a->descs[Y], 1, NULL, &a->values);
    if (status == ARETE_OK && of->f.dnnl_softmax_forward_desc_init(&softmax, dnnl_forward_inference,
                                                                   &a->descs[SCORES], 3) != dnnl_success)
        status = ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such softmax");
    return status == ARETE_OK ? ar_onednn_primitive(of, &softmax, NULL, "softmax", &a->softmax, NULL) : status;
}

static arete_status make_mask(onednn *of, const onednn_attention *a, dnnl_memory_t *mask) {
    const attention_problem *p = a->p;
    void *data = NULL;
    arete_status status = ar_onednn_memory(of, &a->descs[MASK], DNNL_MEMORY_ALLOCATE, mask);
    if (status == ARETE_OK && of->f.dnnl_memory_get_data_handle(*mask, &data) != dnnl_success)
        status = ar_fail(ARETE_E_UNSUPPORTED, "oneDNN gives no address of its memory");
    for (int64_t i = 0; i < p->sq && status == ARETE_OK; i++)
        for (int64_t j = 0; j < p->skv; j++)
            ((float *)data)[i * p->skv + j] = j <= i + p->shift ? 0 : -INFINITY;
    return status;
}

static arete_status check(const attention_problem *p) {
    if (p->type_q != ARETE_F32 || p->type_kv != ARETE_F32 || p->type_y != ARETE_F32)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given f32 attention only");
    if (p->hq != p->hkv)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN's products repeat no heads");
    if (ar_attention_has_cache(p) || p->rotary || p->lens || p->type_mask || p->window || p->softcap > 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given no caches, rotation, lengths, masks, window or cap");
    if (p->b * p->hq * p->sq * p->skv * p->d * p->dv == 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is not given empty sequences");
    if (p->causal && p->shift < 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN's softmax of a hidden row is not zeros");
    return ARETE_OK;
}

arete_status ar_onednn_attention(onednn *of, const ar_peer_case *on) {
    onednn_attention a = {.p = on->of->of}; /* a case of attention starts with its problem */
    static const char *const names[] = {"q", "k", "v", "y"};
    dnnl_memory_t scores = NULL, mask = NULL;
    arete_status status = check(a.p);
    if (status != ARETE_OK)
        return status;
    describe(of, &a);
    status = make_primitives(of, &a);
    if (status == ARETE_OK)
        status = ar_onednn_memory(of, &a.descs[SCORES], DNNL_MEMORY_ALLOCATE, &scores);
    if (status == ARETE_OK && a.p->causal)
        status = make_mask(of, &a, &mask);
    for (size_t i = 0; i < on->copies && status == ARETE_OK; i++) {
        dnnl_memory_t m[4] = {NULL};
        for (int o = Q; o <= Y && status == ARETE_OK; o++)
            status = ar_onednn_memory(of, &a.descs[o], ar_peer_operand(on, i, names[o], NULL), &m[o]);
        const onednn_call calls[3] = {
            {a.scores,
             {{DNNL_ARG_SRC, m[Q]},
              {DNNL_ARG_WEIGHTS, m[K]},
              {DNNL_ARG_DST, scores},
              {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, mask}},
             a.p->causal ? 4 : 3},
            {a.softmax, {{DNNL_ARG_SRC, scores}, {DNNL_ARG_DST, scores}}, 2},
            {a.values, {{DNNL_ARG_SRC, scores}, {DNNL_ARG_WEIGHTS, m[V]}, {DNNL_ARG_DST, m[Y]}}, 3},
        };
        for (int c = 0; c < 3 && status == ARETE_OK; c++)
            status = ar_onednn_add(of, ONEDNN_RUN, i, &calls[c]);
    }
    return status;
}
