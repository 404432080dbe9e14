/* What layers refuse, each with a text; special values; in place; empty tensors. On the reference device. */
#include "../core/test.h"

typedef struct place {
    arete_context *context;
    arete_device *device;
    arete_queue *queue;
    arete_buffer *buffer;
} place;

static place open_place(void) {
    place p = {.context = reference_context()};
    p.device = arete_device_at(p.context, 0);
    assert_ok(arete_queue_create(p.device, 0, &p.queue));
    assert_ok(arete_buffer_create(p.device, 4096, &p.buffer));
    return p;
}

static void close_place(place *p) {
    arete_buffer_release(p->buffer);
    arete_queue_release(p->queue);
    arete_context_release(p->context);
}

static arete_tensor at(const place *p, uint64_t offset, arete_dtype dtype, uint32_t rank, const int64_t *dims) {
    return arete_tensor_make(p->buffer, offset, dtype, rank, dims);
}

static arete_status call(const place *p, const arete_layer_desc *desc, const arete_tensor *in, uint32_t in_count,
                         const arete_tensor *out, uint32_t out_count) {
    const arete_layer_args args = {.in = in, .in_count = in_count, .out = out, .out_count = out_count};
    return arete_layer(p->queue, desc, &args, ARETE_WAIT_NONE, NULL);
}

static void refusals(void **state) {
    (void)state;
    place p = open_place();
    arete_tensor x[2] = {at(&p, 0, ARETE_F32, 2, (int64_t[]){3, 4}), at(&p, 64, ARETE_F32, 1, (int64_t[]){5})};
    arete_tensor y = at(&p, 1024, ARETE_F32, 2, (int64_t[]){3, 4});
    arete_layer_desc add = {.op = ARETE_LAYER_ADD}, softmax = {.op = ARETE_LAYER_SOFTMAX, .axis = 2};
    assert_status(call(&p, &add, x, 2, &y, 1), ARETE_E_SHAPE);
    assert_text("in[1].dims[0] is 5");
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_SHAPE);
    assert_text("desc.axis is 2");
    softmax.axis = -1;
    y.dtype = ARETE_F16;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_DTYPE);
    assert_text("must be f32");
    y.dtype = ARETE_F32;
    y.dims[1] = 5;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_SHAPE);
    assert_text("gives [3,4]");
    y.dims[1] = 4;
    x[0].dtype = ARETE_I32;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_DTYPE);
    assert_text("softmax takes f32");
    x[0].dtype = ARETE_F32;
    assert_status(call(&p, &add, x, 9, &y, 1), ARETE_E_ARGUMENT);
    assert_status(call(&p, &(arete_layer_desc){.op = (arete_layer_op)39}, x, 1, &y, 1), ARETE_E_ARGUMENT);
    assert_text("no operation");
    y.offset = 16;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_ALIAS);
    y.offset = 4080;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_RANGE);
    y.offset = 1024;
    y.strides[0] = 2;
    y.strides[1] = 1;
    assert_status(call(&p, &softmax, x, 1, &y, 1), ARETE_E_SHAPE);
    assert_text("lie on each other");
    close_place(&p);
}

/* The plan's operands and no others; fused chains that cannot be. */
static void plans(void **state) {
    (void)state;
    place p = open_place();
    arete_tensor x = at(&p, 0, ARETE_F32, 2, (int64_t[]){3, 4}), y = at(&p, 1024, ARETE_F32, 2, (int64_t[]){3, 4});
    arete_layer_args args = {.in = &x, .in_count = 1, .out = &y, .out_count = 1};
    arete_layer_desc desc = {.op = ARETE_LAYER_SOFTMAX, .axis = 1};
    arete_plan *plan = NULL;
    assert_ok(arete_layer_plan(p.device, &desc, &args, &plan));
    assert_string_equal(arete_plan_problem(plan), "layer op=softmax in=3x4 axis=1");
    assert_ok(arete_layer_run(plan, p.queue, &args, ARETE_WAIT_NONE, NULL));
    y.dims[0] = 2;
    assert_status(arete_layer_run(plan, p.queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_SHAPE);
    y.dims[0] = 3;
    args.out_count = 0;
    assert_status(arete_layer_run(plan, p.queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    arete_plan_release(plan);
    const arete_layer_step forward = {.op = ARETE_LAYER_ADD, .from = {0, ARETE_LAYER_STEP(0)}};
    const arete_layer_step norm = {.op = ARETE_LAYER_SOFTMAX};
    arete_layer_desc fused = {.op = ARETE_LAYER_FUSED, .chain = &forward, .chain_count = 1};
    assert_status(call(&p, &fused, &x, 1, &y, 1), ARETE_E_ARGUMENT);
    assert_text("neither an input nor an earlier step");
    fused.chain = &norm;
    assert_status(call(&p, &fused, &x, 1, &y, 1), ARETE_E_ARGUMENT);
    assert_text("cannot be a step");
    close_place(&p);
}

/* -inf, NaN, in place, and nothing at all. */
static void special(void **state) {
    (void)state;
    place p = open_place();
    float data[8] = {-INFINITY, 0, -INFINITY, 0, -INFINITY, -INFINITY, -INFINITY, -INFINITY};
    arete_tensor x = at(&p, 0, ARETE_F32, 2, (int64_t[]){2, 4}), y = at(&p, 1024, ARETE_F32, 2, (int64_t[]){2, 4});
    assert_ok(arete_queue_write(p.queue, p.buffer, 0, sizeof data, data, ARETE_WAIT_NONE, NULL));
    assert_ok(call(&p, &(arete_layer_desc){.op = ARETE_LAYER_SOFTMAX, .axis = 1}, &x, 1, &y, 1));
    assert_ok(arete_queue_read(p.queue, p.buffer, 1024, sizeof data, data, ARETE_WAIT_NONE, NULL));
    assert_near((double)data[0], 0, 0);
    assert_near((double)data[1], 0.5, 0);
    assert_true(isnan(data[4]));
    float more[8] = {NAN, -1, 2, -3, 4, -5, 6, -7};
    assert_ok(arete_queue_write(p.queue, p.buffer, 0, sizeof more, more, ARETE_WAIT_NONE, NULL));
    const arete_layer_desc relu = {.op = ARETE_LAYER_ACTIVATION, .activation = ARETE_ACT_RELU};
    assert_ok(call(&p, &relu, &x, 1, &x, 1));
    assert_ok(arete_queue_read(p.queue, p.buffer, 0, sizeof more, more, ARETE_WAIT_NONE, NULL));
    assert_true(isnan(more[0]));
    assert_near((double)more[1], 0, 0);
    assert_near((double)more[6], 6, 0);
    arete_tensor none = arete_tensor_make(NULL, 0, ARETE_F32, 2, (int64_t[]){0, 4});
    assert_ok(call(&p, &relu, &none, 1, &none, 1));
    assert_int_equal(arete_layer_op_parse("softmax"), ARETE_LAYER_SOFTMAX);
    assert_int_equal(arete_layer_op_parse("nothing"), ARETE_LAYER_NONE);
    assert_string_equal(arete_layer_op_name(ARETE_LAYER_GATHER_ND), "gather_nd");
    close_place(&p);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(refusals), cmocka_unit_test(plans), cmocka_unit_test(special)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
