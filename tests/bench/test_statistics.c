/* Medians, quartiles, means, and when sampling ends. */
#include "statistics.h"
#include "test.h"

static void quartiles(void **state) {
    (void)state;
    double samples[] = {5, 1, 4, 2, 3};
    ar_statistics of;
    ar_statistics_of(samples, 5, &of);
    assert_near(of.median, 3, 0);
    assert_near(of.p25, 2, 0);
    assert_near(of.p75, 4, 0);
    assert_near(of.min, 1, 0);
    assert_near(of.max, 5, 0);
    assert_near(of.spread, 2.0 / 3, 1e-15);
    assert_near(of.uncertainty, 1.57 * 2.0 / 3 / sqrt(5), 1e-15);
    double even[] = {4, 1, 3, 2};
    ar_statistics_of(even, 4, &of);
    assert_near(of.median, 2.5, 0);
    assert_near(of.p25, 1.75, 1e-15);
    assert_near(of.p75, 3.25, 1e-15);
    double one[] = {7};
    ar_statistics_of(one, 1, &of);
    assert_near(of.median, 7, 0);
    assert_near(of.p75, 7, 0);
    assert_near(of.spread, 0, 0);
    ar_statistics_of(one, 0, &of);
    assert_int_equal(of.count, 0);
    assert_near(of.median, 0, 0);
}

static void means(void **state) {
    (void)state;
    const double values[] = {1, 4, 0, INFINITY, -1, 2};
    size_t used;
    assert_near(ar_geometric_mean(values, 6, &used), 2, 1e-15);
    assert_int_equal(used, 3);
    assert_near(ar_geometric_mean(values, 0, NULL), 0, 0);
}

static void stopping(void **state) {
    (void)state;
    ar_stop_rule rule = {.least = 10, .floor = 3, .most = 20, .uncertainty = 0.01, .budget = 1};
    double calm[20], wild[20], drifting[20], scratch[20];
    for (int i = 0; i < 20; i++) {
        calm[i] = 1 + 0.001 * (i % 3);
        wild[i] = 1 + 0.5 * (i % 2);
        drifting[i] = i < 10 ? 1 : 1.1;
    }
    assert_int_equal(ar_stop_now(&rule, calm, 9, 0.1, scratch), AR_STOP_NOT_YET);
    assert_int_equal(ar_stop_now(&rule, calm, 10, 0.1, scratch), AR_STOP_STABLE);
    assert_int_equal(ar_stop_now(&rule, wild, 19, 0.1, scratch), AR_STOP_NOT_YET);
    assert_int_equal(ar_stop_now(&rule, wild, 20, 0.1, scratch), AR_STOP_FULL);
    assert_int_equal(ar_stop_now(&rule, wild, 5, 1.5, scratch), AR_STOP_BUDGET);
    assert_int_equal(ar_stop_now(&rule, wild, 2, 1.5, scratch), AR_STOP_NOT_YET);
    /* Few different values make a small interquartile range by chance: the halves differ. */
    double late[14];
    for (int i = 0; i < 14; i++)
        late[i] = i < 7 ? 1 : 2;
    assert_int_equal(ar_stop_now(&rule, late, 14, 0.1, scratch), AR_STOP_NOT_YET);
    assert_int_equal(ar_stop_now(&rule, drifting, 15, 0.1, scratch), AR_STOP_NOT_YET);
    assert_string_equal(ar_stop_name(AR_STOP_BUDGET), "budget");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(quartiles), cmocka_unit_test(means),
                                       cmocka_unit_test(stopping)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
