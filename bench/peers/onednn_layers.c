/* Layers by oneDNN 2: softmax, layer norm, sums, activations, and transposition as a reorder. */
#include <string.h>

#include "layers/problem.h"
#include "onednn.h"

/* What a layer is made of here: one primitive, and which operand is which argument. */
typedef struct onednn_layer {
    const layer_problem *p;
    dnnl_memory_desc_t in[3], out;
    int args[4], arg_count; /* of x, in1, in2 and y */
    dnnl_primitive_t primitive;
} onednn_layer;

/* dims and strides of rank r, 1 in front where the tensor has fewer. */
static arete_status describe(const onednn *of, const layer_tensor *t, int32_t rank, dnnl_memory_desc_t *desc) {
    dnnl_dims_t dims, strides;
    int64_t outer = 1;
    for (int32_t d = t->rank; d-- > 0;) {
        dims[d + rank - t->rank] = t->dims[d];
        strides[d + rank - t->rank] = t->dims[d] == 1 ? outer : t->strides[d];
        outer = t->dims[d] == 1 ? outer : t->dims[d] * t->strides[d];
    }
    for (int32_t d = 0; d < rank - t->rank; d++) {
        dims[d] = 1;
        strides[d] = outer;
    }
    if (of->f.dnnl_memory_desc_init_by_strides(desc, rank, dims, ar_onednn_type((arete_dtype)t->dtype), strides) !=
        dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such operand");
    return ARETE_OK;
}

static arete_status softmax(onednn *of, onednn_layer *l) {
    dnnl_softmax_desc_t desc;
    if (of->f.dnnl_softmax_forward_desc_init(&desc, dnnl_forward_inference, &l->in[0], (int)l->p->a.axis) !=
        dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such softmax");
    l->args[0] = DNNL_ARG_SRC;
    return ar_onednn_primitive(of, &desc, NULL, "softmax", &l->primitive, NULL);
}

static arete_status layer_norm(onednn *of, onednn_layer *l) {
    dnnl_layer_normalization_desc_t desc;
    const layer_problem *p = l->p;
    unsigned flags = dnnl_use_scale | (ar_layer_has(p, 2) ? dnnl_use_shift : 0);
    if (p->out_count > 1 || !ar_layer_has(p, 1) || p->a.axis != p->t[0].rank - 1)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given layer norms along the last dimension, with a scale");
    if (of->f.dnnl_layer_normalization_forward_desc_init(&desc, dnnl_forward_inference, &l->in[0], NULL, p->a.epsilon,
                                                         flags) != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such layer norm");
    l->args[0] = DNNL_ARG_SRC;
    l->args[1] = DNNL_ARG_SCALE;
    l->args[2] = DNNL_ARG_SHIFT;
    return ar_onednn_primitive(of, &desc, NULL, "layer norm", &l->primitive, NULL);
}

static arete_status binary(onednn *of, onednn_layer *l, dnnl_alg_kind_t kind) {
    dnnl_binary_desc_t desc;
    if (l->p->in_count != 2 ||
        of->f.dnnl_binary_desc_init(&desc, kind, &l->in[0], &l->in[1], &l->out) != dnnl_success)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such element-wise operation");
    l->args[0] = DNNL_ARG_SRC_0;
    l->args[1] = DNNL_ARG_SRC_1;
    return ar_onednn_primitive(of, &desc, NULL, "element-wise operation", &l->primitive, NULL);
}

static arete_status activation(onednn *of, onednn_layer *l) {
    static const struct {
        arete_activation activation;
        dnnl_alg_kind_t kind;
        float alpha;
    } known[] = {{ARETE_ACT_RELU, dnnl_eltwise_relu, 0},           {ARETE_ACT_GELU_ERF, dnnl_eltwise_gelu_erf, 0},
                 {ARETE_ACT_GELU_TANH, dnnl_eltwise_gelu_tanh, 0}, {ARETE_ACT_TANH, dnnl_eltwise_tanh, 0},
                 {ARETE_ACT_SIGMOID, dnnl_eltwise_logistic, 0},    {ARETE_ACT_SILU, dnnl_eltwise_swish, 1}};
    dnnl_eltwise_desc_t desc;
    l->args[0] = DNNL_ARG_SRC;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (l->p->a.activation == known[i].activation)
            return of->f.dnnl_eltwise_forward_desc_init(&desc, dnnl_forward_inference, known[i].kind, &l->in[0],
                                                        known[i].alpha, 0) == dnnl_success
                       ? ar_onednn_primitive(of, &desc, NULL, "activation", &l->primitive, NULL)
                       : ar_fail(ARETE_E_UNSUPPORTED, "oneDNN describes no such activation");
    return ar_fail(ARETE_E_UNSUPPORTED, "this peer is not given the activation %s",
                   arete_activation_name((arete_activation)l->p->a.activation));
}

/* A transposition is a copy from the output's shape, with x's strides turned. */
static arete_status turn(onednn *of, onednn_layer *l) {
    const layer_problem *p = l->p;
    const layer_tensor *y = ar_layer_out(p, 0);
    layer_tensor x = *y;
    for (int32_t d = 0; d < y->rank; d++)
        x.strides[d] = p->t[0].strides[p->a.op == ARETE_LAYER_TRANSPOSE ? p->a.axes[d] : d];
    return describe(of, &x, y->rank, &l->in[0]);
}

static arete_status make(onednn *of, onednn_layer *l) {
    switch ((arete_layer_op)l->p->a.op) {
    case ARETE_LAYER_SOFTMAX: return softmax(of, l);
    case ARETE_LAYER_LAYER_NORM: return layer_norm(of, l);
    case ARETE_LAYER_ADD: return binary(of, l, dnnl_binary_add);
    case ARETE_LAYER_MUL: return binary(of, l, dnnl_binary_mul);
    case ARETE_LAYER_ACTIVATION: return activation(of, l);
    case ARETE_LAYER_TRANSPOSE:
    case ARETE_LAYER_IDENTITY: return turn(of, l);
    default:
        return ar_fail(ARETE_E_UNSUPPORTED, "this peer is given softmax, layer_norm, add, mul, activation, transpose "
                                            "and identity, not %s", arete_layer_op_name((arete_layer_op)l->p->a.op));
    }
}

static arete_status check(const layer_problem *p) {
    bool reorder = p->a.op == ARETE_LAYER_TRANSPOSE || p->a.op == ARETE_LAYER_IDENTITY;
    for (int i = 0; i < p->in_count + p->out_count; i++)
        if (p->t[i].dtype != ARETE_F32)
            return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given f32 layers only");
    if (ar_layer_elements(ar_layer_out(p, 0)) == 0 || ar_layer_out(p, 0)->rank == 0)
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is not given empty tensors or single numbers");
    if (reorder && ar_layer_elements(&p->t[0]) != ar_layer_elements(ar_layer_out(p, 0)))
        return ar_fail(ARETE_E_UNSUPPORTED, "oneDNN's reorder does not repeat elements");
    return p->in_count > 3 ? ar_fail(ARETE_E_UNSUPPORTED, "oneDNN is given up to three inputs") : ARETE_OK;
}

static arete_status add_calls(onednn *of, const ar_peer_case *on, const onednn_layer *l) {
    static const char *const names[] = {"x", "in1", "in2"};
    arete_status status = ARETE_OK;
    for (size_t i = 0; i < on->copies && status == ARETE_OK; i++) {
        onednn_call call = {.primitive = l->primitive};
        dnnl_memory_t y = NULL;
        for (int k = 0; k < l->p->in_count && status == ARETE_OK; k++) {
            dnnl_exec_arg_t *arg = &call.args[call.arg_count++];
            arg->arg = l->args[k];
            status = ar_onednn_memory(of, &l->in[k], ar_peer_operand(on, i, names[k], NULL), &arg->memory);
        }
        if (status == ARETE_OK)
            status = ar_onednn_memory(of, &l->out, ar_peer_operand(on, i, "y", NULL), &y);
        call.args[call.arg_count++] = (dnnl_exec_arg_t){DNNL_ARG_DST, y};
        if (status == ARETE_OK)
            status = l->primitive ? ar_onednn_add(of, ONEDNN_RUN, i, &call)
                                  : ar_onednn_reorder(of, ONEDNN_RUN, i, &l->in[0], call.args[0].memory, &l->out, y);
    }
    return status;
}

arete_status ar_onednn_layer(onednn *of, const ar_peer_case *on) {
    onednn_layer l = {.p = on->of->of}; /* a case of layers is its problem */
    const layer_tensor *y = ar_layer_out(l.p, 0);
    arete_status status = check(l.p);
    /* Vectors of a norm stay what they are; what is broadcast gets the output's rank. */
    for (int i = 0; i < l.p->in_count && status == ARETE_OK; i++)
        status = describe(of, &l.p->t[i], l.p->a.op == ARETE_LAYER_LAYER_NORM && i > 0 ? 1 : y->rank, &l.in[i]);
    if (status == ARETE_OK)
        status = describe(of, y, y->rank, &l.out);
    if (status == ARETE_OK)
        status = make(of, &l);
    return status == ARETE_OK ? add_calls(of, on, &l) : status;
}
