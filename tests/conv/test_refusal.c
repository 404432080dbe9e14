/* Bad input: each gives its status and a text that names the argument or holds the formula, and Y stays as it was.
 * On the reference device, where what was enqueued has already happened. */
#include "../core/fixtures.h"

enum { N = 2, C = 4, M = 6, H = 5, W = 7, K = 3 };

static arete_tensor tensor(arete_buffer *in, arete_dtype type, int64_t a, int64_t b, int64_t c, int64_t d) {
    return arete_tensor_make(in, 0, type, 4, (const int64_t[]){a, b, c, d});
}

static arete_tensor vector(arete_buffer *in, arete_dtype type, int64_t n) {
    return arete_tensor_make(in, 0, type, 1, &n);
}

static arete_conv_args good(const refusal *f) {
    return (arete_conv_args){.x = tensor(f->in[0], ARETE_F32, N, C, H, W),
                             .w = tensor(f->in[1], ARETE_F32, M, C, K, K),
                             .y = tensor(f->out, ARETE_F32, N, M, H - K + 1, W - K + 1)};
}

/* By the one-shot call; an event that is asked for stays as it was. */
static void refuse(const refusal *f, const arete_conv_desc *desc, const arete_conv_args *args, arete_status status,
                   const char *part) {
    arete_event *marker = (arete_event *)(uintptr_t)16, *done = marker;
    assert_status(arete_conv(f->queue, desc, args, ARETE_WAIT_NONE, &done), status);
    assert_text(part);
    assert_ptr_equal(done, marker);
    refusal_unchanged(f);
}

#define REFUSE(change, status, part)                                                                               \
    do {                                                                                                           \
        arete_conv_desc desc = {0};                                                                                \
        arete_conv_args args = good(f);                                                                            \
        change;                                                                                                    \
        refuse(f, &desc, &args, status, part);                                                                     \
    } while (0)

static void geometry(void **state) {
    refusal *f = *state;
    REFUSE(args.y.dims[2] = 4, ARETE_E_SHAPE,
           "floor((x + pad_begin + pad_end - dilation*(kernel-1) - 1) / stride) + 1");
    REFUSE(desc.dilations[0] = 4, ARETE_E_SHAPE, "would be negative");
    REFUSE(desc.strides[1] = -1, ARETE_E_SHAPE, "desc.strides[1] is -1");
    REFUSE(desc.pads_begin[0] = -1, ARETE_E_SHAPE, "desc.pads_begin[0] is -1");
    REFUSE(desc.strides[2] = 1, ARETE_E_SHAPE, "axis 2");
    REFUSE((desc.auto_pad = ARETE_PAD_VALID, desc.pads_end[1] = 1), ARETE_E_SHAPE, "must be 0 where desc.auto_pad");
    REFUSE(desc.output_padding[0] = 1, ARETE_E_SHAPE, "unless desc.transposed");
    REFUSE(desc.output_shape[0] = 9, ARETE_E_SHAPE, "unless desc.transposed");
    REFUSE((desc.transposed = true, args.w = tensor(f->in[1], ARETE_F32, C, M, K, K)), ARETE_E_SHAPE,
           "stride*(x-1) + output_padding + dilation*(kernel-1) + 1 - pad_begin - pad_end");
    REFUSE((desc.transposed = true, desc.pads_begin[0] = 20, args.w = tensor(f->in[1], ARETE_F32, C, M, K, K)),
           ARETE_E_SHAPE, "is negative");
    REFUSE(args.w.dims[3] = 0, ARETE_E_SHAPE, "w's extent of axis[1] is 0");
}

static void channels(void **state) {
    refusal *f = *state;
    REFUSE(desc.groups = 3, ARETE_E_SHAPE, "must divide x's channels, C = 4");
    REFUSE((desc.groups = 4, args.w = tensor(f->in[1], ARETE_F32, M, 1, K, K)), ARETE_E_SHAPE,
           "must divide w.dims[0], M = 6");
    REFUSE(args.w.dims[1] = 3, ARETE_E_SHAPE, "w.dims[1] is 3, but must be C / groups = 4");
    REFUSE((desc.transposed = true), ARETE_E_SHAPE, "w.dims[0] is 6, but must be C = 4");
    REFUSE(args.y.dims[1] = 5, ARETE_E_SHAPE, "y has 5 channels, but w has M = 6");
    REFUSE(args.y.dims[0] = 1, ARETE_E_SHAPE, "y has 1 images, but x has 2");
    REFUSE(desc.groups = -2, ARETE_E_ARGUMENT, "desc.groups is -2");
    REFUSE(args.bias = vector(f->in[1], ARETE_F32, 5), ARETE_E_SHAPE, "must be [M], M = 6");
    REFUSE(args.x.rank = 2, ARETE_E_SHAPE, "x.rank is 2");
    REFUSE(args.w.rank = 3, ARETE_E_SHAPE, "w.rank is 3");
    REFUSE(args.residual = tensor(f->in[1], ARETE_F32, N, M, 1, 1), ARETE_E_SHAPE, "residual");
}

static void types(void **state) {
    refusal *f = *state;
    REFUSE(args.w.dtype = ARETE_F16, ARETE_E_DTYPE, "x, w, y are f32, f16, f32");
    REFUSE(args.y.dtype = ARETE_I8, ARETE_E_DTYPE, "supported are");
    REFUSE(args.x.dtype = ARETE_F64, ARETE_E_DTYPE, "x, w, y are f64");
    REFUSE(args.x_zero = vector(f->in[1], ARETE_U8, 1), ARETE_E_DTYPE,
           "only i8 and u8 have scales and zero points");
    REFUSE(args.bias = vector(f->in[1], ARETE_I32, M), ARETE_E_DTYPE, "bias.dtype is i32");
    REFUSE((args.x.dtype = args.w.dtype = ARETE_U8, args.y.dtype = ARETE_I32, desc.activation = ARETE_ACT_RELU),
           ARETE_E_DTYPE, "needs a real y");
    REFUSE((args.x.dtype = args.w.dtype = ARETE_U8, args.y.dtype = ARETE_I32,
            args.x_scale = vector(f->in[1], ARETE_F32, 1)),
           ARETE_E_DTYPE, "x_scale needs a real y");
    REFUSE((args.x.dtype = args.w.dtype = ARETE_U8, args.y.dtype = ARETE_I32,
            args.w_zero = vector(f->in[1], ARETE_U8, 2)),
           ARETE_E_SHAPE, "[1] or [M]");
    REFUSE(desc.activation = (arete_activation)99, ARETE_E_ARGUMENT, "desc.activation is 99");
    REFUSE(desc.layout = (arete_conv_layout)7, ARETE_E_ARGUMENT, "desc.layout is 7");
    REFUSE(desc.math = (arete_math)7, ARETE_E_ARGUMENT, "desc.math is 7");
    REFUSE(desc.size = 3, ARETE_E_ARGUMENT, "desc.size is 3");
}

static void places(void **state) {
    refusal *f = *state;
    REFUSE(args.y.buffer = NULL, ARETE_E_ARGUMENT, "y.buffer is NULL");
    REFUSE(args.x.buffer = f->small, ARETE_E_RANGE, "x ends at byte");
    REFUSE(args.w.buffer = f->foreign, ARETE_E_MISMATCH, "of another context");
    REFUSE(args.x.offset = 2, ARETE_E_RANGE, "x.offset is 2");
    REFUSE(args.x.buffer = f->out, ARETE_E_ALIAS, "overlaps x");
    REFUSE(args.w.buffer = f->out, ARETE_E_ALIAS, "overlaps w");
    REFUSE(args.packed_w = f->in[1], ARETE_E_MISMATCH, "packed_w was not made by arete_conv_pack_w()");
    REFUSE(args.workspace = f->in[0], ARETE_E_ALIAS, "workspace is the buffer of an operand");
    REFUSE(args.x.strides[2] = 9, ARETE_E_SHAPE, "must follow each other evenly");
    REFUSE(args.y.strides[1] = 3, ARETE_E_ALIAS, "elements of y would overlap");
    REFUSE((args.residual = args.y, args.residual.offset = 4), ARETE_E_ALIAS,
           "residual overlaps y without being y");
    REFUSE(desc.solver = "nothing", ARETE_E_NOT_FOUND, "conv has no solver \"nothing\"");
    REFUSE(desc.solver = "plain", ARETE_E_UNSUPPORTED, "runs no kernels");
}

/* What a plan was made for is what it runs; other calls refuse NULL. */
static void plans(void **state) {
    refusal *f = *state;
    arete_conv_args args = good(f);
    arete_plan *plan = NULL;
    assert_ok(arete_conv_plan(f->device, NULL, &args, &plan));
    args.x = tensor(f->in[0], ARETE_F32, N, C, H + 1, W);
    args.y = tensor(f->out, ARETE_F32, N, M, H - K + 2, W - K + 1);
    assert_status(arete_conv_run(plan, f->queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_SHAPE);
    assert_text("but the plan was made for");
    arete_buffer *packed = NULL;
    assert_false(arete_conv_packs_w(plan));
    assert_status(arete_conv_pack_w(plan, f->queue, &args.w, &packed), ARETE_E_UNSUPPORTED);
    assert_status(arete_conv_run(NULL, f->queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_status(arete_conv_run(plan, NULL, &args, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_status(arete_conv(f->queue, NULL, NULL, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_status(arete_conv_plan(f->device, NULL, &args, NULL), ARETE_E_ARGUMENT);
    assert_status(arete_conv_output(NULL, NULL, &args.w, &args.y), ARETE_E_ARGUMENT);
    refusal_unchanged(f);
    arete_plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(geometry, refusal_open, refusal_close),
        cmocka_unit_test_setup_teardown(channels, refusal_open, refusal_close),
        cmocka_unit_test_setup_teardown(types, refusal_open, refusal_close),
        cmocka_unit_test_setup_teardown(places, refusal_open, refusal_close),
        cmocka_unit_test_setup_teardown(plans, refusal_open, refusal_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
