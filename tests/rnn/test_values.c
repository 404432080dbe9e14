/* Values through the public calls: lengths from the host, states that go on in place, streams against sequences. */
#include "layer.h"

/* With one group, with as many as units, and with more than there are workers. */
static const char *const solvers[] = {"stepwise:group=1", "stepwise:group=16", "persistent", "persistent:groups=1",
                                      "persistent:groups=7,block=5"};

static bool can(fixture *f, const char *solver) {
    layer l;
    arete_plan *plan = NULL;
    layer_shape(&l, ARETE_RNN_LSTM, 1, 1, 1, 1);
    l.desc.solver = solver;
    arete_status status = arete_rnn_plan(f->device, &l.desc, &l.args, &plan);
    arete_plan_release(plan);
    assert_true(status == ARETE_OK || status == ARETE_E_UNSUPPORTED);
    return status == ARETE_OK;
}

static void read(fixture *f, const arete_tensor *t, float *to) {
    assert_ok(arete_queue_read(f->queue, t->buffer, t->offset, arete_tensor_extent(t), to, ARETE_WAIT_NONE, NULL));
}

/* All steps in one call, and the same in calls of some steps that hand on the states in place: the same bits. */
static void stream(fixture *f, const char *solver, arete_rnn_cell cell, int64_t hidden, int64_t batch,
                   int64_t each) {
    enum { T = 12, ROOM = 12 * 17 * 100 };
    static float whole[ROOM], parts[ROOM], end[17 * 100], last[17 * 100];
    layer l;
    layer_shape(&l, cell, T, batch, 23, hidden);
    l.desc.solver = solver;
    layer_fill(&l, f->queue);
    assert_ok(arete_rnn(f->queue, &l.desc, &l.args, ARETE_WAIT_NONE, NULL));
    read(f, &l.args.y, whole);
    read(f, &l.args.y_h, end);
    arete_rnn_args a = l.args;
    a.x.dims[0] = a.y.dims[0] = each;
    a.y_h = a.h0;
    a.y_c = a.c0;
    for (int64_t t = 0; t < T; t += each) {
        assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
        a.x.offset += (uint64_t)(each * batch * l.input * 4);
        a.y.offset += (uint64_t)(each * batch * hidden * 4);
    }
    read(f, &l.args.y, parts);
    read(f, &a.y_h, last);
    assert_memory_equal(whole, parts, (size_t)(T * batch * hidden) * 4);
    assert_memory_equal(end, last, (size_t)(batch * hidden) * 4);
    arete_buffer_release(l.buffer);
}

static void streams(void **state) {
    static const int64_t sizes[] = {1, 16, 37, 100};
    for (size_t s = 0; s < sizeof solvers / sizeof solvers[0]; s++)
        for (int cell = 0; cell < 3 && can(*state, solvers[s]); cell++)
            for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
                stream(*state, solvers[s], (arete_rnn_cell)cell, sizes[i], 1, 1);
                stream(*state, solvers[s], (arete_rnn_cell)cell, sizes[i], i % 2 ? 17 : 5, i % 2 ? 1 : 3);
            }
}

/* Lengths on the host and on the device are the same; too long ones on the device count as T; each sequence is as
 * if it were alone; what is past its end is zero, whatever x holds there. */
static void lengths(void **state) {
    enum { T = 6, B = 70, I = 3, H = 7 };
    static float host[T * B * H], device[T * B * H], x[T * B * I];
    static int32_t lens[B], wild[B];
    fixture *f = *state;
    arete_buffer *on_device;
    const int64_t count = B;
    for (int direction = 0; direction < 2; direction++) {
        layer l;
        layer_shape(&l, ARETE_RNN_GRU, T, B, I, H);
        l.desc.direction = (arete_rnn_direction)direction;
        layer_fill(&l, f->queue);
        read(f, &l.args.x, x);
        for (int b = 0; b < B; b++) {
            lens[b] = b % (T + 1);
            wild[b] = lens[b] == T ? T + b : lens[b] == 0 ? -b : lens[b];
            for (int t = lens[b]; t < T; t++)
                for (int i = 0; i < I; i++)
                    x[(t * B + b) * I + i] = NAN;
        }
        assert_ok(arete_queue_write(f->queue, l.buffer, l.args.x.offset, sizeof x, x, ARETE_WAIT_NONE, NULL));
        arete_rnn_args a = l.args;
        a.host_lens = lens;
        assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
        read(f, &a.y, host);
        assert_ok(arete_buffer_create(f->device, sizeof wild, &on_device));
        assert_ok(arete_queue_write(f->queue, on_device, 0, sizeof wild, wild, ARETE_WAIT_NONE, NULL));
        a = l.args;
        a.lens = arete_tensor_make(on_device, 0, ARETE_I32, 1, &count);
        assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
        read(f, &a.y, device);
        assert_memory_equal(host, device, sizeof host);
        for (int t = 0; t < T; t++)
            for (int b = 0; b < B; b++)
                for (int j = 0; j < H; j++)
                    assert_true(t < lens[b] ? host[(t * B + b) * H + j] != 0 : host[(t * B + b) * H + j] == 0);
        arete_buffer_release(on_device);
        arete_buffer_release(l.buffer);
    }
}

/* y with the strides of PyTorch's output is the same as y of its own shape. */
static void torch_output(void **state) {
    enum { T = 3, B = 4, I = 5, H = 6 };
    float plain[T * 2 * B * H], strided[T * B * 2 * H];
    fixture *f = *state;
    layer l;
    layer_shape(&l, ARETE_RNN_LSTM, T, B, 2 * I, H);
    layer_fill(&l, f->queue);
    const int64_t x[3] = {T, B, I}, y[4] = {T, 2, B, H}, w[3] = {2, 4 * H, I}, r[3] = {2, 4 * H, H};
    arete_buffer *big;
    static float data[2 * 4 * H * (I + H)];
    for (size_t i = 0; i < sizeof data / sizeof data[0]; i++)
        data[i] = layer_value(i) * 0.5f;
    assert_ok(arete_buffer_create(f->device, sizeof data + 2 * sizeof plain, &big));
    assert_ok(arete_queue_write(f->queue, big, 2 * sizeof plain, sizeof data, data, ARETE_WAIT_NONE, NULL));
    arete_rnn_weights weights = {.w = arete_tensor_make(big, 2 * sizeof plain, ARETE_F32, 3, w),
                                 .r =
                                     arete_tensor_make(big, 2 * sizeof plain + 2 * 4 * H * I * 4, ARETE_F32, 3, r)};
    arete_rnn_args a = {.x = arete_tensor_make(l.buffer, l.args.x.offset, ARETE_F32, 3, x), .weights = &weights};
    l.desc.direction = ARETE_RNN_BIDIRECTIONAL;
    a.y = arete_tensor_make(big, 0, ARETE_F32, 4, y);
    assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
    read(f, &a.y, plain);
    a.y.strides[0] = B * 2 * H;
    a.y.strides[1] = H;
    a.y.strides[2] = 2 * H;
    assert_ok(arete_rnn(f->queue, &l.desc, &a, ARETE_WAIT_NONE, NULL));
    read(f, &a.y, strided);
    for (int t = 0; t < T; t++)
        for (int d = 0; d < 2; d++)
            for (int b = 0; b < B; b++)
                assert_memory_equal(&plain[((t * 2 + d) * B + b) * H], &strided[((t * B + b) * 2 + d) * H], H * 4);
    arete_buffer_release(big);
    arete_buffer_release(l.buffer);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams), cmocka_unit_test(lengths),
                                       cmocka_unit_test(torch_output)};
    return cmocka_run_group_tests(tests, open_fixture, close_fixture);
}
