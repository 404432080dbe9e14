/* Bad input is refused with a text that names the argument, and with nothing enqueued. */
#include "layer.h"

#define REFUSED(f, l, status, text)                                                                                \
    do {                                                                                                           \
        arete_plan *plan_ = NULL;                                                                                  \
        assert_status(arete_rnn_plan((f)->device, &(l).desc, &(l).args, &plan_), status);                          \
        assert_text(text);                                                                                         \
        assert_null(plan_);                                                                                        \
    } while (0)

static void descriptors(void **state) {
    fixture *f = *state;
    layer good, l;
    layer_shape(&good, ARETE_RNN_LSTM, 3, 2, 4, 5);
    l = good, l.args.weights = &l.weights, l.desc.cell = (arete_rnn_cell)7;
    REFUSED(f, l, ARETE_E_ARGUMENT, "desc.cell is 7");
    l = good, l.args.weights = &l.weights, l.desc.direction = (arete_rnn_direction)3;
    REFUSED(f, l, ARETE_E_ARGUMENT, "desc.direction is 3");
    l = good, l.args.weights = &l.weights, l.desc.gate_order = (arete_rnn_gate_order)2;
    REFUSED(f, l, ARETE_E_ARGUMENT, "desc.gate_order is 2");
    l = good, l.args.weights = &l.weights, l.desc.clip = -1;
    REFUSED(f, l, ARETE_E_ARGUMENT, "desc.clip is -1");
    l = good, l.args.weights = &l.weights, l.desc.layers = 17;
    REFUSED(f, l, ARETE_E_UNSUPPORTED, "at most 16");
    l = good, l.args.weights = &l.weights, l.desc.linear_before_reset = true;
    REFUSED(f, l, ARETE_E_ARGUMENT, "only a GRU");
    l = good, l.args.weights = &l.weights, l.desc.size = 3;
    REFUSED(f, l, ARETE_E_ARGUMENT, "desc.size is 3");
    l = good, l.args.weights = &l.weights, l.args.size = 3;
    REFUSED(f, l, ARETE_E_ARGUMENT, "args.size is 3");
    l = good, l.args.weights = &l.weights, l.desc.solver = "nonesuch";
    REFUSED(f, l, ARETE_E_NOT_FOUND, "stepwise");
    l = good, l.args.weights = &l.weights;
    const arete_activation acts[3] = {ARETE_ACT_SIGMOID, ARETE_ACT_MISH, ARETE_ACT_TANH};
    l.desc.activations = acts;
    REFUSED(f, l, ARETE_E_UNSUPPORTED, "desc.activations[1]");
    const arete_activation fine[3] = {ARETE_ACT_SIGMOID, ARETE_ACT_AFFINE, ARETE_ACT_TANH};
    const float nan_alpha[3] = {0, NAN, 0};
    l.desc.activations = fine;
    l.desc.activation_alpha = nan_alpha;
    REFUSED(f, l, ARETE_E_ARGUMENT, "must be finite");
}

static void shapes(void **state) {
    fixture *f = *state;
    layer good, l;
    layer_shape(&good, ARETE_RNN_LSTM, 3, 2, 4, 5);
#define WITH(change, status, text)                                                                                 \
    do {                                                                                                           \
        l = good, l.args.weights = &l.weights;                                                                     \
        change;                                                                                                    \
        REFUSED(f, l, status, text);                                                                               \
    } while (0)
    WITH(l.args.weights = NULL, ARETE_E_ARGUMENT, "args.weights is NULL");
    WITH(l.weights.r = (arete_tensor){0}, ARETE_E_ARGUMENT, "weights[0].r is absent");
    WITH(l.weights.w.dims[2] = 3, ARETE_E_SHAPE, "weights[0]: w.dims[2] is 3, but must be 4");
    WITH(l.weights.r.dims[1] = 18, ARETE_E_SHAPE, "must be [D, 4*H, P]");
    WITH(l.weights.r.dims[2] = 4, ARETE_E_SHAPE, "without proj");
    WITH(l.weights.b.dims[1] = 20, ARETE_E_SHAPE, "b.dims[1] is 20, but must be 40");
    WITH(l.args.x.rank = 2, ARETE_E_SHAPE, "x has rank 2");
    WITH(l.args.x.dims[0] = -1, ARETE_E_SHAPE, "x.dims[0] is -1");
    WITH(l.args.x.strides[2] = 2, ARETE_E_SHAPE, "must be contiguous");
    WITH(l.args.y.dims[3] = 6, ARETE_E_SHAPE, "y.dims[3] is 6, but must be 5");
    WITH(l.args.y.strides[0] = 3, ARETE_E_ALIAS, "elements of y would overlap");
    WITH(l.args.h0.dims[1] = 3, ARETE_E_SHAPE, "h0.dims[1] is 3, but must be 2");
    WITH(l.args.c0.strides[1] = 9, ARETE_E_SHAPE, "c0 has no gaps");
    WITH(l.weights.r.dtype = ARETE_F16, ARETE_E_DTYPE, "r is f16: must be f32");
    WITH(l.args.x.dtype = ARETE_F64, ARETE_E_DTYPE, "x is f64");
    WITH(l.args.x.dtype = ARETE_F16, ARETE_E_DTYPE, "weights must be");
    WITH(l.args.y.dtype = ARETE_F16, ARETE_E_DTYPE, "y is f16");
    WITH(l.args.y_c.dtype = ARETE_F16, ARETE_E_DTYPE, "y_c is f16");
    WITH(l.weights.w_scale = l.weights.b, ARETE_E_ARGUMENT, "w_scale is given");
    WITH((l.weights.w.dtype = l.weights.r.dtype = ARETE_I8), ARETE_E_ARGUMENT, "w_scale is absent");
    WITH((l.args.y.dtype = l.args.y_h.dtype = l.args.y_c.dtype = ARETE_DTYPE_NONE), ARETE_E_ARGUMENT, "all absent");
    int32_t some[2] = {1, 1};
    const int64_t two = 2, three = 3;
    WITH((l.args.lens = arete_tensor_make(NULL, 0, ARETE_I32, 1, &two), l.args.host_lens = some), ARETE_E_ARGUMENT,
         "both given");
    WITH(l.args.lens = arete_tensor_make(NULL, 0, ARETE_I32, 1, &three), ARETE_E_SHAPE, "lens.dims[0] is 3");
    WITH(l.args.lens = arete_tensor_make(NULL, 0, ARETE_I64, 1, &two), ARETE_E_DTYPE, "lens is i64");
    layer_shape(&good, ARETE_RNN_GRU, 3, 2, 4, 5);
    WITH(l.args.c0 = l.args.h0, ARETE_E_ARGUMENT, "only an LSTM has a cell state");
    WITH(l.weights.p = l.weights.b, ARETE_E_UNSUPPORTED, "only an LSTM has peepholes");
    WITH(l.weights.proj = l.weights.r, ARETE_E_UNSUPPORTED, "only an LSTM has a projection");
}

static void runs(void **state) {
    fixture *f = *state;
    layer l;
    int32_t lens[2] = {3, 4};
    layer_shape(&l, ARETE_RNN_LSTM, 3, 2, 4, 5);
    layer_fill(&l, f->queue);
    assert_ok(arete_rnn(f->queue, &l.desc, &l.args, ARETE_WAIT_NONE, NULL));
    arete_rnn_args a = l.args;
    a.host_lens = lens;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_RANGE);
    assert_text("host_lens[1] is 4: must be 0 to T = 3");
    lens[1] = -1;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_RANGE);
    a = l.args, a.x.buffer = NULL;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_text("x.buffer is NULL");
    a = l.args, a.y.offset = arete_buffer_size(l.buffer) - 8;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_RANGE);
    assert_text("y ends at byte");
    a = l.args, a.y.offset = a.x.offset;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ALIAS);
    assert_text("y (bytes");
    a = l.args, a.y_h.offset = a.c0.offset;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ALIAS);
    a = l.args, a.y_h.offset = a.y_c.offset;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ALIAS);
    a = l.args, a.y_h.offset = a.h0.offset, a.y_c.offset = a.c0.offset; /* that is how states go on */
    assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
    a = l.args, a.workspace = l.buffer;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ALIAS);
    assert_text("workspace is the buffer of");
    a = l.args, a.packed = l.buffer;
    assert_status(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL), ARETE_E_ALIAS);
    assert_ok(arete_queue_finish(f->queue));
    arete_buffer_release(l.buffer);
}

static void other_operands(void **state) {
    fixture *f = *state;
    layer l, m;
    arete_plan *plan = NULL;
    arete_buffer *packed = NULL;
    layer_shape(&l, ARETE_RNN_LSTM, 3, 2, 4, 5);
    layer_shape(&m, ARETE_RNN_LSTM, 4, 2, 4, 5);
    l.desc.solver = "stepwise";
    assert_ok(arete_rnn_plan(f->device, &l.desc, &l.args, &plan));
    assert_status(arete_rnn_run(plan, f->queue, &m.args, ARETE_WAIT_NONE, NULL), ARETE_E_SHAPE);
    assert_text("steps=4");
    assert_false(arete_rnn_packs(plan));
    assert_status(arete_rnn_pack(plan, f->queue, &l.weights, &packed), ARETE_E_UNSUPPORTED);
    assert_text("reads the weights as they are");
    assert_null(packed);
    arete_plan_release(plan);
    assert_status(arete_rnn_run(NULL, f->queue, &m.args, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(descriptors), cmocka_unit_test(shapes),
                                       cmocka_unit_test(runs), cmocka_unit_test(other_operands)};
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
