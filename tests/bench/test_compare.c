/* Which elements are looked at. */
#include "compare.h"
#include "test.h"

static bool has(const ar_elements *elements, int64_t index) {
    for (size_t i = 0; i < elements->count; i++)
        if (elements->index[i] == index)
            return true;
    return false;
}

static const ar_casework plain_choice; /* a family without a choice of its own */

static ar_case case_of(uint32_t rank, const int64_t *dims) {
    ar_case of = {.work = &plain_choice, .count = 1};
    of.operands[0].tensor = arete_tensor_make(NULL, 0, ARETE_F32, rank, dims);
    return of;
}

static void all_of_few(void **state) {
    (void)state;
    const int64_t dims[2] = {9, 7};
    ar_case of = case_of(2, dims);
    ar_elements elements;
    assert_ok(ar_elements_choose(&of, 0, 1, 100, &elements));
    assert_true(elements.all);
    assert_int_equal(elements.count, 63);
    ar_elements_free(&elements);
}

static void edges_of_many(void **state) {
    (void)state;
    const int64_t dims[3] = {3, 500, 300};
    ar_case of = case_of(3, dims);
    ar_elements elements, again;
    assert_ok(ar_elements_choose(&of, 0, 1, 20000, &elements));
    assert_ok(ar_elements_choose(&of, 0, 1, 20000, &again));
    assert_false(elements.all);
    assert_true(elements.count > 15000 && elements.count <= 20000);
    assert_int_equal(elements.count, again.count);
    assert_memory_equal(elements.index, again.index, elements.count * sizeof(int64_t));
    for (size_t i = 1; i < elements.count; i++)
        assert_true(elements.index[i] > elements.index[i - 1]);
    const int64_t area = 500 * 300;
    for (int64_t c = 0; c < 300; c++) {
        assert_true(has(&elements, c) && has(&elements, area - 300 + c)); /* first matrix */
        assert_true(has(&elements, 2 * area + c) && has(&elements, 3 * area - 1 - c));
    }
    for (int64_t r = 0; r < 500; r++)
        assert_true(has(&elements, r * 300) && has(&elements, r * 300 + 299));
    assert_true(has(&elements, 3 * area - 1));
    ar_elements_free(&elements);
    ar_elements_free(&again);
}

static void small_limit(void **state) {
    (void)state;
    const int64_t dims[2] = {4000, 3000};
    ar_case of = case_of(2, dims);
    ar_elements elements;
    assert_ok(ar_elements_choose(&of, 0, 1, 1, &elements)); /* 64 at least */
    assert_true(elements.count > 32 && elements.count <= 64);
    assert_true(has(&elements, 0) && has(&elements, 2999) && has(&elements, 4000LL * 3000 - 1));
    ar_elements_free(&elements);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(all_of_few), cmocka_unit_test(edges_of_many),
                                       cmocka_unit_test(small_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
