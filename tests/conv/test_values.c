/* Values through the public calls, against sums written out here: what the harness cannot see, because its operands
 * and its expectation come from one problem. Whole numbers, so every strict solver must be exact. */
#include "../core/fixtures.h"

static void assert_y(place *p, const float *want) {
    float got[PLACE_ROOM];
    assert_ok(arete_queue_read(p->queue, p->buffer[2], 0, sizeof got, got, ARETE_WAIT_NONE, NULL));
    for (int i = 0; i < PLACE_ROOM; ++i)
        if (got[i] != want[i])
            fail_msg("y[%d] is %g, not %g", i, (double)got[i], (double)want[i]);
    assert_ok(arete_queue_write(p->queue, p->buffer[2], 0, sizeof p->host, p->host, ARETE_WAIT_NONE, NULL));
}

/* Cross-correlation with stride, dilation, padding and groups, both ways round. */
static void ordinary(place *p, bool flip) {
    enum { N = 2, G = 2, C = 3, M = 2, H = 6, W = 7, KH = 3, KW = 2, SH = 2, SW = 1, DH = 1, DW = 3, B = 1 };
    enum { YH = (H + B - DH * (KH - 1) - 1) / SH + 1, YW = (W + B + 2 - DW * (KW - 1) - 1) / SW + 1 };
    float want[PLACE_ROOM];
    memcpy(want, p->host, sizeof want);
    for (int n = 0; n < N; ++n)
        for (int m = 0; m < G * M; ++m)
            for (int i = 0; i < YH; ++i)
                for (int j = 0; j < YW; ++j) {
                    float sum = 0;
                    for (int c = 0; c < C; ++c)
                        for (int r = 0; r < KH * KW; ++r) {
                            int h = i * SH - B + r / KW * DH, w = j * SW - B + r % KW * DW;
                            int tap = flip ? KH * KW - 1 - r : r;
                            if (h >= 0 && h < H && w >= 0 && w < W)
                                sum += p->host[((n * G * C + m / M * C + c) * H + h) * W + w] *
                                       p->host[(m * C + c) * KH * KW + tap];
                        }
                    want[((n * G * M + m) * YH + i) * YW + j] = sum;
                }
    arete_conv_desc desc = {.flip = flip,
                            .groups = G,
                            .strides = {SH, SW},
                            .dilations = {DH, DW},
                            .pads_begin = {B, B},
                            .pads_end = {0, 2},
                            .math = ARETE_MATH_STRICT};
    arete_conv_args args = {
        .x = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 4, (const int64_t[]){N, G * C, H, W}),
        .w = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 4, (const int64_t[]){G * M, C, KH, KW}),
        .y = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 4, (const int64_t[]){N, G * M, YH, YW})};
    assert_ok(arete_conv(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    assert_y(p, want);
}

/* By its definition: each input is spread over the outputs. */
static void transposed(place *p, int stride, bool flip) {
    enum { C = 4, G = 2, M = 3, X = 5, K = 4, D = 2, B = 1, E = 2, P = 1 };
    int out = stride * (X - 1) + P + D * (K - 1) + 1 - B - E;
    float want[PLACE_ROOM], sums[G * M][64] = {{0}};
    memcpy(want, p->host, sizeof want);
    for (int c = 0; c < C; ++c)
        for (int m = 0; m < M; ++m)
            for (int q = 0; q < X; ++q)
                for (int r = 0; r < K; ++r) {
                    int o = q * stride - B + r * D;
                    if (o >= 0 && o < out)
                        sums[c / (C / G) * M + m][o] +=
                            p->host[c * X + q] * p->host[(c * M + m) * K + (flip ? K - 1 - r : r)];
                }
    for (int m = 0; m < G * M; ++m)
        for (int o = 0; o < out; ++o)
            want[m * out + o] = sums[m][o];
    arete_conv_desc desc = {.transposed = true,
                            .flip = flip,
                            .groups = G,
                            .strides = {stride},
                            .dilations = {D},
                            .pads_begin = {B},
                            .pads_end = {E},
                            .output_padding = {P},
                            .math = ARETE_MATH_STRICT};
    arete_conv_args args = {.x = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 3, (const int64_t[]){1, C, X}),
                            .w = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 3, (const int64_t[]){C, M, K}),
                            .y =
                                arete_tensor_make(p->buffer[2], 0, ARETE_F32, 3, (const int64_t[]){1, G * M, out})};
    assert_ok(arete_conv(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    assert_y(p, want);
}

/* Channels of a larger NHWC image are read, and others of it written; residual in place; weights as [K,K,C,M]. */
static void in_place(place *p) {
    enum { H = 4, W = 5, ALL = 7, C = 3, M = 2, K = 3, PAD = 1, FIRST = 1, TO = 4 };
    float want[PLACE_ROOM];
    memcpy(want, p->host, sizeof want);
    for (int h = 0; h < H; ++h)
        for (int w = 0; w < W; ++w)
            for (int m = 0; m < M; ++m) {
                float sum = p->host[(h * W + w) * ALL + TO + m] + p->host[m];
                for (int r = 0; r < K * K; ++r) {
                    int i = h - PAD + r / K, j = w - PAD + r % K;
                    for (int c = 0; c < C; ++c)
                        if (i >= 0 && i < H && j >= 0 && j < W)
                            sum += p->host[(i * W + j) * ALL + FIRST + c] * p->host[(r * C + c) * M + m];
                }
                want[(h * W + w) * ALL + TO + m] = sum < 0 ? 0 : sum;
            }
    arete_conv_desc desc = {.layout = ARETE_CONV_NHWC,
                            .pads_begin = {PAD, PAD},
                            .pads_end = {PAD, PAD},
                            .activation = ARETE_ACT_RELU,
                            .math = ARETE_MATH_STRICT};
    arete_tensor pixels = {.buffer = p->buffer[2],
                           .dtype = ARETE_F32,
                           .rank = 4,
                           .dims = {1, H, W, C},
                           .strides = {H * W * ALL, W * ALL, ALL, 1}};
    arete_conv_args args = {.x = pixels,
                            .y = pixels,
                            .residual = pixels,
                            .w = {.buffer = p->buffer[1],
                                  .dtype = ARETE_F32,
                                  .rank = 4,
                                  .dims = {M, C, K, K},
                                  .strides = {1, M, K * C * M, C * M}},
                            .bias = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 1, (const int64_t[]){M})};
    args.x.offset = FIRST * sizeof(float);
    args.y.offset = args.residual.offset = TO * sizeof(float);
    args.y.dims[3] = args.residual.dims[3] = M;
    assert_ok(arete_conv(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL));
    assert_y(p, want);
}

/* A residual that lies where y does, in planes of rows that fill no vector: 1 x 1, or depthwise 3 x 3. solver: NULL, or
 * one that may not be there. */
static void residual_in_place(place *p, bool depthwise, const char *solver) {
    enum { C = 16, H = 7, W = 7 };
    const int k = depthwise ? 3 : 1, pad = k / 2;
    float want[PLACE_ROOM];
    memcpy(want, p->host, sizeof want);
    for (int m = 0; m < C; ++m)
        for (int h = 0; h < H; ++h)
            for (int w = 0; w < W; ++w) {
                float sum = p->host[(m * H + h) * W + w];
                for (int r = 0; r < k * k * (depthwise ? 1 : C); ++r) {
                    int c = depthwise ? m : r, tap = depthwise ? r : 0;
                    int i = h - pad + tap / k, j = w - pad + tap % k;
                    if (i >= 0 && i < H && j >= 0 && j < W)
                        sum += p->host[(c * H + i) * W + j] * p->host[depthwise ? m * k * k + tap : m * C + c];
                }
                want[(m * H + h) * W + w] = sum;
            }
    const int64_t image[] = {1, C, H, W};
    arete_conv_desc desc = {.groups = depthwise ? C : 1,
                            .pads_begin = {pad, pad},
                            .pads_end = {pad, pad},
                            .math = ARETE_MATH_STRICT,
                            .solver = solver};
    arete_conv_args args = {
        .x = arete_tensor_make(p->buffer[0], 0, ARETE_F32, 4, image),
        .w = arete_tensor_make(p->buffer[1], 0, ARETE_F32, 4, (const int64_t[]){C, depthwise ? 1 : C, k, k}),
        .y = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 4, image),
        .residual = arete_tensor_make(p->buffer[2], 0, ARETE_F32, 4, image)};
    arete_status status = arete_conv(p->queue, &desc, &args, ARETE_WAIT_NONE, NULL);
    if (solver && status == ARETE_E_UNSUPPORTED)
        return;
    assert_ok(status);
    assert_y(p, want);
}

static void everywhere(void **state) {
    (void)state;
    arete_context_desc desc = {.log_level = ARETE_LOG_OFF};
    arete_context *context = NULL;
    assert_ok(arete_context_create(&desc, &context));
    for (size_t i = 0; i < arete_device_count(context); ++i) {
        place p;
        place_open(&p, context, arete_device_at(context, i));
        ordinary(&p, false);
        ordinary(&p, true);
        for (int stride = 1; stride <= 3; ++stride)
            transposed(&p, stride, stride == 2);
        in_place(&p);
        residual_in_place(&p, false, NULL);
        residual_in_place(&p, true, NULL);
        residual_in_place(&p, false, "cpu_direct");
        residual_in_place(&p, true, "cpu_depthwise");
        place_close(&p);
    }
    arete_context_release(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(everywhere)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
