/* What compiled programs rely on: values of enumerators, and where the fields of descriptors lie. */
#include "../core/test.h"

static void enumerators(void **state) {
    (void)state;
    assert_int_equal(ARETE_E_INTERNAL, 14);
    assert_int_equal(ARETE_BOOL, 9);
    assert_int_equal(ARETE_ACT_SILU, 7);
    assert_int_equal(ARETE_UNIT_COUNT, 7);
    assert_int_equal(ARETE_DEVICE_ACCELERATOR, 3);
    assert_int_equal(ARETE_LOG_DEBUG, 5);
    assert_int_equal(ARETE_MAX_RANK, 8);
}

/* Fields may be appended, never moved: these offsets are of 64-bit machines. */
static void fields(void **state) {
    (void)state;
    if (sizeof(void *) != 8) {
        skip();
    }
    assert_int_equal(offsetof(arete_tensor, dims), 24);
    assert_int_equal(offsetof(arete_tensor, strides), 88);
    assert_int_equal(sizeof(arete_tensor), 152);
    assert_int_equal(offsetof(arete_context_desc, cache_dir), 40);
    assert_int_equal(offsetof(arete_context_desc, plan_cache_capacity), 64);
    assert_int_equal(offsetof(arete_matmul_desc, alpha), 16);
    assert_int_equal(offsetof(arete_matmul_desc, solver), 40);
    assert_int_equal(offsetof(arete_matmul_args, a), 8);
    assert_int_equal(offsetof(arete_matmul_args, bias), 8 + 4 * 152);
    assert_int_equal(offsetof(arete_matmul_args, packed_b), 8 + 9 * 152);
}

static void version(void **state) {
    (void)state;
    char text[32];
    snprintf(text, sizeof text, "%d.%d.%d", ARETE_VERSION_MAJOR, ARETE_VERSION_MINOR, ARETE_VERSION_PATCH);
    assert_string_equal(text, ARETE_VERSION_STRING);
    assert_string_equal(arete_version(), ARETE_VERSION_STRING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enumerators),
        cmocka_unit_test(fields),
        cmocka_unit_test(version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
