/* Statuses, error texts, data types, conversions. */
#include <math.h>

#include "error.h"
#include "test.h"

static void names(void **state) {
    (void)state;
    assert_string_equal(arete_status_name(ARETE_OK), "OK");
    assert_string_equal(arete_status_name(ARETE_E_INTERNAL), "INTERNAL");
    assert_string_equal(arete_status_name((arete_status)99), "?");
    assert_string_equal(arete_status_name((arete_status)-1), "?");
    assert_string_equal(arete_dtype_name(ARETE_BF16), "bf16");
    assert_string_equal(arete_dtype_name((arete_dtype)77), "?");
    assert_int_equal(arete_dtype_parse("i8"), ARETE_I8);
    assert_int_equal(arete_dtype_parse("f31"), ARETE_DTYPE_NONE);
    assert_int_equal(arete_dtype_parse(NULL), ARETE_DTYPE_NONE);
    for (int d = ARETE_F32; d <= ARETE_BOOL; d++) {
        assert_int_equal(arete_dtype_parse(arete_dtype_name((arete_dtype)d)), d);
        assert_true(arete_dtype_size((arete_dtype)d) > 0);
    }
    assert_int_equal(arete_dtype_size(ARETE_DTYPE_NONE), 0);
}

static void error_texts(void **state) {
    (void)state;
    assert_int_equal(ar_fail(ARETE_E_SHAPE, "n is %d, not %d", 3, 4), ARETE_E_SHAPE);
    assert_string_equal(arete_error_text(), "n is 3, not 4");
    ar_fail_within(ARETE_E_SHAPE, "matmul");
    assert_string_equal(arete_error_text(), "matmul: n is 3, not 4");

    /* A text too long keeps its head and its tail, also when it is told of itself. */
    size_t length = 100000;
    char *log = malloc(length + 1);
    memset(log, 'x', length);
    memcpy(log, "head", 4);
    memcpy(log + length - 4, "tail", 4);
    log[length] = '\0';
    ar_fail(ARETE_E_BUILD, "%s", log);
    free(log);
    const char *text = arete_error_text();
    assert_true(strlen(text) < 10000);
    assert_memory_equal(text, "head", 4);
    assert_string_equal(text + strlen(text) - 4, "tail");
    ar_fail_within(ARETE_E_BUILD, "outer");
    assert_memory_equal(arete_error_text(), "outer: head", 11);
}

/* Every f16 value survives the way to f32 and back; f32 values round to the nearest, ties to even. */
static void half_conversions(void **state) {
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        float value = arete_f32_from_f16((uint16_t)bits);
        uint16_t back = arete_f16_from_f32(value);
        if (isnan(value)) {
            assert_true((back & 0x7fff) > 0x7c00);
        } else {
            assert_int_equal(back, bits);
        }
        value = arete_f32_from_bf16((uint16_t)bits);
        back = arete_bf16_from_f32(value);
        if (isnan(value)) {
            assert_true((back & 0x7fff) > 0x7f80);
        } else {
            assert_int_equal(back, bits);
        }
    }
    for (uint16_t bits = 0; bits < 0x7bff; bits++) { /* halfway between neighbours goes to the even one */
        float low = arete_f32_from_f16(bits), high = arete_f32_from_f16((uint16_t)(bits + 1));
        float middle = low + (high - low) / 2;
        assert_int_equal(arete_f16_from_f32(middle), bits & 1 ? bits + 1 : bits);
        assert_int_equal(arete_f16_from_f32(nextafterf(middle, 0)), bits);
        assert_int_equal(arete_f16_from_f32(nextafterf(middle, INFINITY)), bits + 1);
    }
    assert_int_equal(arete_f16_from_f32(65504.0f), 0x7bff);
    assert_int_equal(arete_f16_from_f32(65519.9f), 0x7bff);
    assert_int_equal(arete_f16_from_f32(65520.0f), 0x7c00);
    assert_int_equal(arete_f16_from_f32(-1e10f), 0xfc00);
    assert_int_equal(arete_f16_from_f32(1e-10f), 0);
    assert_int_equal(arete_bf16_from_f32(1.00390625f), 0x3f80); /* a tie, to even */
    assert_int_equal(arete_bf16_from_f32(1.01171875f), 0x3f82);
    assert_int_equal(arete_bf16_from_f32(3.4e38f), 0x7f80);
}

static void tensors(void **state) {
    (void)state;
    arete_tensor t = arete_tensor_make(NULL, 0, ARETE_F32, 3, (int64_t[]){2, 3, 4});
    assert_int_equal(t.strides[0], 12);
    assert_int_equal(t.strides[2], 1);
    assert_int_equal(arete_tensor_elements(&t), 24);
    assert_int_equal(arete_tensor_extent(&t), 96);
    t.strides[0] = 100;
    assert_int_equal(arete_tensor_extent(&t), (100 + 8 + 3 + 1) * 4);
    memset(t.strides, 0, sizeof t.strides); /* all zero: tight */
    assert_int_equal(arete_tensor_extent(&t), 96);
    t.dims[1] = 0;
    assert_int_equal(arete_tensor_extent(&t), 0);
    assert_int_equal(arete_tensor_elements(&t), 0);
    assert_int_equal(arete_tensor_make(NULL, 0, ARETE_F32, 9, t.dims).dtype, ARETE_DTYPE_NONE);
}

/* time >= max(flops/peak, bytes/bandwidth) + launches. */
static void roofline(void **state) {
    (void)state;
    arete_roofs roofs = {.bandwidth = 1e10, .cache_bandwidth = 1e11, .cache_bytes = 1000000, .launch_seconds = 1e-6};
    roofs.peak[ARETE_UNIT_F32] = 1e12;
    arete_bound bound;
    arete_cost compute = {.flops = 1e9, .flops_executed = 5e8, .bytes = 2e6, .launches = 2};
    assert_near(arete_roofline_seconds(&roofs, &compute, &bound), 5e-4 + 2e-6, 1e-12);
    assert_int_equal(bound, ARETE_BOUND_COMPUTE);
    arete_cost memory = {.flops = 1, .flops_executed = 1, .bytes = 1e8, .launches = 1};
    assert_near(arete_roofline_seconds(&roofs, &memory, &bound), 1e-2 + 1e-6, 1e-12);
    assert_int_equal(bound, ARETE_BOUND_MEMORY);
    arete_cost cached = {.bytes = 1e5, .launches = 1};
    assert_near(arete_roofline_seconds(&roofs, &cached, &bound), 1e-6 + 1e-6, 1e-12);
    arete_cost empty = {.launches = 1};
    assert_near(arete_roofline_seconds(&roofs, &empty, &bound), 1e-6, 1e-15);
    assert_int_equal(bound, ARETE_BOUND_LAUNCH);
    arete_cost absent = {.flops = 1, .flops_executed = 1, .unit = ARETE_UNIT_MATRIX_F16};
    assert_true(isinf(arete_roofline_seconds(&roofs, &absent, NULL)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),   cmocka_unit_test(error_texts), cmocka_unit_test(half_conversions),
        cmocka_unit_test(tensors), cmocka_unit_test(roofline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
