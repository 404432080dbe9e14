/* What is refused, with a text that names the argument; nothing is enqueued. */
#include "place.h"

typedef struct given {
    arete_attention_desc desc;
    arete_attention_args args;
} given;

static arete_tensor shape(arete_dtype type, uint32_t rank, int64_t a, int64_t b, int64_t c, int64_t d) {
    const int64_t dims[] = {a, b, c, d};
    return arete_tensor_make(NULL, 0, type, rank, dims);
}

/* 2 sequences, 4 query heads on 2, 5 queries, 7 keys, heads of 8 and 6. */
static given usual(void) {
    given g = {.args = {.q = shape(ARETE_F32, 4, 2, 4, 5, 8),
                        .k = shape(ARETE_F32, 4, 2, 2, 7, 8),
                        .v = shape(ARETE_F32, 4, 2, 2, 7, 6),
                        .y = shape(ARETE_F32, 4, 2, 4, 5, 6)}};
    return g;
}

static given with_cache(void) {
    given g = usual();
    g.args.k_cache = shape(ARETE_F32, 4, 2, 2, 20, 8);
    g.args.v_cache = shape(ARETE_F32, 4, 2, 2, 20, 6);
    return g;
}

static arete_device *device;

#define REFUSED(change, base, status, text)                                                                        \
    do {                                                                                                           \
        given g = base();                                                                                          \
        arete_plan *plan = NULL;                                                                                   \
        change;                                                                                                    \
        assert_status(arete_attention_plan(device, &g.desc, &g.args, &plan), status);                              \
        assert_text(text);                                                                                         \
        assert_null(plan);                                                                                         \
    } while (0)

static void shapes(void **state) {
    (void)state;
    REFUSED(g.args.y.dims[2] = 4, usual, ARETE_E_SHAPE, "y has Sq = 4, but must have 5");
    REFUSED(g.args.k.dims[3] = 9, usual, ARETE_E_SHAPE, "k has D = 9");
    REFUSED(g.args.v.dims[2] = 6, usual, ARETE_E_SHAPE, "v has S = 6");
    REFUSED(g.args.v.dims[3] = 8, usual, ARETE_E_SHAPE, "v has Dv = 8");
    REFUSED(g.args.k.dims[0] = 1, usual, ARETE_E_SHAPE, "k has B = 1");
    REFUSED(g.args.q.dims[1] = g.args.y.dims[1] = 5, usual, ARETE_E_SHAPE, "q has 5 heads");
    REFUSED(g.args.q.dims[2] = -1, usual, ARETE_E_SHAPE, "q.dims[2] is -1");
    REFUSED(g.args.q.rank = 2, usual, ARETE_E_SHAPE, "q.rank is 2");
    REFUSED(g.args.q.strides[3] = 2; g.args.q.strides[2] = 16, usual, ARETE_E_SHAPE, "q.strides[3] is 2");
    REFUSED(g.args.q = shape(ARETE_F32, 3, 2, 5, 32, 0), usual, ARETE_E_SHAPE, "q_heads = 0");
    REFUSED(g.args.q = shape(ARETE_F32, 3, 2, 5, 32, 0);
            g.desc.q_heads = 5, usual, ARETE_E_SHAPE, "does not divide");
    REFUSED(g.args.y.strides[3] = 1; g.args.y.strides[2] = 0; g.args.y.strides[1] = 6;
            g.args.y.strides[0] = 24, usual, ARETE_E_SHAPE, "y has a stride of 0");
    REFUSED(g.args.mask = shape(ARETE_F32, 2, 5, 8, 0, 0), usual, ARETE_E_SHAPE, "mask.dims[1] is 8");
    REFUSED(g.args.mask = shape(ARETE_F32, 3, 3, 5, 7, 0), usual, ARETE_E_SHAPE, "mask.dims[0] is 3");
    REFUSED(g.args.kv_lens = shape(ARETE_I32, 1, 3, 0, 0, 0), usual, ARETE_E_SHAPE, "kv_lens");
    REFUSED(g.args.k.dims[2] = g.args.v.dims[2] = 21, with_cache, ARETE_E_SHAPE, "k has 21 new keys");
    REFUSED(g.args.v_cache.dims[2] = 19, with_cache, ARETE_E_SHAPE, "v_cache has S = 19");
    REFUSED(g.args.k_cache.dims[1] = g.args.v_cache.dims[1] = 4, with_cache, ARETE_E_SHAPE, "k_cache has Hkv = 4");
}

static void types_and_presence(void **state) {
    (void)state;
    REFUSED(g.args.q.dtype = ARETE_F64, usual, ARETE_E_DTYPE, "q.dtype is f64");
    REFUSED(g.args.v.dtype = ARETE_F16, usual, ARETE_E_DTYPE, "v.dtype is f16");
    REFUSED(g.args.y.dtype = ARETE_F16, usual, ARETE_E_DTYPE, "y.dtype is f16");
    REFUSED(g.args.mask = shape(ARETE_I32, 2, 5, 7, 0, 0), usual, ARETE_E_DTYPE, "mask.dtype is i32");
    REFUSED(g.args.kv_lens = shape(ARETE_F32, 1, 2, 0, 0, 0), usual, ARETE_E_DTYPE, "kv_lens.dtype is f32");
    REFUSED(g.args.v = (arete_tensor){0}, usual, ARETE_E_ARGUMENT, "v is absent");
    REFUSED(g.args.k = (arete_tensor){0}, usual, ARETE_E_DTYPE, "give k and v, or caches");
    REFUSED(g.args.past_lens = shape(ARETE_I32, 1, 2, 0, 0, 0), usual, ARETE_E_ARGUMENT, "k_cache is absent");
    REFUSED(g.args.v_cache = (arete_tensor){0}, with_cache, ARETE_E_ARGUMENT, "v_cache is absent");
    REFUSED(g.args.sin = shape(ARETE_F32, 2, 9, 4, 0, 0), usual, ARETE_E_ARGUMENT, "cos is absent");
    REFUSED(g.args.cos = g.args.sin = shape(ARETE_F32, 2, 9, 3, 0, 0), usual, ARETE_E_SHAPE, "cos must be");
    REFUSED(g.args.cos = g.args.sin = shape(ARETE_F32, 3, 2, 5, 4, 0), usual, ARETE_E_SHAPE,
            "a row for each token");
    REFUSED(g.args.cos = g.args.sin = shape(ARETE_F32, 2, 9, 4, 0, 0);
            g.desc.rotary_dim = 7, usual, ARETE_E_SHAPE, "desc.rotary_dim is 7");
    REFUSED(g.desc.size = 3, usual, ARETE_E_ARGUMENT, "desc.size");
    REFUSED(g.args.size = 3, usual, ARETE_E_ARGUMENT, "args.size");
    REFUSED(g.desc.softcap = -1, usual, ARETE_E_ARGUMENT, "desc.softcap");
    REFUSED(g.desc.scale = NAN, usual, ARETE_E_ARGUMENT, "desc.scale");
    REFUSED(g.desc.window = -1, usual, ARETE_E_ARGUMENT, "desc.window");
    REFUSED(g.desc.solver = "none_such", usual, ARETE_E_NOT_FOUND, "two_pass");
    REFUSED(g.desc.solver = "two_pass", usual, ARETE_E_UNSUPPORTED, "two_pass");
    assert_status(arete_attention_plan(NULL, NULL, NULL, NULL), ARETE_E_ARGUMENT);
}

/* What only a run can see: buffers, places, past, other operands than the plan's. */
static void runs(void **state) {
    (void)state;
    given g = with_cache();
    arete_queue *queue = NULL;
    arete_plan *plan = NULL;
    arete_buffer *all = NULL, *small = NULL;
    arete_event *done = NULL;
    assert_ok(arete_queue_create(device, 0, &queue));
    assert_ok(arete_attention_plan(device, &g.desc, &g.args, &plan));
    assert_ok(arete_buffer_create(device, 1 << 16, &all));
    assert_ok(arete_buffer_create(device, 64, &small));
    arete_tensor *const places[] = {&g.args.q, &g.args.k, &g.args.v, &g.args.y, &g.args.k_cache, &g.args.v_cache};
    for (size_t i = 0; i < 6; ++i) {
        places[i]->buffer = all;
        places[i]->offset = i * 8192;
    }
#define RUN(status, text)                                                                                          \
    do {                                                                                                           \
        assert_status(arete_attention_run(plan, queue, &g.args, ARETE_WAIT_NONE, &done), status);                  \
        assert_text(text);                                                                                         \
        assert_null(done);                                                                                         \
    } while (0)
    assert_ok(arete_attention_run(plan, queue, &g.args, ARETE_WAIT_NONE, NULL));
    g.args.past = 14;
    RUN(ARETE_E_RANGE, "past is 14");
    g.args.past = -1;
    RUN(ARETE_E_RANGE, "past is -1");
    g.args.past = 13;
    assert_ok(arete_attention_run(plan, queue, &g.args, ARETE_WAIT_NONE, NULL));
    g.args.q.buffer = NULL;
    RUN(ARETE_E_ARGUMENT, "q.buffer is NULL");
    g.args.q.buffer = small;
    RUN(ARETE_E_RANGE, "q ends at byte");
    g.args.q.buffer = all;
    g.args.y.offset = 16;
    RUN(ARETE_E_ALIAS, "y (from byte 16) overlaps q");
    g.args.y.offset = 3 * 8192;
    g.args.k_cache.offset = 5 * 8192 + 64;
    RUN(ARETE_E_ALIAS, "k_cache");
    g.args.k_cache.offset = 4 * 8192;
    g.args.workspace = all;
    RUN(ARETE_E_ALIAS, "workspace");
    g.args.workspace = NULL;
    g.args.q.dims[2] = g.args.y.dims[2] = 4;
    g.args.q.strides[0] = g.args.y.strides[0] = 0; /* tight again */
    memset(g.args.q.strides, 0, sizeof g.args.q.strides);
    memset(g.args.y.strides, 0, sizeof g.args.y.strides);
    RUN(ARETE_E_SHAPE, "make a plan for these");
    arete_buffer_release(small);
    arete_buffer_release(all);
    arete_plan_release(plan);
    arete_queue_release(queue);
}

int main(void) {
    arete_context *context = reference_context();
    device = arete_device_at(context, 0);
    const struct CMUnitTest tests[] = {cmocka_unit_test(shapes), cmocka_unit_test(types_and_presence),
                                       cmocka_unit_test(runs)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arete_context_release(context);
    return failed;
}
