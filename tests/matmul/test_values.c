/* Values through the public calls, against sums written out here: what the harness cannot see, because its operands
 * and its expectation come from one problem. Whole numbers, so every device must be exact. */
#include "../core/fixtures.h"

static void read_c(place *p, float *to) {
    assert_ok(arete_queue_read(p->queue, p->buffer[2], 0, PLACE_ROOM * sizeof *to, to, ARETE_WAIT_NONE, NULL));
}

/* Rank 4 and 3, broadcast over both, C with gaps that must stay. */
static void broadcast(place *p) {
    enum { X = 2, Y = 3, M = 4, N = 6, K = 5 };
    float c[PLACE_ROOM], want[PLACE_ROOM];
    arete_matmul_args args = {
        .a = arete_tensor_make(p->buffer[0], 40, ARETE_F32, 4, (const int64_t[]){X, 1, M, K}),
        .b = arete_tensor_make(p->buffer[1], 8, ARETE_F32, 3, (const int64_t[]){Y, K, N}),
        .c = arete_tensor_make(p->buffer[2], 16, ARETE_F32, 4, (const int64_t[]){X, Y, M, N}),
    };
    args.c.strides[2] = N + 1;
    args.c.strides[1] = M * (N + 1) + 3;
    args.c.strides[0] = Y * (M * (N + 1) + 3) + 5;
    memcpy(want, p->host, sizeof want);
    for (int x = 0; x < X; ++x)
        for (int y = 0; y < Y; ++y)
            for (int i = 0; i < M; ++i)
                for (int j = 0; j < N; ++j) {
                    float sum = 0;
                    for (int k = 0; k < K; ++k)
                        sum += p->host[10 + (x * M + i) * K + k] * p->host[2 + (y * K + k) * N + j];
                    want[4 + x * args.c.strides[0] + y * args.c.strides[1] + i * (N + 1) + j] = sum;
                }
    assert_ok(arete_matmul(p->queue, NULL, &args, ARETE_WAIT_NONE, NULL));
    read_c(p, c);
    assert_memory_equal(c, want, sizeof c);
}

/* One B for a batch of As that follow each other (joined into one product), transposed by flags; Cin of one row and
 * of one column; in place. */
static void joined(place *p, int form) {
    enum { X = 3, M = 4, N = 7, K = 5 };
    float c[PLACE_ROOM], want[PLACE_ROOM];
    assert_ok(arete_queue_write(p->queue, p->buffer[2], 0, sizeof p->host, p->host, ARETE_WAIT_NONE, NULL));
    arete_matmul_desc desc = {.trans_b = true, .alpha = 2, .beta = 3};
    arete_matmul_args args = {
        .a = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 3, (const int64_t[]){X, M, K}),
        .b = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 2, (const int64_t[]){N, K}),
        .c = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 3, (const int64_t[]){X, M, N}),
    };
    if (form == 1)
        args.cin = arete_tensor_make(p->buffer[3], 0, ARETE_F32, 2, (const int64_t[]){1, N});
    if (form == 2)
        args.cin = arete_tensor_make(p->buffer[3], 0, ARETE_F32, 3, (const int64_t[]){X, M, 1});
    if (form == 3)
        args.cin = arete_tensor_make(p->buffer[3], 0, ARETE_F32, 3, (const int64_t[]){X, 1, N});
    memcpy(want, p->host, sizeof want);
    for (int x = 0; x < X; ++x)
        for (int i = 0; i < M; ++i)
            for (int j = 0; j < N; ++j) {
                int at = (x * M + i) * N + j;
                float sum = 0, old = p->host[form == 0 ? at : form == 1 ? j : form == 2 ? x * M + i : x * N + j];
                for (int k = 0; k < K; ++k)
                    sum += p->host[(x * M + i) * K + k] * p->host[j * K + k];
                want[at] = 2 * sum + 3 * old;
            }
    assert_ok(arete_matmul(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    read_c(p, c);
    assert_memory_equal(c, want, sizeof c);
}

/* A plan by flags takes operands as the flags say, also where a square hides the difference. */
static void squares(place *p) {
    enum { S = 6 };
    float c[PLACE_ROOM];
    arete_matmul_args args = {
        .a = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 2, (const int64_t[]){S, S}),
        .b = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 2, (const int64_t[]){S, S}),
        .c = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 2, (const int64_t[]){S, S}),
    };
    for (int flags = 0; flags < 4; ++flags) {
        arete_matmul_desc desc = {.trans_a = flags & 1, .trans_b = flags & 2};
        arete_plan *plan = NULL;
        assert_ok(arete_matmul_plan(p->device, &desc, &args, &plan));
        assert_ok(arete_matmul_run(plan, p->queue, &args, ARETE_WAIT_NONE, NULL));
        arete_plan_release(plan);
        read_c(p, c);
        for (int i = 0; i < S; ++i)
            for (int j = 0; j < S; ++j) {
                float sum = 0;
                for (int k = 0; k < S; ++k)
                    sum += p->host[flags & 1 ? k * S + i : i * S + k] * p->host[flags & 2 ? j * S + k : k * S + j];
                assert_true(c[i * S + j] == sum);
            }
    }
}

/* Weights packed once serve plans of other M. */
static void packed(place *p) {
    enum { N = 37, K = 50 };
    float c[PLACE_ROOM];
    arete_buffer *weights = NULL;
    arete_matmul_desc desc = {.prepack = true, .trans_b = true};
    const int64_t rows[] = {9, 20, 1};
    for (int t = 0; t < 3; ++t) {
        arete_matmul_args args = {
            .a = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 2, (const int64_t[]){rows[t], K}),
            .b = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 2, (const int64_t[]){N, K}),
            .c = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 2, (const int64_t[]){rows[t], N}),
        };
        arete_plan *plan = NULL;
        assert_ok(arete_matmul_plan(p->device, &desc, &args, &plan));
        if (arete_matmul_packs_b(plan)) {
            assert_status(arete_matmul_run(plan, p->queue, &args, ARETE_WAIT_NONE, NULL), ARETE_E_ARGUMENT);
            assert_text("packed_b is NULL");
            if (!weights)
                assert_ok(arete_matmul_pack_b(plan, p->queue, &args.b, &weights));
            args.packed_b = weights;
            args.b.buffer = NULL;
        }
        assert_ok(arete_matmul_run(plan, p->queue, &args, ARETE_WAIT_NONE, NULL));
        arete_plan_release(plan);
        read_c(p, c);
        for (int i = 0; i < rows[t]; ++i)
            for (int j = 0; j < N; ++j) {
                float sum = 0;
                for (int k = 0; k < K; ++k)
                    sum += p->host[i * K + k] * p->host[j * K + k];
                assert_true(c[i * N + j] == sum);
            }
    }
    arete_buffer_release(weights);
}

/* Nothing to multiply: the epilogue alone; nothing to write: nothing, not even buffers, but an event. */
static void empty(place *p) {
    float c[PLACE_ROOM];
    arete_matmul_desc desc = {.beta = 2, .activation = ARETE_ACT_RELU};
    arete_matmul_args args = {
        .a = arete_tensor_make(NULL, 0, ARETE_F32, 2, (const int64_t[]){3, 0}),
        .b = arete_tensor_make(NULL, 0, ARETE_F32, 2, (const int64_t[]){0, 4}),
        .c = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 2, (const int64_t[]){3, 4}),
        .cin = arete_tensor_make(p->buffer[3], 0, ARETE_F32, 2, (const int64_t[]){3, 4}),
    };
    assert_ok(arete_matmul(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    read_c(p, c);
    for (int i = 0; i < 12; ++i)
        assert_true(c[i] == (p->host[i] < 0 ? 0 : 2 * p->host[i]));
    args.a = arete_tensor_make(NULL, 0, ARETE_F32, 2, (const int64_t[]){0, 5});
    args.b = arete_tensor_make(NULL, 0, ARETE_F32, 2, (const int64_t[]){5, 4});
    args.c = arete_tensor_make(NULL, 0, ARETE_F32, 2, (const int64_t[]){0, 4});
    args.cin = (arete_tensor){0};
    arete_event *done = NULL;
    assert_ok(arete_matmul(p->queue, &desc, &args, ARETE_WAIT_NONE, &done));
    assert_ok(arete_event_wait(done));
    arete_event_release(done);
}

static void run_all(arete_context *context, arete_device *device) {
    place p;
    place_open(&p, context, device);
    broadcast(&p);
    for (int form = 0; form < 4; ++form)
        joined(&p, form);
    squares(&p);
    packed(&p);
    empty(&p);
    place_close(&p);
}

static void on_reference(void **state) {
    (void)state;
    arete_context *context = reference_context();
    run_all(context, arete_device_at(context, 0));
    arete_context_release(context);
}

static void on_devices(void **state) {
    (void)state;
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    size_t count = arete_device_count(context), run = 0;
    for (size_t i = 0; i < count; ++i) {
        arete_device *device = arete_device_at(context, i);
        if (arete_device_get_info(device)->kind == ARETE_DEVICE_REFERENCE)
            continue;
        run_all(context, device);
        ++run;
    }
    arete_context_release(context);
    if (run == 0)
        skip(); /* no driver here */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(on_reference), cmocka_unit_test(on_devices)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
