/* Attention and RotaryEmbedding against ONNX's reference evaluator (make_nodes.py), by every solver. A rotary node
 * is what appending to an empty cache does to its keys; past and present are one cache. */
#include "nodes.h"
#include "place.h"

static arete_tensor give_array(place *p, const ar_onnx_array *x) {
    return x->dtype == ARETE_DTYPE_NONE ? (arete_tensor){0} : give(p, x->data, x->dtype, x->rank, x->dims);
}

static bool here(const node_case *of, size_t i) {
    return i < of->input_count && of->inputs[i].dtype != ARETE_DTYPE_NONE;
}

static void same(const node_case *of, const char *solver, const ar_onnx_array *want, const void *got) {
    uint64_t at;
    double within = want->dtype == ARETE_F16 ? 2e-3 : 3e-6;
    if (!node_same(want, got, within, within, &at))
        fail_msg("%s by %s: %s[%llu] is %.9g, should be %.9g", of->folder, solver, want->name,
                 (unsigned long long)at, node_value(want->dtype, got, at), node_value(want->dtype, want->data, at));
}

static void compare(place *p, const node_case *of, const char *solver, const ar_onnx_array *want,
                    const arete_tensor *t) {
    void *got = malloc(want->bytes);
    assert_non_null(got);
    assert_int_equal(arete_tensor_extent(t), want->bytes);
    assert_ok(arete_queue_read(p->queue, t->buffer, 0, want->bytes, got, ARETE_WAIT_NONE, NULL));
    same(of, solver, want, got);
    free(got);
}

/* A cache as long as the present, with the past in its first rows. */
static arete_tensor cache_of(place *p, const ar_onnx_array *past, const ar_onnx_array *present) {
    size_t size = arete_dtype_size(present->dtype), width = (size_t)present->dims[3] * size;
    size_t old = (size_t)past->dims[2] * width, all = (size_t)present->dims[2] * width;
    unsigned char *data = malloc(present->bytes);
    assert_non_null(data);
    memset(data, 0xff, present->bytes); /* NaN */
    for (int64_t h = 0; h < present->dims[0] * present->dims[1]; ++h)
        memcpy(data + (size_t)h * all, (const unsigned char *)past->data + (size_t)h * old, old);
    arete_tensor t = give(p, data, present->dtype, 4, present->dims);
    free(data);
    return t;
}

static bool attention(place *p, const node_case *of, const char *solver) {
    arete_attention_desc desc = {.solver = solver,
                                 .scale = (double)node_float(of, "scale", 0),
                                 .softcap = (double)node_float(of, "softcap", 0),
                                 .causal = node_int(of, "is_causal", 0) != 0,
                                 .q_heads = node_int(of, "q_num_heads", 0),
                                 .kv_heads = node_int(of, "kv_num_heads", 0)};
    arete_attention_args args = {.q = give_array(p, &of->inputs[0]),
                                 .k = give_array(p, &of->inputs[1]),
                                 .v = give_array(p, &of->inputs[2]),
                                 .y = give_array(p, &of->outputs[0])};
    if (here(of, 3))
        args.mask = give_array(p, &of->inputs[3]);
    if (here(of, 4)) {
        args.k_cache = cache_of(p, &of->inputs[4], &of->outputs[1]);
        args.v_cache = cache_of(p, &of->inputs[5], &of->outputs[2]);
        args.past = of->inputs[4].dims[2];
    }
    if (here(of, 6))
        args.kv_lens = give_array(p, &of->inputs[6]);
    unsigned char zeros[8192] = {0};
    assert_true(of->outputs[0].bytes <= sizeof zeros);
    assert_ok(arete_queue_write(p->queue, args.y.buffer, 0, of->outputs[0].bytes, zeros, ARETE_WAIT_NONE, NULL));
    bool ran = attend(p, &desc, &args);
    if (ran) {
        compare(p, of, solver, &of->outputs[0], &args.y);
        if (here(of, 4)) {
            compare(p, of, solver, &of->outputs[1], &args.k_cache);
            compare(p, of, solver, &of->outputs[2], &args.v_cache);
        }
    }
    drop(&args);
    return ran;
}

/* x[B,H,S,D] of a packed [B,S,H*D]. */
static void unpack_heads(const float *from, int64_t b, int64_t h, int64_t s, int64_t d, float *to) {
    for (int64_t i = 0; i < b * s * h; ++i)
        memcpy(to + ((i / (s * h) * h + i % h) * s + i / h % s) * d, from + i * d, (size_t)d * sizeof *to);
}

static bool rotary(place *p, const node_case *of, const char *solver) {
    const ar_onnx_array *x = &of->inputs[0];
    bool packed = x->rank == 3;
    int64_t b = x->dims[0], h = packed ? node_int(of, "num_heads", 0) : x->dims[1];
    int64_t s = packed ? x->dims[1] : x->dims[2], d = packed ? x->dims[2] / h : x->dims[3];
    const int64_t cache[4] = {b, h, s, d};
    float *want = malloc(x->bytes);
    assert_non_null(want);
    arete_attention_desc desc = {.solver = solver,
                                 .q_heads = h,
                                 .rotary_dim = node_int(of, "rotary_embedding_dim", 0),
                                 .rotary_interleaved = node_int(of, "interleaved", 0) != 0};
    arete_attention_args args = {.q = give_array(p, x),
                                 .k = give_array(p, x),
                                 .v = give_array(p, x),
                                 .y = give_array(p, x),
                                 .cos = give_array(p, &of->inputs[1]),
                                 .sin = give_array(p, &of->inputs[2]),
                                 .k_cache = give(p, x->data, ARETE_F32, 4, cache),
                                 .v_cache = give(p, x->data, ARETE_F32, 4, cache)};
    if (here(of, 3)) {
        args.q_positions = give_array(p, &of->inputs[3]);
        args.k_positions = give_array(p, &of->inputs[3]);
    }
    bool ran = attend(p, &desc, &args);
    if (ran) {
        ar_onnx_array output = of->outputs[0];
        if (packed)
            unpack_heads(of->outputs[0].data, b, h, s, d, want);
        else
            memcpy(want, of->outputs[0].data, x->bytes);
        output.data = want;
        compare(p, of, solver, &output, &args.k_cache);
    }
    drop(&args);
    free(want);
    return ran;
}

typedef struct visit {
    place *p;
    const char *solver;
    size_t ran;
} visit;

static bool one_node(const node_case *of, void *with) {
    visit *v = with;
    v->ran += strcmp(of->op, "Attention") == 0 ? attention(v->p, of, v->solver) : rotary(v->p, of, v->solver);
    return true;
}

static void all_nodes(place *p, const char *solver) {
    visit v = {p, solver, 0};
    assert_int_equal(nodes_each("node", "Attention", one_node, &v), 23);
    assert_int_equal(nodes_each("node", "RotaryEmbedding", one_node, &v), 7);
    bool reference = arete_device_get_info(p->device)->kind == ARETE_DEVICE_REFERENCE;
    if (strcmp(solver, "two_pass") == 0 && !reference)
        assert_int_equal(v.ran, 30);
}

static void nodes(void **state) {
    (void)state;
    everywhere(all_nodes);
}

/* With "quick", not by the solvers whose kernels are many to compile. */
int main(int argc, char **argv) {
    quick = argc > 1 && strcmp(argv[1], "quick") == 0;
    const struct CMUnitTest tests[] = {cmocka_unit_test(nodes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
