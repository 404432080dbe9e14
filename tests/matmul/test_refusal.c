/* Bad input: each gives its status and a text that names the argument, and C stays as it was. On the reference
 * device, where what was enqueued has already happened. */
#include "../core/fixtures.h"

enum { M = 3, N = 4, K = 5 };

static arete_tensor matrix(arete_buffer *in, arete_dtype type, int64_t rows, int64_t columns) {
    return arete_tensor_make(in, 0, type, 2, (const int64_t[]){rows, columns});
}

static arete_tensor vector(arete_buffer *in, arete_dtype type, int64_t n) {
    return arete_tensor_make(in, 0, type, 1, &n);
}

static arete_matmul_args good(const refusal *f) {
    return (arete_matmul_args){.a = matrix(f->in[0], ARETE_F32, M, K),
                               .b = matrix(f->in[1], ARETE_F32, K, N),
                               .c = matrix(f->out, ARETE_F32, M, N)};
}

/* By the one-shot call; an event that is asked for stays as it was. */
static void refuse(const refusal *f, const arete_matmul_desc *desc, const arete_matmul_args *args,
                   arete_status status, const char *part) {
    arete_event *marker = (arete_event *)(uintptr_t)16, *done = marker;
    assert_status(arete_matmul(f->queue, desc, args, ARETE_WAIT_NONE, &done), status);
    assert_text(part);
    assert_ptr_equal(done, marker);
    refusal_unchanged(f);
}

#define REFUSE(change, status, part)                                                                               \
    do {                                                                                                           \
        arete_matmul_desc desc = {0};                                                                              \
        arete_matmul_args args = good(f);                                                                          \
        change;                                                                                                    \
        refuse(f, &desc, &args, status, part);                                                                     \
    } while (0)

static void nulls(void **state) {
    refusal *f = *state;
    arete_matmul_args given = good(f);
    arete_plan *plan = NULL;
    assert_status(arete_matmul(NULL, NULL, &given, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_text("queue is NULL");
    assert_status(arete_matmul(f->queue, NULL, NULL, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_text("args is NULL");
    assert_status(arete_matmul_plan(NULL, NULL, &given, &plan), ARETE_E_ARGUMENT);
    assert_text("device is NULL");
    assert_status(arete_matmul_plan(f->device, NULL, &given, NULL), ARETE_E_ARGUMENT);
    assert_text("plan is NULL");
    assert_status(arete_matmul_run(NULL, f->queue, &given, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
    assert_text("plan is NULL");
    assert_status(arete_matmul_pack_b(NULL, f->queue, &given.b, &f->in[0]), ARETE_E_ARGUMENT);
    assert_text("plan is NULL");
    assert_false(arete_matmul_packs_b(NULL));
    REFUSE(args.a.buffer = NULL, ARETE_E_ARGUMENT, "a.buffer is NULL");
    REFUSE(args.b.buffer = NULL, ARETE_E_ARGUMENT, "b.buffer is NULL");
    REFUSE(args.c.buffer = NULL, ARETE_E_ARGUMENT, "c.buffer is NULL");
    REFUSE(args.bias = vector(NULL, ARETE_F32, N), ARETE_E_ARGUMENT, "bias.buffer is NULL");
    assert_null(plan);
}

static void enumerators(void **state) {
    refusal *f = *state;
    REFUSE(desc.size = 3, ARETE_E_ARGUMENT, "desc.size is 3");
    REFUSE(args.size = 3, ARETE_E_ARGUMENT, "args.size is 3");
    REFUSE(desc.activation = (arete_activation)99, ARETE_E_ARGUMENT, "desc.activation is 99");
    REFUSE(desc.activation = (arete_activation)-1, ARETE_E_ARGUMENT, "desc.activation");
    REFUSE(desc.solver = "nonesuch", ARETE_E_NOT_FOUND, "nonesuch");
    REFUSE(desc.solver = "cpu_direct", ARETE_E_UNSUPPORTED, "cpu_direct");
    REFUSE(desc.solver = "reference:x=1", ARETE_E_FORMAT, "x=1");
}

static void shapes(void **state) {
    refusal *f = *state;
    REFUSE(args.a.rank = 1, ARETE_E_SHAPE, "a.rank is 1");
    REFUSE(args.b.rank = 0, ARETE_E_SHAPE, "b.rank is 0");
    REFUSE(args.c.rank = 9, ARETE_E_SHAPE, "c.rank is 9");
    REFUSE(args.a.dims[0] = -1, ARETE_E_SHAPE, "a.dims[0] is -1");
    REFUSE(args.b.strides[0] = -4, ARETE_E_SHAPE, "b.strides[0] is -4");
    REFUSE(args.a = matrix(f->in[0], ARETE_F32, M + 1, K), ARETE_E_SHAPE, "a has M = 4, but c has M = 3");
    REFUSE(args.b = matrix(f->in[1], ARETE_F32, K + 1, N), ARETE_E_SHAPE, "b has K = 6, but a has K = 5");
    REFUSE(args.b = matrix(f->in[1], ARETE_F32, K, N + 1), ARETE_E_SHAPE, "b has N = 5, but c has N = 4");
    REFUSE(desc.trans_a = true, ARETE_E_SHAPE, "a has M = 5 (transposed)");
    REFUSE((args.a.strides[0] = 20, args.a.strides[1] = 2), ARETE_E_SHAPE, "a has strides 20 and 2");
    REFUSE((args.c.strides[0] = 20, args.c.strides[1] = 2), ARETE_E_SHAPE, "c has stride 2");
    REFUSE(args.c.strides[0] = 2, ARETE_E_ALIAS, "elements of c would overlap");
    REFUSE(args.a = arete_tensor_make(f->in[0], 0, ARETE_F32, 3, (const int64_t[]){2, M, K}), ARETE_E_SHAPE,
           "a.dims[0] is 2, but the batch of c there is 1");
}

static void sides(void **state) {
    refusal *f = *state;
    REFUSE(args.bias = vector(f->in[0], ARETE_F32, N + 1), ARETE_E_SHAPE, "bias has 5 values, but c has 4 columns");
    REFUSE(args.bias = matrix(f->in[0], ARETE_F32, M, N), ARETE_E_SHAPE, "bias");
    REFUSE((args.bias = vector(f->in[0], ARETE_F32, N), args.bias.strides[0] = 2), ARETE_E_SHAPE,
           "bias has stride 2");
    REFUSE(args.bias = vector(f->in[0], ARETE_F64, N), ARETE_E_DTYPE, "bias.dtype is f64");
    REFUSE(args.bias.buffer = f->in[0], ARETE_E_DTYPE, "bias has a buffer, but no dtype");
    REFUSE(args.a_scale = vector(f->in[0], ARETE_F32, 1), ARETE_E_DTYPE, "a_scale is given, but a is f32");
    REFUSE(args.b_zero = vector(f->in[0], ARETE_I8, 1), ARETE_E_DTYPE, "b_zero is given, but b is f32");
    REFUSE((args.b.dtype = ARETE_I8, args.b_scale = vector(f->in[0], ARETE_F32, 3)), ARETE_E_SHAPE, "b_scale");
    REFUSE((args.b.dtype = ARETE_I8, args.b_zero = vector(f->in[0], ARETE_U8, 1)), ARETE_E_DTYPE,
           "b_zero.dtype is u8");
    REFUSE((desc.beta = 1, args.cin = matrix(f->in[0], ARETE_F32, M, 2)), ARETE_E_SHAPE, "cin is [..., 3, 2]");
    REFUSE((desc.beta = 1, args.cin = matrix(f->in[0], ARETE_F16, M, N)), ARETE_E_DTYPE, "cin.dtype is f16");
    REFUSE((desc.beta = 1, args.cin.buffer = f->in[0]), ARETE_E_DTYPE, "cin has a buffer, but no dtype");
}

static void types(void **state) {
    refusal *f = *state;
    REFUSE(args.a.dtype = (arete_dtype)77, ARETE_E_DTYPE, "a.dtype is 77");
    REFUSE(args.c.dtype = ARETE_DTYPE_NONE, ARETE_E_DTYPE, "c.dtype is 0");
    REFUSE(args.b.dtype = ARETE_F64, ARETE_E_DTYPE, "a, b, c are f32, f64, f32, but supported are");
    REFUSE(args.c.dtype = ARETE_F16, ARETE_E_DTYPE, "f32, f32, f16");
    REFUSE(args.a.dtype = ARETE_BOOL, ARETE_E_DTYPE, "bool");
#define INTEGER args.a.dtype = args.b.dtype = ARETE_I8, args.c.dtype = ARETE_I32
    REFUSE((INTEGER, desc.alpha = 2), ARETE_E_DTYPE, "desc.alpha is 2");
    REFUSE((INTEGER, desc.beta = 0.5), ARETE_E_DTYPE, "desc.beta is 0.5");
    REFUSE((INTEGER, desc.activation = ARETE_ACT_RELU), ARETE_E_DTYPE, "desc.activation needs a real c");
    REFUSE((INTEGER, args.bias = vector(f->in[0], ARETE_I32, N)), ARETE_E_DTYPE, "bias needs a real c");
    REFUSE((INTEGER, args.b_scale = vector(f->in[0], ARETE_F32, 1)), ARETE_E_DTYPE, "b_scale needs a real c");
}

static void ranges(void **state) {
    refusal *f = *state;
    REFUSE(args.a.buffer = f->small, ARETE_E_RANGE, "a ends at byte 60");
    REFUSE(args.b.offset = REFUSAL_BYTES - 8, ARETE_E_RANGE, "b ends at byte");
    REFUSE(args.c.offset = 2, ARETE_E_RANGE, "c.offset is 2");
    REFUSE(args.c.offset = UINT64_MAX - 3, ARETE_E_RANGE, "c ends at byte");
    REFUSE(args.a.strides[0] = INT64_MAX, ARETE_E_RANGE, "a extends");
    REFUSE(args.a.strides[0] = (int64_t)1 << 61, ARETE_E_RANGE, "a extends");
    int64_t huge = (int64_t)1 << 40;
    REFUSE((args.a = matrix(f->in[0], ARETE_F32, huge, K), args.c = matrix(f->out, ARETE_F32, huge, N)),
           ARETE_E_RANGE, "c ");
    REFUSE(args.a = matrix(f->in[0], ARETE_F32, (int64_t)1 << 62, 4), ARETE_E_SHAPE, "a has M");
}

static void strangers(void **state) {
    refusal *f = *state;
    REFUSE(args.b.buffer = f->foreign, ARETE_E_MISMATCH, "b.buffer is on reference of another context");
    arete_matmul_args args = good(f);
    arete_plan *plan = NULL;
    assert_ok(arete_matmul_plan(f->device, NULL, &args, &plan));
    arete_queue *queue = NULL;
    assert_ok(arete_queue_create(arete_device_at(f->other, 0), 0, &queue));
    assert_status(arete_matmul_run(plan, queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_MISMATCH);
    assert_text("queue is of");
    args.packed_b = f->in[1];
    assert_status(arete_matmul_run(plan, f->queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_MISMATCH);
    assert_text("packed_b");
    assert_status(arete_matmul_pack_b(plan, f->queue, &args.b, &args.packed_b), ARETE_E_UNSUPPORTED);
    assert_text("reads B as it is");
    refusal_unchanged(f);
    arete_queue_release(queue);
    arete_plan_release(plan);
}

static void aliases(void **state) {
    refusal *f = *state;
    REFUSE(args.a = matrix(f->out, ARETE_F32, M, K), ARETE_E_ALIAS, "overlaps a");
    REFUSE((args.b = matrix(f->out, ARETE_F32, K, N), args.b.offset = 44), ARETE_E_ALIAS, "overlaps b");
    REFUSE((args.bias = vector(f->out, ARETE_F32, N), args.bias.offset = 16), ARETE_E_ALIAS, "overlaps bias");
    REFUSE((desc.beta = 1, args.cin = matrix(f->out, ARETE_F32, M, N), args.cin.offset = 4), ARETE_E_ALIAS,
           "cin overlaps c");
    REFUSE((desc.beta = 1, args.cin = matrix(f->out, ARETE_F32, M, N), args.cin.strides[0] = 6), ARETE_E_ALIAS,
           "cin overlaps c");
    REFUSE(args.workspace = f->out, ARETE_E_ALIAS, "workspace");
}

/* Ranges that overlap, elements that do not: columns of one larger matrix. */
static void neighbours(void **state) {
    refusal *f = *state;
    arete_matmul_args args = good(f);
    args.a.buffer = args.c.buffer = f->in[0];
    args.a.strides[0] = args.c.strides[0] = 16;
    args.c.offset = 5 * 4;
    assert_ok(arete_matmul(f->queue, NULL, &args, ARETE_WAIT_NONE, NULL));
    args.c.offset = 4 * 4; /* one column in common */
    refuse(f, NULL, &args, ARETE_E_ALIAS, "overlaps a");
    args.c.offset = 13 * 4; /* runs into the next row */
    refuse(f, NULL, &args, ARETE_E_ALIAS, "overlaps a");
    /* Cin that is C itself. */
    args = good(f);
    args.c.buffer = args.cin.buffer = f->small;
    args.a = matrix(f->in[0], ARETE_F32, 1, K);
    args.c = args.cin = matrix(f->small, ARETE_F32, 1, N);
    assert_ok(arete_matmul(f->queue, &(arete_matmul_desc){.beta = 1}, &args, ARETE_WAIT_NONE, NULL));
}

static void other_operands(void **state) {
    refusal *f = *state;
    arete_matmul_args args = good(f), other;
    arete_plan *plan = NULL;
    assert_ok(arete_matmul_plan(f->device, NULL, &args, &plan));
    other = args;
    other.a = matrix(f->in[0], ARETE_F32, M, K + 1);
    other.b = matrix(f->in[1], ARETE_F32, K + 1, N);
    assert_status(arete_matmul_run(plan, f->queue, &other, ARETE_WAIT_NONE, NULL), ARETE_E_SHAPE);
    assert_text("m=3 n=4 k=6");
    assert_text("m=3 n=4 k=5");
    other = args;
    other.b.dtype = ARETE_F16;
    assert_status(arete_matmul_run(plan, f->queue, &other, ARETE_WAIT_NONE, NULL), ARETE_E_DTYPE);
    assert_text("b=f16");
    other = args;
    other.bias = vector(f->in[1], ARETE_F32, N);
    other.bias.offset = 2048;
    assert_status(arete_matmul_run(plan, f->queue, &other, ARETE_WAIT_NONE, NULL), ARETE_E_DTYPE);
    assert_text("bias=col");
    refusal_unchanged(f);
    arete_plan_release(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nulls),          cmocka_unit_test(enumerators), cmocka_unit_test(shapes),
        cmocka_unit_test(sides),          cmocka_unit_test(types),       cmocka_unit_test(ranges),
        cmocka_unit_test(strangers),      cmocka_unit_test(aliases),     cmocka_unit_test(neighbours),
        cmocka_unit_test(other_operands),
    };
    return cmocka_run_group_tests(tests, refusal_open, refusal_close);
}
