/* Problems as values: the text form and back, the canonical form, geometry, index arithmetic past 2^31 elements. */
#include "../core/test.h"
#include "conv/casework.h"
#include "conv/problem.h"

static conv_problem parse(const char *text) {
    conv_problem p;
    assert_ok(ar_conv_parse(text, &p));
    return p;
}

static void assert_text_of(const char *text, const char *want) {
    char got[512];
    conv_problem p = parse(text), again;
    ar_conv_format(&p, got, sizeof got);
    assert_string_equal(got, want);
    assert_ok(ar_conv_parse(got, &again));
    assert_memory_equal(&p, &again, sizeof p);
}

static void texts(void **state) {
    (void)state;
    assert_text_of("n=1 c=64 m=64 in=56x56 k=3x3 pad=1x1 end=1 stride=1", "n=1 c=64 m=64 in=56x56 k=3x3 pad=1");
    assert_text_of("n=1 c=3 m=64 in=224x224 k=7x7 stride=2 pad=3 end=2", "n=1 c=3 m=64 in=224x224 k=7x7 stride=2 pad=3");
    assert_text_of("n=1 c=3 m=64 in=9x9 k=3x3 pad=1x0 end=0x2", "n=1 c=3 m=64 in=9x9 k=3x3 pad=1x0 end=0x2");
    assert_text_of("n=2 c=8 m=8 in=10 k=3 trans=1 stride=2 pad=1 outpad=1",
                   "n=2 c=8 m=8 in=10 k=3 stride=2 pad=1 end=0 trans=1");
    assert_text_of("n=1 c=8 m=8 in=5x5 k=1x1 flip=1 dil=3", "n=1 c=8 m=8 in=5x5 k=1x1");
    assert_text_of("n=1 c=4 m=4 in=5x5 k=3x3 act=relu alpha=3", "n=1 c=4 m=4 in=5x5 k=3x3 act=relu");
    assert_text_of("n=1 c=4 m=4 in=5x5 k=3x3 layout=nhwc xs=200x1x8 ws=1x36x4",
                   "n=1 c=4 m=4 in=5x5 k=3x3 layout=nhwc xs=100x1x8 ws=1x36x4");
    assert_text_of("n=1 c=4 m=4 in=5x5 k=3x3 dtype=u8 w=u8 y=i32", "n=1 c=4 m=4 in=5x5 k=3x3 dtype=u8");
    conv_problem p;
    assert_status(ar_conv_parse("n=1 c=4 m=4 in=5x5", &p), ARETE_E_FORMAT);
    assert_text("k= is missing");
    assert_status(ar_conv_parse("n=1 c=4 m=4 in=5x5 k=3x3x3", &p), ARETE_E_FORMAT);
    assert_text("give as many");
    assert_status(ar_conv_parse("n=1 c=4 m=6 in=5x5 k=3x3 groups=4", &p), ARETE_E_FORMAT);
    assert_text("groups");
}

/* Each case of the lists, but the long one: text and descriptor lead back to the same problem. */
static void round_trips(void **state) {
    (void)state;
    for (size_t l = 0; l < AR_CONV_LISTS; ++l) {
        char text[512], formed[512];
        for (size_t i = 0; ar_conv_lists[l].at(i, text, sizeof text); i += ar_conv_lists[l].lengthy ? 5 : 1) {
            conv_problem p = parse(text), again;
            ar_conv_format(&p, formed, sizeof formed);
            assert_ok(ar_conv_parse(formed, &again));
            assert_memory_equal(&p, &again, sizeof p);
            arete_conv_desc desc;
            arete_conv_args args;
            ar_conv_problem_describe(&p, &desc, &args);
            assert_ok(ar_conv_problem_make(&desc, &args, &again));
            assert_memory_equal(&p, &again, sizeof p);
        }
    }
}

/* A transposed convolution of stride 1 is an ordinary one of the kernel turned round. */
static void transposed_of_stride_1(void **state) {
    (void)state;
    conv_problem t = parse("n=1 c=6 m=8 in=7x5 k=3x3 pad=1 trans=1"), full = parse("n=1 c=6 m=8 in=7x5 k=3x3 trans=1");
    for (int i = 0; i < CONV_AXES; ++i) {
        assert_int_equal(t.up[i], 1);
        assert_int_equal(t.pad[i], i ? 1 : 0);
        assert_int_equal(full.pad[i], i ? 2 : 0);
    }
    assert_true(t.flip);
    assert_int_equal(t.w.in, 8 * 9);
    assert_int_equal(t.w.out, 9);
    assert_int_equal(full.out[2], 7);
}

static arete_tensor tensor(arete_dtype type, int64_t n, int64_t c, int64_t h, int64_t w) {
    return arete_tensor_make(NULL, 0, type, 4, (const int64_t[]){n, c, h, w});
}

static void auto_pads(void **state) {
    (void)state;
    arete_tensor x = tensor(ARETE_F32, 1, 1, 5, 6), w = tensor(ARETE_F32, 1, 1, 3, 4), y = {0};
    arete_conv_desc desc = {.auto_pad = ARETE_PAD_SAME_UPPER, .strides = {2, 3}};
    assert_ok(arete_conv_output(&desc, &x, &w, &y));
    assert_int_equal(y.dims[2], 3);
    assert_int_equal(y.dims[3], 2);
    arete_conv_args args = {.x = x, .w = w, .y = y};
    conv_problem upper, lower;
    assert_ok(ar_conv_problem_make(&desc, &args, &upper));
    desc.auto_pad = ARETE_PAD_SAME_LOWER;
    assert_ok(ar_conv_problem_make(&desc, &args, &lower));
    assert_int_equal(upper.pad[1], 1); /* 2 * 2 + 3 - 5 = 2 */
    assert_int_equal(upper.pad[2], 0); /* 1 * 3 + 4 - 6 = 1 */
    assert_int_equal(lower.pad[2], 1);
    desc = (arete_conv_desc){.auto_pad = ARETE_PAD_VALID};
    assert_ok(arete_conv_output(&desc, &x, &w, &y));
    assert_int_equal(y.dims[2], 3);
    assert_int_equal(y.dims[3], 3);
    desc = (arete_conv_desc){.transposed = true, .strides = {3, 2}, .output_shape = {10, 8}};
    w = tensor(ARETE_F32, 1, 2, 3, 3);
    x = tensor(ARETE_F32, 1, 1, 3, 3);
    assert_ok(arete_conv_output(&desc, &x, &w, &y));
    assert_int_equal(y.dims[1], 2);
    assert_int_equal(y.dims[2], 10);
    assert_int_equal(y.dims[3], 8);
    desc = (arete_conv_desc){.transposed = true, .strides = {2, 2}, .auto_pad = ARETE_PAD_SAME_UPPER};
    assert_ok(arete_conv_output(&desc, &x, &w, &y));
    assert_int_equal(y.dims[3], 6);
}

/* Extents, costs and places of tensors that no machine has to hold. */
static void beyond_31_bits(void **state) {
    (void)state;
    conv_problem p = parse("n=300 c=256 m=64 in=256x256 k=3x3 pad=1"); /* x: 5.03e9 elements, y: 1.26e9 */
    assert_true(p.x.bytes == UINT64_C(4) * 300 * 256 * 65536);
    assert_true(p.y.bytes == UINT64_C(4) * 300 * 64 * 65536);
    assert_true(p.x.image == INT64_C(256) * 65536);
    arete_cost cost;
    ar_conv_family.cost(&p, &cost);
    assert_true(cost.flops == 2.0 * 300 * 64 * 65536 * 256 * 9);
    /* The oracle's own indices, over a tensor whose stride from image to image is 2^31 elements and more, of which
     * only the start and the far image exist: it must read there, and nowhere else. */
    p = parse("n=2 c=1 m=1 in=2x2 k=1x1 xs=2147483648x4x1 ys=3000000000x4x1");
    assert_true(p.x.bytes == 4 * (UINT64_C(2147483648) + 4));
    assert_true(p.y.bytes == 4 * (UINT64_C(3000000000) + 4));
    static const float far_image[4] = {1, 2, 3, 4}, weight = 10;
    conv_host host = {.x = far_image - 0, .w = &weight};
    host.x = (const void *)((uintptr_t)far_image - UINT64_C(4) * 2147483648u);
    const int64_t at[CONV_AXES] = {0, 1, 0};
    assert_float_equal(ar_conv_element(&p, &host, 1, 0, at, NULL), 30, 0);
    conv_problem huge;
    assert_status(ar_conv_parse("n=2147483647 c=2147483647 m=1 in=2x2 k=1x1", &huge), ARETE_E_FORMAT);
    assert_text("2^63");
}

/* A positive product count where padding is all there is, and none where there are no outputs. */
static void costs(void **state) {
    (void)state;
    arete_cost cost;
    conv_problem p = parse("n=1 c=64 m=32 in=56x56 k=1x1 stride=2");
    ar_conv_family.cost(&p, &cost);
    assert_true(cost.flops == 2.0 * 64 * 32 * 28 * 28);
    assert_true(cost.bytes == 4.0 * (64 * 28 * 28 + 32 * 28 * 28 + 64 * 32)); /* a quarter of x is read */
    p = parse("n=1 c=8 m=4 in=10x10 k=4x4 stride=2 pad=1 trans=1");
    ar_conv_family.cost(&p, &cost);
    assert_true(cost.flops == 2.0 * 8 * 4 * 100 * 16);
    p = parse("n=0 c=8 m=4 in=10x10 k=4x4");
    ar_conv_family.cost(&p, &cost);
    assert_true(cost.flops == 0 && cost.bytes == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts),     cmocka_unit_test(round_trips),    cmocka_unit_test(transposed_of_stride_1),
        cmocka_unit_test(auto_pads), cmocka_unit_test(beyond_31_bits), cmocka_unit_test(costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
