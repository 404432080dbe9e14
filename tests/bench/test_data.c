/* Data by seed, its layout in memory, and what a stray write does not escape. */
#include "data.h"
#include "test.h"

static ar_operand operand_of(arete_dtype dtype, int64_t rows, int64_t cols, int64_t stride, ar_role role) {
    ar_operand operand = {.name = "x", .role = role, .low = -1, .high = 1};
    const int64_t dims[2] = {rows, cols};
    operand.tensor = arete_tensor_make(NULL, 0, dtype, 2, dims);
    operand.tensor.strides[0] = stride;
    operand.tensor.strides[1] = 1;
    return operand;
}

static void repeats(void **state) {
    (void)state;
    ar_data_spec spec = {.seed = 7};
    ar_operand tight = operand_of(ARETE_F32, 5, 6, 6, AR_INPUT), wide = operand_of(ARETE_F32, 5, 6, 11, AR_INPUT);
    ar_block one, two, three;
    assert_ok(ar_block_make(&spec, &tight, 0, false, &one));
    assert_ok(ar_block_make(&spec, &wide, 0, true, &two));
    assert_ok(ar_block_make(&spec, &tight, 1, false, &three));
    assert_int_equal(one.offset, AR_GUARD_BYTES);
    assert_int_not_equal(two.offset % 8, 0); /* odd in elements */
    int same_as_other = 0;
    for (int64_t i = 0; i < 30; i++) {
        int64_t at = i / 6 * 11 + i % 6;
        double a = ar_element_load(ARETE_F32, one.memory + one.offset + 4 * i);
        assert_near(a, ar_element_load(ARETE_F32, two.memory + two.offset + 4 * at), 0);
        assert_true(a >= -1 && a <= 1);
        same_as_other += a == ar_element_load(ARETE_F32, three.memory + three.offset + 4 * i);
    }
    assert_true(same_as_other < 2);
    /* A hole between rows, and the guard before. */
    assert_true(isnan(ar_element_load(ARETE_F32, two.memory + two.offset + 4 * 6)));
    assert_true(isnan(ar_element_load(ARETE_F32, two.memory)));
    ar_block_free(&one);
    ar_block_free(&two);
    ar_block_free(&three);
}

static void kinds(void **state) {
    (void)state;
    const arete_dtype types[] = {ARETE_F32, ARETE_F16, ARETE_BF16, ARETE_F64};
    for (size_t t = 0; t < 4; t++) {
        unsigned char pattern[16];
        ar_poison_pattern(types[t], pattern);
        assert_true(isnan(ar_element_load(types[t], pattern)));
    }
    ar_operand i8 = operand_of(ARETE_I8, 100, 100, 100, AR_INPUT);
    i8.low = -128;
    i8.high = 127;
    ar_data_spec random = {.seed = 1}, whole = {.seed = 1, .mode = AR_DATA_INTEGERS};
    double least = 0, most = 0, low = 0, high = 0;
    for (uint64_t i = 0; i < 10000; i++) {
        double r = ar_data_value(&random, &i8, 0, i), w = ar_data_value(&whole, &i8, 0, i);
        assert_true(r == rint(r) && w == rint(w));
        least = fmin(least, r);
        most = fmax(most, r);
        low = fmin(low, w);
        high = fmax(high, w);
    }
    assert_near(least, -128, 0);
    assert_near(most, 127, 0);
    assert_near(low, -3, 0);
    assert_near(high, 3, 0);
    ar_operand scale = operand_of(ARETE_F32, 1, 4, 4, AR_INPUT);
    scale.low = 0.001;
    scale.high = 0.01;
    assert_near(ar_data_value(&whole, &scale, 0, 0), 1.0 / 128, 0); /* no whole number there: a power of two */
    scale.low = -0.75;
    scale.high = 0.75;
    for (uint64_t i = 0; i < 100; i++) { /* 0 alone there: whole numbers of a power of two */
        double v = ar_data_value(&whole, &scale, 0, i) * 4;
        assert_true(v == rint(v) && v >= -3 && v <= 3);
    }
}

static void stores(void **state) {
    (void)state;
    unsigned char place[8];
    ar_element_store(ARETE_I8, place, 1000);
    assert_near(ar_element_load(ARETE_I8, place), 127, 0);
    ar_element_store(ARETE_U8, place, -5);
    assert_near(ar_element_load(ARETE_U8, place), 0, 0);
    ar_element_store(ARETE_BF16, place, 1.00390625); /* halfway: to even */
    assert_near(ar_element_load(ARETE_BF16, place), 1, 0);
    ar_element_store(ARETE_F16, place, 65504);
    assert_near(ar_element_load(ARETE_F16, place), 65504, 0);
    ar_element_store(ARETE_F64, place, 0.1);
    assert_near(ar_element_load(ARETE_F64, place), 0.1, 0);
}

static void harm(void **state) {
    (void)state;
    ar_data_spec spec = {.seed = 3};
    for (int role = 0; role < 2; role++) {
        ar_operand operand = operand_of(ARETE_F32, 3, 4, 6, role ? AR_OUTPUT : AR_INPUT);
        ar_block before, after;
        uint64_t at = 0;
        assert_ok(ar_block_make(&spec, &operand, 0, true, &before));
        assert_ok(ar_block_make(&spec, &operand, 0, true, &after));
        assert_true(ar_block_unharmed(&before, &after, &operand, &at));
        ar_element_store(ARETE_F32, after.memory + after.offset + 4, 0.5); /* an element */
        assert_int_equal(ar_block_unharmed(&before, &after, &operand, &at), role == 1);
        ar_block_free(&after);
        assert_ok(ar_block_make(&spec, &operand, 0, true, &after));
        after.memory[after.offset - 1] ^= 1; /* just before it */
        assert_false(ar_block_unharmed(&before, &after, &operand, &at));
        assert_int_equal(at, after.offset - 1);
        after.memory[after.offset - 1] ^= 1;
        after.memory[after.offset + 4 * 4] ^= 1; /* the hole behind the first row */
        assert_false(ar_block_unharmed(&before, &after, &operand, &at));
        assert_int_equal(at, after.offset + 16);
        ar_block_free(&before);
        ar_block_free(&after);
    }
}

static void no_elements(void **state) {
    (void)state;
    ar_data_spec spec = {.seed = 3};
    ar_operand operand = operand_of(ARETE_F32, 0, 4, 4, AR_INPUT);
    ar_block block;
    assert_ok(ar_block_make(&spec, &operand, 0, true, &block));
    assert_true(block.bytes >= 2 * AR_GUARD_BYTES);
    ar_block_free(&block);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(repeats), cmocka_unit_test(kinds), cmocka_unit_test(stores),
                                       cmocka_unit_test(harm), cmocka_unit_test(no_elements)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
