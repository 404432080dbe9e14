/* ONNX's own node cases of LSTM, GRU and RNN, through the public call: on the device found unasked, and on the
 * reference. */
#include "../core/test.h"
#include "nodes.h"

typedef struct place {
    arete_device *device;
    arete_queue *queue;
    size_t compared;
} place;

static arete_tensor upload(place *p, const ar_onnx_array *array, uint32_t skip) {
    if (!array->data)
        return (arete_tensor){0};
    arete_tensor t = arete_tensor_make(NULL, 0, array->dtype, array->rank - skip, array->dims + skip);
    assert_ok(arete_buffer_create(p->device, array->bytes, &t.buffer));
    assert_ok(arete_queue_write(p->queue, t.buffer, 0, array->bytes, array->data, ARETE_WAIT_NONE, NULL));
    return t;
}

static arete_tensor room(place *p, const ar_onnx_array *array) {
    if (!array->data)
        return (arete_tensor){0};
    arete_tensor t = arete_tensor_make(NULL, 0, array->dtype, array->rank, array->dims);
    assert_ok(arete_buffer_create(p->device, array->bytes, &t.buffer));
    return t;
}

static void compare(place *p, const node_case *of, const ar_onnx_array *want, arete_tensor t) {
    uint64_t at = 0;
    if (!want->data)
        return;
    void *got = malloc(want->bytes);
    assert_ok(arete_queue_read(p->queue, t.buffer, 0, want->bytes, got, ARETE_WAIT_NONE, NULL));
    if (!node_same(want, got, 1e-5, 1e-6, &at))
        fail_msg("%s: %s[%llu] is %g, must be %g", of->folder, want->name, (unsigned long long)at,
                 node_value(want->dtype, got, at), node_value(want->dtype, want->data, at));
    free(got);
    p->compared++;
}

static void release(arete_tensor *const *tensors, size_t count) {
    for (size_t i = 0; i < count; i++)
        arete_buffer_release(tensors[i]->buffer);
}

static const ar_onnx_array *input(const node_case *of, size_t i) {
    static const ar_onnx_array absent;
    return i < of->input_count ? &of->inputs[i] : &absent;
}

static bool run(const node_case *of, void *with) {
    static const ar_onnx_array none;
    place *p = with;
    char direction[32], name[32];
    node_string(of, "direction", "forward", direction, sizeof direction);
    arete_rnn_desc desc = {
        .cell = strcmp(of->op, "LSTM") == 0  ? ARETE_RNN_LSTM
                : strcmp(of->op, "GRU") == 0 ? ARETE_RNN_GRU
                                             : ARETE_RNN_PLAIN,
        .direction = strcmp(direction, "forward") == 0   ? ARETE_RNN_FORWARD
                     : strcmp(direction, "reverse") == 0 ? ARETE_RNN_REVERSE
                                                         : ARETE_RNN_BIDIRECTIONAL,
        .batch_major = node_int(of, "layout", 0) != 0,
        .linear_before_reset = node_int(of, "linear_before_reset", 0) != 0,
        .input_forget = node_int(of, "input_forget", 0) != 0,
        .clip = node_float(of, "clip", 0),
    };
    assert_false(node_string_at(of, "activations", 0, name, sizeof name)); /* none of them names any */
    bool lstm = desc.cell == ARETE_RNN_LSTM;
    arete_rnn_weights weights = {
        .w = upload(p, input(of, 1), 0), .r = upload(p, input(of, 2), 0), .b = upload(p, input(of, 3), 0)};
    arete_rnn_args args = {.x = upload(p, input(of, 0), 0), .weights = &weights};
    args.lens = upload(p, input(of, 4), 0);
    args.h0 = upload(p, input(of, 5), 0);
    args.c0 = lstm ? upload(p, input(of, 6), 0) : (arete_tensor){0};
    weights.p = lstm ? upload(p, input(of, 7), 0) : (arete_tensor){0};
    const ar_onnx_array *outputs[3] = {&none, &none, &none};
    for (size_t i = 0; i < of->output_count && i < 3; i++)
        outputs[i] = &of->outputs[i];
    args.y = room(p, outputs[0]);
    args.y_h = room(p, outputs[1]);
    args.y_c = room(p, outputs[2]);
    assert_ok(arete_rnn(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    compare(p, of, outputs[0], args.y);
    compare(p, of, outputs[1], args.y_h);
    compare(p, of, outputs[2], args.y_c);
    arete_tensor *const all[] = {&weights.w, &weights.r, &weights.b, &weights.p, &args.x,  &args.lens,
                                 &args.h0,   &args.c0,   &args.y,    &args.y_h,  &args.y_c};
    release(all, sizeof all / sizeof all[0]);
    return true;
}

static void on(arete_context *context, const char *device) {
    place p = {0};
    assert_ok(arete_device_find(context, device, &p.device));
    assert_ok(arete_queue_create(p.device, 0, &p.queue));
    assert_true(nodes_each("node", "LSTM", run, &p) >= 4);
    assert_true(nodes_each("node", "GRU", run, &p) >= 4);
    assert_true(nodes_each("node", "RNN", run, &p) >= 4);
    assert_true(p.compared >= 12);
    arete_queue_release(p.queue);
}

static void cases(void **state) {
    (void)state;
    if (!nodes_here()) {
        print_message("skipped: ONNX's test data (libonnx-testdata) is not here\n");
        skip();
    }
    arete_context *context;
    assert_ok(arete_context_create(NULL, &context));
    on(context, "reference");
    on(context, NULL);
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(cases)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
