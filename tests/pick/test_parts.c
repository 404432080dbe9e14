/* The hardware database: every entry against the schema, and that the schema refuses what is wrong. */
#include "part.h"
#include "test.h"

static void database(void **state) {
    (void)state;
    ar_parts parts;
    assert_ok(ar_parts_load(&parts));
    assert_true(parts.count >= 60);
    size_t gpus = 0, cpus = 0, others = 0;
    int values = 0, checked = 0;
    for (size_t i = 0; i < parts.count; i++) {
        const ar_part *p = &parts.parts[i];
        gpus += strcmp(p->kind, "gpu") == 0;
        cpus += strcmp(p->kind, "cpu") == 0;
        others += strcmp(p->kind, "fpga") == 0 || strcmp(p->kind, "accelerator") == 0;
        assert_true(p->line > 0);
        values += p->values;
        checked += p->checked;
        assert_true(p->launch > 2010);
        /* A machine's ridge between 0.1 and 2000 operations a byte: else a unit is wrong. */
        double peak = ar_part_peak(p, ARETE_F16, NULL);
        if (peak > 0 && p->bandwidth > 0 && (peak / p->bandwidth < 0.1 || peak / p->bandwidth > 2000))
            fail_msg("%s: %g operations for each byte", p->id, peak / p->bandwidth);
        if (p->clock > 0 && p->boost > 0)
            assert_true(p->boost >= p->clock);
    }
    assert_true(gpus >= 30 && cpus >= 10 && others >= 8);
    assert_true(10 * checked >= 3 * values); /* bench/hardware/README.md says how many */
    ar_parts_free(&parts);
}

static void finding(void **state) {
    (void)state;
    ar_parts parts;
    const ar_part *p = NULL;
    bool matrix = false;
    assert_ok(ar_parts_load(&parts));
    assert_ok(ar_parts_find(&parts, "rtx4090", &p));
    assert_string_equal(p->id, "nvidia-rtx-4090");
    assert_near(ar_part_peak(p, ARETE_F16, &matrix), 165.2e12, 1e6); /* dense, accumulated in f32 */
    assert_true(matrix);
    assert_near(ar_part_peak(p, ARETE_F32, &matrix), 82.6e12, 1e6);
    assert_false(matrix);
    assert_ok(ar_parts_find(&parts, "H100", &p));
    assert_string_equal(p->id, "nvidia-h100-sxm");
    assert_ok(ar_parts_find(&parts, "gtx 1080", &p));
    assert_near(ar_part_peak(p, ARETE_BF16, &matrix), ar_part_peak(p, ARETE_F32, NULL), 0); /* it has no bf16 */
    assert_status(ar_parts_find(&parts, "geforce", &p), ARETE_E_ARGUMENT);
    assert_text("nvidia-rtx-3090");
    assert_status(ar_parts_find(&parts, "abacus", &p), ARETE_E_NOT_FOUND);
    assert_text("'abacus'");
    ar_parts_free(&parts);
}

static const char head[] =
    "{\"schema\": 1,\n \"sources\": {\"s\": {\"title\": \"T\", \"date\": \"2020-01\"}},\n"
    " \"parts\": [\n  {\"id\": \"x\", \"name\": \"X\", \"vendor\": \"V\", \"kind\": \"gpu\", "
    "\"architecture\": \"A\", \"scope\": \"package\", ";

#define DENSE                                                                                                      \
    "{\"type\": \"f16\", \"unit\": \"matrix\", \"accumulate\": \"f32\", \"density\": \"dense\", "                  \
    "\"value\": 1e13, \"source\": \"s\"}"
#define SPARSE(value)                                                                                              \
    "{\"type\": \"f16\", \"unit\": \"matrix\", \"accumulate\": \"f32\", \"density\": \"sparse\", "                 \
    "\"value\": " value ", \"source\": \"s\"}"

static void schema(void **state) {
    (void)state;
    static const struct {
        const char *fields, *says;
    } cases[] = {
        {"\"peaks\": [], \"power_w\": {\"value\": 100}", "x.json:4: part 0 'x': power_w: it has no source"},
        {"\"peaks\": [], \"power_w\": {\"value\": 100, \"source\": \"t\"}", "'t' is not among"},
        {"\"peaks\": [], \"memory_bytes\": {\"value\": 80, \"source\": \"s\"}", "in another unit?"},
        {"\"peaks\": [], \"memory_bandwidth\": {\"value\": 900, \"source\": \"s\"}", "bytes a second"},
        {"\"peaks\": [], \"clock_hz\": {\"value\": 1500, \"source\": \"s\"}", "clock_hz"},
        {"\"peaks\": [" SPARSE("2e13") "]", "a sparse peak without the dense one"},
        {"\"peaks\": [" DENSE ", " SPARSE("1e13") "]", "1 to 4 times"},
        {"\"peaks\": [" DENSE ", " DENSE "]", "given twice"},
        {"\"peaks\": [{\"type\": \"f17\", \"unit\": \"matrix\"}]", "peaks[0]: it has no source"},
        {"\"peaks\": [{\"type\": \"f17\", \"unit\": \"matrix\", \"density\": \"dense\", \"accumulate\": \"f32\", "
         "\"value\": 1e12, \"source\": \"s\"}]",
         "'f17' is none of"},
        {"\"peaks\": [{\"type\": \"f16\", \"unit\": \"matrix\", \"accumulate\": \"f32\", \"value\": 1e12, "
         "\"source\": \"s\"}]",
         "it has no 'density'"},
        {"\"peaks\": [], \"launch\": {\"value\": \"soon\", \"source\": \"s\"}", "launch"},
        {"\"peaks\": [], \"price_usd\": {\"value\": 100, \"source\": \"s\"}", "needs its date"},
        {"\"peaks\": [], \"colour\": \"red\"", "colour: there is no such field"},
        {"\"peaks\": [], \"power_w\": {\"value\": 100, \"source\": \"s\", \"checked\": \"s\"}", "nobody has read"},
        {"\"peaks\": [], \"power_w\": {\"value\": 100, \"source\": \"s\", \"checked\": 1}", "'checked' names"},
        {"\"peaks\": 3", "peaks: a list was expected"},
        {"\"power_w\": ", "x.json:4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        ar_parts parts = {0};
        snprintf(text, sizeof text, "%s%s}]}", head, cases[i].fields);
        assert_status(ar_parts_add_text(&parts, "x.json", text), ARETE_E_FORMAT);
        assert_text(cases[i].says);
        ar_parts_free(&parts);
    }
    ar_parts parts = {0};
    char good[2048];
    snprintf(good, sizeof good, "%s\"peaks\": [" DENSE ", " SPARSE("2e13") "]}]}", head);
    assert_ok(ar_parts_add_text(&parts, "x.json", good));
    assert_near(ar_part_peak(&parts.parts[0], ARETE_F16, NULL), 1e13, 0);
    assert_status(ar_parts_add_text(&parts, "x.json", good), ARETE_E_FORMAT);
    assert_text("it is also in");
    assert_status(ar_parts_add_file(&parts, "/no/such.json"), ARETE_E_NOT_FOUND);
    ar_parts_free(&parts);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(database), cmocka_unit_test(finding),
                                       cmocka_unit_test(schema)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
